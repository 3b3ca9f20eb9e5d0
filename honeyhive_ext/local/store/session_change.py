"""What a transaction changes about the sums of a session. Pure.

All sums are exact, so what an update takes away leaves no rounding behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import define

from honeyhive_ext.views.usage_sums import UsageSums, add_usage

_MS = 1e18  # times and durations beyond are no milliseconds; sums of smaller ones are exact enough


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


def end_of(event: Mapping[str, Any]) -> float | None:
    """Return when an event ended, in Unix ms: its end_time, else start_time + duration; None if unknown."""
    end = _number(event.get("end_time"))
    if end is not None:
        return end
    start, duration = _number(event.get("start_time")), _number(event.get("duration"))
    return None if start is None or duration is None else start + duration


def _number(value: object) -> float | None:
    return value if type(value) in (int, float) and -_MS < cast("float", value) < _MS else None  # type: ignore[return-value]
