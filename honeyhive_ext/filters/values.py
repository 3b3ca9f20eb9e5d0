"""Python values as the values of filters, and warnings about filters that cannot match anything. Pure."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from honeyhive_client.models import Event

from honeyhive_ext.errors import QueryError

if TYPE_CHECKING:
    pass

WireValue: TypeAlias = str | float | bool | None
Value: TypeAlias = str | float | bool | datetime | UUID | Enum | Decimal | None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 2**64  # integers from here on do not survive JSON unchanged
ORDERING = ("greater than", "less than")
MOMENTS = ("after", "before")


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
