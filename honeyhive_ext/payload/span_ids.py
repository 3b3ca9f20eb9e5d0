"""The ids of events that are made of the spans of other tracers: always the same ones."""

from __future__ import annotations

import uuid
from functools import lru_cache
from hashlib import sha1

SPACE = uuid.UUID("6f1d2a57-9c55-5c38-8f0e-3b6f5d0a7c11")
"""The name space of these ids (RFC 9562, 5.5)."""


@lru_cache(10_000)  # the id of a parent is asked for by each child
def event_id_of(trace_id: str, span_id: str) -> str:
    """Return the event_id of a span: always the same one.

    >>> event_id_of("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    '1a4bd04d-1e98-57a9-ad37-a0f477923d4c'
    """
    digits = sha1(SPACE.bytes + f"{trace_id}/{span_id}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]  # as uuid.uuid5, at a third of its cost
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def trace_session(trace_id: str) -> str:
    """Return the session of a trace whose spans name none: the id of the trace, written as a UUID.

    So a trace that `inject` began in another process is the session that it was injected from.

    >>> trace_session("0af7651916cd43dd8448eb211c80319c")
    '0af76519-16cd-43dd-8448-eb211c80319c'
    """
    return f"{trace_id[:8]}-{trace_id[8:12]}-{trace_id[12:16]}-{trace_id[16:20]}-{trace_id[20:]}"
