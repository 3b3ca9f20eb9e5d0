"""What is shown of an event: its model, tokens, cost and times, wherever tracers put them. Pure.

The places are those of the API document and of the service's mapping of OpenTelemetry attributes. Events of
other tracers have a `usage` object in `metadata`; the deprecated routes move `model`, `usage` and `cost` of a
model event to `inputs`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from honeyhive_ext.payload.times import EPOCH, MILLISECOND, time_of

EventFields = Mapping[str, Any]

_MODELS = (("config", "model"), ("metadata", "model_name"), ("metadata", "model"), ("config", "model_name"))
_COSTS = (("metadata", "cost"), ("metadata", "total_cost"))
_TOTALS = ("total_tokens", "total")
_PAIRS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"), ("input", "output"))


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
        duration = None if end is None else end - start
    return Shown(model_of(event), tokens_of(event), cost_of(event), start, duration)


def model_of(event: EventFields) -> str | None:
    """Return the name of the model that an event called, or None.

    >>> model_of({"metadata": {"model_name": "gpt-4o-mini"}})
    'gpt-4o-mini'
    """
    for part, name in (*_MODELS, *_of_inputs(event, "model")):
        value = object_of(event.get(part)).get(name)
        if isinstance(value, str) and value:
            return value
    return None


def cost_of(event: EventFields) -> float | None:
    """Return the cost of an event in USD, or None."""
    for part, name in (*_COSTS, *_of_inputs(event, "cost")):
        if (value := number_of(object_of(event.get(part)).get(name))) is not None:
            return value
    costs = (number_of(usage.get("cost")) for usage in _usages(event))
    return next((one for one in costs if one is not None), None)


def tokens_of(event: EventFields) -> float | None:
    """Return the number of tokens of an event: its total if it is given, else the sum of a pair.

    >>> tokens_of({"metadata": {"prompt_tokens": 9, "completion_tokens": 3}})
    12
    >>> tokens_of({"metadata": {"usage": {"input": 9, "output": 3, "total": 12}}})
    12
    """
    # "total", "input" and "output" are counts of tokens within `usage` only
    found = _sum_in(object_of(event.get("metadata")), _TOTALS[:1], _PAIRS[:2])
    if found is None:
        sums = (_sum_in(usage, _TOTALS, _PAIRS) for usage in _usages(event))
        found = next((one for one in sums if one is not None), None)
    return found


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


def object_of(value: object) -> EventFields:
    """Return a value that is an object, else an empty one."""
    return cast("EventFields", value) if isinstance(value, dict) else {}


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


def _of_inputs(event: EventFields, name: str) -> tuple[tuple[str, str], ...]:
    return (("inputs", name),) if event.get("event_type") == "model" else ()


def _usages(event: EventFields) -> Iterator[EventFields]:
    yield object_of(object_of(event.get("metadata")).get("usage"))
    for part, name in _of_inputs(event, "usage"):
        yield object_of(object_of(event.get(part)).get(name))


def _sum_in(counts: EventFields, totals: Iterable[str], pairs: Iterable[tuple[str, str]]) -> float | None:
    if not counts:
        return None
    for total in totals:
        if (found := number_of(counts.get(total))) is not None:
            return found
    for one, other in pairs:
        first, second = number_of(counts.get(one)), number_of(counts.get(other))
        if first is not None or second is not None:
            return (first or 0) + (second or 0)
    return None
