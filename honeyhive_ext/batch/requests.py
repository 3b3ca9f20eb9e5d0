"""The request that carries events, and the statuses that a batch reads by itself."""

from __future__ import annotations

from honeyhive_client.api.events import create_event_batch
from honeyhive_client.api.sessions import create_session_event_batch

from honeyhive_ext.batch.answers import is_partial
from honeyhive_ext.http.exchange import Call

ABOUT_EVENTS = frozenset({400, 404, 409, 413, 415, 422})
"""Statuses that say something about the events of a request, and not about the service."""


def accepts(status: int, content: bytes) -> bool:
    """Return whether the reconciliation reads this answer. Other failures stay with the sender's retries.

    >>> accepts(413, b""), accepts(503, b"")
    (True, False)
    """
    return status in ABOUT_EVENTS or is_partial(status, content)


def batch_call(content: bytes, session_id: str | None) -> Call:
    """Return the call that sends events.

    Args:
        content: The body, `{"events":[...]}`.
        session_id: The session in the path (createSessionEventBatch), or None for createEventBatch.
    """
    if session_id is not None:
        request = create_session_event_batch.build_request(session_id=session_id, body=content)
        return Call("createSessionEventBatch", request, write=True)
    return Call("createEventBatch", create_event_batch.build_request(body=content), write=True)
