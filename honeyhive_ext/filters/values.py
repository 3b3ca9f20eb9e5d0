"""Python values as the values of filters, and the fields that an event has. Pure."""

from __future__ import annotations

import math
import sys
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from honeyhive_client.models import CreateEventRequest, Event
from honeyhive_client.request_fields import REQUEST_FIELDS

from honeyhive_ext.config.checks import UUID_FORM, lone_surrogate
from honeyhive_ext.errors import QueryError

WireValue: TypeAlias = str | float | bool | None
Value: TypeAlias = str | float | bool | datetime | timedelta | UUID | Enum | Decimal | None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OUT_OF_RANGE = 2**64  # many JSON libraries change integers from here on
NUMBER_ORDER = ("greater than", "less than")
TIME_ORDER = ("after", "before")
_ORDERED = (*NUMBER_ORDER, *TIME_ORDER)
_EQUAL = ("is", "is not")
UNIX_MS = ("start_time", "end_time")  # fields whose numbers are times
T = TypeVar("T")


@cache
def event_fields() -> tuple[str, ...]:
    """Return the names of the fields of an event that the API document names."""
    return tuple(name for name in Event.__annotations__ if name != "additional_properties")


@cache
def first_names() -> frozenset[str]:
    """Return the names with which the path of a filter may begin: what events are posted and read with."""
    return frozenset(event_fields()) | CreateEventRequest.__annotations__.keys()


@cache
def _id_fields() -> frozenset[str]:
    fields = REQUEST_FIELDS["CreateEventRequest"].values()
    return frozenset({one.name for one in fields if one.format == "uuid"} | {"children_ids"})


def id_text(field: str, text: str) -> str:
    """Return what a field is compared with. A UUID that no event holds so gets hyphens and loses braces.

    >>> id_text("event_id", "{CAF77ACE-3417-4DA4-944D-F4A0688F3C23}")
    'caf77ace-3417-4da4-944d-f4a0688f3c23'
    """
    if len(text) == 36 or field not in _id_fields():  # 36 characters: the form in which events hold it
        return text
    match = UUID_FORM.fullmatch(text)
    return text if match is None else str(UUID(match[1]))


def iso_utc(time: datetime) -> str:
    """Return an aware datetime as ISO 8601 in UTC, in ms, or in µs if it has a fraction of a ms.

    Raises:
        QueryError: The datetime has no time zone.

    >>> iso_utc(datetime(2026, 1, 2, tzinfo=UTC))
    '2026-01-02T00:00:00.000Z'
    """
    if time.utcoffset() is None:
        raise QueryError(
            f"{time!r} has no time zone, so its time is not known: "
            "write datetime(..., tzinfo=UTC) or value.astimezone()"
        )
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds" if utc.microsecond % 1000 else "milliseconds") + "Z"


def is_iso_time(text: str) -> bool:
    """Return whether a string is an ISO 8601 time with its offset from UTC."""
    try:
        return datetime.fromisoformat(text).utcoffset() is not None
    except ValueError:
        return False


def wire_value(value: object, operator: str) -> tuple[WireValue, str | None]:
    """Return the JSON value and the type that a filter has for a Python value; the type of null is None.

    Raises:
        QueryError: No filter can hold the value; the message says what to write instead.
    """
    if isinstance(value, Enum):
        return wire_value(value.value, operator)
    if value is None:
        return None, None
    if isinstance(value, bool):
        return value, "boolean"
    if isinstance(value, str):
        is_time = operator in TIME_ORDER and is_iso_time(value)
        return _encodable(str(value)), "datetime" if is_time else "string"
    if isinstance(value, datetime):
        return iso_utc(_there(value)), "datetime"
    if isinstance(value, UUID | PurePath | IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        return _encodable(str(value)), "string"
    if isinstance(value, timedelta):
        return wire_value(_there(value) / timedelta(milliseconds=1), operator)
    if operator in _EQUAL and isinstance(value, bytes | bytearray):
        return b64encode(value).decode(), "string"  # as events hold them
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise QueryError(f"{value!r} is not a JSON number, so no event holds it")
        if operator in NUMBER_ORDER:
            raise QueryError(
                f"{value!r} cannot be compared by {operator!r}, because a Decimal is stored as a string: "
                "write float(...)"
            )
        return str(value), "string"
    numpy = sys.modules.get("numpy")  # who has such a value has loaded numpy
    if numpy is not None and isinstance(value, numpy.timedelta64):  # which says that it is an integer
        return wire_value(_milliseconds(_there(value), numpy), operator)
    if isinstance(value, Integral):
        return _integer(int(value)), "number"
    if isinstance(value, Real):
        number = float(value)
        if not math.isfinite(number):
            raise QueryError(f"{number!r} is not a JSON number, so no event holds it")
        return number, "number"
    if numpy is not None and isinstance(value, numpy.bool_):
        return bool(value), "boolean"
    if numpy is not None and isinstance(value, numpy.datetime64):
        text = str(_there(value))
        if operator not in _ORDERED:
            return text, "string"
    raise QueryError(f"a filter cannot hold a {type(value).__name__}{_instead(value)}")


def resolved(
    path: Sequence[str], operator: str, value: object, kind: str | None
) -> tuple[WireValue, str | None]:
    """Return the value and the type that a filter has, for a Python value and the type that was asked for.

    Raises:
        QueryError: No filter can hold the value; the message says what to write instead.
    """
    field = ".".join(path)
    wire, own = wire_value(value, operator)
    if operator in TIME_ORDER and own == "number" and kind is None and field in UNIX_MS:
        wire, own = _iso_of_ms(wire), "datetime"
    if isinstance(wire, str) and operator in _EQUAL:
        wire = id_text(field, wire)
    return wire, kind or own


def _iso_of_ms(ms: WireValue) -> str:
    try:
        return iso_utc(EPOCH + timedelta(milliseconds=float(ms or 0)))
    except OverflowError as error:
        raise QueryError(f"{ms!r} Unix ms is outside the years 1 to 9999") from error


def _milliseconds(value: Any, numpy: Any) -> float:
    if numpy.datetime_data(value.dtype)[0] in ("generic", "Y", "M"):
        raise QueryError(f"{value!r} has no length in milliseconds: write a datetime.timedelta")
    number = float(value / numpy.timedelta64(1, "ms"))
    return int(number) if number.is_integer() else number


def _there(value: T) -> T:
    """Return a time or a duration unless it is NaT of pandas or numpy, which is not equal to itself."""
    if value != value:
        raise QueryError(f"{value} is no value: write F(...).not_exists() for events without one")
    return value


def _encodable(text: str) -> str:
    if (problem := lone_surrogate(text)) is not None:
        raise QueryError(f"{text!r} has {problem}")
    return text


def _integer(number: int) -> int:
    if abs(number) >= OUT_OF_RANGE:
        raise QueryError(
            f"{number} does not fit in 64 bits, so JSON would change it: write float(...) or str(...)"
        )
    return number


def _instead(value: object) -> str:
    if type(value).__name__ == "NAType":
        return ": write F(...).not_exists() for events without a value"
    if type(value).__name__ == "datetime64":
        return ": write value.item().replace(tzinfo=UTC), because a datetime64 has no time zone"
    if isinstance(value, date):
        return ": write a datetime with a time zone, such as datetime(2026, 1, 2, tzinfo=UTC)"
    if isinstance(value, list | tuple | set | frozenset):
        return (
            ": the API compares with one value. Run one search for each value, or filter by what they share"
        )
    if isinstance(value, dict):
        return ': compare a value inside it, such as F("metadata.model") == "small"'
    if isinstance(value, bytes | bytearray):
        return ": events hold them as base64, so only == and != find them; for a text write value.decode()"
    return ": give a str, int, float, bool, None, datetime, UUID, Enum or Decimal"
