"""A span as an event. Nothing is remembered: children may come before parents, and a span may come twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from honeyhive_ext.otlp.buckets import buckets, milliseconds
from honeyhive_ext.otlp.otel_span import OtelSpan
from honeyhive_ext.otlp.registry import BLOCK, EVENT_TYPES, PARENT, SESSION_IDS, STEERING
from honeyhive_ext.otlp.shape import Shape, shape_of
from honeyhive_ext.payload.ids import is_canonical
from honeyhive_ext.payload.span_ids import SPACE, event_id_of, trace_session

# Attributes that only a call of a model has, where nothing says what the span is.
_OF_MODELS = (
    *("gen_ai.request.model", "llm.model_name", "embedding.model_name"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
)


def named_session(span: OtelSpan) -> str | None:
    """Return the session id that a span or its resource names, as it is, or None."""
    for name in SESSION_IDS:
        named = span.attributes.get(name, span.resource.get(name))
        if named not in (None, ""):
            return str(named)
    return None


def session_id_of(span: OtelSpan) -> str | None:
    """Return the session_id of a span that names a session, or None.

    An id that is not a UUID stands for a UUID of its own, always the same one.
    """
    named = named_session(span)
    return None if named is None else uuid_of(named)


def session_ids_of(spans: Iterable[OtelSpan]) -> dict[str, str]:
    """Return the session_id of each trace, by trace_id: the first that one of its spans names.

    A trace that names none is a session itself.
    """
    found: dict[str, str] = {}
    others: dict[str, str] = {}
    for span in spans:
        if span.trace_id not in found:
            named = session_id_of(span)
            if named is not None:
                found[span.trace_id] = named
            elif span.trace_id not in others:
                others[span.trace_id] = trace_session(span.trace_id)
    return others | found


def _parent_of(span: OtelSpan, session_id: str) -> str:
    named = span.attributes.get(PARENT)
    if isinstance(named, str) and named:
        return uuid_of(named)
    if not span.parent_id:
        return session_id
    block = span.attributes.get(BLOCK)  # as a processor of baggage copies it to the span
    if isinstance(block, str) and is_canonical(block) and block.replace("-", "")[16:] == span.parent_id:
        return block
    return event_id_of(span.trace_id, span.parent_id)


def uuid_of(text: str) -> str:
    """Return an id as a UUID. One that is not a UUID stands for one, always the same."""
    if is_canonical(text):
        return text
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(SPACE, f"session {text}"))


def to_events(spans: Sequence[OtelSpan]) -> Iterator[dict[str, Any]]:
    """Yield the event of each span. A span that names no session belongs to that of its trace."""
    sessions = session_ids_of(spans) if len(spans) > 1 else {}
    for span in spans:
        session_id = session_id_of(span) or sessions.get(span.trace_id) or trace_session(span.trace_id)
        yield to_event(span, session_id)


def to_event(span: OtelSpan, session_id: str) -> dict[str, Any]:
    """Return the event that a span becomes, as `POST /v1/events` takes it.

    Args:
        span: The span.
        session_id: The session that it belongs to.

    Times are Unix ms, with the parts of a ms that the span has. The parent of a root is its session. Every
    attribute, event and link is somewhere in the event, but for those that only steer (`honeyhive.*`).
    """
    attributes = span.attributes
    shape = shape_of(attributes)
    event: dict[str, Any] = {
        "event_id": event_id_of(span.trace_id, span.span_id),
        "session_id": session_id,
        "parent_id": _parent_of(span, session_id),
        "event_type": event_type_of(attributes, shape),
        "event_name": str(attributes.get("honeyhive_event_name") or span.name or "span"),
        "source": str(steering(span, "source") or "otlp"),
        "start_time": milliseconds(span.start_ns),
        "end_time": milliseconds(span.end_ns),
        "duration": max(span.end_ns - span.start_ns, 0) / 1e6,
    }
    error = error_of(span)
    if error is not None:
        event["error"] = error
    event.update(buckets(span, shape))
    return event


def steering(span: OtelSpan, name: str) -> Any:
    """Return what a span says of where it belongs, such as its `project`; None if it says nothing."""
    for prefix in STEERING:
        found = span.attributes.get(prefix + name, span.resource.get(prefix + name))
        if found not in (None, ""):
            return found
    return None


def event_type_of(attributes: Mapping[str, Any], shape: Shape) -> str:
    """Return the event_type of a span: model, tool, session or chain."""
    for name in shape.says_what:
        said = attributes[name]
        if isinstance(said, str) and said:
            kind = EVENT_TYPES.get(said.lower(), "chain")
            return "chain" if kind == "session" and name != "honeyhive_event_type" else kind
    return "model" if any(name in attributes for name in _OF_MODELS) else "chain"


def error_of(span: OtelSpan) -> str | None:
    """Return what went wrong, or None.

    It is `honeyhive_error`, else the message of the status, else the first exception, else `error.type`.
    """
    said = span.attributes.get("honeyhive_error")
    if said not in (None, ""):
        return str(said)
    if not span.failed:
        return None
    if span.message:
        return span.message
    for one in span.events:
        if one.name == "exception":
            parts = [one.attributes.get(f"exception.{part}") for part in ("type", "message")]
            if text := ": ".join(str(part) for part in parts if part not in (None, "")):
                return text
    return str(span.attributes.get("error.type") or "error")
