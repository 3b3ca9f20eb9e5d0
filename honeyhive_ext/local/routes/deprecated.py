"""Routes that older clients still call, among them the official Python SDK.

Each changes its body into today's format and continues as today's route.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import evolve

from honeyhive_ext.local.codec import TooDeepError
from honeyhive_ext.local.filters.operands import instant
from honeyhive_ext.local.json_types import is_array, is_object
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.batches import Wrong, store_batch, store_session_batch
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.events import (
    path_uuid,
    store_checked_event,
    store_session,
    store_update,
    stored_response,
)
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.search import clamped, search_body, search_response
from honeyhive_ext.local.routes.validate import failures, fields, is_uuid

EXPORT_LIMIT = 7500  # the most events on a page of the old export

# Fields that are at the top of a posted model event, and in `inputs` of the stored event.
_TO_INPUTS = (
    "model",
    "model_name",
    "model_version",
    "messages",
    "provider",
    "usage",
    "cost",
    "hyperparameters",
    "template",
    "template_inputs",
    "tools",
    "tool_choice",
    "response_format",
    "duration",
    "error",
)


def create_legacy_session(context: Context) -> Response:
    """Answer POST /session/start: {session: {...}}.

    Older clients also send other fields of an event (metrics, feedback, error), and their own fields
    (is_evaluation, run_id, dataset_id, datapoint_id). They are stored with the session.
    """
    session = _without_project(_inner(context.json(), "session"))
    today, event = fields("StartSessionRequest"), fields("PostEventRequest")
    older = {name: value for name, value in session.items() if name not in today}
    of_event = {name: value for name, value in older.items() if name in event}
    context.note(_violations(of_event, "session"))
    known = {name: value for name, value in session.items() if name in today}
    with _inside("session"):
        return stored_response(store_session(context, known, older, "session."))


def create_legacy_event(context: Context) -> Response:
    """Answer POST /events: {event: {...}}."""
    return _store_one(context, "event", _without_project)


def update_legacy_event(context: Context) -> Response:
    """Answer PUT /events: {event_id, ...}. Fields that the document does not name are ignored."""
    body = context.json()
    event_id = body.pop("event_id", None)
    if not isinstance(event_id, str) or not is_uuid(event_id):
        raise bad_request([Failure("event_id", "must be a UUID")])
    known = fields("UpdateEventRequest")
    return store_update(context, event_id, {name: value for name, value in body.items() if name in known})


def create_legacy_event_batch(context: Context) -> Response:
    """Answer POST /events/batch, where is_single_session and session are older names."""
    return _store_many(context, "events", _without_project)


def create_legacy_model_event(context: Context) -> Response:
    """Answer POST /events/model: {model_event: {...}}."""
    return _store_one(context, "model_event", _model)


def create_legacy_model_event_batch(context: Context) -> Response:
    """Answer POST /events/model/batch: {model_events: [...]}."""
    return _store_many(context, "model_events", _model)


def search_legacy_events(context: Context) -> Response:
    """Answer POST /v1/events/export: a search with $gte and $lte, projections, and up to 7,500 events a page.

    The clients that call it send the value of every filter as text, whatever its type is ("0.01" and
    number), and a whole number as 2000.0. Both are read as what they mean. A date may be any ISO 8601 text.
    An older client calls it as /events/export.
    """
    body = context.json()
    body.pop("project", None)
    projections = body.pop("projections", None)
    if projections is not None and not _are_texts(projections):
        raise bad_request([Failure("projections", "must be an array of strings")])
    between = body.pop("dateRange", None)
    if context.switches.limit == "clamp" or context.lenient:
        body = clamped(body, EXPORT_LIMIT)
    limit = body.get("limit", 1000)
    if isinstance(limit, float) and limit.is_integer():
        body["limit"] = limit = int(limit)
    wrong = failures(
        "SearchEventsRequest", {**body, "limit": min(limit, 1000) if type(limit) is int else limit}
    )
    if type(limit) is int and limit > EXPORT_LIMIT:
        wrong.append(Failure("limit", f"expected at most {EXPORT_LIMIT}"))
    if between is not None:
        wrong += _wrong_dates(between)
    if wrong:
        raise bad_request(wrong)
    if is_object(between):
        body["dateRange"] = {name: between[sign] for sign, name in _DATES.items()}
    reading = evolve(context, switches=evolve(context.switches, filter_type="coerce"))
    asked = search_body(reading, context.guarded(body), 1000)
    return search_response(context, evolve(asked, projections=projections or ()))


def add_legacy_traces(context: Context) -> Response:
    """Answer POST /session/{session_id}/traces: exactly one of logs and events."""
    body = context.json()
    given = [name for name in ("logs", "events") if name in body]
    if len(given) != 1:
        raise bad_request([Failure("", "give exactly one of logs and events")])
    name, session_id = given[0], path_uuid(context, "session_id")
    wrong = Wrong(_wrong_events(body[name], name), name)
    return store_session_batch(context, session_id, {"events": _each(body[name], _without_project)}, wrong)


_DATES = {"$gte": "start_time", "$lte": "end_time"}


def _wrong_dates(between: object) -> list[Failure]:
    if not is_object(between):
        return [Failure("dateRange", "expected an object")]
    wrong = [Failure(f"dateRange.{name}", "no such property") for name in between if name not in _DATES]
    for sign in _DATES:
        if sign not in between:
            wrong.append(Failure(f"dateRange.{sign}", "required, but missing"))
        elif not isinstance(between[sign], str) or instant(between[sign]) is None:
            wrong.append(Failure(f"dateRange.{sign}", f"expected ISO 8601 text, not {between[sign]!r:.100}"))
    return wrong


def _store_one(context: Context, name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
    event = _inner(context.json(), name)
    context.note(_violations(event, name))
    with _inside(name):
        return store_checked_event(context, change(event))


def _store_many(context: Context, name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
    body = context.json()
    events, sent = body.pop(name, None), {"events": name}
    for old, new in (("is_single_session", "single_session"), ("session", "session_properties")):
        if old in body:
            value = body.pop(old)
            if new not in body:
                body[new], sent[new] = value, old
    body.pop("project", None)
    found = [
        Failure(sent.get(field, field) + rest, one.message)
        for one in failures("PostEventBatchRequest", {**body, "events": []})
        for field, rest in [_split(one.path)]
    ]
    wrong = Wrong([*found, *_wrong_events(events, name)], name)
    return store_batch(context, {**body, "events": _each(events, change)}, wrong)


def _split(path: str) -> tuple[str, str]:
    """Return the first name of a path, and the rest of the path."""
    name = path.partition(".")[0].partition("[")[0]
    return name, path[len(name) :]


def _wrong_events(events: object, name: str) -> list[Failure]:
    if not is_array(events):
        return [Failure(name, "required, an array")]
    return [one for at, event in enumerate(events) for one in _violations(event, f"{name}[{at}]")]


_ANY: Mapping[str, Any] = {"event_type": "tool", "inputs": {}}


def _violations(event: object, at: str) -> list[Failure]:
    """Return what is wrong with an event of an older client, which requires nothing and has any property.

    The properties that today's events have too are checked like theirs.
    """
    if not is_object(event):
        return [Failure(at, "must be an object")]
    known = fields("PostEventRequest")
    whole = {**_ANY, **{name: value for name, value in event.items() if name in known}}
    return [Failure(f"{at}.{one.path}", one.message) for one in failures("PostEventRequest", whole)]


@contextmanager
def _inside(name: str) -> Generator[None]:
    """Name fields that are nested too deeply as they are named in the body that was sent."""
    try:
        yield
    except TooDeepError as problem:
        raise TooDeepError(f"{name}.{problem.path}") from problem


def _inner(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not is_object(value):
        raise bad_request([Failure(name, "required, an object")])
    return value


def _without_project(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "project"}


def _model(event: dict[str, Any]) -> dict[str, Any]:
    """Return a model event in today's format."""
    whole = {**_without_project(event), "event_type": "model"}
    moved = {name: whole.pop(name) for name in _TO_INPUTS if name in whole}
    inputs = whole.get("inputs")
    whole["inputs"] = {**inputs, **moved} if is_object(inputs) else moved
    if "response" in whole:
        outputs = whole.get("outputs")
        whole["outputs"] = {**(outputs if is_object(outputs) else {}), "response": whole.pop("response")}
    return whole


def _each(events: object, change: Callable[[dict[str, Any]], dict[str, Any]]) -> object:
    """Return each event changed. What is not an array of objects stays, for the schema to refuse."""
    if not is_array(events):
        return events
    return [change(one) if is_object(one) else one for one in events]


def _are_texts(value: object) -> bool:
    return is_array(value) and all(isinstance(one, str) for one in value)


ROUTES: Sequence[Route] = (
    Route("POST", "/session/start", create_legacy_session),
    Route("POST", "/events", create_legacy_event),
    Route("PUT", "/events", update_legacy_event),
    Route("POST", "/events/batch", create_legacy_event_batch),
    Route("POST", "/events/model", create_legacy_model_event),
    Route("POST", "/events/model/batch", create_legacy_model_event_batch),
    Route("POST", "/v1/events/export", search_legacy_events, reads=True),
    Route("POST", "/events/export", search_legacy_events, reads=True),
    Route("POST", "/session/{session_id}/traces", add_legacy_traces),
)
