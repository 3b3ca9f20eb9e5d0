"""Migration of a file from version 1, a column of text for each field, to version 2, one text an event."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from honeyhive_ext.local.codec import loads
from honeyhive_ext.local.store.columns import ColumnKind, add_columns, identifier
from honeyhive_ext.local.store.packed_row import PackedRows

# A null that was sent is, in a column of version 1, a value of a type that the column otherwise never holds.
_NULLS: Mapping[ColumnKind, type] = {"text": int, "number": bytes}

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
    """Write every event into a new table. Row numbers stay."""
    fields = connection.execute("SELECT name, kind FROM fields ORDER BY position")
    rows = PackedRows({name.decode(): kind.decode() for name, kind in fields})
    connection.execute("ALTER TABLE events RENAME TO events_1")
    connection.execute(_TABLE)
    if rows.names:  # a new file has none yet
        add_columns(connection, rows.kinds)
        _copy(connection, rows)
    connection.execute("DROP TABLE events_1")  # and its indexes
    connection.execute("CREATE INDEX events_by_time ON events (sort_time)")


def _copy(connection: sqlite3.Connection, rows: PackedRows) -> None:
    old = ",".join(
        ["seq", "copy", "sort_time", "visible_at", *(identifier("f_" + name) for name in rows.names), "extra"]
    )
    new = ",".join(["seq", "copy", "sort_time", "visible_at", *rows.cells])
    marks = ",".join("?" * (4 + len(rows.cells)))
    connection.executemany(
        f"INSERT INTO events ({new}) VALUES ({marks})",
        (
            [*row[:4], *rows.pack(_event(rows, row[4:]))[0]]
            for row in connection.execute(f"SELECT {old} FROM events_1 ORDER BY seq")
        ),
    )


def _event(rows: PackedRows, row: Sequence[Any]) -> dict[str, Any]:
    """Return the event of a row of version 1, read with `text_factory = bytes`."""
    event: dict[str, Any] = {}
    for (name, kind), value in zip(rows.kinds.items(), row, strict=False):
        if value is None:
            continue
        if kind == "json":
            event[name] = loads(value)
        elif type(value) is _NULLS[kind]:
            event[name] = None
        else:
            event[name] = value.decode() if kind == "text" else value
    return {**event, **(loads(row[-1]) if row[-1] is not None else {})}
