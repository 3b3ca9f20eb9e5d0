"""The routes under /_local/: what a test or a person asks the server itself."""

from __future__ import annotations

import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import cast, get_args
from urllib.parse import parse_qsl

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import codec
from honeyhive_ext.local.faults.fault import FaultKind, fault_from
from honeyhive_ext.local.message import Failure, Response, bad_request, json_response
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.ingest import draft
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.validate import failures
from honeyhive_ext.local.store import Draft, Store
from honeyhive_ext.local.store.packed_row import text_of
from honeyhive_ext.local.store.prune import size

HEALTH = "/_local/health"
_LINES = "application/x-ndjson"
_PIECE = 4_000_000  # bytes of an export that are read at once
_LISTED = 1000  # failures that one answer lists
_WHOLE = re.compile(r"[0-9]{1,15}")


def get_health(context: Context) -> Response:
    """Answer GET /_local/health: whether the server answers. Needs no key."""
    return json_response({"status": "ok"})


def post_reset(context: Context) -> Response:
    """Answer POST /_local/reset: empty the store and the log, restore the first switches and faults."""
    context.state.reset()
    return json_response({})


def post_seed(context: Context) -> Response:
    """Answer POST /_local/seed: store JSON Lines of events. All or none; an event that exists is replaced."""
    return json_response({"stored": store_lines(context, io.BytesIO(context.request.body))})


def store_lines(context: Context, lines: Iterable[bytes]) -> int:
    """Store one event a line, as it is, and return how many there were. Blank lines are skipped.

    Fields of LegacyEvent are allowed besides those of PostEventRequest, so that an export can be seeded.

    Raises:
        RequestRefused: 400 with every line that is not an event; nothing is stored then.
    """
    drafts: list[Draft] = []
    wrong: list[Failure] = []
    for number, line in enumerate(lines, 1):
        if len(wrong) >= _LISTED:
            break
        if not line.strip():
            continue
        try:
            event = codec.loads(line.removeprefix(BOM_UTF8))
        except codec.NotJSONError as problem:
            wrong.append(Failure(f"line {number}", str(problem)))
            continue
        found = failures("LegacyEvent", event)
        wrong.extend(
            Failure(f"line {number}" + (f": {one.path}" if one.path else ""), one.message) for one in found
        )
        if not found:
            try:
                drafts.append(draft(context, codec.guard(event) if codec.suspect(line) else event))
            except codec.TooDeepError as problem:
                wrong.append(Failure(f"line {number}: {problem.path}", str(problem)))
    if wrong:
        raise bad_request(wrong[:_LISTED])
    context.store.write(lambda transaction: transaction.insert(drafts, "replace"))
    return len(drafts)


def get_export(context: Context) -> Response:
    """Answer GET /_local/export: every event as JSON Lines, in the order of insertion."""
    pieces = export_pieces(context.store)
    first, second = next(pieces, b""), next(pieces, None)  # an error of these is an answer with a reason
    rest = None if second is None else chain([second], pieces)
    return Response(200, first, media_type=_LINES, rest=rest)


def export_lines(store: Store) -> Iterator[bytes]:
    """Yield every event as one line of JSON, in the order of insertion; see `export_pieces`."""
    for piece in _pieces(store):
        for _, body in piece:
            yield codec.unguard(body) + b"\n"


def export_pieces(store: Store) -> Iterator[bytes]:
    """Yield every event as JSON Lines, in the order of insertion, in pieces of whole lines.

    No view of the store is kept between two pieces, so whoever takes them slowly holds up nobody.
    """
    for piece in _pieces(store):
        yield codec.unguard(b"\n".join([body for _, body in piece])) + b"\n"


def _pieces(store: Store) -> Iterator[list[tuple[int, bytes]]]:
    last = -1
    while piece := _piece(store, last):
        yield piece
        last = piece[-1][0]


def _piece(store: Store, after: int) -> list[tuple[int, bytes]]:
    """Return the next events after a row, about _PIECE bytes."""
    lines: list[tuple[int, bytes]] = []
    size = 0
    with store.reading() as connection:
        for seq, body in connection.execute(
            "SELECT seq, body FROM events WHERE seq > ? ORDER BY seq", [after]
        ):
            lines.append((seq, text_of(body)))
            size += len(body)
            if size > _PIECE:
                break
    return lines


def get_requests(context: Context) -> Response:
    """Answer GET /_local/requests: the last requests, oldest first, without keys.

    With `?after=N` and `?before=N`, those with a number above or below N; with `?limit=N`, the last N of
    them; with `?bodies=no`, without their bodies. `last` is the number of the last request.
    """
    log = context.state.log
    asked = _numbers(context, "after", "before", "limit")
    after, before = asked.get("after", 0), asked.get("before", log.last + 1)
    found = [entry for entry in log if after < entry.number < before]
    if "limit" in asked:
        found = found[max(0, len(found) - asked["limit"]) :]
    bodies = ("bodies", "no") not in parse_qsl(context.request.query)
    return json_response({"requests": [entry.as_dict(body=bodies) for entry in found], "last": log.last})


def _numbers(context: Context, *names: str) -> dict[str, int]:
    """Return the numbers in the query.

    Raises:
        RequestRefused: 400, one of them is no whole number.
    """
    given = dict(parse_qsl(context.request.query, keep_blank_values=True))
    wrong = [name for name in names if name in given and not _WHOLE.fullmatch(given[name])]
    if wrong:
        raise bad_request([Failure(name, "expected a whole number") for name in wrong])
    return {name: int(given[name]) for name in names if name in given}


def delete_requests(context: Context) -> Response:
    """Answer DELETE /_local/requests: empty the log."""
    context.state.log.clear()
    return json_response({})


def get_faults(context: Context) -> Response:
    """Answer GET /_local/faults: the rules in force, how often each has happened, and the kinds there are."""
    rules = [rule.as_dict() for rule in context.state.faults.rules]
    return json_response({"faults": rules, "kinds": get_args(FaultKind)})


def post_fault(context: Context) -> Response:
    """Answer POST /_local/faults: put a fault in force, such as {"kind": "reset", "times": 1}."""
    try:
        rule = context.state.faults.put(fault_from(context.json()))
    except ConfigError as problem:
        raise bad_request([Failure("", str(problem))]) from problem
    return json_response(rule.as_dict(), 201)


def delete_faults(context: Context) -> Response:
    """Answer DELETE /_local/faults: take every fault out of force, or with `?kind=` those of one kind."""
    kind = dict(parse_qsl(context.request.query)).get("kind")
    if kind is not None and kind not in get_args(FaultKind):
        raise bad_request([Failure("kind", f"there is no fault {kind[:100]!r}")])
    context.state.faults.clear(cast("FaultKind | None", kind))
    return json_response({})


def get_config(context: Context) -> Response:
    """Answer GET /_local/config: every switch and its value."""
    return json_response(context.state.switches.as_dict())


def patch_config(context: Context) -> Response:
    """Answer PATCH /_local/config: set switches, such as {"count": "page"}."""
    try:
        return json_response(context.state.configure(context.json()).as_dict())
    except ConfigError as problem:
        raise bad_request([Failure("", str(problem))]) from problem


def get_stats(context: Context) -> Response:
    """Answer GET /_local/stats: how many events, sessions, bytes, requests and faults there are."""
    with context.reading() as connection:
        events, sessions = connection.execute(
            "SELECT (SELECT value FROM totals WHERE name = 'events'), (SELECT count(*) FROM sessions)"
        ).fetchone()
        used = size(connection)
    return json_response(
        {
            "events": events,
            "sessions": sessions,
            "bytes": used,
            "requests": len(context.state.log),
            "faults": sum(rule.used for rule in context.state.faults.rules),
            "otlp": context.state.otlp,
        }
    )


ROUTES: Sequence[Route] = (
    Route("GET", HEALTH, get_health, keyless=True),
    Route("POST", "/_local/reset", post_reset, reads=True),
    Route("POST", "/_local/seed", post_seed, reads=True),
    Route("GET", "/_local/export", get_export, reads=True),
    Route("GET", "/_local/requests", get_requests, reads=True),
    Route("DELETE", "/_local/requests", delete_requests, reads=True),
    Route("GET", "/_local/faults", get_faults, reads=True),
    Route("POST", "/_local/faults", post_fault, reads=True),
    Route("DELETE", "/_local/faults", delete_faults, reads=True),
    Route("GET", "/_local/config", get_config, reads=True),
    Route("PATCH", "/_local/config", patch_config, reads=True),
    Route("GET", "/_local/stats", get_stats, reads=True),
)
