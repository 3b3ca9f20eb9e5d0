"""The operands of filters: values found under a dotted path, as numbers and as points in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from honeyhive_ext.local.json_types import is_array, is_object

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_INT64 = 2**63


def find(value: Any, parts: Sequence[str]) -> Iterator[Any]:
    """Yield every value that a dotted path can mean inside `value`.

    A key may itself contain dots. An array means each of its elements, or one of them where the path
    has its number. At the end of a path the array itself is the value.

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
    """Return a JSON number as SQLite sees it.

    An integer of more than 64 bits is a double; beyond the range of a double it is infinity.
    """
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a JSON value is a number. true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def instant(value: object) -> float | None:
    """Return a JSON value as Unix milliseconds: a number as it is, ISO 8601 text parsed, anything else None.

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
    """Return a value as an index holds it; None for what no index holds (null, arrays, objects).

    true and false become texts. The index only narrows down; the predicate then tells them apart.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if is_number(value):
        return number(value)
    return None
