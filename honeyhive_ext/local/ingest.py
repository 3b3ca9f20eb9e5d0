"""A posted event becomes the event that is stored: ids, defaults, times, depth."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from honeyhive_ext.local import codec
from honeyhive_ext.local.context import Context
from honeyhive_ext.local.message import Failure, bad_request
from honeyhive_ext.local.query.values import instant
from honeyhive_ext.local.shapes import is_array
from honeyhive_ext.local.store import Draft
from honeyhive_ext.local.validate import fields

UNKNOWN = "unknown"  # what the service stores for an event_name or a source left out


@cache
def _times() -> tuple[str, ...]:
    """The fields that hold a point in time, by the API document."""
    names = [name for name, one in fields("PostEventRequest").items() if one.get("x-unit") == "unix-ms"]
    return tuple(names) or ("start_time", "end_time")


def draft(context: Context, event: Mapping[str, Any], **fixed: str) -> Draft:
    """The event that is stored for one that was posted.

    A session's event is the root of its trace: its event_id is its session_id and it has no parent. Every
    other event without a parent_id belongs below its session.

    Args:
        context: The request.
        event: The event as posted, guarded.
        fixed: Fields that hold whatever the event says, such as the session_id of the path.
    """
    whole: dict[str, Any] = {**event, **fixed}
    for name in ("event_id", "session_id"):
        if not isinstance(whole.get(name), str):  # only where violations are stored
            whole.pop(name, None)
    session = whole.get("event_type") == "session"
    session_id = whole.get("session_id") or (session and whole.get("event_id")) or str(uuid.uuid4())
    whole["session_id"] = session_id
    if not whole.get("event_id"):
        whole["event_id"] = session_id if session else str(uuid.uuid4())
    if not whole.get("parent_id") and not (session and whole["event_id"] == session_id):
        whole["parent_id"] = session_id
    for name in ("event_name", "source"):
        if whole.get(name) is None:
            whole[name] = UNKNOWN
    if whole.get("start_time") is None:
        whole["start_time"] = context.clock()
    if context.switches.timestamps == "rounded":
        for name in _times():
            if isinstance(whole.get(name), float):
                whole[name] = round(whole[name])
    moment = instant(whole["start_time"])
    return Draft(whole, context.clock() if moment is None else moment, context.visible_at, event)


def check_depth(event: Mapping[str, Any], at: str) -> list[Failure]:
    """A failure for each field that is nested deeper than the store can search."""
    return [
        Failure(f"{at}{name}", f"nested more than {codec.MAX_DEPTH} levels deep")
        for name, value in event.items()
        if type(value) in (dict, list) and codec.depth(value) > codec.MAX_DEPTH
    ]


def maybe_deep(body: bytes) -> bool:
    """Whether a body can hold anything too deep at all."""
    return body.count(b"{") + body.count(b"[") > codec.MAX_DEPTH


def require_depth(context: Context, event: Mapping[str, Any]) -> None:
    """Refuse an event that is nested too deeply with 400."""
    if maybe_deep(context.request.body):
        found = check_depth(event, "")
        if found:
            raise bad_request(found)


def event_list(value: object) -> Sequence[Any]:
    """The events of a batch. Refuses anything but an array, also where violations are stored."""
    if not is_array(value):
        raise bad_request([Failure("events", "must be an array")])
    return value
