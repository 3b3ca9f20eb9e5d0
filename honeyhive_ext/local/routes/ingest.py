"""Turns a posted event into the event that is stored: ids, defaults, times, depth."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from honeyhive_ext.local.filters.operands import canonical, instant, sql_number
from honeyhive_ext.local.json_types import is_array
from honeyhive_ext.local.message import Failure, bad_request
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.routes.validate import fields
from honeyhive_ext.local.store import Draft

UNKNOWN = "unknown"  # what the service stores if event_name or source is omitted


@cache
def _times() -> tuple[str, ...]:
    """Return the fields that hold a point in time, by the API document."""
    names = [name for name, one in fields("PostEventRequest").items() if one.get("x-unit") == "unix-ms"]
    return tuple(names) or ("start_time", "end_time")


def draft(context: Context, event: Mapping[str, Any]) -> Draft:
    """Return the event to store for one that was posted. See `drafts`."""
    return drafts(context, [event])[0]


def drafts(
    context: Context, events: Iterable[Mapping[str, Any]], session_id: str | None = None
) -> list[Draft]:
    """Return the events to store for those that were posted.

    A session's event is the root of its trace: its event_id is its session_id, and it has no parent. The
    parent of any other event without a parent_id is its session.

    Args:
        context: The request.
        events: The events as they were posted, guarded.
        session_id: The session of all of them, whatever session_id they have; None for their own.

    Raises:
        TooDeepError: A field is nested too deeply.
    """
    now, visible_at, pack = context.clock(), context.visible_at, context.store.rows.pack
    rounded = _times() if context.switches.timestamps == "rounded" else ()
    made: list[Draft] = []
    for event in events:
        whole = dict(event)
        if session_id is not None:
            whole["session_id"] = session_id
        _identify(whole)
        for name in ("event_name", "source"):
            if whole.get(name) is None:
                whole[name] = UNKNOWN
        if whole.get("start_time") is None:
            whole["start_time"] = now
        for name in rounded:
            if isinstance(whole.get(name), float):
                whole[name] = round(whole[name])
        start = instant(whole["start_time"])
        row, extra = pack(whole)
        made.append(Draft(whole, row, extra, now if start is None else sql_number(start), visible_at, event))
    return made


def _identify(event: dict[str, Any]) -> None:
    """Add the ids that an event lacks."""
    event_id, session_id = event.get("event_id"), event.get("session_id")
    if not isinstance(event_id, str):
        event_id = None  # if violations are stored, an id may be anything
    if not isinstance(session_id, str):
        session_id = None
    session = event.get("event_type") == "session"
    session_id = session_id or (event_id if session else None) or str(uuid.uuid4())
    event_id = event_id or (session_id if session else str(uuid.uuid4()))
    event["event_id"], event["session_id"] = event_id, session_id
    if not event.get("parent_id") and not (session and canonical(event_id) == canonical(session_id)):
        event["parent_id"] = session_id


def event_list(value: object) -> Sequence[Any]:
    """Return the events of a batch.

    Raises:
        RequestRefused: 400, it is not an array. This holds even if violations are stored.
    """
    if not is_array(value):
        raise bad_request([Failure("events", "must be an array")])
    return value
