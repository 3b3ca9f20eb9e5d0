"""Routes that older clients still call, among them the official Python SDK.

Each changes its body into today's format and continues as today's route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve

from honeyhive_ext.local.json_types import is_array, is_object
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.batches import store_batch, store_session_batch
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.events import (
    path_uuid,
    store_event,
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
    context.check("PostEventRequest", {**_SESSION, **of_event})
    return stored_response(store_session(context, {n: v for n, v in session.items() if n in today}, older))


_SESSION: Mapping[str, Any] = {"event_type": "session", "inputs": {}}  # required in every event


def create_legacy_event(context: Context) -> Response:
    """Answer POST /events: {event: {...}}."""
    return store_event(context, _without_project(_inner(context.json(), "event")))


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
    body = context.json()
    for old, new in (("is_single_session", "single_session"), ("session", "session_properties")):
        if old in body:
            value = body.pop(old)
            body.setdefault(new, value)
    body.pop("project", None)
    return store_batch(context, {**body, "events": _each(body.get("events"), _without_project)})


def create_legacy_model_event(context: Context) -> Response:
    """Answer POST /events/model: {model_event: {...}}."""
    return store_event(context, _model(_inner(context.json(), "model_event")))


def create_legacy_model_event_batch(context: Context) -> Response:
    """Answer POST /events/model/batch: {model_events: [...]}."""
    body = context.json()
    events = body.pop("model_events", None)
    if "is_single_session" in body:
        body.setdefault("single_session", body.pop("is_single_session"))
    return store_batch(context, {**body, "events": _each(events, _model)})


def search_legacy_events(context: Context) -> Response:
    """Answer POST /v1/events/export: a search with $gte and $lte, projections, and up to 7,500 events a page.

    The clients that call it send the value of every filter as text, whatever its type is ("0.01" and
    number), and a whole number as 2000.0. Both are read as what they mean.
    """
    body = context.json()
    body.pop("project", None)
    projections = body.pop("projections", None)
    if projections is not None and not _are_texts(projections):
        raise bad_request([Failure("projections", "must be an array of strings")])
    between = body.get("dateRange")
    if is_object(between):
        names = {"$gte": "start_time", "$lte": "end_time"}
        body["dateRange"] = {names.get(name, name): value for name, value in between.items()}
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
    if wrong:
        raise bad_request(wrong)
    reading = evolve(context, switches=evolve(context.switches, filter_type="coerce"))
    asked = search_body(reading, context.guarded(body), 1000)
    return search_response(context, evolve(asked, projections=projections or ()))


def add_legacy_traces(context: Context) -> Response:
    """Answer POST /session/{session_id}/traces: exactly one of logs and events."""
    body = context.json()
    given = [name for name in ("logs", "events") if name in body]
    if len(given) != 1:
        raise bad_request([Failure("", "give exactly one of logs and events")])
    events = _each(body[given[0]], _without_project)
    return store_session_batch(context, path_uuid(context, "session_id"), {"events": events})


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
    Route("POST", "/session/{session_id}/traces", add_legacy_traces),
)
