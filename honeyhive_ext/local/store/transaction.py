"""What one piece of work may do to the store. Everything here runs under the writer's lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import define, field, frozen

from honeyhive_ext.local.filters.operands import canonical
from honeyhive_ext.local.filters.predicates import forget_predicates
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.indexes import Indexes
from honeyhive_ext.local.store.merge import merge_events
from honeyhive_ext.local.store.packed_row import PackedRows, event_of
from honeyhive_ext.local.store.paths import Paths
from honeyhive_ext.local.store.sessions import SessionChanges
from honeyhive_ext.local.store.store_errors import EventExistsError, RepeatedIdError

Repost = Literal["replace", "reject", "duplicate", "merge"]


@define  # not frozen: a frozen attrs class takes longer to create, and each event creates one
class Draft:
    """One event to store.

    Args:
        event: Its fields, guarded, with event_id and session_id.
        row: The values of its columns.
        extra: The fields that are in no column.
        sort_time: Unix ms by which search orders it.
        visible_at: Unix ms from which search shows it; 0 for at once.
        sent: The fields that the client sent.
    """

    event: Mapping[str, Any]
    row: Sequence[Any]
    extra: Mapping[str, Any]
    sort_time: float
    visible_at: float = 0
    sent: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen
class Stored:
    """One event in the store: its row number and its fields, guarded."""

    seq: int
    event: dict[str, Any]


@define
class Transaction:
    """The writes of one transaction.

    Args:
        careful: Look for each event_id before the event is written. Otherwise an id that is stored already
            ends the transaction with a RepeatedIdError.
    """

    _connection: sqlite3.Connection
    _rows: PackedRows
    _paths: Paths
    _indexes: Indexes
    _careful: bool = False
    added: int = 0
    paths_changed: bool = False  # in the table, so a rollback undoes the change
    _sessions: SessionChanges = field(factory=SessionChanges, init=False)
    _insert: str = field(init=False)
    _json: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        names = ",".join(["copy", "sort_time", "visible_at", *self._rows.cells])
        marks = ",".join("?" * (len(self._rows.cells) + 3))
        self._insert = f"INSERT INTO events ({names}) VALUES ({marks})"
        self._json = frozenset(name for name, kind in self._rows.kinds.items() if kind == "json")

    def insert(self, drafts: Sequence[Draft], repost: Repost) -> None:
        """Store events. `repost` decides what happens to an event_id that is stored already.

        Raises:
            EventExistsError: There is such an id, and `repost` is "reject".
        """
        if self._careful or self._indexes.paths:
            self._slowly(drafts, repost)
            return
        rows = [self._row(draft) for draft in drafts]
        try:
            self._connection.executemany(self._insert, rows)
        except sqlite3.IntegrityError as problem:  # an id is stored already, or occurs twice in this batch
            raise RepeatedIdError from problem
        self.added += len(rows)
        for draft in drafts:
            self._sessions.come(draft.event, draft.sort_time)

    def _slowly(self, drafts: Sequence[Draft], repost: Repost) -> None:
        for draft in drafts:
            there = self.get(draft.event["event_id"])
            if there is None or repost == "duplicate":
                self._one(draft, 0 if there is None else self._copies(draft.event["event_id"]))
            elif repost == "reject":
                raise EventExistsError(draft.event["event_id"])
            else:
                if repost == "merge":
                    kept = draft.sort_time if "start_time" in draft.sent else None
                    self.replace(there, merge_events(there.event, draft.sent), kept)
                else:
                    self.replace(there, draft.event, draft.sort_time)

    def _one(self, draft: Draft, copy: int) -> None:
        cursor = self._connection.execute(self._insert, [copy, *self._row(draft)[1:]])
        self.added += 1
        self._sessions.come(draft.event, draft.sort_time)
        self._indexes.add(self._connection, cursor.lastrowid or 0, draft.event)

    def _row(self, draft: Draft) -> list[Any]:
        self._add_paths(draft.event, draft.extra)
        if draft.visible_at:
            self._connection.execute(
                "UPDATE totals SET value = max(value, ?) WHERE name = 'last_visible'", [draft.visible_at]
            )
        return [0, draft.sort_time, draft.visible_at, *draft.row]

    def _copies(self, event_id: str) -> int:
        found = self._connection.execute(
            f"SELECT max(copy) + 1 FROM events WHERE {quoted('event_id')} = ?", [canonical(event_id)]
        )
        return int(found.fetchone()[0])

    def get(self, event_id: str) -> Stored | None:
        """Return the event with this id, of duplicates the newest; None if there is none."""
        return _find(self._connection, event_id)

    def has_session(self, session_id: str) -> bool:
        """Return whether any event of this session is stored."""
        sql = f"SELECT 1 FROM events WHERE {quoted('session_id')} = ? LIMIT 1"
        return self._connection.execute(sql, [canonical(session_id)]).fetchone() is not None

    def replace(self, there: Stored, event: Mapping[str, Any], sort_time: float | None = None) -> None:
        """Replace a stored event."""
        row, extra = self._rows.pack(event)
        self._add_paths(event, extra)
        sets = ",".join(f"{cell} = ?" for cell in self._rows.cells)
        self._connection.execute(
            f"UPDATE events SET {sets}, sort_time = coalesce(?, sort_time) WHERE seq = ?",
            [*row, sort_time, there.seq],
        )
        self._sessions.replace(there.event, event, sort_time)
        self._indexes.remove(self._connection, there.seq)
        self._indexes.add(self._connection, there.seq, event)

    def clear(self) -> None:
        """Delete every event and every path."""
        for table in ("events", "paths", "indexed", "sessions"):
            self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("UPDATE totals SET value = 0 WHERE name <> 'version'")
        self._rows.forget()
        forget_predicates()
        self.added = 0
        self._sessions.clear()
        self.paths_changed = True
        self._paths.load(self._connection)

    def _add_paths(self, event: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        self._paths.add_event(event, self._json, extra)

    def finish(self) -> None:
        """Write the paths, the sessions and the totals, in the same transaction as the work."""
        self._sessions.write(self._connection)
        self.paths_changed = self._paths.save(self._connection) or self.paths_changed
        # So a reader of any process sees that what it has counted may have changed.
        self._connection.execute("UPDATE totals SET value = value + 1 WHERE name = 'version'")
        if self.added:
            self._connection.execute(
                "UPDATE totals SET value = value + ? WHERE name = 'events'", [self.added]
            )


def _find(connection: sqlite3.Connection, event_id: str) -> Stored | None:
    """Return the event with this id, of duplicates the newest; None if there is none."""
    where = f"{quoted('event_id')} = ? ORDER BY copy DESC LIMIT 1"
    row = connection.execute(f"SELECT seq, body FROM events WHERE {where}", [canonical(event_id)]).fetchone()
    return None if row is None else Stored(row[0], event_of(row[1]))
