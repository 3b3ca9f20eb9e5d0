"""Indexes on chosen dotted paths.

An index only narrows a search down to the events whose field holds the value; the filter's own condition is
then asked of those, so that a search with an index and one without give the same answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.filters.values import find, scalar
from honeyhive_ext.local.store.columns import event_of


@define
class Indexes:
    """The indexed paths: dotted text to its number in the table `indexed`."""

    paths: Mapping[str, int]

    def add(self, connection: sqlite3.Connection, seq: int, event: Mapping[str, Any]) -> None:
        """Enter one event's values."""
        for text, number in self.paths.items():
            values = {key for key in map(scalar, find(event, text.split("."))) if key is not None}
            connection.executemany(
                "INSERT OR IGNORE INTO indexed VALUES (?, ?, ?)", [(number, value, seq) for value in values]
            )

    def remove(self, connection: sqlite3.Connection, seq: int) -> None:
        """Forget one event's values."""
        if self.paths:
            connection.execute("DELETE FROM indexed WHERE seq = ?", [seq])


def prepare(connection: sqlite3.Connection, wanted: Sequence[str]) -> Indexes:
    """The file's indexes and the wanted ones; what is new is filled from the events."""
    for text in wanted:
        if not text or len(text) > 1000:
            raise ConfigError(f"--index takes a dotted path such as metadata.tag, not {text!r}")
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
