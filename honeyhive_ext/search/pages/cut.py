"""From the bytes of a page to the JSON text of each row, with its id and time. Pure.

A page is checked as a whole and cut into the texts of its rows; nothing inside of them is made before it is
read. `msgspec` passes over values without making them, and checks all but two things: that strings are UTF-8,
which is looked at here, and how large a number is. What it refuses, such as NaN, `json` may still read; then
the texts are written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

import msgspec
from honeyhive_client.event_view import Number

from honeyhive_ext.reading.event import Event, read_event, with_texts
from honeyhive_ext.reading.json import loads
from honeyhive_ext.search.pages.rows import Row, as_rows, read_rows
from honeyhive_ext.serialize.exact_json import exact_json


class Texts(msgspec.Struct):
    """A page whose rows are the bytes that came."""

    events: list[msgspec.Raw]
    count: Any = None


class Heads(msgspec.Struct):
    """The id and the time of a row."""

    event_id: str | None = None
    start_time: Number | None = None


class HeadsPage(msgspec.Struct):
    """A page that is read for the ids and times of its rows."""

    events: list[Heads]


class EventsPage(msgspec.Struct):
    """A page that is read for its events."""

    events: list[Event]


_TEXTS = msgspec.json.Decoder(Texts)
_HEADS = msgspec.json.Decoder(HeadsPage)
_EVENTS = msgspec.json.Decoder(EventsPage)
_ids: Callable[[Any], str | None] = attrgetter("event_id")
_times: Callable[[Any], float | None] = attrgetter("start_time")


def cut(content: bytes) -> tuple[list[bytes], Any, bytes]:
    """Return the text of each row, the count that the page states, and the page as `msgspec` reads it.

    Raises:
        ValueError: The content is not JSON.
        TypeError: It is, but not a page. The message continues "the answer to the search".
    """
    try:
        if not content.isascii():
            content.decode()
        page = _TEXTS.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _written(loads(content))
    return [*map(bytes, page.events)], page.count, content


def _written(page: Any) -> tuple[list[bytes], Any, bytes]:
    if not isinstance(page, dict):
        raise TypeError("is not an object")
    answer = cast("Mapping[str, Any]", page)
    events: object = answer.get("events")
    if not isinstance(events, list):
        raise TypeError("has no list of events")
    values = cast("Sequence[Any]", events)
    return [exact_json(value).encode() for value in values], answer.get("count"), b""


def text_rows(texts: Sequence[bytes], content: bytes) -> list[Row]:
    """Return the rows of a page, each with its text."""
    try:
        heads = _HEADS.decode(content).events
    except (msgspec.MsgspecError, RecursionError):
        heads = []
    return _rows(heads, texts, texts)


def event_rows(texts: Sequence[bytes], content: bytes) -> list[Row]:
    """Return the rows of a page, each with its event."""
    try:
        events = _EVENTS.decode(content).events
        with_texts(events, texts)
    except (msgspec.MsgspecError, RecursionError):
        events = [*map(read_event, texts)]
    return _rows(events, texts, events)


def _rows(heads: Sequence[Any], texts: Sequence[bytes], values: Sequence[Any]) -> list[Row]:
    if len(heads) == len(texts):
        stamps = [*map(_times, heads)]
        if None not in {*stamps} and (rows := as_rows([*map(_ids, heads)], stamps, values)) is not None:
            return rows
    # Something is odd: an event without an event_id, whose identity depends on the other rows of the page, or
    # a time that is not a number. So all are parsed.
    odd = read_rows([*map(loads, texts)])
    return [row._replace(value=value) for row, value in zip(odd, values, strict=True)]
