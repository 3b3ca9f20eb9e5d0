"""The routes that list sessions and their events, for the page and for people with curl."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import orjson

from honeyhive_ext.local import codec
from honeyhive_ext.local.filters.operands import canonical
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.context import Context, not_found
from honeyhive_ext.local.routes.filter_text import BadTextError, specs_of, text_refused
from honeyhive_ext.local.routes.parameters import Parameters, cursor, parameters
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.search import conditions
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.packed_row import text_of
from honeyhive_ext.local.store.session_list import SORTS, list_events, list_sessions

LONGEST_WAIT = 60_000  # ms
_WAITING = ("version", "wait_ms")
_SESSIONS = ("limit", "after", "sort", "filter", "search", "since_ms", *_WAITING)
_EVENTS = ("limit", "after", *_WAITING)


def get_sessions(context: Context) -> Response:
    """Answer GET /_local/sessions: a page of the list of sessions, with what each has in all."""
    asked = parameters(context.request.query, _SESSIONS)
    sort = asked.text("sort") or "-start"
    if sort.removeprefix("-") not in SORTS:
        raise bad_request([Failure("sort", f"takes {', '.join(SORTS)}, or - and one of them")])
    limit = asked.number("limit", 1, 1000, 100)
    since = asked.number("since_ms", -(2**53), 2**53)
    search = _guarded(asked.text("search"))
    lead = [sort, asked.text("filter"), search, since]
    after = asked.cursor("after", lead)
    if after is not None:
        _check_types(after, (str, int, float, type(None)), int, int, int)
    try:
        specs = specs_of(context, asked.text("filter"))
    except BadTextError as problem:
        return text_refused(problem)
    with context.reading() as connection:
        version = _version(connection)
        if (unchanged := _unchanged(asked, version)) is not None:
            return unchanged
        page = list_sessions(
            connection,
            sort=sort,
            limit=limit or 100,
            after=None if after is None else after[:2],
            since=since,
            search=search,
            where=conditions(context, connection, specs) if specs else None,
            total=after[3] if after is not None and after[2] == version else None,
        )
    following = None if page.after is None else cursor(*lead, *page.after, version, page.total)
    return _json({"sessions": page.rows, "total": page.total, "next": following, "version": version})


def get_session(context: Context) -> Response:
    """Answer GET /_local/sessions/{session_id}: a page of its events, as small rows, the earliest first."""
    asked = parameters(context.request.query, _EVENTS)
    limit = asked.number("limit", 1, 5000, 5000)
    session_id = canonical(_guarded(context.parameters["session_id"]))
    after = asked.cursor("after", [session_id])
    if after is not None:
        _check_types(after, (int, float), int)
    with context.reading() as connection:
        version = _version(connection)
        if (unchanged := _unchanged(asked, version)) is not None:
            return unchanged
        page = list_events(connection, session_id, limit=limit or 5000, after=after)
    if page is None:
        raise not_found(f"no session {context.parameters['session_id'][:100]} is stored")
    following = None if page.after is None else cursor(session_id, *page.after)
    return _json({"events": page.rows, "total": page.total, "next": following, "version": version})


def get_whole_event(context: Context) -> Response:
    """Answer GET /_local/events/{event_id}: the whole event, whatever its id looks like."""
    event_id = context.parameters["event_id"]
    with context.reading() as connection:
        row = connection.execute(
            f"SELECT body FROM events WHERE {quoted('event_id')} = ? ORDER BY copy DESC LIMIT 1",
            [canonical(_guarded(event_id))],
        ).fetchone()
        body = None if row is None else text_of(row[0])
    if body is None:
        raise not_found(f"no event {event_id[:100]} is stored")
    return Response(200, b'{"event":' + codec.unguard(body) + b"}")


def _version(connection: sqlite3.Connection) -> int:
    """Return a number that grows with every write."""
    return int(connection.execute("SELECT value FROM totals WHERE name = 'version'").fetchone()[0])


def _unchanged(asked: Parameters, version: int) -> Response | None:
    """Return the answer if nothing has been written since the version that the client has."""
    wait = asked.number("wait_ms", 0, LONGEST_WAIT, 0) or 0
    if asked.number("version", 0, 2**53) != version:
        return None
    body = orjson.dumps({"version": version, "unchanged": True})
    return Response(200, body, wait=wait / 1000)


def _guarded(text: str) -> str:
    """Return a text as it is stored."""
    guarded: str = codec.guard(text)
    return guarded


def _check_types(values: Sequence[Any], *types: type | tuple[type, ...]) -> None:
    if len(values) != len(types) or not all(map(isinstance, values, types)):
        raise bad_request([Failure("after", "takes `next` of the answer before, with the same parameters")])


def _json(value: object) -> Response:
    return Response(200, codec.unguard(codec.dumps(value).encode()))


ROUTES: Sequence[Route] = (
    Route("GET", "/_local/sessions", get_sessions, reads=True),
    Route("GET", "/_local/sessions/{session_id}", get_session, reads=True),
    Route("GET", "/_local/events/{event_id}", get_whole_event, reads=True),
)
