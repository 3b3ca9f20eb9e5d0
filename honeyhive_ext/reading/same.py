"""Whether two values of JSON are the same, however deep they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast


def same(one: Any, other: Any) -> bool:
    """Return whether two values that were read from JSON have the same content.

    `==` recurses, knows no difference between 1 and true, and NaN is not equal to itself.

    >>> same({"a": [1, None]}, {"a": [1.0, None]}), same([1], [True]), same(float("nan"), float("nan"))
    (True, False, True)
    """
    todo: list[tuple[Any, Any]] = [(one, other)]
    while todo:
        one, other = todo.pop()
        if isinstance(one, dict):
            if not isinstance(other, dict):
                return False
            mine, others = cast("Mapping[str, Any]", one), cast("Mapping[str, Any]", other)
            if mine.keys() != others.keys():
                return False
            todo += [(value, others[name]) for name, value in mine.items()]
        elif isinstance(one, list):
            if not isinstance(other, list):
                return False
            items, other_items = cast("Sequence[Any]", one), cast("Sequence[Any]", other)
            if len(items) != len(other_items):
                return False
            todo += zip(items, other_items, strict=True)
        elif not _same_scalar(one, other):
            return False
    return True


def _same_scalar(one: Any, other: Any) -> bool:
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other or (one != one and other != other))  # NaN
