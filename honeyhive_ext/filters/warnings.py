"""Filters that can be sent but cannot match anything."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol

from honeyhive_client.models.event_type import EVENT_TYPE_VALUES

from honeyhive_ext.filters.values import MOMENTS, ORDERING, WireValue, columns


class Condition(Protocol):
    """What a warning looks at; a `Filter` is one."""

    @property
    def field(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def value(self) -> WireValue: ...
    @property
    def type(self) -> str | None: ...


class FilterWarning(UserWarning):
    """A filter that can be sent but cannot match anything."""

    __module__ = "honeyhive_ext"


def doubts(one: Condition) -> str | None:
    """Why a filter cannot match anything, None where it can."""
    operator, value, kind = one.operator, one.value, one.type
    root = one.field.partition(".")[0]
    if root not in columns() and (near := get_close_matches(root, columns(), cutoff=0.8)):
        return f"no event has a field {root!r}; did you mean {near[0]!r}?"
    if operator in MOMENTS and kind != "datetime":
        return (
            f"{operator!r} compares moments, and {value!r} is none: "
            "write an aware datetime, or > and < for numbers"
        )
    if operator in ORDERING and (value is None or isinstance(value, bool)):
        return f"{operator!r} compares numbers, and {value!r} is none"
    if operator.endswith("contains") and not isinstance(value, str):
        return f"{operator!r} looks for text inside text, and {value!r} is none"
    if kind is not None and value is not None and not _fits(value, kind):
        return f"{value!r} is not of type {kind!r}"
    if one.field == "event_type" and operator == "is" and value not in EVENT_TYPE_VALUES:
        return f"no event_type {value!r} is known; there are {', '.join(sorted(EVENT_TYPE_VALUES))}"
    return None


def _is_number(value: WireValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value: WireValue, kind: str) -> bool:
    if kind == "number":
        return _is_number(value)
    if kind == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str)


def contradiction(filters: Iterable[Condition]) -> str | None:
    """Why several filters cannot all match one event, None where they can."""
    by_field: dict[str, list[Condition]] = {}
    for one in filters:
        by_field.setdefault(one.field, []).append(one)
    for name, some in by_field.items():
        operators = {f.operator for f in some if f.value is not None or f.operator.endswith("exists")}
        if "not exists" in operators and operators & {"exists", "is", "contains", *ORDERING, *MOMENTS}:
            return f"{name} cannot both be missing and have a value"
        # A path may lead through an array to several values, of which each filter asks for one.
        if name in columns() and (reason := _clash(name, some)):
            return reason
    return None


def _clash(name: str, filters: list[Condition]) -> str | None:
    equal = {f.value for f in filters if f.operator == "is" and _plain(f)}
    if len(equal) > 1:
        return f"{name} cannot be {' and '.join(sorted(map(repr, equal)))} at once"
    if both := equal & {f.value for f in filters if f.operator == "is not" and _plain(f)}:
        return f"{name} cannot be and not be {both.pop()!r}"
    low = [f.value for f in filters if f.operator == "greater than" and isinstance(f.value, int | float)]
    high = [f.value for f in filters if f.operator == "less than" and isinstance(f.value, int | float)]
    if low and high and max(low) >= min(high):
        return f"{name} cannot be above {max(low)!r} and below {min(high)!r}"
    return None


def _plain(one: Condition) -> bool:
    return one.value is not None and one.type != "datetime"


def warn(reason: str, what: object) -> None:
    """Say that a filter matches nothing, at the line of the caller's code that wrote it."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("honeyhive_ext."):
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{what!r} matches nothing: {reason}", FilterWarning, stacklevel=level)
