"""What a model answered in pieces, joined while they come. Pure; see `model_outputs`.

Each piece is the JSON of a chunk of the chat completions API, or of an event of the responses or the messages
API. What is kept is bounded: beyond `CAPTURE_BYTES` characters, text is counted and not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from honeyhive_ext.serialize.bounded import CAPTURE_BYTES
from honeyhive_ext.serialize.cuts import cut_text
from honeyhive_ext.tracing.model_outputs import (
    Fields,
    dict_of,
    facts,
    fields_of,
    list_of,
    message_of,
    text_of,
    tool_call,
)

MOST_PARTS = 1_000  # choices, tool calls and blocks of one answer

_Part = TypeVar("_Part")


class Joined(Protocol):
    """The pieces of one answer so far."""

    def add(self, piece: Mapping[str, Any]) -> bool:
        """Take a piece, and return whether it belongs to this answer."""
        ...

    def fields(self) -> Fields:
        """Return the fields of an event that the pieces fill; see `fields_of`."""
        ...


def joined_for(piece: object) -> Joined | None:
    """Return what joins the answer that begins with this piece, or None if it begins none."""
    given = dict_of(piece)
    return next((kind() for kind in (_Chat, _Response, _Message) if kind.begins(given)), None)


class _Text:
    """A text that grows."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = self._kept = 0

    def add(self, part: object) -> None:
        if type(part) is not str:
            return
        self._size += len(part)
        if self._kept < CAPTURE_BYTES and part:
            self._kept += len(part)
            self._parts.append(part)

    def __bool__(self) -> bool:
        return self._size > 0

    def __str__(self) -> str:
        text = "".join(self._parts)
        return text if len(text) == self._size else cut_text(text, len(text), "characters", self._size)


class _Parts(dict[int, _Part], Generic[_Part]):
    """The parts of an answer by their numbers, which the service gives; at most `MOST_PARTS`."""

    def __init__(self, make: Callable[[], _Part]) -> None:
        super().__init__()
        self._make = make

    def at(self, index: object) -> _Part:
        number = index if type(index) is int else 0
        part = self.get(number)
        if part is None:
            part = self._make()
            if len(self) < MOST_PARTS:
                self[number] = part
        return part

    def in_order(self) -> list[_Part]:
        return [self[number] for number in sorted(self)]


class _Call:
    """A tool call that grows."""

    def __init__(self) -> None:
        self.call_id: object = None
        self.name, self.arguments = _Text(), _Text()

    def whole(self) -> dict[str, Any]:
        return tool_call(self.call_id, str(self.name), str(self.arguments))


class _Choice:
    """One of the answers of a chat completion."""

    def __init__(self) -> None:
        self.role = ""
        self.content, self.refusal, self.text = _Text(), _Text(), _Text()
        self.calls = _Parts(_Call)
        self.reason = ""

    def add(self, choice: Mapping[str, Any]) -> None:
        delta = dict_of(choice.get("delta"))
        self.role = self.role or text_of(delta.get("role"))
        self.reason = text_of(choice.get("finish_reason")) or self.reason
        self.content.add(delta.get("content"))
        self.refusal.add(delta.get("refusal"))
        self.text.add(choice.get("text"))
        pieces = [*map(dict_of, list_of(delta.get("tool_calls")))]
        if legacy := dict_of(delta.get("function_call")):
            pieces.append({"function": legacy})
        for piece in pieces:
            call, function = self.calls.at(piece.get("index")), dict_of(piece.get("function"))
            call.call_id = call.call_id or piece.get("id")
            call.name.add(function.get("name"))
            call.arguments.add(function.get("arguments"))

    def whole(self) -> dict[str, Any]:
        if self.text:
            return {"text": str(self.text)}
        calls = [call.whole() for call in self.calls.in_order()]
        content = self.content or self.refusal
        said = str(content) if content or not calls else None
        return message_of({"role": self.role, "content": said, "tool_calls": calls})


class _Chat:
    """The chunks of a chat completion, or of a completion that is only text."""

    def __init__(self) -> None:
        self.model, self.usage = "", None
        self.choices = _Parts(_Choice)

    @staticmethod
    def begins(piece: Mapping[str, Any]) -> bool:
        piece = _chunk_of(piece)
        if not _is_list(piece.get("choices")) or type(piece.get("model")) is not str:
            return False
        choices = list_of(piece["choices"])
        chunk = str(piece.get("object")).endswith(".chunk") or not choices  # Azure begins without a choice
        return chunk or all("delta" in dict_of(choice) for choice in choices)

    def add(self, piece: Mapping[str, Any]) -> bool:
        piece = _chunk_of(piece)
        if text_of(piece.get("type")).partition(".")[0] in _OF_THE_LIBRARY:
            return True
        choices = list_of(piece.get("choices"))
        other = any(dict_of(dict_of(choice).get("message")) for choice in choices)
        if other or not _is_list(piece.get("choices")):
            return False
        self.model = text_of(piece.get("model")) or self.model
        self.usage = piece.get("usage") or self.usage
        for choice in map(dict_of, choices):
            self.choices.at(choice.get("index")).add(choice)
        return True

    def fields(self) -> Fields:
        choices = self.choices.in_order()
        found = facts(self.model, self.usage, [one.reason for one in choices if one.reason])
        messages = [one.whole() for one in choices]
        if messages:
            found["outputs"] = dict(messages[0])
            if len(messages) > 1:
                found["outputs"]["result"] = messages
        return found


# Events that `chat.completions.stream()` of openai adds between the chunks, by the first part of their type.
_OF_THE_LIBRARY = frozenset({"content", "refusal", "tool_calls", "logprobs", "error"})


def _is_list(value: object) -> bool:
    return type(value) is list


def _chunk_of(piece: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict_of(piece.get("chunk")) if piece.get("type") == "chunk" else piece


class _Item:
    """A message or a call of the responses API that grows."""

    def __init__(self) -> None:
        self.begun: dict[str, Any] = {}
        self.done: dict[str, Any] | None = None
        self.text, self.arguments = _Text(), _Text()

    def whole(self) -> dict[str, Any]:
        if self.done is not None:
            return self.done
        if self.text:
            return {"type": "message", "role": "assistant", "content": [{"text": str(self.text)}]}
        return self.begun | {"arguments": str(self.arguments)}


class _Response:
    """The events of a response."""

    _TEXTS = ("response.output_text.delta", "response.refusal.delta")
    _ARGUMENTS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")

    def __init__(self) -> None:
        self.latest: dict[str, Any] = {}
        self.ended = False
        self.items = _Parts(_Item)

    @staticmethod
    def begins(piece: Mapping[str, Any]) -> bool:
        return text_of(piece.get("type")).startswith("response.")

    def add(self, piece: Mapping[str, Any]) -> bool:
        kind = text_of(piece.get("type"))
        if (response := dict_of(piece.get("response"))).get("object") == "response":
            self.latest = response
            self.ended = kind in ("response.completed", "response.incomplete", "response.failed")
        index = piece.get("output_index")
        if kind in self._TEXTS:
            self.items.at(index).text.add(piece.get("delta"))
        elif kind in self._ARGUMENTS:
            self.items.at(index).arguments.add(piece.get("delta"))
        elif kind == "response.output_item.added":
            self.items.at(index).begun = dict_of(piece.get("item"))
        elif kind == "response.output_item.done":
            self.items.at(index).done = dict_of(piece.get("item"))
        return kind.startswith("response.") or kind in ("error", "keepalive")

    def fields(self) -> Fields:
        if self.ended and self.latest.get("output"):
            return fields_of(self.latest)
        status = self.latest.get("status") if self.ended else None
        output = [item.whole() for item in self.items.in_order()]
        return fields_of({"object": "response", **self.latest, "status": status, "output": output})


class _Block:
    """A block of a message that grows."""

    def __init__(self) -> None:
        self.begun: dict[str, Any] = {}
        self.text, self.json = _Text(), _Text()

    def whole(self) -> dict[str, Any]:
        if self.begun.get("type") == "tool_use":
            return self.begun | ({"input": str(self.json)} if self.json else {})
        return self.begun | {"text": str(self.text)}


class _Message:
    """The events of a message of the messages API. The library adds events of its own, with what is known."""

    def __init__(self) -> None:
        self.message: dict[str, Any] = {}
        self.usage: dict[str, Any] = {}
        self.reason: object = None
        self.blocks = _Parts(_Block)

    @staticmethod
    def begins(piece: Mapping[str, Any]) -> bool:
        return piece.get("type") == "message_start" and type(piece.get("message")) is dict

    def add(self, piece: Mapping[str, Any]) -> bool:
        kind, delta = piece.get("type"), dict_of(piece.get("delta"))
        if kind == "message_start":
            self.message = dict_of(piece.get("message"))
            self.usage = dict_of(self.message.get("usage"))
        elif kind == "message_delta":
            counts = dict_of(piece.get("usage")).items()
            self.usage = self.usage | {name: count for name, count in counts if count is not None}
            self.reason = delta.get("stop_reason") or self.reason
        elif kind == "content_block_start":
            block = self.blocks.at(piece.get("index"))
            block.begun = dict_of(piece.get("content_block"))
            block.text.add(block.begun.get("text"))
        elif kind == "content_block_delta":
            block = self.blocks.at(piece.get("index"))
            block.text.add(delta.get("text"))
            block.json.add(delta.get("partial_json"))
        return type(kind) is str

    def fields(self) -> Fields:
        blocks = [block.whole() for block in self.blocks.in_order()]
        ends = {"usage": self.usage, "stop_reason": self.reason}
        return fields_of({**self.message, "type": "message", **ends, "content": blocks})
