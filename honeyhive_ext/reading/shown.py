"""An event in one short line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from honeyhive_client.event_view import PROPERTIES

from honeyhive_ext.config.scrub import NO_KEYS

SHORT = 60  # characters of one value
LINE = 400  # characters of the whole
FIRST = ("event_type", "event_name", "event_id", "session_id", "start_time", "duration", "error")


class AsIs:
    """A text whose repr is the text itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def shown_event(value: Any) -> str:
    """Return the properties that are set as the text of arguments; of nested ones, how large they are.

    Neither text that looks like an API key nor the content of nested values is shown.

    >>> shown_event({"event_name": "a", "error": None, "inputs": {"q": 1}, "tags": [1, 2]})
    "event_name='a', inputs={1 key}, tags=[2 items]"
    """
    return ", ".join(f"{name}={text}" if name else text for name, text in shown_parts(value))


def shown_parts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each argument; the name is empty for a text that stands alone."""
    if not isinstance(value, dict):
        yield "", _short(value)
        return
    fields = cast("Mapping[str, Any]", value)
    names = dict.fromkeys((*FIRST, *(one.name for one in PROPERTIES.values()), *fields))
    room = LINE
    for name in names:
        if fields.get(name) is None:
            continue
        shown, text = _name(name), _short(fields[name])
        room -= len(shown) + len(text) + 3
        if room < 0:
            yield "", "..."
            return
        yield shown, text


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
