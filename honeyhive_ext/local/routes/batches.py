"""The routes that write many events at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from honeyhive_ext.local.codec import TooDeepError, guard
from honeyhive_ext.local.json_types import is_object
from honeyhive_ext.local.message import Failure, RequestRefused, Response, bad_request
from honeyhive_ext.local.routes.context import Context, not_found
from honeyhive_ext.local.routes.events import path_uuid, session_draft, stored_response
from honeyhive_ext.local.routes.ingest import drafts, event_list
from honeyhive_ext.local.routes.route import Route
from honeyhive_ext.local.routes.understood import new_in
from honeyhive_ext.local.routes.validate import failures
from honeyhive_ext.local.store import Draft, EventExistsError, Transaction

_BATCH = frozenset({"events", "single_session", "session_properties"})


@frozen
class StoredBatch:
    """The result of a batch.

    Args:
        event_ids: The ids of the stored events, in order.
        errors: A message for each event that was not stored.
    """

    event_ids: list[str]
    errors: list[str]

    def partial(self) -> Response:
        """Return the 500 of a partial batch."""
        response = stored_response({"event_ids": self.event_ids, "errors": self.errors, "success": False})
        return Response(500, response.body)


@frozen
class Wrong:
    """What is wrong with a batch.

    Args:
        found: The violations, with paths of the body that was sent.
        events: The name that the events have in that body.
    """

    found: Sequence[Failure]
    events: str = "events"


def create_event_batch(context: Context) -> Response:
    """Answer POST /v1/events/batch."""
    return store_batch(context, context.json())


def store_batch(context: Context, body: dict[str, Any], wrong: Wrong | None = None) -> Response:
    """Store a batch, as it was posted. With single_session all its events share one new session."""
    if new := new_in("PostEventBatchRequest", body, _BATCH):
        raise bad_request(new)
    checked = _checked(context, wrong or _wrong(context, "PostEventBatchRequest", body), body)
    session: list[Draft] = []
    session_id: str | None = None
    if body.get("single_session") is True:
        properties = body.get("session_properties")
        given = properties if is_object(properties) else {}
        session = [session_draft(context, context.guarded(given))]
        session_id = session[0].event["session_id"]
    batch = _store(context, checked, session_id, session)
    if batch.errors:
        return batch.partial()
    named = {} if session_id is None else {"session_id": session_id}
    return stored_response({"event_ids": batch.event_ids, "success": True, **named})


def create_session_event_batch(context: Context) -> Response:
    """Answer POST /v1/sessions/{session_id}/events/batch."""
    return store_session_batch(context, path_uuid(context, "session_id"), context.json())


def store_session_batch(
    context: Context, session_id: str, body: dict[str, Any], wrong: Wrong | None = None
) -> Response:
    """Store events with the session_id of the path, whatever session_id they have."""
    if new := new_in("SessionEventBatchRequest", body, ("events",)):
        raise bad_request(new)
    checked = _checked(context, wrong or _wrong(context, "SessionEventBatchRequest", body), body)
    batch = _store(context, checked, session_id, (), session_id)
    return batch.partial() if batch.errors else stored_response({"success": True})


def _wrong(context: Context, schema: str, body: dict[str, Any]) -> Wrong:
    """Check a batch. Where its good events are stored alone, every bad one has to be known."""
    return Wrong(failures(schema, body, every=context.switches.bad_event == "partial"))


@frozen
class _Checked:
    """The events of a batch that may be stored, and a message for each that may not, by index."""

    good: Mapping[int, dict[str, Any]]
    errors: dict[int, str]
    events: str


def _checked(context: Context, wrong: Wrong, body: dict[str, Any]) -> _Checked:
    """Refuse a batch with violations. With the switch `bad_event` on partial, separate its bad events.

    Raises:
        RequestRefused: 400 or 413, the batch is refused as a whole.
    """
    found, name = wrong.found, wrong.events
    partial = context.switches.bad_event == "partial"
    inside = [one for one in found if one.path.startswith(f"{name}[")]
    if found and not context.lenient and (not partial or len(inside) < len(found)):
        raise bad_request(found)
    events = event_list(body.get("events"))
    if context.switches.max_batch and len(events) > context.switches.max_batch:
        raise RequestRefused(413, f"more than {context.switches.max_batch} events", "PAYLOAD_TOO_LARGE")
    if context.lenient:
        context.violations.extend(found)
        # Only an object can be stored, even if lenient.
        inside = [
            Failure(f"{name}[{at}]", "must be an object") for at, e in enumerate(events) if not is_object(e)
        ]
        if inside and not partial:
            raise bad_request(inside)
    errors: dict[int, str] = {}
    for one in inside:
        at = int(one.path[len(name) + 1 : one.path.index("]")])
        text = f"{one.path}: {one.message}"
        errors[at] = f"{errors[at]}; {text}" if at in errors else text
    coded = context.coded
    good = {at: guard(event) if coded else event for at, event in enumerate(events) if at not in errors}
    return _Checked(good, errors, name)


def _drafts(context: Context, checked: _Checked, session_id: str | None) -> list[Draft]:
    """Return the events as they are stored. An event that is nested too deeply is a bad event."""
    try:
        return drafts(context, checked.good.values(), session_id)
    except TooDeepError:
        made: list[Draft] = []
        for at, event in checked.good.items():
            try:
                made += drafts(context, [event], session_id)
            except TooDeepError as problem:
                checked.errors[at] = f"{checked.events}[{at}].{problem.path}: {problem}"
        if context.switches.bad_event != "partial":
            texts = [Failure(*text.split(": ", 1)) for text in checked.errors.values()]
            raise bad_request(texts) from None
        return made


def _store(
    context: Context,
    checked: _Checked,
    session_id: str | None,
    session: Sequence[Draft],
    known: str | None = None,
) -> StoredBatch:
    made = _drafts(context, checked, session_id)
    keep = context.effects.keep
    dropped = [] if keep is None else made[keep:]
    kept = made if keep is None else made[:keep]
    texts = [checked.errors[at] for at in sorted(checked.errors)]
    texts += ["the event could not be stored" for _ in dropped]
    one_by_one = context.switches.bad_event == "partial" and context.switches.repost == "reject"

    def work(transaction: Transaction) -> StoredBatch:
        if known is not None and not transaction.has_session(known):
            raise not_found(f"no session {known} is stored")
        transaction.insert(session, "replace")
        if not one_by_one:
            transaction.insert(kept, context.switches.repost)
            return StoredBatch([one.event["event_id"] for one in kept], texts)
        return _singly(transaction, kept, texts)

    return context.store.write(work)


def _singly(transaction: Transaction, made: Sequence[Draft], texts: list[str]) -> StoredBatch:
    """Store the events one by one. An id that is stored already is an error of that event alone."""
    batch = StoredBatch([], list(texts))
    for one in made:
        try:
            transaction.insert([one], "reject")
        except EventExistsError as problem:
            batch.errors.append(str(problem))
        else:
            batch.event_ids.append(one.event["event_id"])
    return batch


ROUTES: Sequence[Route] = (
    Route("POST", "/v1/events/batch", create_event_batch),
    Route("POST", "/v1/sessions/{session_id}/events/batch", create_session_event_batch),
)
