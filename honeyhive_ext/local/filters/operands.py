"""The operands of filters: values found under a dotted path, as numbers and as points in time."""

from __future__ import annotations

import math
import re
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
    todo: list[tuple[Any, int]] = [(value, 0)]
    # Where a part may be the number of an element, many readings lead to the same place.
    seen: set[tuple[int, int]] | None = set() if any(map(str.isdecimal, parts)) else None
    while todo:
        item, at = todo.pop()
        if at == len(parts):
            yield item
        elif is_object(item):
            todo.extend(_inside(item, parts, at))
        elif is_array(item):
            if seen is not None:
                if (id(item), at) in seen:
                    continue
                seen.add((id(item), at))
                number = int(parts[at]) if parts[at].isdecimal() and len(parts[at]) < 10 else len(item)
                if number < len(item):
                    todo.append((item[number], at + 1))
            todo.extend((one, at) for one in reversed(item) if is_object(one) or is_array(one))


def _inside(item: dict[str, Any], parts: Sequence[str], at: int) -> Iterator[tuple[Any, int]]:
    """Yield the value under each key that begins the rest of the path, and where the path then continues."""
    left = len(parts) - at
    if left == 1:
        if parts[at] in item:
            yield item[parts[at]], at + 1
    elif left < len(item):
        for end in range(len(parts), at, -1):
            key = ".".join(parts[at:end])
            if key in item:
                yield item[key], end
    else:
        rest = ".".join(parts[at:])
        for key, inner in item.items():
            if rest.startswith(key) and (len(key) == len(rest) or rest[len(key)] == "."):
                yield inner, at + key.count(".") + 1


def scalars(array: Sequence[Any]) -> Iterator[Any]:
    """Yield what is neither null, array nor object in an array, at any depth of arrays.

    >>> list(scalars(["a", ["b", None, {"c": 1}]]))
    ['a', 'b']
    """
    todo: list[Any] = [array]
    while todo:
        item = todo.pop()
        if is_array(item):
            todo.extend(reversed(item))
        elif item is not None and not is_object(item):
            yield item


def double(value: float) -> float:
    """Return the double that is nearest to a number; infinity beyond the range of doubles.

    >>> double(2**70 + 1) == 2**70, double(-(10**400))
    (True, -inf)
    """
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def sql_number(value: float) -> float:
    """Return a JSON number as SQLite holds it: an integer of more than 64 bits as its nearest double."""
    return value if isinstance(value, float) or -_INT64 <= value < _INT64 else double(value)


_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def canonical(text: str) -> str:
    """Return an id as it compares: a UUID in lower case and with its hyphens, any other text as it is.

    >>> canonical("7F22137A69114ED3BC36110F1DDE6B66"), canonical("Not-A-UUID")
    ('7f22137a-6911-4ed3-bc36-110f1dde6b66', 'Not-A-UUID')
    """
    if len(text) != 36 and len(text) != 32:
        return text
    low = text.lower()
    if (low == text and len(text) == 36) or not _UUID.fullmatch(low):
        return text
    digits = low.replace("-", "")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_uuid(text: str) -> bool:
    """Return whether a text compares as a UUID.

    >>> is_uuid("7F22137A69114ED3BC36110F1DDE6B66"), is_uuid("run-1")
    (True, False)
    """
    return _UUID.fullmatch(text.lower()) is not None


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
        return value
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
        return sql_number(value)
    return None
