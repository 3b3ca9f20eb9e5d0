"""An event in one short line. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from honeyhive_client.event_view import PROPERTIES

from honeyhive_ext.config.scrub import NO_KEYS

SHORT = 60  # characters of one value
LINE = 400  # characters of the whole
FIRST = ("event_type", "event_name", "event_id", "session_id", "start_time", "duration", "error")


def shown_event(value: Any) -> str:
    """Return the properties that are set as the text of arguments; of nested ones, how large they are.

    Neither text that looks like an API key nor the content of nested values is shown.

    >>> shown_event({"event_name": "a", "error": None, "inputs": {"q": 1}, "tags": [1, 2]})
    "event_name='a', inputs={1 key}, tags=[2 items]"
    """
    if not isinstance(value, dict):
        return _short(value)
    fields = cast("Mapping[str, Any]", value)
    names = dict.fromkeys((*FIRST, *(one.name for one in PROPERTIES.values()), *fields))
    parts: list[str] = []
    room = LINE
    for name in names:
        if fields.get(name) is None:
            continue
        part = f"{_name(name)}={_short(fields[name])}"
        room -= len(part) + 2
        if room < 0:
            parts.append("...")
            break
        parts.append(part)
    return ", ".join(parts)


def _name(name: str) -> str:
    return name if name in PROPERTIES or (name.isidentifier() and len(name) <= 24) else _text(name)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        count = len(cast("Mapping[str, Any]", value))
        return f"{{{count} key{'' if count == 1 else 's'}}}" if count else "{}"
    if isinstance(value, list):
        count = len(cast("Sequence[Any]", value))
        return f"[{count} item{'' if count == 1 else 's'}]" if count else "[]"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    safe = NO_KEYS.text(text[: 4 * SHORT])
    return repr(safe if len(safe) <= SHORT and len(text) <= 4 * SHORT else safe[: SHORT - 3] + "...")
