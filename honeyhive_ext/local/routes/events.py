"""The routes that write one event, an update, or a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from attrs import evolve

from honeyhive_ext.local import codec
from honeyhive_ext.local.json_types import is_object
from honeyhive_ext.local.message import Failure, Response, bad_request, json_response
from honeyhive_ext.local.routes.context import Context, not_found
from honeyhive_ext.local.routes.ingest import draft
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.validate import failures, fields, is_uuid
from honeyhive_ext.local.store import Draft, Transaction
from honeyhive_ext.local.store.merge import merge

# The service says where a session is stored; here there is only one place.
PLACE = {"org_id": "local-org", "workspace_id": "local-workspace", "project_id": "local-project"}


def create_event(context: Context) -> Response:
    """Answer POST /v1/events."""
    return store_event(context, context.json())


def store_event(context: Context, event: dict[str, Any]) -> Response:
    """Store one event, as it was posted, and answer with its id."""
    context.check("PostEventRequest", event)
    return store_checked_event(context, event)


def store_checked_event(context: Context, event: dict[str, Any]) -> Response:
    """Store one event that has been checked, and answer with its id."""
    one = draft(context, context.guarded(event))
    context.store.write(lambda transaction: transaction.insert([one], context.switches.repost))
    return stored_response({"success": True, "event_id": one.event["event_id"]})


def stored_response(value: object) -> Response:
    """Return a JSON answer with stored values as they were sent."""
    return Response(200, codec.unguard(codec.dumps(value).encode()))


def update_event(context: Context) -> Response:
    """Answer PUT /v1/events/{event_id}."""
    return store_update(context, path_uuid(context, "event_id"), context.json())


def path_uuid(context: Context, name: str) -> str:
    """Return a UUID in the path.

    Raises:
        RequestRefused: 400, it is not a UUID.
    """
    text = context.parameters[name]
    if not is_uuid(text):
        raise bad_request([Failure(name, f"must be a UUID, not {text[:100]!r}")])
    return text


_HOW = {"object": "merge", "array": "fill"}


@cache
def _updates() -> Mapping[str, str]:
    """Return how each field of an update is applied, by the API document.

    A plain object is merged. An object that may be null replaces the stored one unless it is null. An empty
    array is ignored. Everything else replaces.
    """
    kinds: dict[str, str] = {}
    for name, one in fields("UpdateEventRequest").items():
        plain = one.get("type")
        kinds[name] = _HOW.get(plain, "set") if isinstance(plain, str) else "set"
    return kinds


def store_update(context: Context, event_id: str, update: dict[str, Any]) -> Response:
    """Apply an update, as it was posted, to the stored event."""
    context.check("UpdateEventRequest", update)
    changes = context.guarded(update)

    def work(transaction: Transaction) -> None:
        there = transaction.get(event_id)
        if there is None:
            raise not_found(f"no event {event_id} is stored")
        transaction.replace(there, _updated(there.event, changes, context.switches.update == "deep"))

    context.store.write(work)
    return json_response({}) if context.switches.update_answer == "object" else Response(200, media_type=None)


def _updated(event: Mapping[str, Any], changes: Mapping[str, Any], deep: bool) -> dict[str, Any]:
    """Return the event after an update. Fields that the document does not name are ignored."""
    new = dict(event)
    for name, how in _updates().items():
        value = changes.get(name)
        if value is None or (how == "fill" and not value):
            continue
        if how == "merge" and is_object(value):
            new[name] = merge(event.get(name), value, deep=deep)
        else:
            new[name] = value
    return new


def create_session(context: Context) -> Response:
    """Answer POST /v1/sessions."""
    return stored_response(store_session(context, context.json()))


def store_session(
    context: Context, session: dict[str, Any], older: Mapping[str, Any] | None = None, at: str = ""
) -> dict[str, Any]:
    """Start a session, or merge into the one that exists, and return its event.

    Idempotent on session_id: metadata and user_properties are merged, everything else stays.

    Args:
        context: The request.
        session: The session, as it was posted.
        older: Fields that only a deprecated route takes, and has checked.
        at: Where the session is in the body, such as "session."; "" for the whole body.
    """
    found = failures("StartSessionRequest", session)
    context.note([Failure(at + one.path, one.message) for one in found])
    bad = {one.path for one in found}
    kept = {name: value for name, value in session.items() if name not in bad}
    given = context.guarded({**kept, **(older or {})})
    one = session_draft(context, given)

    def work(transaction: Transaction) -> Mapping[str, Any]:
        there = transaction.get(one.event["event_id"])
        if there is None:
            transaction.insert([one], "replace")
            return one.event
        event = dict(there.event)
        for name in ("metadata", "user_properties"):
            if isinstance(given.get(name), dict):
                event[name] = merge(event.get(name), given[name], deep=False)
        transaction.replace(there, event)
        return event

    event = context.store.write(work)
    return {"parent_id": None, "children_ids": [], "error": None, **PLACE, **event}


def session_draft(context: Context, given: Mapping[str, Any]) -> Draft:
    """Return the event of a new session. A session_id that is not a UUID is replaced by a new one."""
    event = dict(given)
    session_id = event.get("session_id")
    if not (isinstance(session_id, str) and is_uuid(session_id)):
        event.pop("session_id", None)
    if event.get("event_name") is None and isinstance(event.get("session_name"), str):
        event["event_name"] = event["session_name"]
    event.pop("event_id", None)
    event.setdefault("inputs", {})
    one = draft(context, {**event, "event_type": "session"})
    return evolve(one, sent=given)


ROUTES: Sequence[Route] = (
    Route("POST", "/v1/events", create_event),
    Route("PUT", "/v1/events/{event_id}", update_event),
    Route("POST", "/v1/sessions", create_session),
)
