"""Pages of the list of sessions, and of the events of one session."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from honeyhive_ext.local.codec import dumps, loads
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.packed_row import part
from honeyhive_ext.local.store.sessions import SHOWN
from honeyhive_ext.local.store.where import Where
from honeyhive_ext.views.figures import figures_of

SORTS: Mapping[str, str] = {
    "start": "start_ms",
    "duration": "duration_ms",
    "events": "events",
    "errors": "errors",
    "tokens": "total_tokens",
    "cost": "cost",
    "name": "name COLLATE NOCASE",
}
ERROR_SHOWN = 200  # characters of an error
_TEXTS = frozenset({"session_id", "name", "project"})


@frozen
class SessionPage:
    """A page of sessions.

    Args:
        rows: The sessions, as JSON values by name.
        total: How many there are on all pages.
        after: Where the next page begins; None at the end.
    """

    rows: Sequence[dict[str, Any]]
    total: int
    after: list[Any] | None


def list_sessions(
    connection: sqlite3.Connection,
    *,
    sort: str,
    limit: int,
    after: Sequence[Any] | None,
    since: float | None = None,
    search: str = "",
    where: Where | None = None,
    total: int | None = None,
) -> SessionPage:
    """Return a page of the list of sessions.

    Args:
        connection: A view of the store.
        sort: A name of `SORTS`; a minus before it reverses the order. What is unknown comes last either way.
        limit: The most rows.
        after: `SessionPage.after` of the page before; None for the first page.
        since: The earliest start in Unix ms; None for any.
        search: A text in the name, or the beginning of the id; "" for any.
        where: Conditions; a session is listed if one of its events meets all. None for none.
        total: How many sessions there are, if that is known.
    """
    down = sort.startswith("-")
    key = SORTS[sort.removeprefix("-")]
    column = key.partition(" ")[0]
    known, values = _chosen(since, search, where)
    together = where is not None and total is None and after is None  # one pass over the events is enough
    counted = ", count(*) OVER ()" if together else ""
    if total is None and not together:
        total = int(connection.execute(f"SELECT count(*) FROM sessions{_all(known)}", values).fetchone()[0])
    ways = "DESC" if down else "ASC"
    # What has an index comes in its order; else, of equals the first comes first, which is less to sort.
    ties = ways if key == "start_ms" else "ASC"
    if after is not None:
        term, more = _behind(key, after, down=down, ties=ties)
        known, values = [*known, term], [*values, *more]
    missing = "" if column in ("start_ms", "events", "errors", "name") else f"{column} IS NULL, "
    found = connection.execute(  # of narrow rows, as they are sorted
        f"SELECT id, {column}{counted} FROM sessions{_all(known)}"
        f" ORDER BY {missing}{key} {ways}, id {ties} LIMIT ?",
        [*values, limit + 1],
    ).fetchall()
    if total is None:
        total = int(found[0][2]) if found else 0
    last = None
    if len(found) > limit:
        number, value = found[limit - 1][:2]
        last = [value.decode() if isinstance(value, bytes) else value, number]
    return SessionPage(_rows(connection, [row[0] for row in found[:limit]]), total, last)


def _rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return the sessions with these numbers, in their order."""
    rows = connection.execute(
        f"SELECT id, {','.join(SHOWN)} FROM sessions WHERE id IN (SELECT value FROM json_each(?))",
        [dumps(numbers)],
    )
    by_number = {row[0]: _shown(row[1:]) for row in rows}
    return [by_number[number] for number in numbers]


def _chosen(since: float | None, search: str, where: Where | None) -> tuple[list[str], list[Any]]:
    terms: list[str] = []
    values: list[Any] = []
    if since is not None:
        terms.append("start_ms >= ?")
        values.append(since)
    if search:
        name = "lower(name)" if search.isascii() else "hh_fold(name)"
        terms.append(f"(instr({name}, ?) > 0 OR substr(session_id, 1, ?) = ?)")
        values += [search.casefold(), len(search), search.lower()]
    if where is not None and where.terms:
        if since is not None:  # a session that starts later has no event before; so few events are read
            where.term("sort_time >= ?", since)
        terms.append(f"session_id IN (SELECT {quoted('session_id')} FROM events{where.sql()})")
        values += where.values
    return terms, values


def _all(terms: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(terms)}" if terms else ""


def _behind(key: str, after: Sequence[Any], *, down: bool, ties: str) -> tuple[str, list[Any]]:
    """Return the term of the rows behind one, whose value and number are given."""
    value, number = after
    sign, tie = "<" if down else ">", "<" if ties == "DESC" else ">"
    if value is None:
        return f"({key} IS NULL AND id {tie} ?)", [number]
    if key == "start_ms":  # so that the index is used
        return f"(start_ms, id) {sign} (?, ?)", [value, number]
    return f"({key} {sign} ? OR ({key} = ? AND id {tie} ?) OR {key} IS NULL)", [value, value, number]


def _shown(row: Sequence[Any]) -> dict[str, Any]:
    session: dict[str, Any] = dict(zip(SHOWN, row, strict=False))
    for name in _TEXTS:
        if isinstance(session[name], bytes):
            session[name] = session[name].decode()
    session["has_session_event"] = bool(session["has_session_event"])
    if session["feedback"] is not None:
        session["feedback"] = loads(session["feedback"])
    return session


@frozen
class EventPage:
    """A page of the events of a session, as small rows; `total` and `after` as in `SessionPage`."""

    rows: Sequence[dict[str, Any]]
    total: int
    after: list[Any] | None


def list_events(
    connection: sqlite3.Connection, session_id: str, *, limit: int, after: Sequence[Any] | None
) -> EventPage | None:
    """Return a page of the events of a session, the earliest first; None if there is no such session."""
    found = connection.execute("SELECT events FROM sessions WHERE session_id = ?", [session_id]).fetchone()
    if found is None:
        return None
    names = ("event_id", "parent_id", "event_name", "event_type", "start_time", "end_time", "duration")
    error = quoted("error")
    rows = connection.execute(
        f"SELECT {','.join(map(quoted, names))}, substr({error}, 1, {ERROR_SHOWN}),"
        f" {part('metadata')}, {part('config')}, {part('inputs')}, extra, sort_time, seq"
        f" FROM events WHERE {quoted('session_id')} = ?"
        + ("" if after is None else " AND (sort_time, seq) > (?, ?)")
        + " ORDER BY sort_time, seq LIMIT ?",
        [session_id, *(after or ()), limit + 1],
    ).fetchall()
    last = list(rows[limit - 1][-2:]) if len(rows) > limit else None
    return EventPage([_small(row) for row in rows[:limit]], int(found[0]), last)


def _small(row: Sequence[Any]) -> dict[str, Any]:
    (
        event_id,
        parent_id,
        name,
        kind,
        start,
        end,
        duration,
        error,
        metadata,
        config,
        inputs,
        extra,
        sort_time,
        _,
    ) = row
    parts = {
        "event_type": _text(kind),
        "metadata": None if metadata is None else loads(metadata),
        "config": None if config is None else loads(config),
    }
    if inputs is not None and (b'"usage"' in inputs or b'"model"' in inputs or b'"cost"' in inputs):
        parts["inputs"] = loads(inputs)
    figures = figures_of(parts)
    if error is None and extra is not None:
        error = _odd_error(loads(extra).get("error"))
    if end is None and start is not None and duration is not None:
        end = start + duration
    elif duration is None and start is not None and end is not None:
        duration = end - start
    return {
        "event_id": _text(event_id),
        "parent_id": _text(parent_id),
        "event_name": _text(name),
        "event_type": _text(kind),
        "start_ms": sort_time if start is None else start,
        "end_ms": end,
        "duration_ms": duration,
        "error": _text(error) or None,
        "model": figures.model,
        "prompt_tokens": figures.prompt_tokens,
        "completion_tokens": figures.completion_tokens,
        "total_tokens": figures.total_tokens,
        "cost": figures.cost,
    }


def _odd_error(error: object) -> bytes | None:
    """Return an error that is not a text, as violations of the schema are stored with `lenient`."""
    return str(error)[:ERROR_SHOWN].encode() if error else None


def _text(value: object) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else None
