"""The tables, and the migrations from older versions of a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.store import one_text, same_ids, sessions
from honeyhive_ext.local.store.columns import ColumnKind, add_columns, quoted
from honeyhive_ext.local.store.packed_row import PackedRows

APPLICATION_ID = 0x48485856  # "HHXV": marks the file as a store of this server

_FIRST = """
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  copy INTEGER NOT NULL DEFAULT 0,
  sort_time NOT NULL,
  visible_at NOT NULL DEFAULT 0,
  extra
);
CREATE TABLE fields (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL);
CREATE TABLE paths (id INTEGER PRIMARY KEY AUTOINCREMENT, root TEXT NOT NULL, path TEXT NOT NULL);
CREATE TABLE totals (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE indexed_paths (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE indexed (
  path INTEGER NOT NULL, value NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (path, value, seq)
) WITHOUT ROWID;
CREATE INDEX indexed_by_event ON indexed (seq);
CREATE INDEX events_by_time ON events (sort_time);
INSERT INTO totals VALUES ('events', 0), ('last_visible', 0);
"""


def _create(connection: sqlite3.Connection) -> None:
    for statement in _FIRST.split(";"):
        if statement.strip():
            connection.execute(statement)


# Migration n turns version n into version n + 1. Migrations are only ever added.
MIGRATIONS: Sequence[Callable[[sqlite3.Connection], None]] = (
    _create,
    one_text.migrate,
    same_ids.migrate,
    sessions.migrate,
)


def prepare(connection: sqlite3.Connection, kinds: Mapping[str, ColumnKind], name: str) -> PackedRows:
    """Bring a file to this version and to the fields of the API document; return the format of its rows.

    Everything happens in one transaction.

    Args:
        connection: The file.
        kinds: The fields of the API document and how each is stored.
        name: The file's name, for messages.

    Raises:
        ConfigError: The file belongs to another program or to a newer version.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        _migrate(connection, name)
        rows = _rows(connection, kinds)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return rows


def check(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of a file, without changing the file.

    Raises:
        ConfigError: The file belongs to another program or to a newer version.
    """
    version = _pragma(connection, "user_version")
    owner = _pragma(connection, "application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (owner or tables):
        raise ConfigError(f"{name} is a SQLite file of another program; name another file for --db")
    if version > len(MIGRATIONS):
        raise ConfigError(
            f"{name} was written by a newer version of this server (store version {version}, this one reads "
            f"up to {len(MIGRATIONS)}); update honeyhive-ext or name another file for --db"
        )
    return version


def _migrate(connection: sqlite3.Connection, name: str) -> None:
    version = check(connection, name)
    for migrate in MIGRATIONS[version:]:
        migrate(connection)
    if version < len(MIGRATIONS):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _rows(connection: sqlite3.Connection, kinds: Mapping[str, ColumnKind]) -> PackedRows:
    """Add columns for new fields and return the format of the rows. A field keeps its first kind."""
    fields = connection.execute("SELECT name, kind FROM fields ORDER BY position")
    known: dict[str, ColumnKind] = {name.decode(): kind.decode() for name, kind in fields}
    fresh: dict[str, ColumnKind] = {name: kind for name, kind in kinds.items() if name not in known}
    connection.executemany("INSERT INTO fields (name, kind) VALUES (?, ?)", list(fresh.items()))
    add_columns(connection, fresh)
    known |= fresh
    connection.execute(
        f"CREATE UNIQUE INDEX IF NOT EXISTS events_by_id ON events ({quoted('event_id')}, copy)"
    )
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS events_by_session ON events ({quoted('session_id')}, sort_time)"
    )
    return PackedRows(known)
