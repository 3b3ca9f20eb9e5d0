"""Migration of a file from version 2 to version 3.

Ids compare as UUIDs, capitals in the names of fields are told apart, an index holds the elements of arrays,
and every change of the file is counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import cast

from honeyhive_ext.local.filters.operands import canonical
from honeyhive_ext.local.store import indexes
from honeyhive_ext.local.store.columns import ColumnKind, cell, identifier, quoted

_IDS = ("event_id", "session_id", "parent_id")  # the ids of the API document at version 2


def migrate(connection: sqlite3.Connection) -> None:
    """Change what differs. No event is rewritten."""
    connection.execute("INSERT INTO totals VALUES ('version', 0)")
    _rename_columns(connection)
    connection.execute(f"UPDATE fields SET kind = 'id' WHERE name IN {_IDS} AND kind = 'text'")
    if kinds := _kinds(connection):
        _ids(connection, [name for name, kind in kinds.items() if kind == "id"])
        paths = indexes.known_paths(connection)
        connection.execute("DELETE FROM indexed")
        if paths:
            indexes.fill(connection, indexes.Indexes(paths, kinds))


def _kinds(connection: sqlite3.Connection) -> dict[str, ColumnKind]:
    fields = connection.execute("SELECT name, kind FROM fields ORDER BY position")
    return {name.decode(): cast("ColumnKind", kind.decode()) for name, kind in fields}


def _rename_columns(connection: sqlite3.Connection) -> None:
    there = {row[1].decode() for row in connection.execute("PRAGMA table_info(events)")}
    for name, kind in _kinds(connection).items():
        old, new = ("p_" if kind == "json" else "f_") + name, cell(name, kind)
        if old in there and identifier(old) != new:
            connection.execute(f"ALTER TABLE events RENAME COLUMN {identifier(old)} TO {new}")


def _ids(connection: sqlite3.Connection, names: Sequence[str]) -> None:
    """Write the ids in the form that compares. Events that then have one id are kept as duplicates."""
    connection.create_function("hh_canonical", 1, canonical, deterministic=True)
    connection.execute("DROP INDEX IF EXISTS events_by_id")
    changed = 0
    for name in names:
        column = quoted(name)
        where = f"({column} GLOB '*[A-F]*' OR length({column}) = 32) AND {column} <> hh_canonical({column})"
        changed += connection.execute(
            f"UPDATE events SET {column} = hh_canonical({column}) WHERE {where}"
        ).rowcount
    if changed:
        column = quoted("event_id")
        number = f"row_number() OVER (PARTITION BY {column} ORDER BY copy, seq) - 1"
        rows = connection.execute(f"SELECT {number}, seq, copy FROM events").fetchall()
        moved = [row[:2] for row in rows if row[0] != row[2]]
        connection.executemany("UPDATE events SET copy = ? WHERE seq = ?", moved)
