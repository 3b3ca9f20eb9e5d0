"""Times and durations as people write them: "24h", "1h30m", "2026-01-02T09:00:00+01:00". Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}  # in ms
_PART = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)(ms|s|m|h|d|w)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)

DURATIONS = "a number and ms, s, m, h, d or w, such as 24h, 7d or 1h30m"


def duration_of(text: str) -> timedelta | None:
    """Return the duration that a str writes; None if it writes none, or a longer one than Python can hold.

    >>> duration_of("1h30m"), duration_of("0.5s"), duration_of("soon")
    (datetime.timedelta(seconds=5400), datetime.timedelta(microseconds=500000), None)
    """
    if not _WHOLE.fullmatch(text):
        return None
    try:
        return timedelta(milliseconds=sum(float(n) * _UNITS[unit] for n, unit in _PART.findall(text)))
    except OverflowError:
        return None


def time_of_text(text: str) -> datetime | None:
    """Return the time that a str writes by ISO 8601, with or without an offset; None if it writes none.

    >>> time_of_text("2026-01-02"), time_of_text("2026-01-02T09:00Z").utcoffset()
    (datetime.datetime(2026, 1, 2, 0, 0), datetime.timedelta(0))
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
