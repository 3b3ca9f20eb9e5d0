"""Values as filters see them: found under a dotted path, as numbers, as points in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from honeyhive_ext.local.json_types import is_array, is_object

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_INT64 = 2**63


def find(value: Any, parts: Sequence[str]) -> Iterator[Any]:
    """Every value that a dotted path can mean inside `value`.

    A key may itself contain dots. An array stands for each of its elements, or for one where the path
    has its number; at the end of a path it is a value itself.

    >>> list(find({"a": [{"b.c": 1}, {"b": {"c": 2}}]}, ["a", "b", "c"]))
    [1, 2]
    """
    if not parts:
        yield value
    elif is_object(value):
        for end in range(1, len(parts) + 1):
            key = ".".join(parts[:end])
            if key in value:
                yield from find(value[key], parts[end:])
    elif is_array(value):
        for element in value:
            yield from find(element, parts)
        at = int(parts[0]) if parts[0].isdecimal() and len(parts[0]) < 10 else len(value)
        if at < len(value):
            yield from find(value[at], parts[1:])


def number(value: float) -> float:
    """A JSON number as SQLite sees it: beyond 64 bits an integer is a double, beyond a double infinity."""
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def instant(value: object) -> float | None:
    """A JSON value as Unix milliseconds: a number as it is, ISO 8601 text parsed, anything else None.

    Text without an offset is UTC.

    >>> instant("2026-01-01T00:00:00.001Z"), instant("2026-01-01"), instant(5), instant("soon")
    (1767225600001.0, 1767225600000.0, 5, None)
    """
    if isinstance(value, str):
        return _parse(value)
    if is_number(value):
        return number(value)
    return None


def _parse(text: str) -> float | None:
    text = text.strip().upper()
    if len(text) > 64:
        return None
    # RFC 3339 allows the leap second 60, which Python's datetime does not know.
    leap = text[17:19] == "60" and text[10:11] in ("T", " ")
    if leap:
        text = text[:17] + "59" + text[19:]
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - _EPOCH) / _MS + (1000 if leap else 0)


def scalar(value: object) -> str | float | None:
    """A value as an index holds it; None for what no index holds (null, arrays, objects).

    true and false become texts: an index only narrows down, the condition itself tells them apart.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if is_number(value):
        return number(value)
    return None
