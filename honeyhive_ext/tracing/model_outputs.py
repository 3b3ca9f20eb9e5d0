"""What a model answered, known by the shape of its JSON. Pure.

The JSON is the copy that a span keeps of a result, so no object of a model's library is touched, and none of
these libraries is imported. The names are those that the service gives to what tracers send it over
OpenTelemetry: `config.model`, `metadata.prompt_tokens`, `outputs.role` and the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import orjson

Fields = dict[str, dict[str, Any]]
"""Parts of an event by the name of the field: `config`, `metadata`, `outputs`."""

_PAIRS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))


def fields_of(answer: object) -> Fields:
    """Return the fields of an event that the answer of a model fills; {} if it is not known as one.

    Args:
        answer: The JSON of a response of the chat completions, completions, responses or embeddings API of
            openai, or of the messages API of anthropic; also as litellm and others copy them.

    >>> message = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Yes."}]}
    >>> fields_of({**message, "model": "claude", "usage": {"input_tokens": 9, "output_tokens": 3}})["outputs"]
    {'role': 'assistant', 'content': 'Yes.'}
    """
    given = dict_of(answer)
    for read in _READERS:
        outputs = read(given)
        if outputs is not None:
            reasons = [reason for reason in map(text_of, _reasons(given)) if reason]
            return facts(given.get("model"), given.get("usage"), reasons) | {"outputs": outputs}
    if tokens(given.get("usage")) and text_of(given.get("model")):
        return facts(given["model"], given["usage"])
    return {}


def facts(model: object, usage: object, reasons: Iterable[str] = ()) -> Fields:
    """Return what is known of a call of a model besides its outputs."""
    found: dict[str, Any] = {}
    if name := text_of(model):
        found["model_name"] = name
    found |= tokens(usage)
    if kept := [*reasons]:
        found |= {"finish_reason": kept[0], "finish_reasons": kept}
    return {"config": {"model": name} if name else {}, "metadata": found}


def tokens(usage: object) -> dict[str, int]:
    """Return the token counts of a call. The total is the given one, else the sum of a pair.

    >>> tokens({"input_tokens": 9, "output_tokens": 3, "service_tier": "standard"})
    {'input_tokens': 9, 'output_tokens': 3, 'total_tokens': 12}
    """
    counts = {
        name: count
        for name, count in dict_of(usage).items()
        if name.endswith("_tokens") and type(count) is int and count >= 0
    }
    for pair in _PAIRS:
        if "total_tokens" not in counts and counts.keys() >= {*pair}:
            counts["total_tokens"] = sum(counts[name] for name in pair)
    return counts


def message_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the role, the content and the tool calls of a message of the chat completions API."""
    found: dict[str, Any] = {"role": text_of(message.get("role")) or "assistant"}
    content = message.get("content")
    if content is None:
        content = message.get("refusal")
    if content is not None:
        found["content"] = content
    calls = [_call(dict_of(call)) for call in list_of(message.get("tool_calls"))]
    if legacy := dict_of(message.get("function_call")):
        calls.append(tool_call(None, legacy.get("name"), legacy.get("arguments")))
    if calls:
        found["tool_calls"] = calls
    return found


def tool_call(call_id: object, name: object, arguments: object) -> dict[str, Any]:
    """Return a tool call. Its arguments are JSON text."""
    if not isinstance(arguments, str):
        arguments = orjson.dumps(arguments).decode()
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    return call if call_id is None else {"id": call_id, **call}


def dict_of(value: object) -> dict[str, Any]:
    """Return a value that is a dict, else an empty one."""
    return cast("dict[str, Any]", value) if type(value) is dict else {}


def list_of(value: object) -> list[Any]:
    """Return a value that is a list, else an empty one."""
    return value if type(value) is list else []  # pyright: ignore[reportUnknownVariableType]


def text_of(value: object) -> str:
    """Return a value that is a str, else an empty one."""
    return value if type(value) is str else ""


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    inside = dict_of(call.get("function")) or dict_of(call.get("custom"))
    return tool_call(call.get("id"), inside.get("name"), inside.get("arguments", inside.get("input", "")))


def _chat(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a chat completion. If it has several choices, `result` holds the others."""
    choices = list_of(answer.get("choices"))
    message = dict_of(dict_of(choices[0]).get("message")) if choices else None
    return message_of(message) if message else None


def _completion(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a completion that is only text."""
    choices = list_of(answer.get("choices"))
    text = dict_of(choices[0]).get("text") if choices else None
    return {"text": text} if type(text) is str else None


def _response(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a response of the responses API."""
    if answer.get("object") != "response" or type(answer.get("output")) is not list:
        return None
    found: dict[str, Any] = {"role": "assistant"}
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for item in map(dict_of, answer["output"]):
        kind = item.get("type")
        if kind == "message":
            found["role"] = text_of(item.get("role")) or "assistant"
            parts = [*map(dict_of, list_of(item.get("content")))]
            texts += [text_of(part.get("text")) or text_of(part.get("refusal")) for part in parts]
        elif kind in ("function_call", "custom_tool_call"):
            arguments = item.get("arguments", item.get("input", ""))
            calls.append(tool_call(item.get("call_id"), item.get("name"), arguments))
    return found | _said(texts, calls)


def _anthropic(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a message of the messages API."""
    if answer.get("type") != "message" or type(answer.get("content")) is not list:
        return None
    blocks = [*map(dict_of, answer["content"])]
    texts = [text_of(block.get("text")) for block in blocks if block.get("type") == "text"]
    calls = [
        tool_call(block.get("id"), block.get("name"), block.get("input"))
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    return {"role": text_of(answer.get("role")) or "assistant"} | _said(texts, calls)


def _said(texts: list[str], calls: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"content": "".join(texts)} if any(texts) or not calls else {}
    return found | ({"tool_calls": calls} if calls else {})


def _reasons(answer: Mapping[str, Any]) -> list[object]:
    if "stop_reason" in answer:
        return [answer["stop_reason"]]
    if answer.get("object") == "response":
        return [dict_of(answer.get("incomplete_details")).get("reason") or answer.get("status")]
    return [dict_of(choice).get("finish_reason") for choice in list_of(answer.get("choices"))]


_READERS: tuple[Callable[[Mapping[str, Any]], dict[str, Any] | None], ...] = (
    _chat,
    _response,
    _anthropic,
    _completion,
)
