"""The messages of a chat, as the conventions write them, in the one form that the service draws.

A message is a dict with `role` and `content` (a text, or a list of parts), `tool_calls`, and for the answer
of a tool `tool_call_id` and `name`. Three conventions are read: the JSON of `gen_ai.input.messages`, the
flattened `gen_ai.prompt.N.*`, and the flattened `llm.input_messages.N.message.*` of OpenInference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

from honeyhive_ext.otlp.flattened import under, unflattened

Message = dict[str, Any]

DEEPEST = 100  # levels of a JSON text that is stored as its value
_BRACKETS = re.compile(r"[\[\]{}]")


def input_messages(attributes: Mapping[str, Any]) -> list[Message]:
    """Return the messages that a model was given; [] if the span has none."""
    structured = _structured(attributes.get("gen_ai.input.messages"))
    if structured:
        return [*_system(attributes.get("gen_ai.system_instructions")), *structured]
    return _numbered(attributes, "gen_ai.prompt.") or _openinference(attributes, "llm.input_messages.")


def output_messages(attributes: Mapping[str, Any]) -> list[Message]:
    """Return the messages that a model answered; [] if the span has none."""
    return (
        _structured(attributes.get("gen_ai.output.messages"))
        or _numbered(attributes, "gen_ai.completion.")
        or _openinference(attributes, "llm.output_messages.")
    )


INPUT_PREFIXES = ("gen_ai.prompt.", "llm.input_messages.")
OUTPUT_PREFIXES = ("gen_ai.completion.", "llm.output_messages.")
INPUT_NAMES = ("gen_ai.input.messages", "gen_ai.system_instructions")
OUTPUT_NAMES = ("gen_ai.output.messages",)


def parsed(value: Any) -> Any:
    """Return the value of a JSON text that is an object or a list; anything else as it is.

    >>> parsed('{"a": 1}'), parsed("17"), parsed("{no")
    ({'a': 1}, '17', '{no')
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[") or _may_be_deep(value):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def decoded(value: Any) -> Any:
    """Return the value of a JSON text of any kind; anything else as it is.

    >>> decoded('"a"'), decoded("17"), decoded("a"), decoded(17)
    ('a', 17, 'a', 17)
    """
    if not isinstance(value, str) or _may_be_deep(value):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def with_chat(name: str, value: Any) -> Any:
    """Return what a step was given, with the messages that langfuse writes as its input as `chat_history`."""
    if name != "langfuse.observation.input":
        return value
    if _is_chat(value):
        return {"chat_history": value}
    given = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if "chat_history" not in given and _is_chat(given.get("messages")):
        return {"chat_history" if key == "messages" else key: one for key, one in given.items()}
    return cast(Any, value)


def _is_chat(value: Any) -> bool:
    items = cast("Sequence[Any]", value if isinstance(value, list) else ())
    messages = _dicts(items)
    return bool(messages) and len(messages) == len(items) and all("role" in one for one in messages)


def _may_be_deep(text: str) -> bool:
    """Return whether a JSON text may be nested too deeply to be stored as more than a text."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    deepest = level = 0
    for found in _BRACKETS.finditer(text):
        level += 1 if found[0] in "[{" else -1
        deepest = max(deepest, level)
    return deepest > DEEPEST


def _dicts(value: Any) -> list[dict[str, Any]]:
    items = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value]
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _system(value: Any) -> list[Message]:
    """Return the system message that a list of parts is."""
    found = parsed(value)
    if isinstance(found, str) and found:
        return [{"role": "system", "content": found}]
    parts = _dicts(found)
    return [_from_parts({"role": "system", "parts": parts})] if parts else []


def _structured(value: Any) -> list[Message]:
    """Read messages of parts: `[{"role": ..., "parts": [{"type": "text", "content": ...}]}]`."""
    found = [one for one in _dicts(parsed(value)) if "role" in one or "parts" in one or "content" in one]
    return [_from_parts(one) if "parts" in one else dict(one) for one in found]


def _from_parts(message: Mapping[str, Any]) -> Message:
    made: Message = {"role": message.get("role", "assistant")}
    texts: list[str] = []
    others: list[Any] = []
    calls: list[Any] = []
    for part in _dicts(message["parts"]):
        kind = part.get("type")
        if kind == "text" and isinstance(part.get("content"), str):
            texts.append(part["content"])
        elif kind == "tool_call":
            calls.append(_call(part.get("id"), part.get("name"), part.get("arguments")))
        elif kind == "tool_call_response":
            made["tool_call_id"] = part.get("id")
            answer = part.get("response", part.get("result"))
            texts.append(answer if isinstance(answer, str) else _text(answer))
        else:
            others.append(part)
    if others:
        made["content"] = [*({"type": "text", "text": text} for text in texts), *others]
    elif texts or not calls:
        made["content"] = "\n".join(texts)
    if calls:
        made["tool_calls"] = calls
    kept = {"parts", *made}
    return {**made, **{key: value for key, value in message.items() if key not in kept}}


def _numbered(attributes: Mapping[str, Any], prefix: str) -> list[Message]:
    """Read `gen_ai.prompt.0.role` and its like."""
    made: list[Message] = []
    for one in _positions(attributes, prefix):
        message = dict(one)
        if "content" in message:
            content = parsed(message["content"])
            message["content"] = content if isinstance(content, list) else message["content"]
        if "tool_calls" in message:
            calls = _dicts(_listed(message["tool_calls"]))
            message["tool_calls"] = [
                call if "function" in call else _call(call.get("id"), call.get("name"), call.get("arguments"))
                for call in calls
            ]
        made.append({"role": message.pop("role", "user"), **message})
    return made


def _openinference(attributes: Mapping[str, Any], prefix: str) -> list[Message]:
    """Read `llm.input_messages.0.message.role` and its like."""
    made: list[Message] = []
    for one in _positions(attributes, prefix):
        given = one.get("message")
        if not isinstance(given, dict):
            continue
        message = cast("dict[str, Any]", given)
        new: Message = {"role": message.pop("role", "user")}
        if "contents" in message:
            new["content"] = [_part(part) for part in _dicts(_listed(message.pop("contents")))]
        if "tool_calls" in message:
            calls = _dicts(_listed(message.pop("tool_calls")))
            new["tool_calls"] = [_openinference_call(call.get("tool_call", call)) for call in calls]
        made.append({**new, **message})
    return made


def _openinference_call(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    given = cast("dict[str, Any]", call)
    function = given.get("function")
    inner = cast("dict[str, Any]", function) if isinstance(function, dict) else given
    return _call(given.get("id"), inner.get("name"), inner.get("arguments"))


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of a content: a text, or an image by its address."""
    found = part.get("message_content", part)
    inner = cast("dict[str, Any]", found) if isinstance(found, dict) else dict(part)
    if inner.get("type") == "image":
        image = inner.get("image")
        while isinstance(image, dict):  # image.image.url
            image = cast("dict[str, Any]", image).get("image", cast("dict[str, Any]", image).get("url"))
        return {"type": "image_url", "image_url": {"url": image}}
    return inner


def _positions(attributes: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    found = under(attributes, prefix)
    if not found:
        return []
    return _dicts(_listed(unflattened(found.items())))


def _listed(value: Any) -> Any:
    """Return a list as it is, and a dict of positions with gaps in their order."""
    if isinstance(value, dict):
        numbered = cast("dict[str, Any]", value)
        keys = [key for key in numbered if key.isascii() and key.isdigit()]
        return [numbered[key] for key in sorted(keys, key=int)]
    return parsed(value)


def _call(call_id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else _text(arguments)
    call = {"type": "function", "function": {"name": name, "arguments": text}}
    return call if call_id is None else {"id": call_id, **call}


def _text(value: Any) -> str:
    return "" if value is None else orjson.dumps(value, default=str).decode()
