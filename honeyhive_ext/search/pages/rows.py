"""From the values of a page to rows with an identity and a time. Pure, and tolerant of odd rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple, cast

from honeyhive_ext.reading.event import Event
from honeyhive_ext.reading.json import loads
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.serialize.instants import EPOCH, time_of

YEAR_ONE = -62_135_596_800_000  # Unix ms of 0001-01-01, the first instant ISO 8601 can write with four digits
YEAR_9999 = 253_402_300_799_999  # Unix ms of the last one

_IDS = itemgetter("event_id")
_TIMES = itemgetter("start_time")


class Row(NamedTuple):
    """One event as the service sent it, with its identity and its time."""

    key: str  # the event_id; for a row without one, a digest of its content
    time: float | None  # start_time in Unix ms; None if it cannot be read as a time
    value: Any  # the event, its JSON text as bytes, or the value itself


def read_rows(values: Sequence[Any]) -> list[Row]:
    """Return the rows of one answer.

    The identity of a row without an event_id is its content, and its place among rows of equal content.
    So two equal rows in one answer are two rows, and the same two in a later answer are known.

    >>> [row.key == "a" for row in read_rows([{"event_id": "a", "start_time": 5}])]
    [True]
    >>> len({row.key for row in read_rows([{"x": 1}, {"x": 1}, None])})
    3
    """
    if values and type(values[0]) is Row:  # made when the page was cut
        return [*values]
    rows = _plain_rows(values)
    return _odd_rows(values) if rows is None else rows


def _plain_rows(values: Sequence[Any]) -> list[Row] | None:
    try:
        return as_rows([*map(_IDS, values)], [*map(_TIMES, values)], values)
    except (LookupError, TypeError):
        return None


def as_rows(ids: Collection[Any], stamps: Collection[Any], values: Iterable[Any]) -> list[Row] | None:
    """Return rows made of three columns, or None if an id is not a str and the content has to tell.

    Checking whole columns is faster than checking row by row.
    """
    if {*map(type, ids)} != {str} or "" in ids:
        return None
    if {*map(type, stamps)} != {int}:
        stamps = [*map(time_of, stamps)]
    return [*map(cast("Any", tuple.__new__), repeat(Row), zip(ids, stamps, values, strict=True))]


def _odd_rows(values: Sequence[Any]) -> list[Row]:
    rows: list[Row] = []
    twins: Counter[str] = Counter()
    for value in values:
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            event_id = fields.get("event_id")
            time = time_of(fields.get("start_time"))
            if isinstance(event_id, str) and event_id:
                rows.append(Row(event_id, time, fields))
                continue
        else:
            time = None
        digest = _digest(cast("Any", value))
        rows.append(Row(f"#{digest}.{twins[digest]}", time, value))
        twins[digest] += 1
    return rows


def _digest(value: Any) -> str:
    return blake2b(exact_json(value, sort_keys=True).encode(), digest_size=12).hexdigest()


def iso(ms: int) -> str:
    """Return Unix ms as ISO 8601 in UTC, exact to the millisecond.

    >>> iso(1767225600123)
    '2026-01-01T00:00:00.123Z'
    """
    parsed_time = EPOCH + timedelta(milliseconds=ms)
    return parsed_time.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


# The columns of rows, read at C speed.
key_of: Callable[[Row], str] = itemgetter(0)
timestamp_of: Callable[[Row], float | None] = itemgetter(1)
value_of: Callable[[Row], Any] = itemgetter(2)


def times(rows: Iterable[Row]) -> list[float]:
    """Return the times of the rows that have one."""
    return [time for time in map(timestamp_of, rows) if time is not None]


def content_of(row: Row) -> Any:
    """Return the JSON value of a row, whatever the row has of it."""
    if isinstance(row.value, Event):
        return row.value.raw
    return loads(row.value) if isinstance(row.value, bytes) else row.value


def field_text(row: Row, field: str) -> str | None:
    """Return a property of a row if it is a str, which a filter can compare; else None."""
    fields = content_of(row)
    value: object = cast("Mapping[str, Any]", fields).get(field) if isinstance(fields, dict) else None
    return value if isinstance(value, str) else None


def newest_first(rows: Iterable[Row]) -> list[Row]:
    """Return the rows in the order of the API. Rows without a time come last."""
    return sorted(rows, key=lambda row: -math.inf if row.time is None else row.time, reverse=True)
