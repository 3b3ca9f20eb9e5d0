"""Tell whether values are plain JSON: exact builtin types and finite numbers, at every depth.

Only this file answers the question, in two ways that are fast for different input. For one value, the answer
of `exact_types` and `no_null_for_number` comes from what `marshal` and orjson write. For many events,
`all_builtin` runs C loops over all values that have the same place.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from gc import get_referents
from math import isfinite
from operator import countOf
from typing import Any

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.serialize.encoders import kind_of

_NESTING = frozenset({dict, list, tuple})
_NUMBERS = frozenset({int, float, bool})
_BUILTIN = _NESTING | _NUMBERS | {str, type(None)}
_WIDEST = 64  # items of containers of one size that are checked place by place; more are checked together
_MOST_STEPS = 10_000  # of one call: a value that contains itself has no end
_MOST_ITEMS = 1_000_000


def exact_types(value: Any) -> bytes | None:
    """Return what `marshal` writes for a value of exact builtin types, or None for any other value.

    `marshal` refuses every object of another type, at C speed, and runs no code of the object. It also takes
    types that orjson refuses, such as bytes and sets.
    """
    try:
        return marshal.dumps(value)
    except ValueError:
        return None


def no_null_for_number(value: Any, image: bytes, content: bytes) -> bool:
    """Tell whether all numbers of a value are finite; orjson writes null for any other number.

    Args:
        value: A value of exact builtin types.
        image: What `exact_types` returned for it.
        content: Its JSON, as orjson writes it.
    """
    # In the image, the last byte of a float that is not finite is 7f or ff. It is much faster to look for one
    # byte than for the word null, and many images do not have it.
    return not (b"\x7f" in image or b"\xff" in image) or b"null" not in content or _all_finite(value)


def _all_finite(root: Any) -> bool:
    left: list[Any] = [(root,)]
    while left:
        node = left.pop()
        for value in node.values() if kind_of(node) is dict else node:
            kind = kind_of(value)
            if kind is dict or kind is list or kind is tuple:
                left.append(value)
            elif kind is float and value - value != 0.0:
                return False
    return True


def only(kind: type[Any], values: Sequence[Any]) -> bool:
    """Tell whether all values are of exactly this type."""
    return countOf(map(type, values), kind) == len(values)


def finite(numbers: Sequence[Any]) -> bool:
    """Tell whether exact ints, floats and bools are finite. False also if only their sum is infinite."""
    try:
        return isfinite(sum(numbers))
    except OverflowError:
        return False


def all_builtin(values: Sequence[Any]) -> bool:
    """Tell whether all values are exact builtins with finite numbers. False may also mean "not known".

    Only types are checked, so no value's own code runs. The keys of dicts are not checked: orjson refuses a
    key that is not a str.

    >>> all_builtin([{"a": [1, None]}, {"a": (0.5,)}])
    True
    >>> all_builtin([[float("nan")]]), all_builtin([{"a": b""}])
    (False, False)
    """
    try:
        return _all_builtin(values)
    except Exception as error:  # a metaclass may define its own hash
        if from_a_signal_handler(error):
            raise
        return False


def _all_builtin(values: Sequence[Any]) -> bool:
    left, most = [values], 4 * len(values)
    for _ in range(_MOST_STEPS):
        if not left:
            return True
        values = left.pop()
        if not values:
            continue
        kind = kind_of(values[0])
        kinds = {kind} if only(kind, values) else {*map(type, values)}
        if not kinds <= _BUILTIN:
            return False
        if float in kinds and not finite(
            values if kinds <= _NUMBERS else [value for value in values if type(value) is float]
        ):
            return False
        if kinds.isdisjoint(_NESTING):
            continue
        holders = values if kinds <= _NESTING else [value for value in values if type(value) in _NESTING]
        # A list may hold itself many times: count a large number of items before they are listed.
        if len(holders) > most and sum(map(len, holders)) > _MOST_ITEMS:
            return False
        # The quickest way to the items of many dicts and lists. They come in the order of their holders: if
        # all holders have the same size, every n-th item has the same place. Only speed depends on that.
        inner = get_referents(*holders)
        width, rest = divmod(len(inner), len(holders))
        if rest or width < 2 or width > _WIDEST or len({*map(type, inner[:width])}) == 1:
            left.append(inner)
        else:
            left += [inner[place::width] for place in range(width)]
    return False
