"""A finished span of the OpenTelemetry SDK, in the form that every reader gives."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from honeyhive_ext.otlp.otel_span import OtelSpan, SpanEvent, SpanLink, finite

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext


def read_sdk(span: ReadableSpan) -> OtelSpan | None:
    """Return a finished span, or None if it has no ids."""
    context = span.get_span_context()
    if context is None or not context.is_valid:
        return None
    start = span.start_time or 0
    scope = span.instrumentation_scope
    events, links = span.events, span.links
    return OtelSpan(
        trace_id=trace_id(context),
        span_id=span_id(context),
        parent_id=span_id(span.parent) if span.parent is not None else None,
        name=span.name,
        kind=span.kind.name.lower(),
        start_ns=start,
        end_ns=span.end_time or start,
        attributes=_attributes(span.attributes),
        events=[SpanEvent(one.name, one.timestamp, _attributes(one.attributes)) for one in events]
        if events
        else (),
        links=[
            SpanLink(trace_id(one.context), span_id(one.context), _attributes(one.attributes))
            for one in links
        ]
        if links
        else (),
        failed=span.status.status_code.name == "ERROR",
        message=span.status.description or "",
        resource=_resource(span.resource),
        scope=scope.name if scope is not None else "",
        scope_version=(scope.version or "") if scope is not None else "",
        dropped={name: count for name, what in _DROPPED if (count := getattr(span, what, 0))},
    )


def trace_id(context: SpanContext) -> str:
    """Return the id of a trace as 32 hexadecimal digits."""
    return f"{context.trace_id:032x}"


def span_id(context: SpanContext) -> str:
    """Return the id of a span as 16 hexadecimal digits."""
    return f"{context.span_id:016x}"


_DROPPED = (
    ("droppedAttributesCount", "dropped_attributes"),
    ("droppedEventsCount", "dropped_events"),
    ("droppedLinksCount", "dropped_links"),
)


class _LastResource:
    """The resource that was read last: as a rule all spans of a process have the same."""

    read: tuple[object, dict[str, Any]] = (None, {})


def _resource(resource: Resource) -> dict[str, Any]:
    known, found = _LastResource.read
    if known is not resource:
        found = _attributes(resource.attributes)
        _LastResource.read = resource, found
    return found


def _attributes(given: Any) -> dict[str, Any]:
    """Return a copy of attributes, with lists for tuples."""
    found: dict[str, Any] = given.copy() if hasattr(given, "copy") else dict(given or {})
    for name, value in found.items():
        if type(value) is not str:
            found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    """Return a value as the readers of OTLP give it: bytes as base64, NaN and infinities by their names."""
    if isinstance(value, float):
        return finite(float(value))
    if isinstance(value, int):
        return value if isinstance(value, bool) or -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in cast("Sequence[Any]", value)]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in cast("Mapping[str, Any]", value).items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
