"""A finished span of the OpenTelemetry SDK, in the form that every reader gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from honeyhive_ext.otlp.otel_span import OtelSpan, SpanEvent, SpanLink

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext


def read_sdk(span: ReadableSpan) -> OtelSpan | None:
    """Return a finished span, or None if it has no ids."""
    context = span.get_span_context()
    if context is None or not context.is_valid:
        return None
    start = span.start_time or 0
    scope = span.instrumentation_scope
    counts = {"droppedAttributesCount": "attributes", "droppedEventsCount": "events"}
    counts["droppedLinksCount"] = "links"
    dropped = {name: getattr(span, f"dropped_{what}", 0) for name, what in counts.items()}
    return OtelSpan(
        trace_id=trace_id(context),
        span_id=span_id(context),
        parent_id=span_id(span.parent) if span.parent is not None else None,
        name=span.name,
        kind=span.kind.name.lower(),
        start_ns=start,
        end_ns=span.end_time or start,
        attributes=_attributes(span.attributes),
        events=[SpanEvent(one.name, one.timestamp, _attributes(one.attributes)) for one in span.events],
        links=[
            SpanLink(trace_id(one.context), span_id(one.context), _attributes(one.attributes))
            for one in span.links
        ],
        failed=span.status.status_code.name == "ERROR",
        message=span.status.description or "",
        resource=_attributes(span.resource.attributes),
        scope=scope.name if scope is not None else "",
        scope_version=(scope.version or "") if scope is not None else "",
        dropped={name: count for name, count in dropped.items() if count},
    )


def trace_id(context: SpanContext) -> str:
    """Return the id of a trace as 32 hexadecimal digits."""
    return f"{context.trace_id:032x}"


def span_id(context: SpanContext) -> str:
    """Return the id of a span as 16 hexadecimal digits."""
    return f"{context.span_id:016x}"


def _attributes(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _plain(value) for name, value in (given or {}).items()}


def _plain(value: Any) -> Any:
    """Return a value with lists for tuples and text for bytes."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in cast("Sequence[Any]", value)]
    return value
