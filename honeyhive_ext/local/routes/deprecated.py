"""Routes that older clients still call, among them the official Python SDK. Each rewrites its body into
today's shape and goes on as today's route."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve

from honeyhive_ext.local.json_types import is_array, is_object
from honeyhive_ext.local.message import Failure, Response, bad_request
from honeyhive_ext.local.routes.batches import store_batch, store_session_batch
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.events import answer, path_uuid, store_event, store_session, store_update
from honeyhive_ext.local.routes.search import answer_query, clamped, query
from honeyhive_ext.local.routes.validate import failures, fields, is_uuid

EXPORT_LIMIT = 7500  # events a page of the old export may hold

# What a model event carries at its top and the stored event carries in inputs.
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


def start_session(context: Context) -> Response:
    """POST /session/start: {session: {...}}.

    Older clients also send other fields of an event (metrics, feedback, error) and fields of their own
    (is_evaluation, run_id, dataset_id, datapoint_id); they are stored with the session.
    """
    session = _without_project(_inner(context.json(), "session"))
    today, event = fields("StartSessionRequest"), fields("PostEventRequest")
    older = {name: value for name, value in session.items() if name not in today}
    of_event = {name: value for name, value in older.items() if name in event}
    context.check("PostEventRequest", {**_SESSION, **of_event})
    return answer(store_session(context, {n: v for n, v in session.items() if n in today}, older))


_SESSION: Mapping[str, Any] = {"event_type": "session", "inputs": {}}  # what every event needs


def create_event(context: Context) -> Response:
    """POST /events: {event: {...}}."""
    return store_event(context, _without_project(_inner(context.json(), "event")))


def update_event(context: Context) -> Response:
    """PUT /events: {event_id, ...}. What the document does not name is ignored, as the service does."""
    body = context.json()
    event_id = body.pop("event_id", None)
    if not isinstance(event_id, str) or not is_uuid(event_id):
        raise bad_request([Failure("event_id", "must be a UUID")])
    known = fields("UpdateEventRequest")
    return store_update(context, event_id, {name: value for name, value in body.items() if name in known})


def create_event_batch(context: Context) -> Response:
    """POST /events/batch: is_single_session and session are older names."""
    body = context.json()
    for old, new in (("is_single_session", "single_session"), ("session", "session_properties")):
        if old in body:
            value = body.pop(old)
            body.setdefault(new, value)
    body.pop("project", None)
    return store_batch(context, {**body, "events": _each(body.get("events"), _without_project)})


def create_model_event(context: Context) -> Response:
    """POST /events/model: {model_event: {...}}."""
    return store_event(context, _model(_inner(context.json(), "model_event")))


def create_model_event_batch(context: Context) -> Response:
    """POST /events/model/batch: {model_events: [...]}."""
    body = context.json()
    events = body.pop("model_events", None)
    if "is_single_session" in body:
        body.setdefault("single_session", body.pop("is_single_session"))
    return store_batch(context, {**body, "events": _each(events, _model)})


def export_events(context: Context) -> Response:
    """POST /v1/events/export: search with $gte and $lte, projections and up to 7,500 events a page.

    The clients that call it send text as the value of every filter, whatever the type beside it says
    ("0.01" and number), and whole numbers as 2000.0; both are read as what they mean.
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
    asked = query(reading, context.guarded(body), 1000)
    return answer_query(context, evolve(asked, projections=projections or ()))


def add_traces(context: Context) -> Response:
    """POST /session/{session_id}/traces: exactly one of logs and events."""
    body = context.json()
    given = [name for name in ("logs", "events") if name in body]
    if len(given) != 1:
        raise bad_request([Failure("", "exactly one of logs and events is required")])
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
    """A model event in today's shape."""
    whole = {**_without_project(event), "event_type": "model"}
    moved = {name: whole.pop(name) for name in _TO_INPUTS if name in whole}
    inputs = whole.get("inputs")
    whole["inputs"] = {**inputs, **moved} if is_object(inputs) else moved
    if "response" in whole:
        outputs = whole.get("outputs")
        whole["outputs"] = {**(outputs if is_object(outputs) else {}), "response": whole.pop("response")}
    return whole


def _each(events: object, change: Callable[[dict[str, Any]], dict[str, Any]]) -> object:
    """Each event changed; what is no array of objects is left for the schema to refuse."""
    if not is_array(events):
        return events
    return [change(one) if is_object(one) else one for one in events]


def _are_texts(value: object) -> bool:
    return is_array(value) and all(isinstance(one, str) for one in value)


ROUTES: Sequence[tuple[str, str, Callable[[Context], Response], bool]] = (
    ("POST", "/session/start", start_session, False),
    ("POST", "/events", create_event, False),
    ("PUT", "/events", update_event, False),
    ("POST", "/events/batch", create_event_batch, False),
    ("POST", "/events/model", create_model_event, False),
    ("POST", "/events/model/batch", create_model_event_batch, False),
    ("POST", "/v1/events/export", export_events, True),
    ("POST", "/session/{session_id}/traces", add_traces, False),
)
