"""Python values as the values of filters, and warnings about filters that cannot match anything. Pure."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from functools import cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from honeyhive_client.models import Event
from honeyhive_client.models.event_type import EVENT_TYPE_VALUES

from honeyhive_ext.errors import QueryError

if TYPE_CHECKING:
    from honeyhive_ext.filters.condition import Filter

WireValue: TypeAlias = str | float | bool | None
Value: TypeAlias = str | float | bool | datetime | UUID | Enum | Decimal | None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 2**64  # integers from here on do not survive JSON unchanged
ORDERING = ("greater than", "less than")
MOMENTS = ("after", "before")


class FilterWarning(UserWarning):
    """A filter that can be sent but cannot match anything."""


@cache
def columns() -> tuple[str, ...]:
    """The fields of an event that the API document names."""
    return tuple(name for name in Event.__annotations__ if name != "additional_properties")


def iso_text(moment: datetime) -> str:
    """An aware datetime as ISO 8601 in UTC, to the microsecond where it has one.

    >>> iso_text(datetime(2026, 1, 2, tzinfo=UTC))
    '2026-01-02T00:00:00.000Z'
    """
    if moment.utcoffset() is None:
        raise QueryError(
            f"{moment!r} has no time zone, so it names no moment: "
            "write datetime(..., tzinfo=UTC) or moment.astimezone()"
        )
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds" if utc.microsecond % 1000 else "milliseconds") + "Z"


def is_moment(text: str) -> bool:
    """Whether text is a moment in ISO 8601, with its offset from UTC."""
    try:
        return datetime.fromisoformat(text).utcoffset() is not None
    except ValueError:
        return False


def wire_value(value: object, operator: str) -> tuple[WireValue, str | None]:
    """A Python value as the value of a filter and its type; the type is None for null.

    Raises:
        QueryError: A value that no filter can hold; the message says what to write instead.
    """
    if isinstance(value, Enum):
        return wire_value(value.value, operator)
    if value is None:
        return None, None
    if isinstance(value, bool):
        return value, "boolean"
    if isinstance(value, str):
        return _text(str(value)), "datetime" if operator in MOMENTS and is_moment(value) else "string"
    if isinstance(value, datetime):
        return iso_text(value), "datetime"
    if isinstance(value, UUID):
        return str(value), "string"
    if isinstance(value, Decimal):
        if operator in ORDERING:
            raise QueryError(
                f"{value!r} cannot be compared by {operator!r}: a Decimal is stored as text. "
                f"For numbers write float(...)"
            )
        return str(value), "string"
    if isinstance(value, Integral):
        return _integer(int(value)), "number"
    if isinstance(value, Real):
        number = float(value)
        if not math.isfinite(number):
            raise QueryError(f"{number!r} is not a JSON number, so no event holds it")
        return number, "number"
    raise QueryError(f"a filter cannot hold {_described(value)}{_instead(value)}")


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(f"{text!r} holds half a character (a lone surrogate), which JSON cannot") from error
    return text


def _integer(number: int) -> int:
    if abs(number) >= LARGEST:
        raise QueryError(
            f"{number} does not fit 64 bits, so JSON would change it: write float(...) or str(...)"
        )
    return number


def _described(value: object) -> str:
    return f"a {type(value).__name__}"


def _instead(value: object) -> str:
    if isinstance(value, date):
        return ": write a datetime with a time zone, such as datetime(2026, 1, 2, tzinfo=UTC)"
    if isinstance(value, list | tuple | set | frozenset):
        return ": the API compares with one value. Run one search for each, or compare on what they share"
    if isinstance(value, dict):
        return ': compare a value inside it, such as F("metadata.model") == "small"'
    if isinstance(value, bytes):
        return ": write value.decode()"
    return ": it takes str, int, float, bool, None, datetime, UUID, Enum and Decimal"


def doubts(one: Filter) -> str | None:
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


def contradiction(filters: Iterable[Filter]) -> str | None:
    """Why several filters cannot all match one event, None where they can."""
    by_field: dict[str, list[Filter]] = {}
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


def _clash(name: str, filters: list[Filter]) -> str | None:
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


def _plain(one: Filter) -> bool:
    return one.value is not None and one.type != "datetime"


def warn(reason: str, what: object) -> None:
    """Say that a filter matches nothing, at the line of the caller's code that wrote it."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("honeyhive_ext."):
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{what!r} matches nothing: {reason}", FilterWarning, stacklevel=level)
