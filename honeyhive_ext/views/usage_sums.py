"""Exact sums of tokens and costs over many events. Pure.

Numbers of events and tokens are integers. A sum of costs is kept as several floats that do not overlap
(Shewchuk 1997): it does not depend on the order, and what is taken away leaves no rounding behind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from honeyhive_ext.views.figures import usage_of

# How many events have prompt tokens, and their sum; the same of completion tokens, of total tokens, and of
# costs, whose sum is a list of floats. None where no event has any.
UsageSums: TypeAlias = list[Any]


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
