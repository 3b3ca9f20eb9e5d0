"""Whether many values at once are plain JSON: exact builtin types and finite numbers, down to the last one.

A look at one value after the other costs more than to write it. Here C loops look at all values that stand
in the same place of many events: 0.8 instead of 2.1 µs for an event of 1.5 KB, in batches of 500.
"""

from __future__ import annotations

from collections.abc import Sequence
from gc import get_referents
from math import isfinite
from operator import countOf
from typing import Any

from honeyhive_ext.serialize.encoders import kind_of

_NESTING = frozenset({dict, list, tuple})
_NUMBERS = frozenset({int, float, bool})
_PLAIN = _NESTING | _NUMBERS | {str, type(None)}
_WIDEST = 64  # places of one shape that are looked at apart; a wider one is taken as a whole
_MOST_STEPS = 10_000  # of one call: what contains itself has no last value
_MOST_ITEMS = 1_000_000


def only(kind: type[Any], values: Sequence[Any]) -> bool:
    """Whether all values are of exactly this type."""
    return countOf(map(type, values), kind) == len(values)


def finite(numbers: Sequence[Any]) -> bool:
    """Whether all of these exact ints, floats and bools are finite; False also where their sum is not."""
    try:
        return isfinite(sum(numbers))
    except OverflowError:
        return False


def all_builtin(values: Sequence[Any]) -> bool:
    """Whether every value is a tree of exact builtin types and finite numbers. False may mean: not known.

    Only types are looked at, so no value's own code runs. Keys of dicts are left to orjson, which takes str
    alone.

    >>> all_builtin([{"a": [1, None]}, {"a": (0.5,)}])
    True
    >>> all_builtin([[float("nan")]]), all_builtin([{"a": b""}])
    (False, False)
    """
    try:
        return _all_plain(values)
    except Exception:  # noqa: BLE001 - a metaclass may have code of its own, for its hash
        return False


def _all_plain(values: Sequence[Any]) -> bool:
    left, most = [values], 4 * len(values)
    for _ in range(_MOST_STEPS):
        if not left:
            return True
        values = left.pop()
        if not values:
            continue
        kind = kind_of(values[0])
        kinds = {kind} if only(kind, values) else {*map(type, values)}
        if not kinds <= _PLAIN:
            return False
        if float in kinds and not finite(
            values if kinds <= _NUMBERS else [value for value in values if type(value) is float]
        ):
            return False
        if kinds.isdisjoint(_NESTING):
            continue
        holders = values if kinds <= _NESTING else [value for value in values if type(value) in _NESTING]
        # A list may hold itself many times: where there are many, see how many come before they are listed.
        if len(holders) > most and sum(map(len, holders)) > _MOST_ITEMS:
            return False
        # The quickest way to the values of many dicts and lists; their order is that of the holders, so every
        # n-th stands in the same place where all have one shape. Nothing but speed depends on that.
        inner = get_referents(*holders)
        width, rest = divmod(len(inner), len(holders))
        if rest or width < 2 or width > _WIDEST or len({*map(type, inner[:width])}) == 1:
            left.append(inner)
        else:
            left += [inner[place::width] for place in range(width)]
    return False
