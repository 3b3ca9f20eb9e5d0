"""The routes of the trace page: its files, and the events that it saves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import orjson

from honeyhive_ext.local import codec
from honeyhive_ext.local.filters.operands import canonical
from honeyhive_ext.local.json_types import is_array
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.context import Context, not_found
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.store.columns import quoted
from honeyhive_ext.local.store.packed_row import text_of
from honeyhive_ext.local.viewer.assets import HEADERS, assets

PAGE = "/"
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
_MOST = 10_000  # ids in one request
_PIECE = 500  # events that are read at once


def get_page(context: Context) -> Response:
    """Answer GET /: the page. It holds no data, so it needs no key; what it asks for does."""
    return _asset(context, "index.html")


def get_page_file(context: Context) -> Response:
    """Answer GET /_local/page/{name}: a file of the page."""
    return _asset(context, context.parameters["name"])


def _asset(context: Context, name: str) -> Response:
    found = assets().get(name)
    if found is None:
        raise not_found(f"the page has no file {name[:200]}")
    headers = [*HEADERS, ("vary", "accept-encoding")]
    if _GZIP.search(context.request.headers.get("accept-encoding", "")):
        return Response(200, found.packed, [*headers, ("content-encoding", "gzip")], found.media_type)
    return Response(200, found.body, headers, found.media_type)


def post_export(context: Context) -> Response:
    """Answer POST /_local/export: the events with these ids as JSON Lines, in the order of the ids.

    An id of which no event is stored, or is stored no more, has no line.
    """
    ids = context.json().get("event_ids")
    if not is_array(ids) or not all(isinstance(one, str) for one in ids):
        raise bad_request([Failure("event_ids", "expected an array of strings")])
    if len(ids) > _MOST:
        raise bad_request([Failure("event_ids", f"more than {_MOST} ids")])
    wanted = [canonical(one) for one in ids]
    first = _lines(context, wanted[:_PIECE])  # an error of these is an answer with a reason
    rest = _rest(context, wanted[_PIECE:]) if len(wanted) > _PIECE else None
    return Response(200, first, media_type="application/x-ndjson", rest=rest)


def _rest(context: Context, ids: Sequence[str]) -> Iterator[bytes]:
    for at in range(0, len(ids), _PIECE):
        yield _lines(context, ids[at : at + _PIECE])


def _lines(context: Context, ids: Sequence[str]) -> bytes:
    name = quoted("event_id")
    with context.reading() as connection:
        rows = connection.execute(
            f"SELECT {name}, body FROM events WHERE {name} IN (SELECT value FROM json_each(?)) ORDER BY copy",
            [orjson.dumps(ids).decode()],
        )
        found: dict[bytes, bytes] = {row[0]: text_of(row[1]) for row in rows}
    bodies = [found[key] for one in ids if (key := one.encode()) in found]
    return b"".join(codec.unguard(body) + b"\n" for body in bodies)


ROUTES: Sequence[Route] = (
    Route("GET", PAGE, get_page, keyless=True),
    Route("GET", "/_local/page/{name}", get_page_file, keyless=True),
    Route("POST", "/_local/export", post_export, reads=True),
)
