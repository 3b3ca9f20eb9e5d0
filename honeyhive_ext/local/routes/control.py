"""The routes under /_local/: what a test or a person asks the server itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import orjson

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import codec
from honeyhive_ext.local.faults.rules import fault_from
from honeyhive_ext.local.message import Failure, Refusal, Response, bad_request, reply
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.ingest import draft
from honeyhive_ext.local.routes.validate import failures
from honeyhive_ext.local.store import Draft, Store
from honeyhive_ext.local.store.prune import size

if TYPE_CHECKING:
    from honeyhive_ext.local.app import App

HEALTH = "/_local/health"
Action = Callable[["App", Context], Response]
_LINES = "application/x-ndjson"


def health(app: App, context: Context) -> Response:
    """GET /_local/health: whether the server answers. Needs no key."""
    return reply({"status": "ok"})


def reset(app: App, context: Context) -> Response:
    """POST /_local/reset: an empty store, the switches and faults of the beginning, an empty log."""
    app.reset()
    return reply({})


def seed(app: App, context: Context) -> Response:
    """POST /_local/seed: store JSON Lines of events. All or none; an event_id there already is replaced."""
    return reply({"stored": store_lines(context, context.request.body.split(b"\n"))})


def store_lines(context: Context, lines: Iterable[bytes]) -> int:
    """Store one event a line, as it is; blank lines are left out.

    Fields of LegacyEvent are allowed besides those of PostEventRequest, so that an export can be seeded.
    """
    drafts: list[Draft] = []
    wrong: list[Failure] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = codec.loads(line)
        except Refusal as refusal:
            wrong.append(Failure(f"line {number}", refusal.message))
            continue
        found = failures("LegacyEvent", event)
        wrong.extend(Failure(f"line {number}: {one.path}", one.message) for one in found)
        if not found:
            try:
                drafts.append(draft(context, codec.guard(event) if codec.suspect(line) else event))
            except codec.TooDeepError as problem:
                wrong.append(Failure(f"line {number}: {problem.path}", str(problem)))
    if wrong:
        raise bad_request(wrong[:1000])
    context.store.write(lambda transaction: transaction.insert(drafts, "replace"))
    return len(drafts)


def export(app: App, context: Context) -> Response:
    """GET /_local/export: every event as JSON Lines, in the order of insertion."""
    return Response(200, b"".join(export_lines(context.store)), media_type=_LINES)


def export_lines(store: Store) -> Iterator[bytes]:
    """Every event as one line of JSON, in the order of insertion."""
    with store.reading() as connection:
        for (body,) in connection.execute("SELECT body FROM events ORDER BY seq"):
            yield codec.unguard(body) + b"\n"


def requests(app: App, context: Context) -> Response:
    """GET /_local/requests: what came in, oldest first, without keys."""
    return reply({"requests": [entry.as_dict() for entry in app.log]})


def clear_requests(app: App, context: Context) -> Response:
    """DELETE /_local/requests."""
    app.log.clear()
    return reply({})


def faults(app: App, context: Context) -> Response:
    """GET /_local/faults: the rules in force and how often each has happened."""
    return reply({"faults": [rule.as_dict() for rule in app.faults.rules]})


def add_fault(app: App, context: Context) -> Response:
    """POST /_local/faults: put a fault in force, such as {"kind": "reset", "times": 1}."""
    try:
        rule = app.faults.put(fault_from(context.json()))
    except ConfigError as problem:
        raise bad_request([Failure("", str(problem))]) from problem
    return reply(rule.as_dict(), 201)


def clear_faults(app: App, context: Context) -> Response:
    """DELETE /_local/faults."""
    app.faults.clear()
    return reply({})


def config(app: App, context: Context) -> Response:
    """GET /_local/config: every switch and its value."""
    return reply(app.switches.as_dict())


def configure(app: App, context: Context) -> Response:
    """PATCH /_local/config: set switches, such as {"count": "page"}."""
    try:
        return reply(app.configure(context.json()).as_dict())
    except ConfigError as problem:
        raise bad_request([Failure("", str(problem))]) from problem


def dotted_paths(app: App, context: Context) -> Response:
    """GET /_local/fields: every field and dotted path that a filter can name."""
    top = list(context.store.columns.names)
    texts = orjson.dumps({"fields": sorted({*top, *context.store.paths.texts()})})
    return Response(200, codec.unguard(texts))


def stats(app: App, context: Context) -> Response:
    """GET /_local/stats: events and sessions stored, bytes used, requests and faults counted."""
    with context.store.reading() as connection:
        events, sessions = connection.execute(
            "SELECT (SELECT value FROM totals WHERE name = 'events'),"
            " (SELECT count(DISTINCT f_session_id) FROM events)"
        ).fetchone()
        used = size(connection)
    return reply(
        {
            "events": events,
            "sessions": sessions,
            "bytes": used,
            "requests": len(app.log),
            "faults": sum(rule.used for rule in app.faults.rules),
        }
    )


ROUTES: Sequence[tuple[str, str, Action]] = (
    ("GET", HEALTH, health),
    ("POST", "/_local/reset", reset),
    ("POST", "/_local/seed", seed),
    ("GET", "/_local/export", export),
    ("GET", "/_local/requests", requests),
    ("DELETE", "/_local/requests", clear_requests),
    ("GET", "/_local/faults", faults),
    ("POST", "/_local/faults", add_fault),
    ("DELETE", "/_local/faults", clear_faults),
    ("GET", "/_local/config", config),
    ("PATCH", "/_local/config", configure),
    ("GET", "/_local/fields", dotted_paths),
    ("GET", "/_local/stats", stats),
)
