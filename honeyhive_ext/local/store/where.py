"""Filters as SQL. Names come from the table of columns, everything else is a bound parameter.

SQLite compares across types (`'5' > 4` and `true = 1` hold), so that every comparison asks for the JSON
type first. Its reading of decimal fractions may be off by the last bit, so that near the boundary the
exact comparison decides (`hh_match`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from honeyhive_ext.local.filters.conditions import Condition, Filter
from honeyhive_ext.local.filters.values import scalar
from honeyhive_ext.local.store.columns import Columns, part, quoted
from honeyhive_ext.local.store.paths import Paths

NOTHING = "0"
_SIGNS = {"is": "=", "greater than": ">", "less than": "<"}


@define
class Where:
    """A WHERE clause in the making: its terms and their parameters, in order."""

    columns: Columns
    paths: Paths
    indexed: Mapping[str, int] = field(factory=dict[str, int])
    terms: list[str] = field(factory=list[str])
    values: list[Any] = field(factory=list[Any])

    def term(self, sql: str, *values: Any) -> None:
        """Add a term that has to hold."""
        self.terms.append(sql)
        self.values.extend(values)

    def filter(self, one: Filter) -> None:
        """Add a filter."""
        if not one.negated:
            self._narrow(one)
        sql, values = self.positive(one.field, one.condition)
        self.term(f"NOT coalesce(({sql}), 0)" if one.negated else f"({sql})", *values)
        if one.needs_field:
            sql, values = self.positive(one.field, Condition("exists", "null", None))
            self.term(f"({sql})", *values)

    def any_is(self, fields: Sequence[str], value: str) -> None:
        """Add the term that one of the fields is this text."""
        found = [self.positive(name, Condition("is", "string", value)) for name in fields]
        self.term(
            "(" + " OR ".join(f"({sql})" for sql, _ in found) + ")",
            *(v for _, values in found for v in values),
        )

    def positive(self, name: str, condition: Condition) -> tuple[str, list[Any]]:
        """The SQL of a condition on a field; NULL where it does not hold is possible."""
        root, dot, rest = name.partition(".")
        tail = rest if dot else None
        options: list[tuple[str, list[Any]]] = []
        kind = self.columns.kinds.get(root)
        if kind == "json":
            options += self._json(part(root), root, tail, condition)
        elif kind is not None and tail is None:
            options.append(_native(quoted(root), kind, condition))
        options += self._json("extra", "", name, condition)
        options = [one for one in options if one[0] != NOTHING]
        if not options:
            return NOTHING, []
        return " OR ".join(sql for sql, _ in options), [value for _, values in options for value in values]

    def _json(
        self, column: str, root: str, tail: str | None, condition: Condition
    ) -> list[tuple[str, list[Any]]]:
        found = self.paths.find(root, tail)
        if found.walk or (found.paths and _needs_walk(condition)):
            return [(f"hh_match({column}, ?)", [condition.spec(tail)])]
        return [_in_json(column, path, condition, tail) for path in found.paths]

    def _narrow(self, one: Filter) -> None:
        """Use an index: only rows that hold the value, of which the condition itself is then asked."""
        number = self.indexed.get(one.field)
        key = scalar(one.condition.value)
        sign = _SIGNS.get(one.condition.operator)
        if number is None or key is None or sign is None or one.condition.type == "datetime":
            if one.field == "start_time" and sign and one.condition.type in ("number", "datetime"):
                self.term(f"sort_time {sign} ?", one.condition.value)
            return
        self.term(f"seq IN (SELECT seq FROM indexed WHERE path = ? AND value {sign} ?)", number, key)

    def sql(self) -> str:
        """The clause with its keyword, or nothing where there are no terms."""
        return f" WHERE {_all_of(self.terms)}" if self.terms else ""


def _all_of(terms: Sequence[str]) -> str:
    """The terms joined by AND as a balanced tree: SQLite refuses an expression deeper than 1,000."""
    if len(terms) <= 100:
        return " AND ".join(terms)
    half = len(terms) // 2
    return f"({_all_of(terms[:half])}) AND ({_all_of(terms[half:])})"


def _needs_walk(condition: Condition) -> bool:
    return condition.type == "datetime" or (
        condition.operator == "contains" and condition.contains != "strings"
    )


def _native(column: str, kind: str, condition: Condition) -> tuple[str, list[Any]]:
    """A condition on a column that holds text or numbers themselves."""
    types = "typeof(%s) = 'text'" if kind == "text" else "typeof(%s) IN ('integer', 'real')"
    there = types % column
    operator, value = condition.operator, condition.value
    if operator == "exists":
        return there, []
    if condition.type == "datetime":
        moment = f"hh_instant({column})" if kind == "text" else column
        return f"({there} AND {moment} {_SIGNS[operator]} ?)", [value]
    if operator == "contains":
        return _native_contains(column, kind, condition, there)
    if condition.type != ("string" if kind == "text" else "number"):
        return NOTHING, []
    return f"({there} AND {column} {_SIGNS[operator]} ?)", [value]


def _native_contains(column: str, kind: str, condition: Condition, there: str) -> tuple[str, list[Any]]:
    if kind == "text" and condition.contains != "ignore_case":
        return f"({there} AND instr({column}, ?) > 0)", [condition.value]
    if kind == "text" or condition.contains == "any":
        return f"({there} AND hh_match(hh_json({column}), ?))", [condition.spec(None)]
    return NOTHING, []


def _in_json(column: str, path: str, condition: Condition, tail: str | None) -> tuple[str, list[Any]]:
    """A condition on one path of a column of JSON text."""
    kind, value = f"json_type({column}, ?)", f"json_extract({column}, ?)"
    operator, wanted = condition.operator, condition.value
    if operator == "exists":
        return f"coalesce({kind}, 'null') <> 'null'", [path]
    if operator == "contains":
        return f"({kind} = 'text' AND instr({value}, ?) > 0)", [path, path, wanted]
    if condition.type == "boolean":
        return f"({kind} = ?)", [path, "true" if wanted else "false"]
    sign = _SIGNS[operator]
    if condition.type == "string":
        return f"({kind} = 'text' AND {value} {sign} ?)", [path, path, wanted]
    near = abs(float(wanted)) * 1e-13 + 1e-300
    sql = (
        f"CASE WHEN coalesce({kind}, '') NOT IN ('integer', 'real') THEN 0"
        f" WHEN typeof({value}) = 'integer' THEN {value} {sign} ?"
        f" WHEN abs({value} - ?) <= ? THEN hh_match({column}, ?)"
        f" ELSE {value} {sign} ? END"
    )
    return sql, [path, path, path, wanted, path, wanted, near, condition.spec(tail), path, wanted]
