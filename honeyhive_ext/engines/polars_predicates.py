"""Predicates of polars as conditions that the API can ask.

Polars applies a predicate again to everything that comes. So what is asked for here only has to find every
row that the predicate keeps. A part of a predicate is asked for if that is certain, whatever the service
leaves open; see docs/exporting.md. An expression is read by comparing it with what it could be, as polars
documents no other form that stays the same from version to version.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import polars
from attrs import frozen

from honeyhive_ext.engines.number_filters import EXACT, number_filter
from honeyhive_ext.engines.text_filters import text_filter
from honeyhive_ext.export.nested_columns import NestedColumn
from honeyhive_ext.export.table import ADDITIONAL, Kind
from honeyhive_ext.filters.condition import Filter
from honeyhive_ext.filters.values import UNIX_MS
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE, iso

_Expr: TypeAlias = polars.Expr
_Operator: TypeAlias = Callable[[Any, Any], Any]

MOST = 20  # filters of one predicate; a service may refuse long lists
LONGEST = 1_000  # characters of a text

_MIRRORED: Mapping[_Operator, _Operator] = {
    operator.eq: operator.eq,
    operator.ne: operator.ne,
    operator.lt: operator.gt,
    operator.gt: operator.lt,
    operator.le: operator.ge,
    operator.ge: operator.le,
}
_BETWEEN: Mapping[Any, tuple[_Operator, _Operator]] = {
    "both": (operator.ge, operator.le),
    "left": (operator.ge, operator.lt),
    "right": (operator.gt, operator.le),
    "none": (operator.gt, operator.lt),
}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@frozen
class Pushed:
    """What the service is asked for.

    Attributes:
        filters: Conditions that must all hold.
        start: The earliest start_time in Unix ms; None for no start.
        end: The latest start_time in Unix ms; None for no end.
    """

    filters: tuple[Filter, ...] = ()
    start: int | None = None
    end: int | None = None


@frozen
class ScanColumn:
    """A column that predicates may name: where its values are in an event, and their kind."""

    path: tuple[str, ...]
    kind: Kind

    @property
    def askable(self) -> bool:
        """Whether the API has a path that leads to this value, without doubt."""
        return all(map(_PLAIN_KEY.fullmatch, self.path))


def scan_column(column: NestedColumn) -> ScanColumn:
    """Return a column of a value inside an object."""
    # The API has no path for a property that it does not name.
    return ScanColumn(("",) if column.path[0] == ADDITIONAL else column.path, column.kind or "string")


def pushed(predicate: _Expr, columns: Mapping[str, ScanColumn]) -> Pushed:
    """Return what to ask for, so that everything comes that the predicate keeps."""
    filters: list[Filter] = []
    start, end = -math.inf, math.inf
    for one in itertools.islice(_all_of(predicate), 10 * MOST):
        for column, compare, value in _comparisons(one, columns):
            if column.path == ("start_time",) and compare in _MIRRORED and column.kind == "number":
                low, high = _range(compare, value)
                start, end = max(start, low), min(end, high)
            else:
                filters += _filters(column, compare, value)
    return Pushed(
        tuple(filters[:MOST]),
        None if math.isinf(start) else math.floor(start),
        None if math.isinf(end) else math.ceil(end),
    )


def _all_of(predicate: _Expr) -> Iterator[_Expr]:
    """Yield the parts of a predicate that must all hold."""
    todo = [predicate]
    while todo:
        one = todo.pop()
        parts = one.meta.pop()
        if len(parts) > 1 and any(map(functools.partial(_same, one), _joined(parts))):
            todo += parts
        else:
            yield one


def _joined(parts: list[_Expr]) -> Iterator[_Expr]:
    for some in (parts, parts[::-1]):
        yield polars.all_horizontal(some)
        if len(some) == 2:
            yield some[0] & some[1]


def _comparisons(
    one: _Expr, columns: Mapping[str, ScanColumn]
) -> Iterator[tuple[ScanColumn, _Operator, Any]]:
    """Yield what a part of a predicate says about a column; nothing if it is not understood."""
    column = _column(one, columns)
    if column is not None:
        yield column, operator.eq, True
        return
    parts = one.meta.pop()
    if len(parts) == 1:
        yield from _of_one(one, parts[0], columns)
    elif len(parts) == 2:
        for left, right in (parts, parts[::-1]):
            yield from _of_two(one, left, right, columns)
    elif len(parts) == 3:
        for first, low, high in itertools.permutations(parts):
            yield from _of_three(one, first, low, high, columns)


def _of_one(
    one: _Expr, part: _Expr, columns: Mapping[str, ScanColumn]
) -> Iterator[tuple[ScanColumn, _Operator, Any]]:
    column = _column(part, columns)
    if column is None:
        return
    if _same(one, ~part):
        yield column, operator.eq, False
    elif _same(one, part.is_not_null()):
        yield column, operator.is_not, None


def _of_two(
    one: _Expr, left: _Expr, right: _Expr, columns: Mapping[str, ScanColumn]
) -> Iterator[tuple[ScanColumn, _Operator, Any]]:
    column = _column(left, columns)
    if column is None or not right.meta.is_literal():
        return
    value = _value(right, column)
    if value is None:
        return
    for compare, mirrored in _MIRRORED.items():
        if _same(one, compare(left, right)):
            yield column, compare, value
            return
        if _same(one, compare(right, left)):
            yield column, mirrored, value
            return
    if isinstance(value, str) and _contains(one, left, right, value):
        yield column, operator.contains, value


def _contains(one: _Expr, left: _Expr, right: _Expr, value: str) -> bool:
    text = left.str
    found = [text.starts_with(right), text.ends_with(right), text.contains(right, literal=True)]
    if re.fullmatch(r"[\w ]+", value):  # the same as a regular expression
        found += [text.contains(right), text.contains(right, strict=False)]
    return any(_same(one, could_be) for could_be in found)


def _of_three(
    one: _Expr, first: _Expr, low: _Expr, high: _Expr, columns: Mapping[str, ScanColumn]
) -> Iterator[tuple[ScanColumn, _Operator, Any]]:
    column = _column(first, columns)
    if column is None or not (low.meta.is_literal() and high.meta.is_literal()):
        return
    for closed, (above, below) in _BETWEEN.items():
        if _same(one, first.is_between(low, high, closed=closed)):
            bounds = _value(low, column), _value(high, column)
            if bounds[0] is not None:
                yield column, above, bounds[0]
            if bounds[1] is not None:
                yield column, below, bounds[1]
            return


def _same(one: _Expr, other: _Expr) -> bool:
    return one.meta.eq(other)


def _column(one: _Expr, columns: Mapping[str, ScanColumn]) -> ScanColumn | None:
    names = one.meta.root_names()
    if len(names) != 1 or names[0] not in columns or not _same(one, polars.col(names[0])):
        return None
    return columns[names[0]]


def _value(literal: _Expr, column: ScanColumn) -> Any:
    """Return a literal that is compared with a column as it is, or None."""
    cells = polars.select(literal).to_series()
    value = cells.item() if len(cells) == 1 else None
    if column.kind == "string":
        return value if cells.dtype == polars.String and _sendable(value) else None
    if column.kind == "boolean":
        return value if cells.dtype == polars.Boolean else None
    if column.kind in ("number", "integer") and (cells.dtype.is_integer() or cells.dtype.is_float()):
        return value if value is not None and math.isfinite(value) and abs(value) < EXACT else None
    return None


def _sendable(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST and value.isprintable()


def _range(compare: _Operator, value: float) -> tuple[float, float]:
    """Return the milliseconds between which a comparison holds, both included."""
    if not YEAR_ONE < value < YEAR_9999:
        return -math.inf, math.inf
    return (
        -math.inf if compare in (operator.lt, operator.le, operator.ne) else math.floor(value),
        math.inf if compare in (operator.gt, operator.ge, operator.ne) else math.ceil(value),
    )


def _filters(column: ScanColumn, compare: _Operator, value: Any) -> Iterator[Filter]:
    """Yield the filters that every event passes for which a comparison holds."""
    path, kind = column.path, column.kind
    if not column.askable or kind == "json":
        return
    if compare is operator.is_not:
        yield Filter(path, "exists")
    elif path[0] in UNIX_MS:
        low, high = _range(compare, value)
        if math.isfinite(low):
            yield Filter(path, "after", iso(int(low) - 1), "datetime")
        if math.isfinite(high):
            yield Filter(path, "before", iso(int(high) + 1), "datetime")
    elif kind == "string":
        asked = text_filter(path, compare, value)
        if asked is not None:
            yield asked
    elif kind == "boolean":
        if compare is operator.eq:
            yield Filter(path, "is", value, "boolean")
    else:
        asked = number_filter(path, compare, value)
        if asked is not None:
            yield asked
