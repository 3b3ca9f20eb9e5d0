"""Indexes on chosen dotted paths.

An index only narrows a search down to the events whose field holds the value. The filter's own predicate
then decides about those. So a search with an index and one without give the same answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.filters.operands import canonical, find, scalar, scalars
from honeyhive_ext.local.json_types import is_array
from honeyhive_ext.local.store.columns import ColumnKind, holds_ids
from honeyhive_ext.local.store.packed_row import event_of


@define
class Indexes:
    """The indexed paths: each dotted path and its number in the table `indexed`."""

    paths: Mapping[str, int]
    kinds: Mapping[str, ColumnKind]

    def add(self, connection: sqlite3.Connection, seq: int, event: Mapping[str, Any]) -> None:
        """Add the values of one event."""
        for text, number in self.paths.items():
            values = self._values(event, text.split("."))
            connection.executemany(
                "INSERT OR IGNORE INTO indexed VALUES (?, ?, ?)", [(number, value, seq) for value in values]
            )

    def _values(self, event: Mapping[str, Any], parts: Sequence[str]) -> set[str | float]:
        """Return the values under a path, and those in its arrays: a filter may find an event by either."""
        ids = holds_ids(parts[0], self.kinds.get(parts[0]))
        keys: set[str | float] = set()
        for found in find(event, parts):
            for value in scalars(found) if is_array(found) else (found,):
                key = scalar(canonical(value) if ids and isinstance(value, str) else value)
                if key is not None:
                    keys.add(key)
        return keys

    def remove(self, connection: sqlite3.Connection, seq: int) -> None:
        """Remove the values of one event."""
        if self.paths:
            connection.execute("DELETE FROM indexed WHERE seq = ?", [seq])


def load_indexes(
    connection: sqlite3.Connection, wanted: Sequence[str], kinds: Mapping[str, ColumnKind]
) -> Indexes:
    """Return the indexes of the file and the wanted ones. A new index is filled from the events.

    Raises:
        ConfigError: A path that is empty or longer than 1,000 characters.
    """
    for text in wanted:
        if not text or len(text) > 1000:
            raise ConfigError(f"index is {text[:100]!r}: give a dotted path such as metadata.tag")
    there = known_paths(connection)
    connection.execute("BEGIN IMMEDIATE")
    fresh = [text for text in dict.fromkeys(wanted) if text not in there]
    for text in fresh:
        cursor = connection.execute("INSERT INTO indexed_paths (path) VALUES (?)", [text])
        there[text] = cursor.lastrowid or 0
    if fresh:
        fill(connection, Indexes({text: there[text] for text in fresh}, kinds))
    connection.execute("COMMIT")
    return Indexes(there, kinds)


def known_paths(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the indexed paths of a file and their numbers."""
    return {row[1].decode(): int(row[0]) for row in connection.execute("SELECT id, path FROM indexed_paths")}


def fill(connection: sqlite3.Connection, fresh: Indexes) -> None:
    """Fill new indexes from the events."""
    rows: Iterable[Any] = connection.execute("SELECT seq, body FROM events")
    for seq, body in rows:
        fresh.add(connection, seq, event_of(body))
