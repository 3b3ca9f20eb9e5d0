"""What a transaction changes about the sums of a session. Pure.

Numbers of events, errors and tokens are integers. A sum of costs is kept as several floats that do not
overlap (Shewchuk 1997), so it is exact: what an update takes away leaves no rounding behind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from attrs import define

from honeyhive_ext.views.figures import usage_of

_MS = 1e18  # times and durations beyond are no milliseconds; sums of smaller ones are exact enough

# How many events have prompt tokens, and their sum; the same of completion tokens, of total tokens, and of
# costs, whose sum is a list of floats. None where no event has any.
UsageSums: TypeAlias = list[Any]


@define
class SessionChange:
    """The events of one session that come (+1) and go (-1) in a transaction.

    Attributes:
        events: How many more events there are.
        errors: How many more events have an error.
        model: The sums over events of type model.
        other: The sums over the other events, without that of the session itself.
        first: The earliest start and its event, of those that came; None if none did.
        end: The latest end of those that came; None if none has one.
        own: The session's own event as it is now; None if it did not change.
        own_gone: Whether the session's own event went, and did not come again.
        gone_end: The latest end of those that went, if nothing that ends as late replaced them.
        recheck: Whether the event that is first may be another one now.
    """

    events: int = 0
    errors: int = 0
    model: UsageSums | None = None
    other: UsageSums | None = None
    first: tuple[float, Mapping[str, Any]] | None = None
    end: float | None = None
    own: Mapping[str, Any] | None = None
    own_gone: bool = False
    gone_end: float | None = None
    recheck: bool = False

    def come(self, event: Mapping[str, Any], sort_time: float | None, *, own: bool) -> None:
        """Count an event that came.

        Args:
            event: The event.
            sort_time: By which search orders it; None if it replaces another event.
            own: Whether it is the session's own event.
        """
        if sort_time is not None and (self.first is None or sort_time < self.first[0]):
            self.first = (sort_time, event)
        end = end_of(event)
        if end is not None and (self.end is None or end > self.end):
            self.end = end
        if own:
            self.own, self.own_gone = event, False
        self._count(event, 1, own=own)

    def go(self, event: Mapping[str, Any], *, new: Mapping[str, Any] | None, own: bool) -> None:
        """Count an event that went.

        Args:
            event: The event.
            new: The event of this session that replaces it; None if none does.
            own: Whether it is the session's own event.
        """
        end, new_end = end_of(event), None if new is None else end_of(new)
        earlier = end is not None and (new_end is None or new_end < end)
        if end is not None and earlier and (self.gone_end is None or end > self.gone_end):
            self.gone_end = end
        if own:
            self.own, self.own_gone = None, True
        self._count(event, -1, own=own)

    def _count(self, event: Mapping[str, Any], sign: int, *, own: bool) -> None:
        self.events += sign
        if event.get("error"):
            self.errors += sign
        if own:
            return
        if event.get("event_type") == "model":
            self.model = add_usage(self.model, event, sign)
        else:
            self.other = add_usage(self.other, event, sign)


def add_usage(sums: UsageSums | None, event: Mapping[str, Any], sign: int) -> UsageSums | None:
    """Add the figures of one event to sums, or take them away, and return the sums."""
    prompt, completion, total, cost = usage_of(event)
    if prompt is completion is total is cost is None:
        return sums
    sums = [0, 0, 0, 0, 0, 0, 0, []] if sums is None else sums
    if prompt is not None:
        sums[0] += sign
        sums[1] += sign * prompt
    if completion is not None:
        sums[2] += sign
        sums[3] += sign * completion
    if total is not None:
        sums[4] += sign
        sums[5] += sign * total
    if cost is not None:
        sums[6] += sign
        add_exactly(sums[7], sign * cost)
    return sums


def add_all(sums: UsageSums | None, more: UsageSums | None) -> UsageSums | None:
    """Add sums to sums and return them."""
    if sums is None or more is None:
        return more if sums is None else sums
    for at in range(7):
        sums[at] += more[at]
    for part in more[7]:
        add_exactly(sums[7], part)
    return sums


def add_exactly(parts: list[float], number: float) -> None:
    """Add a number to a sum that is a list of floats, without rounding.

    >>> parts = []
    >>> for number in (1e100, 1.0, -1e100):
    ...     add_exactly(parts, number)
    >>> math.fsum(parts)
    1.0
    """
    kept = 0
    for part in parts:
        large, small = (number, part) if abs(number) >= abs(part) else (part, number)
        number = large + small
        rest = small - (number - large)
        if rest:
            parts[kept] = rest
            kept += 1
    parts[kept:] = [number] if number else []


def usage(*sums: UsageSums | None) -> list[float | None]:
    """Return prompt, completion and total tokens, and the cost: each from the first sums that have it.

    Those of the model events come first, then those of the other events, then what the session's own event
    says: chains and sessions often carry the sums of what is below them.
    """
    found: list[float | None] = [None, None, None, None]
    for one in reversed(sums):
        if one is not None:
            for at in (0, 1, 2):
                if one[2 * at]:
                    found[at] = one[2 * at + 1]
            if one[6]:
                found[3] = math.fsum(one[7])
    return found


def end_of(event: Mapping[str, Any]) -> float | None:
    """Return when an event ended, in Unix ms: its end_time, else start_time + duration; None if unknown."""
    end = _number(event.get("end_time"))
    if end is not None:
        return end
    start, duration = _number(event.get("start_time")), _number(event.get("duration"))
    return None if start is None or duration is None else start + duration


def _number(value: object) -> float | None:
    return value if type(value) in (int, float) and -_MS < cast("float", value) < _MS else None  # type: ignore[return-value]
