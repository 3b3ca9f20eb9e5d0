"""The routes that read: one event, a search."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
from attrs import field, frozen

from honeyhive_ext.local import codec
from honeyhive_ext.local.filters.conditions import Filter, read
from honeyhive_ext.local.filters.values import instant
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.context import Context, not_found
from honeyhive_ext.local.routes.events import path_uuid
from honeyhive_ext.local.routes.validate import fields
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.where import Where

# The switch evaluation_id: where the parameter of that name looks.
EVALUATION = {
    "any": ("metadata.evaluation_id", "metadata.run_id", "evaluation_id", "run_id"),
    "metadata.evaluation_id": ("metadata.evaluation_id",),
    "metadata.run_id": ("metadata.run_id",),
    "top": ("evaluation_id", "run_id"),
}
_NEWEST = "sort_time DESC, seq DESC"
_SHUFFLED = "sort_time DESC, (seq * ?) % 1000003, seq"
_END = 2**62  # an offset that nothing reaches and SQLite can hold


def get_event(context: Context) -> Response:
    """GET /v1/events/{event_id}."""
    event_id = path_uuid(context, "event_id")
    with context.store.reading() as connection:
        row = connection.execute(
            f"SELECT body FROM events WHERE {quoted('event_id')} = ? ORDER BY copy DESC LIMIT 1", [event_id]
        ).fetchone()
    if row is None:
        raise not_found(f"no event {event_id} is stored")
    return Response(200, b'{"event":' + codec.unguard(row[0]) + b"}")


@frozen
class Query:
    """A search, checked."""

    filters: Sequence[Filter] = ()
    between: tuple[float, float] | None = None
    evaluation_id: str | None = None
    limit: int = 1000
    page: int = 1
    projections: Sequence[str] = field(default=())


def search_events(context: Context) -> Response:
    """POST /v1/events/search."""
    body = context.json()
    if context.lenient:
        known = fields("SearchEventsRequest")
        context.violations.extend(Failure(name, "no such property") for name in body if name not in known)
        body = {name: value for name, value in body.items() if name in known}
    if context.switches.limit == "clamp" or context.lenient:
        body = clamped(body, fields("SearchEventsRequest")["limit"]["maximum"])
    context.check("SearchEventsRequest", body)
    return answer_query(context, query(context, context.guarded(body), 1000))


def clamped(body: Mapping[str, Any], most: int) -> dict[str, Any]:
    """The body with limit and page moved into their ranges, and read from text."""
    new = dict(body)
    for name, top in (("limit", most), ("page", None)):
        value = new.get(name)
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            new[name] = max(1, int(value) if top is None else min(int(value), top))
    return new


def query(context: Context, body: Mapping[str, Any], limit: int) -> Query:
    """A body that follows its schema as a query. Refuses what makes no sense with 400."""
    wrong: list[Failure] = []
    filters: list[Filter] = []
    given = body.get("filters") or ()
    most = context.switches.max_filters
    if most and len(given) > most:
        wrong.append(Failure("filters", f"more than {most} filters"))
    for at, one in enumerate(given):
        found = read(one, f"filters[{at}]", context.switches)
        if isinstance(found, Failure):
            wrong.append(found)
        else:
            filters.append(found)
    between = body.get("dateRange")
    if between is not None:
        between = tuple(_end(between, name, wrong) for name in ("start_time", "end_time"))
    if wrong:
        raise bad_request(wrong)
    return Query(
        filters,
        cast("tuple[float, float] | None", between),
        body.get("evaluation_id"),
        int(body.get("limit") or limit),
        int(body.get("page") or 1),
    )


def _end(between: Mapping[str, Any], name: str, wrong: list[Failure]) -> float:
    found = instant(between[name])
    if found is None:
        wrong.append(
            Failure(f"dateRange.{name}", f"{between[name]!r} is not a point in time this server knows")
        )
        return 0
    return found


def answer_query(context: Context, asked: Query) -> Response:
    """The page of a query."""
    with context.store.reading() as connection:
        count, events = run(context, connection, asked)
    if asked.projections:
        events = [projected(event, asked.projections) for event in events]
    # One copy of the whole body, not three: it may be megabytes.
    head, tail = b'{"events":[', b'],"count":%d}' % count
    if events:
        events[0] = head + events[0]
        events[-1] += tail
    return Response(200, codec.unguard(b",".join(events) or head + tail))


def run(context: Context, connection: sqlite3.Connection, asked: Query) -> tuple[int, list[bytes]]:
    """The number of matches and the events of the page, in one view of the store."""
    store = context.store
    where = Where(store.columns, store.paths, store.indexes.paths)
    if asked.between is not None:
        where.term("sort_time BETWEEN ? AND ?", *asked.between)
    if asked.evaluation_id is not None:
        where.any_is(EVALUATION[context.switches.evaluation_id], asked.evaluation_id)
    for one in asked.filters:
        where.filter(one)
    totals = dict(connection.execute("SELECT name, value FROM totals").fetchall())
    now = context.clock()
    if totals[b"last_visible"] > now:
        where.term("visible_at <= ?", now)
    shuffled = context.switches.ties == "shuffled"
    order, extra = (_SHUFFLED, [context.random()]) if shuffled else (_NEWEST, [])
    offset = min((asked.page - 1) * asked.limit, _END)
    counted = bool(where.terms) and context.switches.count == "total"
    sql = f"SELECT seq{', count(*) OVER ()' if counted else ''} FROM events{where.sql()}"
    found = connection.execute(
        f"{sql} ORDER BY {order} LIMIT ? OFFSET ?", [*where.values, *extra, asked.limit, offset]
    ).fetchall()
    events = _events(connection, [row[0] for row in found])
    if context.switches.count == "page":
        return len(events), events
    if not where.terms:
        return totals[b"events"], events
    if found or asked.page == 1:
        return (found[0][1] if found else 0), events
    total = connection.execute(f"SELECT count(*) FROM events{where.sql()}", where.values).fetchone()
    return total[0], events


def _events(connection: sqlite3.Connection, page: list[int]) -> list[bytes]:
    """The events of a page, in its order."""
    found = connection.execute(
        "SELECT seq, body FROM events WHERE seq IN (SELECT value FROM json_each(?))",
        [orjson.dumps(page).decode()],
    )
    by_seq: dict[int, bytes] = dict(found.fetchall())
    return [by_seq[seq] for seq in page]


def projected(event: bytes, names: Sequence[str]) -> bytes:
    """An event with only the fields asked for, and its id."""
    whole = codec.loads(event)
    return codec.dumps({k: v for k, v in whole.items() if k in names or k == "event_id"}).encode()
