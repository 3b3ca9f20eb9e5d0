"""Tell whether values are plain JSON: exact builtin types and finite numbers, at every depth.

Only this file answers the question, in three ways that are fast for different input. `few_plain` looks at
each part of one value, if these are few. For a larger one, the answer of `exact_types` and
`no_null_for_number` comes from what `marshal` and orjson write. For many events, `all_builtin` runs C loops
over all values that have the same place.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Sequence
from gc import get_referents
from itertools import compress
from math import isfinite
from operator import countOf
from typing import Any

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.serialize.encoders import A_CONTAINER, MAX_CHARACTERS, MAX_VALUES, kind_of

_NESTING = frozenset({dict, list, tuple})
_NUMBERS = frozenset({int, float, bool})
_BUILTIN = _NESTING | _NUMBERS | {str, type(None)}
_is_nesting = _NESTING.__contains__
_SMALL_IMAGE, _MOST_REFERENCES, _SMALL_TREE = 4_096, 20, 8_000_000  # bytes, places, bytes
# How `marshal` writes a reference, with its number below 65,536. Other bytes of an image may look so too.
_REFERENCE = re.compile(rb"r(?=..\0\0)", re.DOTALL)
_MOST_LEVELS = 300  # a value that contains itself has more, and the writer takes fewer
_MANY_CHARACTERS = 10 * MAX_CHARACTERS  # texts that may have so many are counted
_WIDEST = 64  # items of containers of one size that are checked place by place; more are checked together
_MOST_STEPS = 10_000  # of one call: a value that contains itself has no end


_SHORT = 200  # characters
_SMALL = 2**53
_FEW = 400  # values, each as often as it is met
_LONG = MAX_CHARACTERS // _FEW  # characters of each str, so that all of them together are not too many


def few_plain(root: Any) -> bool:
    """Tell whether a dict or list has few values, all of exact builtin types and finite. False: not known.

    >>> few_plain({"a": [1, None, "b"]}), few_plain({"a": float("nan")})
    (True, False)
    """
    kind = kind_of(root)
    if kind is not dict and kind is not list:
        return False
    left = _FEW
    holders = [root]
    try:
        for holder in holders:
            left -= len(holder)
            if left < 0:  # also one that contains itself
                return False
            for item in holder.values() if kind_of(holder) is dict else tuple(holder):
                kind = kind_of(item)
                if kind is str:
                    if len(item) > _LONG:
                        return False
                elif kind is dict or kind is list or kind is tuple:
                    holders.append(item)
                elif kind is float:
                    if item - item != 0.0:
                        return False
                elif not (kind is int or item is None or kind is bool):
                    return False
    except RuntimeError:  # another thread changes a dict
        return False
    return True


def exact_types(value: Any) -> bytes | None:
    """Return what `marshal` writes for a value of exact builtin types, or None for any other value.

    `marshal` refuses every object of another type, at C speed, and runs no code of the object. It also takes
    types that orjson refuses, such as bytes and sets.
    """
    try:
        return marshal.dumps(value)
    except ValueError:
        return None


def writable(root: Any, image: bytes) -> bool:
    """Tell whether a value is small enough to be written, with each object as often as it is met.

    A list that holds another twice, which holds a third twice, and so on, has no end for a writer of JSON.

    Args:
        root: A value of exact builtin types.
        image: What `exact_types` returned for it. It holds each object once, and a reference for each further
            place of an object: so few references are a quick answer.
    """
    if len(image) <= _SMALL_IMAGE:
        references = len(_REFERENCE.findall(image))
        if references <= _MOST_REFERENCES and len(image) << references <= _SMALL_TREE:
            return True
    return within(root, len(image))


def within(root: Any, size: int) -> bool:
    """Tell whether a value of builtin types has at most MAX_VALUES values and MAX_CHARACTERS characters.

    Args:
        root: The value.
        size: The bytes that hold each object in it once, or more.
    """
    holders: list[Any] = [(root,)]
    values = characters = levels = 0
    while holders:
        levels += 1
        values += sum(map(len, holders)) + A_CONTAINER * len(holders)
        if values > MAX_VALUES or levels > _MOST_LEVELS:
            return False
        items = get_referents(*holders)
        if size * len(items) > _MANY_CHARACTERS:
            characters += sum(len(item) for item in items if type(item) is str)
            if characters > MAX_CHARACTERS:
                return False
        holders = [*compress(items, map(_is_nesting, map(type, items)))]
    return True


def characters(root: Any) -> int:
    """Return how many characters of text a copy of builtin types holds, up to MAX_CHARACTERS and some."""
    holders: list[Any] = [(root,)]
    found = 0
    while holders and found <= MAX_CHARACTERS:
        items = get_referents(*holders)
        found += sum(len(item) for item in items if type(item) is str)
        holders = [*compress(items, map(_is_nesting, map(type, items)))]
    return found


def simple(root: Any, values: int, characters: int, levels: int) -> bool:
    """Tell whether a value is small, of exact builtin types and finite numbers, and holds no object twice.

    Args:
        root: A list or dict.
        values: How many values it may have.
        characters: How long each str may be.
        levels: How many lists and dicts may be inside one another.
    """
    holders: list[Any] = [root]
    seen: set[int] = set()
    while holders:
        ids = {*map(id, holders)}
        values -= sum(map(len, holders))
        levels -= 1
        if values < 0 or levels < 0 or len(ids) < len(holders) or not seen.isdisjoint(ids):
            return False
        seen |= ids
        inner: list[Any] = []
        for item in get_referents(*holders):
            kind = kind_of(item)
            if kind is str:
                if len(item) > characters:
                    return False
            elif kind is dict or kind is list or kind is tuple:
                inner.append(item)
            elif kind is float:
                if item - item != 0.0:
                    return False
            elif not (kind is int or item is None or kind is bool):
                return False
        holders = inner
    return True


def tiny(root: dict[Any, Any]) -> bool:
    """Tell whether all values of an object are null, truth values, small numbers or short texts of ASCII."""
    for key, value in root.items():
        kind = kind_of(value)
        if kind is str:
            if len(value) > _SHORT or not value.isascii():
                return False
        elif kind is int:
            if not -_SMALL < value < _SMALL:
                return False
        elif not (value is None or kind is bool):
            return False
        if kind_of(key) is not str or len(key) > _SHORT or not key.isascii():
            return False
    return True


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
    left, most, events, all_values = [values], 4 * len(values), len(values), 0
    for _ in range(_MOST_STEPS):
        if not left:
            return True
        values = left.pop()
        if not values:
            continue
        all_values += len(values)
        if all_values > MAX_VALUES:
            return False
        kind = kind_of(values[0])
        kinds = {kind} if only(kind, values) else {*map(type, values)}
        if not kinds <= _BUILTIN:
            return False
        if float in kinds and not finite(
            values if kinds <= _NUMBERS else [value for value in values if type(value) is float]
        ):
            return False
        if kinds.isdisjoint(_NESTING):
            if len(values) > _WIDEST * events and kinds == {str} and sum(map(len, values)) > MAX_CHARACTERS:
                return False
            continue
        holders = values if kinds <= _NESTING else [value for value in values if type(value) in _NESTING]
        # A list may hold itself many times: count a large number of items before they are listed.
        if len(holders) > most and sum(map(len, holders)) > MAX_VALUES:
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
