"""The routes that write many events at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from honeyhive_ext.local.context import Context, not_found
from honeyhive_ext.local.ingest import check_depth, draft, event_list, maybe_deep
from honeyhive_ext.local.message import Failure, Refusal, Response, bad_request
from honeyhive_ext.local.shapes import is_object
from honeyhive_ext.local.store import Draft, Transaction
from honeyhive_ext.local.validate import failures
from honeyhive_ext.local.writes import answer, path_uuid, session_draft


@frozen
class Outcome:
    """What became of a batch: the ids stored, in order, and a text for each event that was not."""

    event_ids: list[str]
    errors: list[str]

    def partial(self) -> Response:
        """The 500 of a partial batch."""
        response = answer({"event_ids": self.event_ids, "errors": self.errors, "success": False})
        return Response(500, response.body)


def create_event_batch(context: Context) -> Response:
    """POST /v1/events/batch."""
    return store_batch(context, context.json())


def store_batch(context: Context, body: dict[str, Any]) -> Response:
    """Store a batch, as posted. With single_session all events share one new session of this request."""
    good, errors = _checked(context, "PostEventBatchRequest", body)
    session: list[Draft] = []
    fixed: dict[str, str] = {}
    if body.get("single_session") is True:
        properties = body.get("session_properties")
        given = properties if is_object(properties) else {}
        session = [session_draft(context, context.guarded(given))]
        fixed = {"session_id": session[0].event["session_id"]}
    outcome = _store(context, good, errors, fixed, session)
    if outcome.errors:
        return outcome.partial()
    return answer({"event_ids": outcome.event_ids, "success": True, **fixed})


def create_session_event_batch(context: Context) -> Response:
    """POST /v1/sessions/{session_id}/events/batch."""
    return store_session_batch(context, path_uuid(context, "session_id"), context.json())


def store_session_batch(context: Context, session_id: str, body: dict[str, Any]) -> Response:
    """Store events with the session_id of the path, whatever they say themselves."""
    good, errors = _checked(context, "SessionEventBatchRequest", body)
    outcome = _store(context, good, errors, {"session_id": session_id}, (), session_id)
    return outcome.partial() if outcome.errors else answer({"success": True})


def _checked(context: Context, schema: str, body: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The events that may be stored, guarded, and a text for each that may not."""
    found = failures(schema, body)
    partial = context.switches.bad_event == "partial"
    inside = [one for one in found if one.path.startswith("events[")]
    if found and not context.lenient and (not partial or len(inside) < len(found)):
        raise bad_request(found)
    events = event_list(body.get("events"))
    if context.switches.max_batch and len(events) > context.switches.max_batch:
        raise Refusal(413, f"more than {context.switches.max_batch} events", "PAYLOAD_TOO_LARGE")
    bad = _too_deep(context, events) + [
        Failure(f"events[{at}]", "must be an object")
        for at, event in enumerate(events)
        if not is_object(event)
    ]
    if bad and not partial:
        raise bad_request(bad)
    if context.lenient:
        context.violations.extend(found)
    else:
        bad += inside
    texts: dict[int, str] = {}
    for one in bad:
        number = int(one.path[7 : one.path.index("]")])
        text = f"{one.path}: {one.message}"
        texts[number] = f"{texts[number]}; {text}" if number in texts else text
    good = [context.guarded(event) for at, event in enumerate(events) if at not in texts]
    return good, [texts[at] for at in sorted(texts)]


def _too_deep(context: Context, events: Sequence[Any]) -> list[Failure]:
    if not maybe_deep(context.request.body):
        return []
    return [
        one
        for at, event in enumerate(events)
        if is_object(event)
        for one in check_depth(event, f"events[{at}].")
    ]


def _store(
    context: Context,
    events: Sequence[dict[str, Any]],
    errors: Sequence[str],
    fixed: dict[str, str],
    session: Sequence[Draft],
    known: str | None = None,
) -> Outcome:
    drafts = [draft(context, event, **fixed) for event in events]
    keep = context.effects.keep
    dropped = [] if keep is None else drafts[keep:]
    kept = drafts if keep is None else drafts[:keep]
    texts = [*errors, *("the event could not be stored" for _ in dropped)]
    one_by_one = context.switches.bad_event == "partial" and context.switches.repost == "reject"

    def work(transaction: Transaction) -> Outcome:
        if known is not None and not transaction.has_session(known):
            raise not_found(f"no session {known} is stored")
        transaction.insert(session, "replace")
        if not one_by_one:
            transaction.insert(kept, context.switches.repost)
            return Outcome([one.event["event_id"] for one in kept], texts)
        return _singly(transaction, kept, texts)

    return context.store.write(work)


def _singly(transaction: Transaction, drafts: Sequence[Draft], texts: list[str]) -> Outcome:
    """Store what can be stored, where an id that is there already is one event's error."""
    outcome = Outcome([], list(texts))
    for one in drafts:
        try:
            transaction.insert([one], "reject")
        except Refusal as refusal:
            outcome.errors.append(refusal.message)
        else:
            outcome.event_ids.append(one.event["event_id"])
    return outcome
