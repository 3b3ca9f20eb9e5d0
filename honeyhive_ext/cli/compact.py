"""Events that fit a context: the longest values are cut with a mark, and ids stay whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, cast

from honeyhive_ext.export.table import json_text
from honeyhive_ext.serialize.exact_json import exact_json

LONGEST = 4_000  # characters of a text that is not cut further
SHORTEST = 16
MOST_ROWS = 10_000
_FEW = 3  # items of an array or an object that stay where even short texts are too much
_LEVELS = 64  # of nesting; what is deeper becomes text


def compacted(rows: Iterable[Any], most: int) -> list[Any]:
    """Return rows whose JSON has at most `most` characters together.

    Texts are cut to a common length, the longest that fits. Where the shortest is too much, arrays and
    objects lose items, then rows are left out: the last row says how many. Ids are never cut.

    Args:
        rows: The rows; those behind the first 10,000 are not read.
        most: The characters, with a line end after each row.

    >>> compacted([{"event_id": "7f22137a", "inputs": {"text": "x" * 60}}], 80)
    [{'event_id': '7f22137a', 'inputs': {'text': 'xxxxxxxxxxxxxxxxxx<cut: 42 more>'}}]
    """
    kept = list(islice(rows, MOST_ROWS))
    if _size(kept) <= most:
        return kept
    low, high, best = SHORTEST, LONGEST, None
    while low <= high:
        length = (low + high) // 2
        made = [_cut(row, length, None) for row in kept]
        if _size(made) <= most:
            best, low = made, length + 1
        else:
            high = length - 1
    if best is not None:
        return best
    for items in (_FEW, 0):
        made = [_cut(row, SHORTEST, items) for row in kept]
        if _size(made) <= most:
            return made
    return _first(made, most)


def _first(rows: list[Any], most: int) -> list[Any]:
    """Return the first rows, and a row that says how many are left out."""
    kept: list[Any] = []
    left = most - _size([{"left_out": len(rows)}])
    for row in rows:
        left -= _size([row])
        if left < 0:
            break
        kept.append(row)
    return [*kept, {"left_out": len(rows) - len(kept)}] if len(kept) < len(rows) else kept


def _size(rows: Iterable[Any]) -> int:
    return sum(len(json_text(row) or exact_json(row)) + 2 for row in rows) + 2  # also as one JSON array


def _cut(value: Any, length: int, items: int | None, name: str = "", level: int = 0) -> Any:
    """Return a value whose texts have at most `length` characters, and whose containers at most `items`."""
    if isinstance(value, str):
        if len(value) <= length or name.endswith(("_id", "_ids")):
            return value
        return f"{value[:length]}<cut: {len(value) - length:,} more>"
    if not isinstance(value, dict | list):
        return value if not isinstance(value, int) or abs(value) < 10**30 else _cut(str(value), length, None)
    if level > _LEVELS:
        return _cut(exact_json(value), length, None)
    if isinstance(value, list):
        found: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        shown = found if items is None or name.endswith("_ids") else found[:items]
        made = [_cut(one, length, items, name, level + 1) for one in shown]
        return made if len(made) == len(found) else [*made, f"<cut: {len(found) - len(made):,} more>"]
    known = cast("Mapping[str, Any]", value)
    names = list(known)
    if level and items is not None:
        names = names[:items]
    cut = {_name(key, length): _cut(known[key], length, items, key, level + 1) for key in names}
    if len(names) < len(known):
        cut["<cut>"] = f"{len(known) - len(names):,} more"
    return cut


def _name(key: str, length: int) -> str:
    return key if len(key) <= max(length, 64) else f"{key[:length]}<cut: {len(key) - length:,} more>"
