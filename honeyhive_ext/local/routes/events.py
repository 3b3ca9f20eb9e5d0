"""The routes that write: one event, an update, a session."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from attrs import evolve

from honeyhive_ext.local import codec
from honeyhive_ext.local.json_types import is_object
from honeyhive_ext.local.message import Failure, Response, bad_request, reply
from honeyhive_ext.local.routes.context import Context, not_found
from honeyhive_ext.local.routes.ingest import draft
from honeyhive_ext.local.routes.validate import fields, is_uuid
from honeyhive_ext.local.store import Draft, Transaction
from honeyhive_ext.local.store.merge import merge

# What the service answers about where a session lives; there is only one such place here.
PLACE = {"org_id": "local-org", "workspace_id": "local-workspace", "project_id": "local-project"}


def create_event(context: Context) -> Response:
    """POST /v1/events."""
    return store_event(context, context.json())


def store_event(context: Context, event: dict[str, Any]) -> Response:
    """Store one event, as posted, and answer with its id."""
    context.check("PostEventRequest", event)
    one = draft(context, context.guarded(event))
    context.store.write(lambda transaction: transaction.insert([one], context.switches.repost))
    return answer({"success": True, "event_id": one.event["event_id"]})


def answer(value: object) -> Response:
    """A JSON answer in which stored values stand as they were sent."""
    return Response(200, codec.unguard(codec.dumps(value).encode()))


def update_event(context: Context) -> Response:
    """PUT /v1/events/{event_id}."""
    return store_update(context, path_uuid(context, "event_id"), context.json())


def path_uuid(context: Context, name: str) -> str:
    """A UUID in the path. Refuses anything else with 400."""
    text = context.parameters[name]
    if not is_uuid(text):
        raise bad_request([Failure(name, f"must be a UUID, not {text[:100]!r}")])
    return text


_HOW = {"object": "merge", "array": "fill"}


@cache
def _updates() -> Mapping[str, str]:
    """How each field of an update is applied, by the API document.

    A plain object is merged, an object that may be null replaces unless it is null, an empty array is
    ignored, everything else replaces.
    """
    kinds: dict[str, str] = {}
    for name, one in fields("UpdateEventRequest").items():
        plain = one.get("type")
        kinds[name] = _HOW.get(plain, "set") if isinstance(plain, str) else "set"
    return kinds


def store_update(context: Context, event_id: str, update: dict[str, Any]) -> Response:
    """Apply an update, as posted, to the stored event."""
    context.check("UpdateEventRequest", update)
    changes = context.guarded(update)

    def work(transaction: Transaction) -> None:
        there = transaction.get(event_id)
        if there is None:
            raise not_found(f"no event {event_id} is stored")
        transaction.replace(there.seq, _updated(there.event, changes, context.switches.update == "deep"))

    context.store.write(work)
    return reply({}) if context.switches.update_answer == "object" else Response(200, media_type=None)


def _updated(event: Mapping[str, Any], changes: Mapping[str, Any], deep: bool) -> dict[str, Any]:
    """The event after an update. What the document does not name is ignored, as the service does."""
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
    """POST /v1/sessions."""
    return answer(store_session(context, context.json()))


def store_session(
    context: Context, session: dict[str, Any], older: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Start a session, as posted, or merge into the one that exists; returns its event.

    Idempotent on session_id: metadata and user_properties are merged, everything else stays. `older` are
    fields that only a deprecated route takes, checked by that route.
    """
    bad = {one.path for one in context.check("StartSessionRequest", session)}
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
        transaction.replace(there.seq, event)
        return event

    event = context.store.write(work)
    return {"parent_id": None, "children_ids": [], "error": None, **PLACE, **event}


def session_draft(context: Context, given: Mapping[str, Any]) -> Draft:
    """The event of a new session. A session_id that is no UUID gives way to one that is made here."""
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
