"""`parse`: filters from conditions that are written as text. Pure."""

from __future__ import annotations

from collections.abc import Collection

from honeyhive_ext.filters.condition import AllOf, Filter, filters_in


def parse(text: str, *, known: Collection[str] = (), now_ms: float | None = None) -> Filter | AllOf:
    """Return the filters of conditions that are written as text.

    The operators are those of the API (`is`, `is not`, `contains`, `not contains`, `greater than`,
    `less than`, `exists`, `not exists`, `after`, `before`) and the signs `==`, `!=`, `>`, `<`, which mean
    what they mean with `F`. A value without quotes is read by its form: a number, `true`, `false`, `null`, a
    time, else a string. After `contains` it is always a string. `24h` is a time ago after `after` and
    `before`, and milliseconds after `>` and `<`. In quotes, a value is a string, and a field is taken as it
    is.

    Args:
        text: The conditions. `and` or `&` joins them; the API has no OR. Without any, the result is empty.
        known: Paths that events have, for messages and for fields besides those of the API document.
        now_ms: The present in Unix ms, for times such as `24h`. Default: that of the clock.

    Returns:
        A `Filter` for one condition, else an `AllOf`. `to_text()` of either gives text that means the same.

    Raises:
        FilterTextError: The text cannot be read. It says where, what to write, and the nearest field.

    >>> parse("metadata.cost > 0.5 and event_type == model")
    (F('metadata.cost') > 0.5) & (F.event_type == 'model')
    >>> parse("duration > 1.5s").to_text()
    'duration > 1500'
    """
    filters = filters_in(text, known=known, now_ms=now_ms)
    return filters[0] if len(filters) == 1 else AllOf(filters)
