"""Marks for what a capture leaves out, and how much of each long text stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from honeyhive_ext.serialize.encoders import kind_of, type_name
from honeyhive_ext.serialize.nesting import PATH_SHOWN, mark

USUAL = 64  # characters of a str that is never cut
CUT = "<cut>"  # the key of the mark in an object
_LEFT_OUT = re.compile(r"<cut: [\d,]+ of ([\d,]+) (characters|bytes|items) left out>\Z")


class Long(NamedTuple):
    """A long text of a copy.

    Attributes:
        holder: The array or object that holds it.
        key: Its place there.
        text: The text, or its beginning.
        unit: What `size` counts: "characters", or "bytes" of base64.
        size: How many the original had.
    """

    holder: Any
    key: Any
    text: str
    unit: str
    size: int

    @property
    def whole(self) -> bool:
        """Whether the text is all of the original."""
        size = len(self.text)
        return size == self.size if self.unit == "characters" else size == (self.size + 2) // 3 * 4


def shorten(longs: list[Long], most: int) -> int:
    """Cut the longest texts so that all have `most` characters together; return the longest length.

    A text that is shorter than the others keeps what it has, and the others share what it leaves.
    """
    length, further = USUAL, len(longs)
    for size in sorted(len(long.text) for long in longs):
        if size * further > most:
            length = max(most // further - USUAL, USUAL)  # with room for the mark
            break
        most, further = most - size, further - 1
        length = size
    for long in longs:
        keep = long.whole and len(long.text) <= length
        long.holder[long.key] = long.text if keep else cut_text(long.text, length, long.unit, long.size)
    return length


def cut_text(text: str, length: int, unit: str, size: int) -> str:
    """Return the beginning of a text with a mark that says how much is left out."""
    if (earlier := _LEFT_OUT.search(text[-USUAL - 20 :])) is not None:
        text, unit = text[: -len(earlier[0])], earlier[2]
        size = int(earlier[1].replace(",", ""))
    length = min(length, len(text))
    if unit == "bytes":
        length -= length % 4
        kept = length // 4 * 3
    else:
        kept = length
    return text[:length] + mark(f"{size - kept:,} of {size:,} {unit} left out")


def as_it_was(value: Any) -> tuple[Any, int]:
    """Return an array or object of a copy without its mark, and how many items the original had."""
    last = value.get(CUT) if kind_of(value) is dict else value[-1] if value else None
    found = _LEFT_OUT.match(last) if isinstance(last, str) else None
    if found is None or found[2] != "items":
        return value, len(value)
    if kind_of(value) is dict:
        return {key: one for key, one in value.items() if key != CUT}, int(found[1].replace(",", ""))
    return value[:-1], int(found[1].replace(",", ""))


def left_out(value: Any) -> str:
    """Return the mark of a value that is left out whole."""
    kind = kind_of(value)
    size = f" of {len(value):,} items" if kind in (dict, list, tuple, set, frozenset) else ""
    return mark(f"a {type_name(value)}{size} left out")


def is_mark(text: str) -> bool:
    """Tell whether a text looks like a mark."""
    return len(text) < 2 * PATH_SHOWN and text.startswith(CUT[:-1]) and text.endswith(">")


def is_scalar(value: Any) -> bool:
    """Tell whether a value has an exact type that holds no others. No type is hashed: that may raise."""
    kind = kind_of(value)
    return kind is str or value is None or kind is int or kind is float or kind is bool


def is_constant(value: Any) -> bool:
    """Tell whether a value is a short tuple as code has it: equal ones may be the same object."""
    return kind_of(value) is tuple and len(value) <= 16 and all(map(is_scalar, value))


def long_texts(items: list[Any]) -> Iterator[tuple[int, str]]:
    """Yield the long texts of an array, with their places."""
    return ((i, one) for i, one in enumerate(items) if kind_of(one) is str and len(one) > USUAL)
