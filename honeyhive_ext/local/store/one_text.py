"""Version 1 of a file to version 2: each event had a column of text for each field, now it has one text."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from honeyhive_ext.local.codec import loads
from honeyhive_ext.local.store.columns import Columns, Kind, add, quoted

# What a column of version 1 held for a null that was sent: a value of a type that it held for nothing else.
_NULLS: Mapping[Kind, type] = {"text": int, "number": bytes}

_TABLE = """
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  copy INTEGER NOT NULL DEFAULT 0,
  sort_time NOT NULL,
  visible_at NOT NULL DEFAULT 0,
  extra
)
"""


def migrate(connection: sqlite3.Connection) -> None:
    """Write every event into a new table; row numbers stay."""
    fields = connection.execute("SELECT name, kind FROM fields ORDER BY position")
    columns = Columns({name.decode(): kind.decode() for name, kind in fields})
    connection.execute("ALTER TABLE events RENAME TO events_1")
    connection.execute(_TABLE)
    if columns.names:  # a new file has none yet
        add(connection, columns.kinds)
        _copy(connection, columns)
    connection.execute("DROP TABLE events_1")  # and its indexes
    connection.execute("CREATE INDEX events_by_time ON events (sort_time)")


def _copy(connection: sqlite3.Connection, columns: Columns) -> None:
    old = ",".join(["seq", "copy", "sort_time", "visible_at", *map(quoted, columns.names), "extra"])
    new = ",".join(["seq", "copy", "sort_time", "visible_at", *columns.cells])
    marks = ",".join("?" * (4 + len(columns.cells)))
    connection.executemany(
        f"INSERT INTO events ({new}) VALUES ({marks})",
        (
            [*row[:4], *columns.encode(_event(columns, row[4:]))[0]]
            for row in connection.execute(f"SELECT {old} FROM events_1 ORDER BY seq")
        ),
    )


def _event(columns: Columns, row: Sequence[Any]) -> dict[str, Any]:
    """The event of a row of version 1, read with `text_factory = bytes`."""
    event: dict[str, Any] = {}
    for (name, kind), value in zip(columns.kinds.items(), row, strict=False):
        if value is None:
            continue
        if kind == "json":
            event[name] = loads(value)
        elif type(value) is _NULLS[kind]:
            event[name] = None
        else:
            event[name] = value.decode() if kind == "text" else value
    return {**event, **(loads(row[-1]) if row[-1] is not None else {})}
