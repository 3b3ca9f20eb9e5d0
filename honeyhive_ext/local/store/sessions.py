"""The table of sessions: what each has in all, changed in the transaction that changes its events.

A list of a million events' sessions is read from here without a look at the events. `session_change.py` says
how the sums stay exact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from attrs import define, field

from honeyhive_ext.local.codec import dumps, loads
from honeyhive_ext.local.filters.operands import canonical
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.packed_row import event_of
from honeyhive_ext.local.store.session_change import SessionChange
from honeyhive_ext.views.usage_sums import UsageSums, add_all, add_usage, usage

_TABLE = """
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  start_ms NOT NULL,
  end_ms,
  duration_ms,
  events INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  prompt_tokens,
  completion_tokens,
  total_tokens,
  cost,
  feedback TEXT,
  project TEXT,
  has_session_event INTEGER NOT NULL,
  sums TEXT NOT NULL
)
"""
_INDEX = "CREATE INDEX sessions_by_start ON sessions (start_ms)"
_KNOWN = "id, session_id, name, start_ms, end_ms, events, errors, feedback, project, has_session_event, sums"
SHOWN = (
    "session_id", "start_ms", "name", "end_ms", "duration_ms", "events", "errors", "prompt_tokens",
    "completion_tokens", "total_tokens", "cost", "feedback", "project", "has_session_event",
)  # fmt: skip
_INSERT = f"INSERT INTO sessions ({','.join(SHOWN)}, sums) VALUES ({','.join('?' * (len(SHOWN) + 1))})"
# The start has an index, which costs time, and hardly ever changes.
_UPDATE = f"UPDATE sessions SET {','.join(f'{name} = ?' for name in (*SHOWN[2:], 'sums'))} WHERE id = ?"
_UPDATE_START = "UPDATE sessions SET start_ms = ? WHERE id = ?"
FEEDBACK = 4_000  # bytes of feedback that a list shows; of a longer one it says the length
_AT_ONCE = 500  # sessions that one statement looks for
_MIGRATED = 50_000  # events after which a migration writes what it has counted


@define
class _Session:
    """One row of the table. A new one has the number 0."""

    number: int
    session_id: str
    name: str = ""
    start: float | None = None
    end: float | None = None
    events: int = 0
    errors: int = 0
    feedback: str | None = None
    project: str | None = None
    has_own: bool = False
    model: UsageSums | None = None
    other: UsageSums | None = None
    own: UsageSums | None = None

    def row(self) -> list[Any]:
        duration = None if self.end is None or self.start is None else self.end - self.start
        figures = usage(self.model, self.other, self.own)
        sums = orjson.dumps([self.model, self.other, self.own]).decode()
        return [
            self.session_id, self.start, self.name, self.end, duration, self.events, self.errors, *figures,
            self.feedback, self.project, self.has_own, sums,
        ]  # fmt: skip


@define
class SessionChanges:
    """The changes of one transaction, by session."""

    _changes: dict[str, SessionChange] = field(factory=dict[str, SessionChange])

    def come(self, event: Mapping[str, Any], sort_time: float) -> None:
        """Note a new event."""
        session_id, own = _ids(event)
        if session_id is not None:
            self._of(session_id).come(event, sort_time, own=own)

    def replace(self, old: Mapping[str, Any], new: Mapping[str, Any], sort_time: float | None) -> None:
        """Note that one event replaces another.

        Args:
            old: The event that was stored.
            new: The event that is stored instead.
            sort_time: By which search orders it now; None for the same as before.
        """
        before, own_before = _ids(old)
        after, own_after = _ids(new)
        moved = before != after
        if before is not None:
            change = self._of(before)
            change.go(old, new=None if moved else new, own=own_before)
            change.recheck |= moved or sort_time is not None or _shown(old) != _shown(new)
        if after is not None:
            change = self._of(after)
            change.come(new, None, own=own_after)
            change.recheck |= moved

    def _of(self, session_id: str) -> SessionChange:
        change = self._changes.get(session_id)
        if change is None:
            change = self._changes[session_id] = SessionChange()
        return change

    def clear(self) -> None:
        """Forget all changes."""
        self._changes.clear()

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the changes into the table, and forget them."""
        if not self._changes:
            return
        names = list(self._changes)
        known: dict[str, _Session] = {}
        for at in range(0, len(names), _AT_ONCE):
            some = names[at : at + _AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = connection.execute(f"SELECT {_KNOWN} FROM sessions WHERE session_id IN ({marks})", some)
            known |= {one.session_id: one for one in map(_session, rows)}
        for name, change in self._changes.items():
            session = known.get(name)
            if session is None:
                fresh = _Session(0, name)
                _apply(connection, fresh, change)
                if fresh.events > 0:
                    connection.execute(_INSERT, fresh.row())
                continue
            start = session.start
            _apply(connection, session, change)
            if session.events <= 0:
                connection.execute("DELETE FROM sessions WHERE id = ?", [session.number])
                continue
            row = session.row()
            connection.execute(_UPDATE, [*row[2:], session.number])
            if session.start != start:
                connection.execute(_UPDATE_START, [session.start, session.number])
        self._changes.clear()


def _ids(event: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Return the session of an event, in the form that compares, and whether the event is its own."""
    session_id, event_id = event.get("session_id"), event.get("event_id")
    if not isinstance(session_id, str):
        return None, False
    session = canonical(session_id)
    if event.get("event_type") != "session" or not isinstance(event_id, str):
        return session, False
    return session, canonical(event_id) == session


def _shown(event: Mapping[str, Any]) -> tuple[object, ...]:
    return (event.get("event_name"), event.get("project"), event.get("project_id"))


def _session(row: tuple[Any, ...]) -> _Session:
    """Return a row of the table, read with `text_factory = bytes`."""
    number, session_id, name, start, end, events, errors, feedback, project, has_own, sums = row
    return _Session(
        number,
        session_id.decode(),
        name.decode(),
        start,
        end,
        events,
        errors,
        None if feedback is None else feedback.decode(),
        None if project is None else project.decode(),
        bool(has_own),
        *loads(sums),
    )


def _apply(connection: sqlite3.Connection, session: _Session, change: SessionChange) -> None:
    """Change a session. What cannot be told from the change is looked up among its events."""
    session.events += change.events
    session.errors += change.errors
    session.model = add_all(session.model, change.model)
    session.other = add_all(session.other, change.other)
    ends = [end for end in (session.end, change.end) if end is not None]
    end = max(ends, default=None)
    if change.gone_end is not None and end is not None and change.gone_end >= end:
        end = _latest_end(connection, session.session_id)
    session.end = end
    if change.own is not None:
        _describe(session, change.own)
    elif change.own_gone:
        session.has_own, session.feedback, session.own = False, None, None
    first = None
    if change.recheck or change.own_gone:
        first = _first(connection, session.session_id)
    elif change.first is not None and (session.start is None or change.first[0] < session.start):
        first = change.first
    if first is not None:
        session.start = first[0]
        if not session.has_own:
            session.name, session.project = _name(first[1]), _project(first[1])


def _describe(session: _Session, own: Mapping[str, Any]) -> None:
    """Take over what the session's own event says."""
    session.has_own, session.name, session.project = True, _name(own), _project(own)
    session.own = add_usage(None, own, 1)
    feedback = own.get("feedback")
    text = dumps(feedback) if feedback else None
    if text is not None and len(text) > FEEDBACK:
        text = dumps(f"{len(text)} bytes, see the session's event")
    session.feedback = text


def _name(event: Mapping[str, Any]) -> str:
    name = event.get("event_name")
    return name if isinstance(name, str) else ""


def _project(event: Mapping[str, Any]) -> str | None:
    for name in ("project", "project_id"):
        if isinstance(found := event.get(name), str):
            return found
    return None


def _first(connection: sqlite3.Connection, session_id: str) -> tuple[float, Mapping[str, Any]] | None:
    """Return the earliest event of a session, with its time."""
    where = f"{quoted('session_id')} = ? ORDER BY sort_time, seq LIMIT 1"
    row = connection.execute(f"SELECT sort_time, body FROM events WHERE {where}", [session_id]).fetchone()
    return None if row is None else (row[0], event_of(row[1]))


def _latest_end(connection: sqlite3.Connection, session_id: str) -> float | None:
    """Return the latest end of a session's events, as `end_of` has it."""
    number = "CASE WHEN typeof({0}) IN ('integer', 'real') AND {0} > -1e18 AND {0} < 1e18 THEN {0} END"
    end, start, duration = (number.format(quoted(name)) for name in ("end_time", "start_time", "duration"))
    found = connection.execute(
        f"SELECT max(coalesce({end}, {start} + {duration})) FROM events WHERE {quoted('session_id')} = ?",
        [session_id],
    ).fetchone()
    latest: float | None = found[0]
    return latest


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate a file from version 3, without the table, to version 4."""
    connection.execute(_TABLE)
    connection.execute(_INDEX)
    columns = {row[1] for row in connection.execute("PRAGMA table_info(events)")}
    if b"body" not in columns:  # a new file
        return
    count(connection, connection.execute("SELECT sort_time, body FROM events ORDER BY seq"))


def count(connection: sqlite3.Connection, rows: Iterable[tuple[float, object]]) -> None:
    """Count events of which the table knows nothing."""
    changes = SessionChanges()
    for number, (sort_time, body) in enumerate(rows, 1):
        changes.come(event_of(body), sort_time)
        if number % _MIGRATED == 0:
            changes.write(connection)
    changes.write(connection)
