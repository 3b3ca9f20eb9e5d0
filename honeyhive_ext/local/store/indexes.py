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
from honeyhive_ext.local.filters.operands import find, scalar
from honeyhive_ext.local.store.packed_row import event_of


@define
class Indexes:
    """The indexed paths: each dotted path and its number in the table `indexed`."""

    paths: Mapping[str, int]

    def add(self, connection: sqlite3.Connection, seq: int, event: Mapping[str, Any]) -> None:
        """Add the values of one event."""
        for text, number in self.paths.items():
            values = {key for key in map(scalar, find(event, text.split("."))) if key is not None}
            connection.executemany(
                "INSERT OR IGNORE INTO indexed VALUES (?, ?, ?)", [(number, value, seq) for value in values]
            )

    def remove(self, connection: sqlite3.Connection, seq: int) -> None:
        """Remove the values of one event."""
        if self.paths:
            connection.execute("DELETE FROM indexed WHERE seq = ?", [seq])


def load_indexes(connection: sqlite3.Connection, wanted: Sequence[str]) -> Indexes:
    """Return the indexes of the file and the wanted ones. A new index is filled from the events.

    Raises:
        ConfigError: A path that is empty or longer than 1,000 characters.
    """
    for text in wanted:
        if not text or len(text) > 1000:
            raise ConfigError(f"index is {text[:100]!r}: give a dotted path such as metadata.tag")
    there = {row[1].decode(): int(row[0]) for row in connection.execute("SELECT id, path FROM indexed_paths")}
    connection.execute("BEGIN IMMEDIATE")
    fresh = [text for text in dict.fromkeys(wanted) if text not in there]
    for text in fresh:
        cursor = connection.execute("INSERT INTO indexed_paths (path) VALUES (?)", [text])
        there[text] = cursor.lastrowid or 0
    if fresh:
        _fill(connection, Indexes({text: there[text] for text in fresh}))
    connection.execute("COMMIT")
    return Indexes(there)


def _fill(connection: sqlite3.Connection, fresh: Indexes) -> None:
    rows: Iterable[Any] = connection.execute("SELECT seq, body FROM events")
    for seq, body in rows:
        fresh.add(connection, seq, event_of(body))
