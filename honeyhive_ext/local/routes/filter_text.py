"""The routes that read conditions written as text, and that complete the names in them.

The client's own grammar reads the text: these routes show what a client would send.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from honeyhive_ext.filters.condition import AllOf, filters_in
from honeyhive_ext.filters.text_reader import FilterTextError
from honeyhive_ext.filters.warnings import contradiction
from honeyhive_ext.local import codec
from honeyhive_ext.local.filters.operands import find, is_number
from honeyhive_ext.local.filters.predicates import BadFilterError, FilterSpec, read_filter
from honeyhive_ext.local.json_types import is_array
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.parameters import parameters
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.validate import fields
from honeyhive_ext.local.store.packed_row import event_of

FEW = 10  # values that are shown as examples; of a field with more, none is
SAMPLE = 300  # of the newest events, in which examples are looked for
EXAMPLE = 60  # characters of an example at most


class BadTextError(ValueError):
    """Conditions that cannot be read.

    Args:
        reason: What is wrong, and what to write.
        position: Where, in UTF-16 code units, as JavaScript counts.
        length: How many are wrong.
        suggestion: What to write there instead; None if there is no suggestion.
    """

    def __init__(self, reason: str, position: int, length: int, suggestion: str | None = None) -> None:
        self.reason = reason
        self.position = position
        self.length = length
        self.suggestion = suggestion
        super().__init__(reason)


def text_refused(problem: BadTextError) -> Response:
    """Return the answer with status 400 to conditions that cannot be read."""
    body = {
        "statusCode": 400,
        "message": problem.reason,
        "success": False,
        "errorCode": "BAD_FILTER",
        "error": problem.reason,
        "position": problem.position,
        "length": problem.length,
        "suggestion": problem.suggestion,
    }
    return Response(400, codec.dumps(body).encode(errors="replace"))


def filters_of(context: Context, text: str, doubts: list[str]) -> AllOf:
    """Return the filters of conditions written as text.

    Raises:
        BadTextError: The text cannot be read.
    """
    known = context.store.paths.texts() if text else ()
    try:
        return AllOf(filters_in(text, known=known, now_ms=context.clock(), doubts=doubts))
    except FilterTextError as problem:
        begun = _units(text[: problem.position])
        length = _units(text[problem.position : problem.position + problem.length])
        raise BadTextError(problem.reason, begun, length, problem.suggestion) from problem


def specs_of(context: Context, text: str) -> list[FilterSpec]:
    """Return conditions written as text, as a search of this server has them.

    Raises:
        BadTextError: The text cannot be read, or this server gives it no meaning.
        RequestRefused: 400, there are more conditions than the switch max_filters allows.
    """
    filters = filters_of(context, text, [])
    most = context.switches.max_filters
    if most and len(filters.filters) > most:
        raise bad_request([Failure("filter", f"more than {most} conditions")])
    try:
        return [read_filter(codec.guard(one.to_dict()), context.switches) for one in filters]
    except BadFilterError as problem:
        raise BadTextError(str(problem), 0, _units(text)) from problem


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def get_filter(context: Context) -> Response:
    """Answer GET /_local/filter: conditions as filters of the API, as a request, and as Python."""
    from honeyhive_ext.search.pages.page import Ask  # here, as a server that nobody looks at needs neither
    from honeyhive_ext.search.query import Query

    text = parameters(context.request.query, ("text",)).text("text")
    doubts: list[str] = []
    try:
        filters = filters_of(context, text, doubts)
    except BadTextError as problem:
        return text_refused(problem)
    if reason := contradiction(filters):
        doubts.append(f"nothing matches: {reason}")
    body = Query(filters=filters.filters).body(
        Ask(None, None, fields("SearchEventsRequest")["limit"]["maximum"])
    )
    answer = {
        "filters": [one.to_dict() for one in filters],
        "body": body,
        "python": repr(filters),
        "text": filters.to_text(),
        "warnings": doubts,
    }
    return Response(200, codec.dumps(answer).encode())


def get_fields(context: Context) -> Response:
    """Answer GET /_local/fields: every field and dotted path that a filter can name.

    With a prefix, those that begin with it, and examples of their values if there are few.
    """
    asked = parameters(context.request.query, ("prefix", "limit"))
    limit = asked.number("limit", 1, 100, 20) or 20
    names = sorted({*context.store.rows.names, *context.store.paths.texts()})
    if "prefix" not in asked.given:
        return Response(200, codec.unguard(orjson.dumps({"fields": names})))
    prefix = codec.guard(asked.text("prefix")).casefold()
    found = [name for name in names if name.casefold().startswith(prefix)][:limit]
    events = _newest(context) if found else []
    values = [{"name": name, "values": _examples(name, events)} for name in found]
    return Response(200, codec.unguard(codec.dumps({"fields": values}).encode()))


def _newest(context: Context) -> list[dict[str, Any]]:
    with context.reading() as connection:
        rows = connection.execute("SELECT body FROM events ORDER BY seq DESC LIMIT ?", [SAMPLE]).fetchall()
    return [event_of(row[0]) for row in rows]


def _examples(name: str, events: Sequence[dict[str, Any]]) -> list[Any] | None:
    """Return the values that a field has, if they are few; None otherwise."""
    known = fields("PostEventRequest").get(name, {}).get("enum")
    if known:
        return list(known)
    parts = name.split(".")
    values: dict[tuple[type, Any], Any] = {}
    for event in events:
        for value in _scalars(find(event, parts)):
            if isinstance(value, str) and len(value) > EXAMPLE:
                return None
            values.setdefault((value.__class__, value), value)
            if len(values) > FEW:
                return None
    return list(values.values()) or None


def _scalars(found: Iterator[Any]) -> Iterator[Any]:
    for value in found:
        for one in value[: FEW + 1] if is_array(value) else (value,):
            if isinstance(one, str | bool) or is_number(one):
                yield one


ROUTES: Sequence[Route] = (
    Route("GET", "/_local/filter", get_filter, reads=True),
    Route("GET", "/_local/fields", get_fields, reads=True),
)
