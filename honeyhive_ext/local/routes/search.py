"""The routes that read one event or search."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
from attrs import field, frozen

from honeyhive_ext.local import codec
from honeyhive_ext.local.filters.operands import canonical, instant, sql_number
from honeyhive_ext.local.filters.predicates import BadFilterError, FilterSpec, read_filter
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.context import Context, not_found
from honeyhive_ext.local.routes.events import path_uuid
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.understood import unknown_in_search
from honeyhive_ext.local.routes.validate import fields
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.counts import EVER, count
from honeyhive_ext.local.store.packed_row import text_of
from honeyhive_ext.local.store.store_errors import DamagedRowError
from honeyhive_ext.local.store.where import MANY, Where

# The switch evaluation_id: the fields that the parameter of that name is compared with.
EVALUATION = {
    "any": ("metadata.evaluation_id", "metadata.run_id", "evaluation_id", "run_id"),
    "metadata.evaluation_id": ("metadata.evaluation_id",),
    "metadata.run_id": ("metadata.run_id",),
    "top": ("evaluation_id", "run_id"),
}
_NEWEST = "sort_time DESC, seq DESC"
_SHUFFLED = "sort_time DESC, (seq * ?) % 1000003, seq"
_WITHIN = "sort_time BETWEEN ? AND ?"
_MAX_OFFSET = 2**62  # beyond every event, and SQLite can hold it


def get_event(context: Context) -> Response:
    """Answer GET /v1/events/{event_id}."""
    event_id = path_uuid(context, "event_id")
    with context.reading() as connection:
        row = connection.execute(
            f"SELECT body FROM events WHERE {quoted('event_id')} = ? ORDER BY copy DESC LIMIT 1",
            [canonical(event_id)],
        ).fetchone()
        body = None if row is None else text_of(row[0])
    if body is None:
        raise not_found(f"no event {event_id} is stored")
    return Response(200, b'{"event":' + codec.unguard(body) + b"}")


@frozen
class SearchBody:
    """The body of a search, checked.

    Args:
        filters: The filters; an event has to meet all of them.
        between: The first and the last start_time, in Unix milliseconds; None for any.
        evaluation_id: The evaluation that the events belong to; None for any.
        limit: The most events of a page.
        page: The page, from 1.
        projections: The fields to return besides event_id; empty for all.
    """

    filters: Sequence[FilterSpec] = ()
    between: tuple[float, float] | None = None
    evaluation_id: str | None = None
    limit: int = 1000
    page: int = 1
    projections: Sequence[str] = field(default=())


def search_events(context: Context) -> Response:
    """Answer POST /v1/events/search."""
    body = context.json()
    if context.lenient:
        known = fields("SearchEventsRequest")
        context.violations.extend(Failure(name, "no such property") for name in body if name not in known)
        body = {name: value for name, value in body.items() if name in known}
    if context.switches.limit == "clamp" or context.lenient:
        body = clamped(body, fields("SearchEventsRequest").get("limit", {}).get("maximum", 1000))
    context.check("SearchEventsRequest", body)
    return search_response(context, search_body(context, context.guarded(body), 1000))


def clamped(body: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Return the body with limit and page moved into their ranges. Text is read as a number."""
    new = dict(body)
    for name, top in (("limit", most), ("page", None)):
        value = new.get(name)
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            new[name] = max(1, int(value) if top is None else min(int(value), top))
    return new


def search_body(context: Context, body: Mapping[str, Any], limit: int) -> SearchBody:
    """Return a body that is valid by its schema as a `SearchBody`.

    Args:
        context: The request.
        body: The body, guarded.
        limit: The limit if the body has none.

    Raises:
        RequestRefused: 400 with every filter and date that has no meaning.
    """
    wrong = unknown_in_search(body)
    if wrong:
        raise bad_request(wrong)
    filters: list[FilterSpec] = []
    given = body.get("filters") or ()
    most = context.switches.max_filters
    if most and len(given) > most:
        wrong.append(Failure("filters", f"more than {most} filters"))
    for at, one in enumerate(given):
        try:
            filters.append(read_filter(one, context.switches))
        except BadFilterError as problem:
            wrong.append(Failure(f"filters[{at}].{problem.key}", str(problem)))
    between = body.get("dateRange")
    if between is not None:
        between = tuple(_end(between, name, wrong) for name in ("start_time", "end_time"))
    if wrong:
        raise bad_request(wrong)
    return SearchBody(
        filters,
        cast("tuple[float, float] | None", between),
        body.get("evaluation_id"),
        int(body.get("limit") or limit),
        int(body.get("page") or 1),
    )


def _end(between: Mapping[str, Any], name: str, wrong: list[Failure]) -> float:
    found = instant(between[name])
    if found is None:
        message = f"takes ISO 8601 text or Unix milliseconds, not {between[name]!r}"
        wrong.append(Failure(f"dateRange.{name}", message))
        return 0
    return sql_number(found)


def search_response(context: Context, asked: SearchBody) -> Response:
    """Return the page that a search asks for."""
    with context.reading() as connection:
        count, events = _run(context, connection, asked)
    if asked.projections:
        events = [projected(event, asked.projections) for event in events]
    # Joined once, without copies of the whole body: it may be megabytes.
    head, tail = b'{"events":[', b'],"count":%d}' % count
    if events:
        events[0] = head + events[0]
        events[-1] += tail
    return Response(200, codec.unguard(b",".join(events) or head + tail))


def _run(context: Context, connection: sqlite3.Connection, asked: SearchBody) -> tuple[int, list[bytes]]:
    """Return the number of matches and the events of the page, from one view of the store."""
    store, switches = context.store, context.switches
    where = conditions(context, connection, asked.filters, asked.evaluation_id)
    total, last_visible, version = _totals(connection)
    now = context.clock()
    if last_visible > now:
        where.term("visible_at <= ?", now)
    shuffled = switches.ties == "shuffled"
    order, extra = (_SHUFFLED, [context.random()]) if shuffled else (_NEWEST, [])
    offset = min((asked.page - 1) * asked.limit, _MAX_OFFSET)
    values = [*where.values, *(asked.between or ())]
    sql = where.sql(*(() if asked.between is None else (_WITHIN,)))
    span = asked.between or EVER
    number: int | None = None  # of all matches
    if switches.count == "total":
        number = store.counts.known(connection, where, span, version) if sql else total
    # Filters read every event then, so the same pass counts. Times alone are counted faster in their index.
    counted = number is None and bool(where.terms) and switches.count == "total"
    if number is not None and where.terms and number <= offset + asked.limit:
        order = f"+{order}"  # every match is wanted: to read the table is faster than to follow the index
    found = connection.execute(
        f"SELECT seq{', count(*) OVER ()' if counted else ''} FROM events{sql}"
        f" ORDER BY {order} LIMIT ? OFFSET ?",
        [*values, *extra, asked.limit, offset],
    ).fetchall()
    events = _events(connection, [row[0] for row in found])
    if switches.count == "page":
        return len(events), events
    if number is None:
        if counted and found:
            number = int(found[0][1])
        else:
            number = 0 if counted and asked.page == 1 else count(connection, where, _WITHIN, *span)
        store.counts.keep(where, span, version, number)
    return number, events


def conditions(
    context: Context,
    connection: sqlite3.Connection,
    filters: Sequence[FilterSpec],
    evaluation_id: str | None = None,
) -> Where:
    """Return the conditions that an event has to meet.

    Raises:
        RequestRefused: 400, there are more than SQLite takes.
    """
    store = context.store
    where = Where(store.rows, store.paths, store.indexes.paths, many=len(filters) > MANY)
    if evaluation_id is not None:
        where.any_is(EVALUATION[context.switches.evaluation_id], evaluation_id)
    for one in filters:
        where.filter(one)
    most_values = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) - 10
    if len(where.values) > most_values:
        raise bad_request([Failure("filters", f"need {len(where.values)} values, more than {most_values}")])
    return where


def _totals(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return the number of all events, when the last of them becomes visible, and the version of the view."""
    found = dict(connection.execute("SELECT name, value FROM totals").fetchall())
    values = [found.get(name) for name in (b"events", b"last_visible", b"version")]
    if not all(isinstance(one, int | float) for one in values):
        raise DamagedRowError
    return cast("tuple[int, int, int]", tuple(values))


def _events(connection: sqlite3.Connection, page: list[int]) -> list[bytes]:
    """Return the events of a page, in its order."""
    found = connection.execute(
        "SELECT seq, body FROM events WHERE seq IN (SELECT value FROM json_each(?))",
        [orjson.dumps(page).decode()],
    )
    by_seq: dict[int, bytes] = dict(found.fetchall())
    return [text_of(by_seq.get(seq)) for seq in page]


def projected(event: bytes, names: Sequence[str]) -> bytes:
    """Return an event with only its id and the fields asked for."""
    whole = codec.loads(event)
    return codec.dumps({k: v for k, v in whole.items() if k in names or k == "event_id"}).encode()


ROUTES: Sequence[Route] = (
    Route("GET", "/v1/events/{event_id}", get_event, reads=True),
    Route("POST", "/v1/events/search", search_events, reads=True),
)
