"""What is shown of an event: its model, tokens, cost and times. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from honeyhive_ext.serialize.instants import EPOCH, MILLISECOND, time_of
from honeyhive_ext.views.figures import figures_of

EventFields = Mapping[str, Any]


class Shown(NamedTuple):
    """What the drawings show of an event. What is missing or odd is None.

    Attributes:
        model: The model's name.
        tokens: All tokens of the call.
        cost: USD.
        start: Unix ms.
        duration: Milliseconds, as given, else from the start to the end.
    """

    model: str | None
    tokens: float | None
    cost: float | None
    start: float | None
    duration: float | None


def shown_of(event: EventFields) -> Shown:
    """Return what is shown of an event, as it came from the service.

    >>> shown_of({"config": {"model": "gpt-4o"}, "metadata": {"total_tokens": 12}, "start_time": 5})
    Shown(model='gpt-4o', tokens=12, cost=None, start=5, duration=None)
    """
    start = finite(time_of(event.get("start_time")))
    duration = finite(time_of(event.get("duration")))
    if duration is None and start is not None:
        end = finite(time_of(event.get("end_time")))
        duration = None if end is None else finite(end - start)
    figures = figures_of(event)
    return Shown(figures.model, figures.total_tokens, figures.cost, start, duration)


def error_of(event: EventFields) -> Any:
    """Return the error of an event, or None if it has none."""
    return event.get("error") or None


def has_no_end(event: EventFields) -> bool:
    """Return whether neither an end nor a duration is known, as for a step that still runs or was killed."""
    return finite(time_of(event.get("duration"))) is None and finite(time_of(event.get("end_time"))) is None


def when(milliseconds: float | None) -> str:
    """Return a time in UTC as text, or "" if there is none or a calendar has no such day.

    >>> when(1767225600123), when(None), when(1e300)
    ('2026-01-01 00:00:00.123 UTC', '', '')
    """
    if milliseconds is None:
        return ""
    try:
        time = (EPOCH + milliseconds * MILLISECOND).replace(tzinfo=None)
    except OverflowError:
        return ""
    return f"{time.isoformat(' ', 'milliseconds')} UTC"


def number_of(value: object) -> float | None:
    """Return a value that is a finite number, else None. A bool is not a number.

    >>> number_of(5), number_of(float("nan")), number_of("5"), number_of(True)
    (5, None, None, None)
    """
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return finite(value)


def finite(value: float | None) -> float | None:
    """Return a number that a float can hold, else None. JSON may hold integers that are larger."""
    try:
        return value if value is not None and math.isfinite(value) else None
    except OverflowError:
        return None
