"""The columns of the events table, made from the fields of the API document.

A property that the document gains becomes a column here, without a change of code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

ColumnKind = Literal["text", "number", "json"]


def kinds(schema: Mapping[str, Any]) -> dict[str, ColumnKind]:
    """Return the fields of an object schema and how each is stored.

    >>> kinds({"properties": {"a": {"type": ["string", "null"]}, "b": {"type": "number"}, "c": {}}})
    {'a': 'text', 'b': 'number', 'c': 'json'}
    """
    return {name: _kind(one) for name, one in schema.get("properties", {}).items()}


def _kind(schema: Mapping[str, Any]) -> ColumnKind:
    given = schema.get("type")
    types: set[str] = {given} if isinstance(given, str) else set(given or ())
    types.discard("null")
    if types == {"string"}:
        return "text"
    if types and types <= {"number", "integer"}:
        return "number"
    return "json"


def quoted(name: str) -> str:
    """Return the SQL identifier of the column that holds a text or number field."""
    return _identifier("f_" + name)


def cell(name: str, kind: ColumnKind) -> str:
    """Return the SQL identifier of a field's column: it holds the value, or the place of its JSON text."""
    return _identifier("p_" + name) if kind == "json" else quoted(name)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def add_columns(connection: sqlite3.Connection, kinds: Mapping[str, ColumnKind]) -> None:
    """Add the columns of these fields to the events table, and `body` after the first of them.

    SQLite reads a row from its beginning: after a large `body` every column would be slow.
    """
    names = [cell(name, kind) for name, kind in kinds.items()]
    there = {row[1] for row in connection.execute("PRAGMA table_info(events)")}
    if names and b"body" not in there:
        names.append("body")
    for name in names:
        connection.execute(f"ALTER TABLE events ADD COLUMN {name}")
