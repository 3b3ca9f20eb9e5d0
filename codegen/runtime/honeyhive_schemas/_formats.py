"""The checks of formats. Both backends use them, so that their results cannot differ."""

from __future__ import annotations

import re
from collections.abc import Callable

# RFC 9562, section 4: groups of 8-4-4-4-12 hexadecimal digits in either case, and nothing else.
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# RFC 3339, section 5.6: T and Z in either case, any number of decimals of a second, always an offset.
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_uuid(text: str) -> bool:
    """Return whether a string is a UUID in its usual form.

    >>> is_uuid("7f22137a-6911-4ed3-bc36-110f1dde6b66"), is_uuid("7f22137a69114ed3bc36110f1dde6b66")
    (True, False)
    """
    return _UUID.fullmatch(text) is not None


def is_date_time(text: str) -> bool:
    """Return whether a string is a date-time of RFC 3339. A leap second is possible only at 23:59:60 UTC.

    >>> is_date_time("2026-01-01T00:00:00Z"), is_date_time("2026-01-01T00:00:00")
    (True, False)
    >>> is_date_time("2017-01-01T00:59:60+01:00"), is_date_time("2017-01-01T00:59:60Z")
    (True, False)
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    sign, offset_hour, offset_minute = match[7], int(match[8] or 0), int(match[9] or 0)
    if not 1 <= month <= 12 or not 1 <= day <= _days_in(year, month):
        return False
    if hour > 23 or minute > 59 or second > 60 or offset_hour > 23 or offset_minute > 59:
        return False
    if second < 60:
        return True
    offset = (offset_hour * 60 + offset_minute) * (-1 if sign == "-" else 1)
    return (hour * 60 + minute - offset) % 1440 == 1439


def _days_in(year: int, month: int) -> int:
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS[month - 1] + leap


FORMATS: dict[str, Callable[[str], bool]] = {"uuid": is_uuid, "date-time": is_date_time}
MEANING = {
    "uuid": "a UUID such as 7f22137a-6911-4ed3-bc36-110f1dde6b66",
    "date-time": "a date-time with UTC offset such as 2026-01-01T00:00:00Z (RFC 3339)",
}
