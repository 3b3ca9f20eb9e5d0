"""The columns of the events table, made from the fields of the API document.

A property that the document gains becomes a column here, without a change of code.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

ColumnKind = Literal["text", "number", "json", "id"]  # an id is a text that compares as a UUID


def kinds(schema: Mapping[str, Any]) -> dict[str, ColumnKind]:
    """Return the fields of an object schema and how each is stored.

    >>> kinds({"properties": {"a": {"type": ["string", "null"]}, "b": {"type": "number"}, "c": {}}})
    {'a': 'text', 'b': 'number', 'c': 'json'}
    >>> kinds({"properties": {"event_id": {"type": "string", "format": "uuid"}}})
    {'event_id': 'id'}
    """
    return {name: _kind(name, one) for name, one in schema.get("properties", {}).items()}


_KEYS = frozenset({"event_id", "session_id"})  # the store itself looks for these


def _kind(name: str, schema: Mapping[str, Any]) -> ColumnKind:
    given = schema.get("type")
    types: set[str] = {given} if isinstance(given, str) else set(given or ())
    types.discard("null")
    if types == {"string"}:
        return "id" if schema.get("format") == "uuid" or name in _KEYS else "text"
    if types and types <= {"number", "integer"}:
        return "number"
    return "json"


def holds_ids(name: str, kind: ColumnKind | None) -> bool:
    """Return whether the values of a field are ids. The document gives those in an array no format."""
    return kind == "id" or (kind == "json" and name == "children_ids")


def quoted(name: str) -> str:
    """Return the SQL identifier of the column that holds a text, an id or a number.

    SQLite takes `tag` and `Tag` for one name, so a capital is written as `^` and the small letter.

    >>> quoted("event_id"), quoted("Tag^")
    ('"f_event_id"', '"f_^tag^^"')
    """
    return identifier("f_" + _CAPITAL.sub(_marked, name))


def cell(name: str, kind: ColumnKind) -> str:
    """Return the SQL identifier of a field's column: it holds the value, or the place of its JSON text."""
    return identifier("p_" + _CAPITAL.sub(_marked, name)) if kind == "json" else quoted(name)


_CAPITAL = re.compile(r"[A-Z^]")


def _marked(found: re.Match[str]) -> str:
    return "^" + found[0].lower()


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
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
