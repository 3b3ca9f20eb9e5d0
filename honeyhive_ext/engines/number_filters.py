"""The filter of a comparison with a number, as every engine asks it of the API. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from honeyhive_ext.filters.condition import Filter

EXACT = 2**53  # doubles hold every whole number below this one


def number_filter(path: tuple[str, ...], compare: Callable[[Any, Any], Any], value: float) -> Filter | None:
    """Return a filter that every event passes for which the comparison holds, if there is one.

    Args:
        path: Where the value is in an event.
        compare: A function of the module `operator`.
        value: The finite number on the right side, below `EXACT` in size.
    """
    if compare is operator.eq:
        return Filter(path, "is", value + 0, "number")
    if compare is operator.ne and len(path) == 1 and "." not in path[0]:  # else it may lead to several values
        return Filter(path, "is not", value + 0, "number")
    if compare in (operator.gt, operator.ge):
        least = value if compare is operator.gt else math.nextafter(value, -math.inf)
        return Filter(path, "greater than", least, "number")
    if compare in (operator.lt, operator.le):
        most = value if compare is operator.lt else math.nextafter(value, math.inf)
        return Filter(path, "less than", most, "number")
    return None
