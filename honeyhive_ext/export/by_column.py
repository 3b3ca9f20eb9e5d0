"""Many events at once as columns of cells: what `cells` returns for each, faster. Pure.

A column whose values are all of the usual types is checked and made as a whole. If a value is odd, its event
is left to `cells`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice, repeat
from typing import Any, cast

import orjson

from honeyhive_ext.export.nested_columns import NestedColumn
from honeyhive_ext.export.table import ADDITIONAL, NULLS, UNREADABLE, Kind, cells, fits, json_text, properties
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.serialize.exact_json import exact_json

FEW = 100  # events that are parsed together: few enough to be freed while they are in the processor's cache
EXACT = 2**53  # a float holds every integer up to this one

_NONE = type(None)
_get: Callable[[Any, str], Any] = cast("Any", dict).get


def some_columns(
    texts: Sequence[bytes],
    nested: Sequence[NestedColumn] = (),
    *,
    only: Collection[str] | None = None,
) -> Iterator[dict[str, list[Any]]]:
    """Yield the cells of events by column, of a few events at a time.

    Args:
        texts: The events as JSON.
        nested: More columns.
        only: The names of the other columns that are wanted; None for all.

    Raises:
        ResponseError: An event is nested too deeply.
    """
    for start in range(0, len(texts), FEW):
        some = texts[start : start + FEW]
        finite = True
        try:
            values = [*map(orjson.loads, some)]
        except orjson.JSONDecodeError:  # what only `json` reads
            values, finite = [*map(read_value, some)], False
        made = columns_of(values, finite=finite, only=only)
        for column in nested:
            made[column.name] = _nested_cells(column, values, finite)
        yield made


def few(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the values in their order, a few at a time."""
    rest = iter(values)
    while some := [*islice(rest, FEW)]:
        yield some


def columns_of(
    values: Sequence[Any],
    as_is: Collection[str] = (),
    *,
    finite: bool = False,
    only: Collection[str] | None = None,
) -> dict[str, list[Any]]:
    """Return the cells of events by column, in the order of the columns. None is an empty cell.

    Args:
        values: The events as the service sent them.
        as_is: The "json" columns whose cells are the values themselves instead of JSON text.
        finite: Whether no number in them is NaN or an infinity, as in all that orjson reads.
        only: The names of the columns that are wanted; None for all. The others are not made.

    >>> made = columns_of([{"start_time": 5, "inputs": {"n": 1}}, {"start_time": "soon"}])
    >>> made["start_time"], made["inputs"], made["unreadable"]
    ([5.0, None], ['{"n":1}', None], [None, '{"start_time":"soon"}'])
    """
    if only is not None and UNREADABLE in only:  # which depends on every other column
        every = columns_of(values, as_is, finite=finite)
        return {name: column_cells for name, column_cells in every.items() if name in only}
    odd = {place for place, value in enumerate(values) if type(value) is not dict}
    rows: Sequence[dict[str, Any]] = values
    if odd:
        rows = [{} if place in odd else value for place, value in enumerate(values)]
    made: dict[str, list[Any]] = {}
    for column in properties():
        if only is not None and column.name not in only:
            continue
        given: list[Any] = [*map(_get, rows, repeat(column.name))]
        column_cells = given if column.name in as_is else _whole(column.kind, given, finite)
        if column_cells is None:
            column_cells = [None if value is None else fits(column.kind, value) for value in given]
            odd.update(_lost(given, column_cells))
        made[column.name] = column_cells
    if only is None or ADDITIONAL in only:
        rest = _rest(rows)
        more = rest if ADDITIONAL in as_is else [value and json_text(value) for value in rest]
        odd.update(_lost(rest, more))
        made[ADDITIONAL] = more
    if only is None:
        made[UNREADABLE] = [None] * len(rows)
    if only is None or NULLS in only:
        made[NULLS] = [_null_text(row) if None in row.values() else None for row in rows]
    for place in odd if made else ():
        row = cells(values[place], as_is)
        for name, column_cells in made.items():
            column_cells[place] = row.get(name)
    return made


def _nested_cells(column: NestedColumn, values: Sequence[Any], finite: bool) -> list[Any]:
    kind = column.kind or "string"
    given = column.values(values)
    made = _whole(kind, given, finite)
    return [None if value is None else fits(kind, value) for value in given] if made is None else made


def _whole(kind: Kind, given: list[Any], finite: bool) -> list[Any] | None:
    """Return the cells of a column, or None if a value may be odd."""
    kinds = {*map(type, given)}
    empty = _NONE in kinds
    kinds.discard(_NONE)
    if not kinds:
        return given
    values = [value for value in given if value is not None] if empty else given
    if kind == "json":
        return _texts(given, finite)
    if kind == "string" and kinds == {str} and all(map(str.isascii, values)):
        return given
    if kind == "number" and kinds == {float}:
        return given
    if kind == "number" and kinds == {int} and min(values) >= -EXACT and max(values) <= EXACT:
        return [value if value is None else float(value) for value in given]
    if kind == "boolean" and kinds == {bool}:
        return given
    if kind == "integer" and kinds == {int} and min(values) >= -(2**63) and max(values) < 2**63:
        return given
    return None


def _texts(given: Sequence[Any], finite: bool) -> list[str | None] | None:
    dumps = orjson.dumps
    try:
        texts = [value if value is None else dumps(value).decode() for value in given]
    except TypeError:
        return None
    # orjson writes NaN as null
    return texts if finite or "null" not in "".join(filter(None, texts)) else None


def _lost(given: Sequence[Any], made: Sequence[Any]) -> Iterator[int]:
    """Yield the places of the values that have no cell."""
    pairs = enumerate(zip(given, made, strict=True))
    return (place for place, (value, cell) in pairs if cell is None and value is not None)


@cache
def _names() -> frozenset[str]:
    return frozenset(column.name for column in properties())


def _rest(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """Return the properties of each event that the document does not name; None if there are none."""
    names = _names()
    if all(map(names.issuperset, rows)):
        return [None] * len(rows)
    return [{name: row[name] for name in row if name not in names} or None for row in rows]


def _null_text(row: dict[str, Any]) -> str | None:
    return _names_text(tuple(name for name, value in row.items() if value is None))


@lru_cache
def _names_text(names: tuple[str, ...]) -> str | None:
    nulls = [column.name for column in properties() if column.name in names]
    return exact_json(nulls) if nulls else None
