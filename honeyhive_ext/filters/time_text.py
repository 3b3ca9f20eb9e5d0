"""Times and durations as people write them: "24h", "1h30m", "2026-01-02T09:00:00+01:00". Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from attrs import frozen

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}  # in ms
_PART = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)(ms|s|m|h|d|w)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)\s*(\S.*)?", re.ASCII)
_CLOCK = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s*(\S.*)?", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d))?", re.ASCII)
_ZONE = re.compile(r"[A-Za-z][\w+-]*(?:/[A-Za-z][\w+-]*)*", re.ASCII)

DURATIONS = "a number and ms, s, m, h, d or w, such as 24h, 7d or 1h30m"


@frozen
class TimeText:
    """A time that a text writes.

    Attributes:
        time: The time; for a day, its beginning. It has no zone if the text has none.
        is_day: Whether the text names a whole day.
    """

    time: datetime
    is_day: bool = False

    @property
    def end(self) -> datetime:
        """The last millisecond that the text names: that of a day if it names a day."""
        if not self.is_day:
            return self.time
        tomorrow = self.time.replace(tzinfo=None) + timedelta(
            days=1
        )  # by the calendar: a day may have 23 hours
        return tomorrow.replace(tzinfo=self.time.tzinfo).astimezone(UTC) - timedelta(milliseconds=1)


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


def time_of_text(text: str) -> TimeText | None:
    """Return the time that a str writes; None if it writes none, or names a zone that does not exist.

    A time is written by ISO 8601: `2026-01-02T09:00:00+01:00`, `2026-01-02 09:00Z`. A day alone may have an
    offset too, and a zone may have a name: `2026-01-02Z`, `2026-01-02 Europe/Berlin`.

    >>> time_of_text("2026-01-02Z")
    TimeText(time=datetime.datetime(2026, 1, 2, 0, 0, tzinfo=datetime.timezone.utc), is_day=True)
    """
    day, clock = _DAY.fullmatch(text), _CLOCK.fullmatch(text)
    found = clock or day
    try:
        if found is None:
            return TimeText(datetime.fromisoformat(text))
        zone = zone_of(found[2]) if found[2] else None
        return TimeText(datetime.fromisoformat(found[1]).replace(tzinfo=zone), is_day=clock is None)
    except ValueError:
        return None


def clock_change(written: TimeText) -> str | None:
    """Return what is wrong with a time that the clocks of its zone show twice, or never; None if nothing is.

    >>> clock_change(time_of_text("2026-10-25T02:30 Europe/Berlin"))
    'comes twice, as the clocks change: write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00'
    """
    first, second = written.time, written.time.replace(fold=1)
    if written.is_day or first.utcoffset() == second.utcoffset():
        return None
    texts = [one.isoformat() for one in (first, second)]
    there = first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None) == first.replace(tzinfo=None)
    comes = "comes twice" if there else "does not come"
    return f"{comes}, as the clocks change: write {texts[0]} or {texts[1]}"


def zone_of(text: str) -> tzinfo:
    """Return the time zone that a str writes: an offset or a name.

    Raises:
        ValueError: There is no such zone.

    >>> zone_of("+01:00"), zone_of("Z")
    (datetime.timezone(datetime.timedelta(seconds=3600)), datetime.timezone.utc)
    """
    name = text.strip().removeprefix("[").removesuffix("]")
    if name.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if found := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(offset if found[1] == "+" else -offset)
    from zoneinfo import ZoneInfo  # here, because few texts name a zone

    if not _ZONE.fullmatch(name):
        raise ValueError(name)
    try:
        return ZoneInfo(name)
    except (LookupError, OSError) as error:  # a folder of the data base is an OSError
        raise ValueError(name) from error
