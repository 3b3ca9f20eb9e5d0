"""The operands of filters: values found under a dotted path, as numbers and as points in time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from honeyhive_ext.local.json_types import is_array, is_object

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_INT64 = 2**63


def find(value: Any, parts: Sequence[str], look: Callable[[], object] = bool) -> Iterator[Any]:
    """Yield every value that a dotted path can mean inside `value`.

    A key may itself contain dots. An array means each of its elements, or one of them where the path
    has its number. At the end of a path the array itself is the value.

    Args:
        value: What is looked into.
        parts: The path.
        look: Is called now and then. What it raises ends the search.

    >>> list(find({"a": [{"b.c": 1}, {"b": {"c": 2}}]}, ["a", "b", "c"]))
    [1, 2]
    """
    if any(map(str.isdecimal, parts)):
        yield from _with_numbers(value, parts, look)
        return
    todo: list[tuple[Any, int]] = [(value, 0)]
    visits = 0
    while todo:
        visits += 1
        if not visits & 63:
            look()
        item, at = todo.pop()
        if at == len(parts):
            yield item
        elif is_object(item):
            todo.extend(_inside(item, parts, at))
        elif is_array(item):
            todo.extend((one, at) for one in reversed(item) if is_object(one) or is_array(one))


def _with_numbers(value: Any, parts: Sequence[str], look: Callable[[], object]) -> Iterator[Any]:
    """Do the same for a path in which a part may be the number of an element.

    Many readings of it lead to the same place. Each place is visited once, with a bit for each part with
    which the path may go on there.
    """
    end, numbers = 1 << len(parts), _numbers(parts)
    todo: list[tuple[Any, int]] = [(value, 1)]
    visits = 0
    while todo:
        visits += 1
        if not visits & 63:
            look()
        item, bits = todo.pop()
        if bits & end:
            yield item
            bits ^= end
        if bits and is_object(item):
            todo.extend(_keys(item, parts, bits))
        elif bits and is_array(item):
            chosen = _elements(item, numbers, bits)
            each = ((one, bits if is_object(one) or is_array(one) else 0) for one in item)
            if chosen:
                each = ((one, there | chosen.get(at, 0)) for at, (one, there) in enumerate(each))
            todo.extend([one for one in each if one[1]][::-1])


def _numbers(parts: Sequence[str]) -> dict[int, int]:
    """Return the numbers among the parts of a path, each with a bit for every part that it is."""
    numbers: dict[int, int] = {}
    for at, part in enumerate(parts):
        if part.isdecimal() and len(part) < 10:
            numbers[int(part)] = numbers.get(int(part), 0) | 1 << at
    return numbers


def _elements(item: list[Any], numbers: dict[int, int], bits: int) -> dict[int, int]:
    """Return the elements of an array that the path names by number, and where it then continues."""
    few = numbers if len(numbers) < len(item) else range(len(item))
    return {
        at: (numbers.get(at, 0) & bits) << 1 for at in few if at < len(item) and numbers.get(at, 0) & bits
    }


def _keys(item: dict[str, Any], parts: Sequence[str], bits: int) -> Iterable[tuple[Any, int]]:
    """Return the values of an object that the path leads to, and where it then continues."""
    if not bits & (bits - 1):
        return [(inner, 1 << at) for inner, at in _inside(item, parts, bits.bit_length() - 1)]
    found: dict[int, tuple[Any, int]] = {}
    while bits:
        low = bits & -bits
        bits ^= low
        for inner, at in _inside(item, parts, low.bit_length() - 1):
            found[id(inner)] = inner, found.get(id(inner), (inner, 0))[1] | 1 << at
    return found.values()


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
