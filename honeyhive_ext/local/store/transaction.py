"""What one piece of work may do to the store. Everything here runs under the writer's lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import define, field, frozen

from honeyhive_ext.local.message import Refusal
from honeyhive_ext.local.store.columns import Columns, event_of, quoted
from honeyhive_ext.local.store.indexes import Indexes
from honeyhive_ext.local.store.merge import merge_events
from honeyhive_ext.local.store.paths import Paths

Repost = Literal["replace", "reject", "duplicate", "merge"]


@define  # not frozen: an attrs class that is takes three times as long to make, at every event
class Draft:
    """One event to store.

    Args:
        event: Its fields, guarded, with event_id and session_id.
        row: The values of its columns.
        extra: Those of its fields that are in no column.
        sort_time: Unix ms by which search orders it.
        visible_at: Unix ms from which search shows it; 0 for at once.
        sent: The fields that the client itself sent.
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


class RepeatedIdError(Exception):
    """An event_id is there already: the transaction has to begin again, looking at each id first."""


@define
class Transaction:
    """The writes of one transaction.

    Args:
        careful: Look for each event_id before it is written. Without, an id that is there already ends the
            transaction with a RepeatedIdError.
    """

    _connection: sqlite3.Connection
    _columns: Columns
    _paths: Paths
    _indexes: Indexes
    _careful: bool = False
    added: int = 0
    paths_changed: bool = False  # in the table, so that a rollback takes it back
    _insert: str = field(init=False)
    _json: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        names = ",".join(["copy", "sort_time", "visible_at", *self._columns.cells])
        marks = ",".join("?" * (len(self._columns.cells) + 3))
        self._insert = f"INSERT INTO events ({names}) VALUES ({marks})"
        self._json = frozenset(name for name, kind in self._columns.kinds.items() if kind == "json")

    def insert(self, drafts: Sequence[Draft], repost: Repost) -> None:
        """Store events; `repost` says what happens to an event_id that is stored already.

        Raises:
            Refusal: 409 for such an id, where `repost` is "reject".
        """
        if self._careful or self._indexes.paths:
            self._slowly(drafts, repost)
            return
        rows = [self._row(draft) for draft in drafts]
        try:
            self._connection.executemany(self._insert, rows)
        except sqlite3.IntegrityError as problem:  # an id is there already, or twice in this batch
            raise RepeatedIdError from problem
        self.added += len(rows)

    def _slowly(self, drafts: Sequence[Draft], repost: Repost) -> None:
        for draft in drafts:
            there = self.get(draft.event["event_id"])
            if there is None or repost == "duplicate":
                self._one(draft, 0 if there is None else self._copies(draft.event["event_id"]))
            elif repost == "reject":
                message = f"event_id {draft.event['event_id']} is stored already"
                raise Refusal(409, message, "CONFLICT")
            else:
                if repost == "merge":
                    kept = draft.sort_time if "start_time" in draft.sent else None
                    self.replace(there.seq, merge_events(there.event, draft.sent), kept)
                else:
                    self.replace(there.seq, draft.event, draft.sort_time)

    def _one(self, draft: Draft, copy: int) -> None:
        cursor = self._connection.execute(self._insert, [copy, *self._row(draft)[1:]])
        self.added += 1
        self._indexes.add(self._connection, cursor.lastrowid or 0, draft.event)

    def _row(self, draft: Draft) -> list[Any]:
        self._learn(draft.event, draft.extra)
        if draft.visible_at:
            self._connection.execute(
                "UPDATE totals SET value = max(value, ?) WHERE name = 'last_visible'", [draft.visible_at]
            )
        return [0, draft.sort_time, draft.visible_at, *draft.row]

    def _copies(self, event_id: str) -> int:
        found = self._connection.execute(
            f"SELECT max(copy) + 1 FROM events WHERE {quoted('event_id')} = ?", [event_id]
        )
        return int(found.fetchone()[0])

    def get(self, event_id: str) -> Stored | None:
        """The event with this id; of duplicates the newest."""
        return get(self._connection, event_id)

    def has_session(self, session_id: str) -> bool:
        """Whether any event of this session is stored."""
        sql = f"SELECT 1 FROM events WHERE {quoted('session_id')} = ? LIMIT 1"
        return self._connection.execute(sql, [session_id]).fetchone() is not None

    def replace(self, seq: int, event: Mapping[str, Any], sort_time: float | None = None) -> None:
        """Write an event over the one in row `seq`."""
        row, extra = self._columns.encode(event)
        self._learn(event, extra)
        sets = ",".join(f"{cell} = ?" for cell in self._columns.cells)
        self._connection.execute(
            f"UPDATE events SET {sets}, sort_time = coalesce(?, sort_time) WHERE seq = ?",
            [*row, sort_time, seq],
        )
        self._indexes.remove(self._connection, seq)
        self._indexes.add(self._connection, seq, event)

    def clear(self) -> None:
        """Delete every event and every path."""
        for table in ("events", "paths", "indexed"):
            self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("UPDATE totals SET value = 0")
        self.added = 0
        self.paths_changed = True
        self._paths.load(self._connection)

    def _learn(self, event: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        self._paths.learn_event(event, self._json, extra)

    def finish(self) -> None:
        """What has to be in the same transaction as the work."""
        self.paths_changed = self._paths.save(self._connection) or self.paths_changed
        if self.added:
            self._connection.execute(
                "UPDATE totals SET value = value + ? WHERE name = 'events'", [self.added]
            )


def get(connection: sqlite3.Connection, event_id: str) -> Stored | None:
    """The event with this id; of duplicates the newest."""
    where = f"{quoted('event_id')} = ? ORDER BY copy DESC LIMIT 1"
    row = connection.execute(f"SELECT seq, body FROM events WHERE {where}", [event_id]).fetchone()
    return None if row is None else Stored(row[0], event_of(row[1]))
