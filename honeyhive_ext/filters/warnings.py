"""Warnings about filters that the API accepts but that no event can match."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Collection, Iterable
from typing import Protocol

from honeyhive_client.models.event_type import EVENT_TYPE_VALUES

from honeyhive_ext.config.checks import did_you_mean
from honeyhive_ext.config.event_types import event_type_for
from honeyhive_ext.config.printable import printable
from honeyhive_ext.filters.values import NUMBER_ORDER, TIME_ORDER, WireValue, event_fields, first_names


class Comparison(Protocol):
    """What these checks read of a `Filter`; they cannot import it, since building one runs them."""

    @property
    def field(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def value(self) -> WireValue: ...
    @property
    def type(self) -> str | None: ...


class FilterWarning(UserWarning):
    """The API accepts this filter, but no event can match it."""

    __module__ = "honeyhive_ext"


def mismatch(one: Comparison, known: Collection[str] = ()) -> str | None:
    """Return why no event can match a filter, or None if one can.

    Args:
        one: The filter.
        known: Paths that events have, besides the fields of the API document.
    """
    operator, value, kind = one.operator, one.value, one.type
    root = one.field.partition(".")[0]
    has_root = root in first_names() or is_known(one.field, known)
    if not has_root and (near := did_you_mean(root, event_fields(), cutoff=0.8)):
        return f"events have no field {root!r}: did you mean {near!r}?"
    if operator in TIME_ORDER and kind != "datetime":
        return (
            f"{operator!r} compares times, and {value!r} is not a time: "
            "write an aware datetime, or > and < for numbers"
        )
    if operator in NUMBER_ORDER and (value is None or isinstance(value, bool)):
        return f"{operator!r} compares numbers, and {value!r} is not a number"
    if operator.endswith("contains") and not isinstance(value, str):
        return f"{operator!r} looks for a string in a string, and {value!r} is not a string"
    if kind is not None and value is not None and not _fits(value, kind):
        return f"{value!r} is not of type {kind!r}"
    if one.field == "event_type" and operator == "is" and value not in EVENT_TYPE_VALUES:
        instead = event_type_for(value) if isinstance(value, str) else None
        hint = f": write {instead}" if instead else ""
        return f"there is no event_type {value!r}, only {', '.join(sorted(EVENT_TYPE_VALUES))}{hint}"
    if not has_root and " not " not in f" {operator} ":
        path = printable(f"metadata.{one.field}")
        return f'events have no field {root!r}: write the whole path, such as F("{path}")'
    return None


def is_known(field: str, known: Collection[str]) -> bool:
    """Return whether a field, or another with its first name, is among known paths."""
    return any(one == field or one.startswith(field.partition(".")[0] + ".") for one in known)


def _is_number(value: WireValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value: WireValue, kind: str) -> bool:
    if kind == "number":
        return _is_number(value)
    if kind == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str)


def contradiction(filters: Iterable[Comparison]) -> str | None:
    """Return why no event can match all of several filters, or None if one can."""
    by_field: dict[str, list[Comparison]] = {}
    for one in filters:
        by_field.setdefault(one.field, []).append(one)
    for name, some in by_field.items():
        operators = {f.operator for f in some if f.value is not None or f.operator.endswith("exists")}
        if "not exists" in operators and operators & {"exists", "is", "contains", *NUMBER_ORDER, *TIME_ORDER}:
            return f"{name} cannot both be missing and have a value"
        # A longer path may lead through an array to several values, and each filter may match another one.
        if name in event_fields() and (reason := _clash(name, some)):
            return reason
    return None


def _clash(name: str, filters: list[Comparison]) -> str | None:
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


def _plain(one: Comparison) -> bool:
    return one.value is not None and one.type != "datetime"


def warn(reason: str, what: object) -> None:
    """Warn that a filter matches nothing, at the line of the caller's code that wrote it."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("honeyhive_ext."):
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{what!r} matches nothing: {reason}", FilterWarning, stacklevel=level)
