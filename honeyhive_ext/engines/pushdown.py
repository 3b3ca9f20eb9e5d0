"""The conditions of Spark as a narrower search. Pure.

A condition is asked of the service only if no event that fulfils it could be missing from the answer. Spark
then applies every condition again, so the rows are exact whatever else the service returns. The rest is
left to Spark: IN and IS NULL have no filter, since an empty cell may be a value of another type.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from operator import contains, eq, ge, gt, le, lt, ne
from typing import Any, TypeGuard

from attrs import evolve

from honeyhive_ext.config.checks import lone_surrogate
from honeyhive_ext.engines.number_filters import EXACT, number_filter
from honeyhive_ext.engines.text_filters import text_filter
from honeyhive_ext.export.table import Kind
from honeyhive_ext.filters.condition import Filter
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE
from honeyhive_ext.search.query import Query

LONGEST = 10_000  # characters of a text that is asked of the service
START = "start_time"

_EQUAL = ("EqualTo", "EqualNullSafe")
_LOWER = (*_EQUAL, "GreaterThan", "GreaterThanOrEqual")
_UPPER = (*_EQUAL, "LessThan", "LessThanOrEqual")
_COMPARISONS = {
    **dict.fromkeys(_EQUAL, eq),
    "GreaterThan": gt,
    "GreaterThanOrEqual": ge,
    "LessThan": lt,
    "LessThanOrEqual": le,
}
_TEXTS = {
    **dict.fromkeys(_EQUAL, eq),
    **dict.fromkeys(("StringContains", "StringStartsWith", "StringEndsWith"), contains),
}


def narrowed(query: Query, conditions: Iterable[Any], columns: Mapping[str, tuple[str, Kind]]) -> Query:
    """Return a search that finds every event of `query` that fulfils the conditions.

    Args:
        query: The search.
        conditions: The filters that Spark offers, all of which must hold.
        columns: The path and the kind of each column, by name.
    """
    filters: dict[Filter, None] = {}
    present: dict[str, None] = {}
    start, end = query.start, query.end
    for condition in conditions:
        name = type(condition).__name__
        one = condition.child if name == "Not" else condition
        path, kind = columns.get(".".join(one.attribute), (None, None))
        if path is None or kind is None or kind == "json":
            continue
        operator, value = type(one).__name__, getattr(one, "value", None)
        if name == "IsNotNull":
            present[path] = None
        elif name == "Not":
            filters |= _unequal(path, kind, operator, value)
        elif path != START:
            filters |= _filters(path, kind, operator, value)
        elif _is_number(value):
            if operator in _LOWER:
                start = max(min(math.floor(value), YEAR_9999), YEAR_ONE if start is None else start)
            if operator in _UPPER:
                end = min(max(math.ceil(value), YEAR_ONE), YEAR_9999 if end is None else end)
    compared = {one.field for one in filters}
    filters |= {Filter((path,), "exists"): None for path in present if path not in compared}
    if start is not None and end is not None and start > end:
        start = end  # Spark finds that nothing fulfils both
    return evolve(query, filters=(*query.filters, *filters), start=start, end=end)


def _filters(path: str, kind: Kind, operator: str, value: Any) -> dict[Filter, None]:
    """Return the filter of a condition on a field, if it has one."""
    where = (path,)
    if kind == "string" and _is_text(value):
        find = _TEXTS.get(operator)
        asked = text_filter(where, find, value) if find else None
        return {} if asked is None else {asked: None}
    elif kind == "boolean" and operator in _EQUAL and isinstance(value, bool):
        return {Filter(where, "is", value, "boolean"): None}
    elif kind in ("number", "integer") and _is_number(value):
        compare = _COMPARISONS.get(operator)
        asked = number_filter(where, compare, value) if compare else None
        return {} if asked is None else {asked: None}
    return {}


def _unequal(path: str, kind: Kind, operator: str, value: Any) -> dict[Filter, None]:
    """Return the filter of NOT before a condition, if it has one."""
    if kind == "string" and operator in _EQUAL and _is_text(value):
        asked = text_filter((path,), ne, value)
        return {} if asked is None else {asked: None}
    return {}


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) < LONGEST and "\0" not in value and not lone_surrogate(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and -EXACT < value < EXACT
