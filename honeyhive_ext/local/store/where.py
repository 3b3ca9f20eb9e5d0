"""Filters as SQL. Names come from the table of columns; everything else is a bound parameter.

SQLite compares across types (`'5' > 4` and `true = 1` hold). So every comparison checks the JSON type first.
SQLite may read a decimal fraction wrong by its last bit. So near the boundary the exact comparison decides
(`hh_match`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from honeyhive_ext.local.filters.operands import scalar
from honeyhive_ext.local.filters.predicates import EXISTS, FilterSpec, Predicate
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.packed_row import PackedRows, part
from honeyhive_ext.local.store.paths import Paths

NOTHING = "0"
_SIGNS = {"is": "=", "greater than": ">", "less than": "<"}


@define
class Where:
    """Builds a WHERE clause: its terms and their parameters, in order."""

    rows: PackedRows
    paths: Paths
    indexed: Mapping[str, int] = field(factory=dict[str, int])
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
        """Add the term that one of the fields is this text."""
        found = [self.positive(name, Predicate("is", "string", value)) for name in fields]
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
        if found.scan or (found.paths and _needs_scan(predicate)):
            return [(f"hh_match({column}, ?)", [predicate.spec(tail)])]
        return [_in_json(column, path, predicate, tail) for path in found.paths]

    def _narrow(self, one: FilterSpec) -> None:
        """Add a term for an index: only rows that hold the value. The predicate then decides about those."""
        number = self.indexed.get(one.field)
        key = scalar(one.predicate.value)
        sign = _SIGNS.get(one.predicate.operator)
        if number is None or key is None or sign is None or one.predicate.type == "datetime":
            if one.field == "start_time" and sign and one.predicate.type in ("number", "datetime"):
                self.term(f"sort_time {sign} ?", one.predicate.value)
            return
        self.term(f"seq IN (SELECT seq FROM indexed WHERE path = ? AND value {sign} ?)", number, key)

    def sql(self) -> str:
        """Return the clause with its keyword, or "" where there are no terms."""
        return f" WHERE {_all_of(self.terms)}" if self.terms else ""


def _all_of(terms: Sequence[str]) -> str:
    """Join the terms by AND, as a balanced tree: SQLite refuses an expression deeper than 1,000."""
    if len(terms) <= 100:
        return " AND ".join(terms)
    half = len(terms) // 2
    return f"({_all_of(terms[:half])}) AND ({_all_of(terms[half:])})"


def _needs_scan(predicate: Predicate) -> bool:
    return predicate.type == "datetime" or (
        predicate.operator == "contains" and predicate.contains != "strings"
    )


def _native(column: str, kind: str, predicate: Predicate) -> tuple[str, list[Any]]:
    """Return a predicate on a column that holds the text or number itself."""
    types = "typeof(%s) = 'text'" if kind == "text" else "typeof(%s) IN ('integer', 'real')"
    there = types % column
    operator, value = predicate.operator, predicate.value
    if operator == "exists":
        return there, []
    if predicate.type == "datetime":
        timestamp = f"hh_instant({column})" if kind == "text" else column
        return f"({there} AND {timestamp} {_SIGNS[operator]} ?)", [value]
    if operator == "contains":
        return _native_contains(column, kind, predicate, there)
    if predicate.type != ("string" if kind == "text" else "number"):
        return NOTHING, []
    return f"({there} AND {column} {_SIGNS[operator]} ?)", [value]


def _native_contains(column: str, kind: str, predicate: Predicate, there: str) -> tuple[str, list[Any]]:
    if kind == "text" and predicate.contains != "ignore_case":
        return f"({there} AND instr({column}, ?) > 0)", [predicate.value]
    if kind == "text" or predicate.contains == "any":
        return f"({there} AND hh_match(hh_json({column}), ?))", [predicate.spec(None)]
    return NOTHING, []


def _in_json(column: str, path: str, predicate: Predicate, tail: str | None) -> tuple[str, list[Any]]:
    """Return a predicate on one path of a column of JSON text."""
    kind, value = f"json_type({column}, ?)", f"json_extract({column}, ?)"
    operator, wanted = predicate.operator, predicate.value
    if operator == "exists":
        return f"coalesce({kind}, 'null') <> 'null'", [path]
    if operator == "contains":
        return f"({kind} = 'text' AND instr({value}, ?) > 0)", [path, path, wanted]
    if predicate.type == "boolean":
        return f"({kind} = ?)", [path, "true" if wanted else "false"]
    sign = _SIGNS[operator]
    if predicate.type == "string":
        return f"({kind} = 'text' AND {value} {sign} ?)", [path, path, wanted]
    near = abs(float(wanted)) * 1e-13 + 1e-300
    sql = (
        f"CASE WHEN coalesce({kind}, '') NOT IN ('integer', 'real') THEN 0"
        f" WHEN typeof({value}) = 'integer' THEN {value} {sign} ?"
        f" WHEN abs({value} - ?) <= ? THEN hh_match({column}, ?)"
        f" ELSE {value} {sign} ? END"
    )
    return sql, [path, path, path, wanted, path, wanted, near, predicate.spec(tail), path, wanted]
