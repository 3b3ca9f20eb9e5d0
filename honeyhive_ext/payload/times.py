"""Times as the API takes them: timestamps in Unix milliseconds, durations in milliseconds."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.encoders import MAX_INT, MIN_INT, encoder_for, kind_of, type_name

_ISO_HINT = "; for an ISO 8601 str write datetime.fromisoformat(value), which needs an offset such as +00:00"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
TOLERANCE_MS = 2.0  # three roundings to whole ms, of start, end and duration, can add up to 1.5 ms
TOLERANCE_SHARE = 0.001  # of the duration: a monotonic clock drifts from a wall clock that is being set
# Unix ms in between, from April 1970 to the year 33658, are no time from 2001 to 2286 in another unit.
FIRST_MS, LAST_MS = 1e10, 1e15

# The service stores a number of another unit without complaint, in January 1970 or in the year 50,000, where
# no search finds it. Each range is the years 2001 to 2286 in that unit, and nothing else.
OTHER_UNITS = (
    (1e9, 1e10, "seconds", "multiply it by 1,000"),
    (1e15, 1e16, "microseconds", "divide it by 1,000"),
    (1e18, 1e19, "nanoseconds", "divide it by 1,000,000"),
)


def now_ms() -> int | float:
    """Return the present in Unix milliseconds, to the microsecond."""
    return ms_of_ns(time.time_ns())


def ms_of_ns(nanoseconds: int) -> int | float:
    """Return nanoseconds as milliseconds, rounded as `tidy` does, in a fraction of its time.

    >>> ms_of_ns(1_767_225_600_000_123_456), ms_of_ns(2_000_000)
    (1767225600000.123, 2)
    """
    microseconds = (nanoseconds + 500) // 1_000
    return microseconds / 1_000 if microseconds % 1_000 else microseconds // 1_000


def unix_ms(value: object, path: str) -> int | float:
    """Return a timestamp as Unix milliseconds.

    Args:
        value: Unix milliseconds as a number, or a datetime with a time zone. The microseconds of a datetime
            become decimals.
        path: The field's name, for messages.

    Raises:
        EventError: It is something else, a datetime without a time zone, or a number that is a time of
            2001 to 2286 in seconds, microseconds or nanoseconds.

    >>> unix_ms(datetime(2026, 1, 1, tzinfo=UTC), "start_time")
    1767225600000
    """
    if isinstance(value, datetime):
        return _since_epoch(value, path)
    if is_duration(value):
        raise EventError(
            f"a {type_name(value)} is a duration: give a datetime with a time zone, or write it as duration",
            path=path,
        )
    number = _number(value, path, "Unix milliseconds or a datetime with a time zone", _ISO_HINT)
    for low, high, unit, remedy in OTHER_UNITS:
        if low <= number < high:
            raise EventError(
                f"{number} looks like {unit}, and the API counts in milliseconds since 1970: {remedy}, or "
                "give a datetime with a time zone",
                path=path,
            )
    return number


def is_duration(value: object) -> bool:
    """Return whether a value is a duration: a timedelta, also one of pandas or numpy."""
    # numpy is not imported for this: a number of ms would be read as a time of 1970.
    return isinstance(value, timedelta) or type(value).__name__ == "timedelta64"


def _since_epoch(value: datetime, path: str) -> int | float:
    try:
        since = None if value.utcoffset() is None else value - EPOCH
    except Exception as error:  # a tzinfo is the caller's code
        if from_a_signal_handler(error):
            raise
        raise EventError(f"its time zone raises {type_name(error)}", path=path) from error
    if since is None:
        raise EventError(
            "a datetime without a time zone could mean several times: write datetime.now(timezone.utc), or "
            "value.replace(tzinfo=timezone.utc) for a time in UTC, or value.astimezone() for local time",
            path=path,
        )
    return tidy(since / MILLISECOND)


def duration_ms(value: object, path: str) -> int | float:
    """Return a duration in milliseconds, from a number of milliseconds or a timedelta.

    >>> duration_ms(timedelta(seconds=1.5), "duration")
    1500
    """
    if isinstance(value, timedelta):
        return tidy(value / MILLISECOND)
    if isinstance(value, datetime):
        raise EventError("a datetime is not a duration: write it as end_time, or give end - start", path=path)
    return _number(value, path, "milliseconds or a timedelta")


def number(value: object, path: str, wanted: str = "a number") -> int | float:
    """Return a finite number."""
    return _number(value, path, wanted)


def tidy(value: float) -> int | float:
    """Round a computed number of milliseconds to the microsecond, and to an int if it is whole then.

    >>> tidy(850.0000001), tidy(0.1234567)
    (850, 0.123)
    """
    if type(value) is int:
        return value
    rounded = round(float(value), 3)
    return int(rounded) if rounded.is_integer() and abs(rounded) < MAX_INT else rounded


def _number(value: object, path: str, wanted: str, text_hint: str = "") -> int | float:
    plain: Any = value
    if type(plain) is not int and type(plain) is not float:
        plain = float(value) if isinstance(value, Decimal) else _unwrap(value)
    if type(plain) is bool or type(plain) not in (int, float):
        hint = text_hint if isinstance(value, str) else ""
        raise EventError(f"give {wanted}, not {type_name(value)}{hint}", path=path)
    if type(plain) is int and not MIN_INT <= plain <= MAX_INT:
        raise EventError(f"an integer beyond 64 bits: give {wanted}", path=path)
    if plain - plain != 0.0:
        raise EventError(f"JSON has no {plain}: give {wanted}", path=path)
    return plain  # type: ignore[no-any-return]


def _unwrap(value: Any) -> Any:
    """Return the number within a subclass of int or float, an Enum or a numpy scalar."""
    if isinstance(value, bool):
        return value
    try:
        kind = kind_of(value)
        encoder = encoder_for(kind)
        return encoder(value) if encoder is not None and not isinstance(value, (str, bytes)) else value
    except Exception as error:  # a value whose own code raises is not a number
        if from_a_signal_handler(error):
            raise
        return value


def complete(event: MutableMapping[str, Any]) -> None:
    """Add the third of start_time, end_time and duration if two are there; check that three agree.

    Args:
        event: The event's fields, with times in milliseconds.

    Raises:
        EventError: All three are given, and start_time + duration is further from end_time than
            2 ms + 0.1% of the duration.

    >>> event = {"start_time": 1000, "duration": 250.5}
    >>> complete(event)
    >>> event["end_time"]
    1250.5
    """
    start, end, duration = event.get("start_time"), event.get("end_time"), event.get("duration")
    if start is None:
        if end is not None and duration is not None:
            event["start_time"] = tidy(end - duration)
    elif end is None:
        if duration is not None:
            event["end_time"] = tidy(start + duration)
    elif duration is None:
        event["duration"] = tidy(end - start)
    elif abs(start + duration - end) > TOLERANCE_MS + TOLERANCE_SHARE * abs(duration):
        raise EventError(
            f"start_time, end_time and duration disagree: from start to end it is {tidy(end - start)} ms, "
            f"and duration is {duration} ms. Give two of the three",
            path="duration",
        )
