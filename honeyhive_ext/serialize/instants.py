"""Times in JSON that was read: numbers and ISO 8601 text as Unix milliseconds. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def time_of(value: object) -> float | None:
    """Return the start_time of an event that was read as Unix ms, or None if it is missing or not a time.

    The API document promises a number. Numbers and ISO 8601 times in a str are read as well.

    >>> time_of(5), time_of("5.5"), time_of("1970-01-01T00:00:01Z"), time_of(True), time_of("soon")
    (5, 5.5, 1000.0, None, None)
    """
    if type(value) is int:
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _time_of_text(value)
    return None


def _time_of_text(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return number if math.isfinite(number) else None
    try:
        parsed_time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if parsed_time.tzinfo is None:
        parsed_time = parsed_time.replace(tzinfo=UTC)
    return (parsed_time - EPOCH) / MILLISECOND
