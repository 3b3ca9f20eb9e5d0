"""Filters as SQL. Names come from the table of columns; everything else is a bound parameter.

SQLite compares across types (`'5' > 4` and `true = 1` hold). So every comparison checks the JSON type first.
SQLite may read a decimal fraction wrong by its last bit, and reads an integer of more than 64 bits as a
double. So near the boundary the exact comparison decides (`hh_match`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from honeyhive_ext.local.filters.operands import canonical, double, is_uuid, scalar, sql_number
from honeyhive_ext.local.filters.predicates import EXISTS, FilterSpec, Predicate
from honeyhive_ext.local.store.columns import holds_ids, quoted
from honeyhive_ext.local.store.packed_row import PackedRows, part
from honeyhive_ext.local.store.paths import Paths

NOTHING = "0"
MANY = 50  # filters, from which their SQL would be so long that SQLite takes seconds to read it
_SIGNS = {"is": "=", "greater than": ">", "less than": "<"}


@define
class Where:
    """Builds a WHERE clause: its terms and their parameters, in order.

    Args:
        rows: The format of the rows.
        paths: The dictionary of paths.
        indexed: The indexed paths and their numbers.
        many: Whether there are so many filters that Python decides about each (`hh_match`).
        terms: The terms so far.
        values: Their parameters.
    """

    rows: PackedRows
    paths: Paths
    indexed: Mapping[str, int] = field(factory=dict[str, int])
    many: bool = False
    terms: list[str] = field(factory=list[str])
    values: list[Any] = field(factory=list[Any])

    def term(self, sql: str, *values: Any) -> None:
        """Add a term that has to hold."""
        self.terms.append(sql)
        self.values.extend(values)

    def filter(self, one: FilterSpec) -> None:
        """Add the terms of a filter."""
        if not one.negated:
            self._narrow(one)
        sql, values = self.positive(one.field, one.predicate)
        self.term(f"NOT coalesce(({sql}), 0)" if one.negated else f"({sql})", *values)
        if one.needs_field:
            sql, values = self.positive(one.field, EXISTS)
            self.term(f"({sql})", *values)

    def any_is(self, fields: Sequence[str], value: str) -> None:
        """Add the term that one of the fields is this text. A UUID is found in each of its forms."""
        predicate = Predicate("is", "string", value)
        if is_uuid(value):
            predicate = predicate.of_ids()
        found = [self.positive(name, predicate) for name in fields]
        self.term(
            "(" + " OR ".join(f"({sql})" for sql, _ in found) + ")",
            *(v for _, values in found for v in values),
        )

    def positive(self, name: str, predicate: Predicate) -> tuple[str, list[Any]]:
        """Return the SQL of a predicate on a field. It may be NULL where the predicate does not hold."""
        root, dot, rest = name.partition(".")
        tail = rest if dot else None
        options: list[tuple[str, list[Any]]] = []
        kind = self.rows.kinds.get(root)
        if holds_ids(root, kind):
            predicate = predicate.of_ids()
        if kind == "json":
            options += self._json(part(root), root, tail, predicate)
        elif kind is not None and tail is None:
            options.append(_native(quoted(root), kind, predicate))
        options += self._json("extra", "", name, predicate)
        options = [one for one in options if one[0] != NOTHING]
        if not options:
            return NOTHING, []
        return " OR ".join(sql for sql, _ in options), [value for _, values in options for value in values]

    def _json(
        self, column: str, root: str, tail: str | None, predicate: Predicate
    ) -> list[tuple[str, list[Any]]]:
        found = self.paths.find(root, tail)
        if found.scan or (found.paths and (self.many or _needs_scan(predicate))):
            return [(f"hh_match({column}, ?)", [predicate.spec(tail)])]
        return [_in_json(column, path, predicate, tail) for path in found.paths]

    def _narrow(self, one: FilterSpec) -> None:
        """Add a term for an index: only rows that hold the value. The predicate then decides about those."""
        predicate = one.predicate
        sign = _SIGNS.get(predicate.operator)
        value = predicate.value
        if sign is None or value is None:
            return
        if _is_large(value):  # other numbers are the same double
            sign = {">": ">=", "<": "<="}.get(sign, sign)
        number = self.indexed.get(one.field)
        if number is not None and predicate.type != "datetime":
            root = one.field.partition(".")[0]
            if holds_ids(root, self.rows.kinds.get(root)) and isinstance(value, str):
                value = canonical(value)
            self.term(
                f"seq IN (SELECT seq FROM indexed WHERE path = ? AND value {sign} ?)", number, scalar(value)
            )
        elif one.field == "start_time" and predicate.type in ("number", "datetime"):
            self.term(f"sort_time {sign} ?", sql_number(value))

    def sql(self, *more: str) -> str:
        """Return the clause with its keyword, with further terms at its end; "" where there are none."""
        terms = [*self.terms, *more]
        return f" WHERE {_all_of(terms)}" if terms else ""


def _all_of(terms: Sequence[str]) -> str:
    """Join the terms by AND, as a balanced tree: SQLite refuses an expression deeper than 1,000."""
    if len(terms) <= 100:
        return " AND ".join(terms)
    half = len(terms) // 2
    return f"({_all_of(terms[:half])}) AND ({_all_of(terms[half:])})"


def _needs_scan(predicate: Predicate) -> bool:
    return (
        predicate.type == "datetime"
        or predicate.ids
        or (predicate.operator == "contains" and predicate.contains != "strings")
    )


def _is_large(value: object) -> bool:
    """Return whether a value is a number that SQLite may not tell from others: from 2**63 on."""
    return isinstance(value, int | float) and not -(2**63) < value < 2**63


def _compared(operand: str, operator: str, value: Any) -> tuple[str, list[Any]]:
    """Return the SQL that compares an operand, an integer of 64 bits or a double, exactly with any number."""
    sign = _SIGNS[operator]
    if not (isinstance(value, int) and _is_large(value)):
        return f"{operand} {sign} ?", [value]
    near = double(value)
    if near == value:
        return f"{operand} {sign} ?", [near]
    if sign == "=":
        return NOTHING, []
    below = near if near < value else math.nextafter(near, -math.inf)
    return f"{operand} {'>' if sign == '>' else '<='} ?", [below]


def _native(column: str, kind: str, predicate: Predicate) -> tuple[str, list[Any]]:
    """Return a predicate on a column that holds the text or number itself."""
    is_text = kind != "number"
    types = "typeof(%s) = 'text'" if is_text else "typeof(%s) IN ('integer', 'real')"
    there = types % column
    operator, value = predicate.operator, predicate.value
    if operator == "exists":
        return there, []
    if operator == "contains":
        return _native_contains(column, is_text, predicate, there)
    if predicate.type == "datetime":
        sql, values = _compared(f"hh_instant({column})" if is_text else column, operator, value)
    elif predicate.type != ("string" if is_text else "number"):
        return NOTHING, []
    elif is_text:
        sql, values = f"{column} {_SIGNS[operator]} ?", [value]
    else:
        sql, values = _compared(column, operator, value)
    return (NOTHING, []) if sql == NOTHING else (f"({there} AND {sql})", values)


def _native_contains(column: str, is_text: bool, predicate: Predicate, there: str) -> tuple[str, list[Any]]:
    if is_text and predicate.contains != "ignore_case" and not predicate.ids:
        return f"({there} AND instr({column}, ?) > 0)", [predicate.value]
    if is_text or predicate.contains == "any":
        return f"({there} AND hh_match(hh_json({column}), ?))", [predicate.spec(None)]
    return NOTHING, []


def _in_json(column: str, path: str, predicate: Predicate, tail: str | None) -> tuple[str, list[Any]]:
    """Return a predicate on one path of a column of JSON text."""
    kind, value = f"json_type({column}, ?)", f"json_extract({column}, ?)"
    operator, wanted = predicate.operator, predicate.value
    if operator == "exists":
        return f"coalesce({kind}, 'null') <> 'null'", [path]
    exact, spec = f"hh_match({column}, ?)", predicate.spec(tail)
    array, more = (f" WHEN 'array' THEN {exact}", [spec]) if predicate.lists else ("", [])
    if operator == "contains":
        sql = f"CASE {kind} WHEN 'text' THEN instr({value}, ?) > 0{array} ELSE 0 END"
        return sql, [path, path, wanted, *more]
    if predicate.type == "boolean":
        sql = f"CASE {kind} WHEN ? THEN 1{array} ELSE 0 END"
        return sql, [path, "true" if wanted else "false", *more]
    if predicate.type == "string":
        sql = f"CASE {kind} WHEN 'text' THEN {value} {_SIGNS[operator]} ?{array} ELSE 0 END"
        return sql, [path, path, wanted, *more]
    integer, integers = _compared(value, operator, wanted)
    middle = double(wanted)
    near = abs(middle) * 1e-13 + 1e-300
    real = (
        f"CASE WHEN {value} = ? OR abs({value} - ?) <= ? THEN {exact} ELSE {value} {_SIGNS[operator]} ? END"
    )
    sql = (
        f"CASE {kind} WHEN 'integer' THEN CASE typeof({value}) WHEN 'integer' THEN {integer} ELSE {real} END"
        f" WHEN 'real' THEN {real}{array} ELSE 0 END"
    )
    reals = [path, middle, path, middle, near, spec, path, middle]
    paths = [path] if integers else []
    return sql, [path, path, *paths, *integers, *reals, *reals, *more]
