"""OTLP in protobuf, with the messages of `opentelemetry-proto` (extra `otel`)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1 import (  # pyright: ignore[reportMissingTypeStubs]
    logs_service_pb2,
)
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from honeyhive_ext.otlp.otel_span import KINDS, OtelSpan, SpanEvent, SpanLink, finite
from honeyhive_ext.otlp.read_json import DEEPEST, LATEST, ReadSpans, SpanRefusedError


def read_protobuf(body: bytes) -> ReadSpans:
    """Return the spans of the protobuf body of a request to export traces.

    Raises:
        SpanRefusedError: The body is not such a request.
    """
    try:
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    except DecodeError as problem:
        raise SpanRefusedError("the body is not an ExportTraceServiceRequest") from problem
    spans: list[OtelSpan] = []
    refused: list[str] = []
    for at, group in enumerate(request.resource_spans):
        try:
            resource = _attributes(group.resource.attributes)
        except SpanRefusedError as problem:
            count = sum(len(scope.spans) for scope in group.scope_spans)
            refused += [f"resourceSpans[{at}]: {problem}"] * count
            continue
        for place, scope in enumerate(group.scope_spans):
            for index, span in enumerate(scope.spans):
                try:
                    spans.append(_span(span, resource, scope.scope))
                except SpanRefusedError as problem:
                    refused.append(f"resourceSpans[{at}].scopeSpans[{place}].spans[{index}]: {problem}")
    return ReadSpans(spans, refused)


def answer(refused: int, reason: str) -> bytes:
    """Return the answer to a request: how many spans were refused, and why."""
    response = trace_service_pb2.ExportTraceServiceResponse()
    if refused or reason:
        response.partial_success.rejected_spans = refused
        response.partial_success.error_message = reason
    return response.SerializeToString()


def _span(
    span: trace_pb2.Span, resource: Mapping[str, Any], scope: common_pb2.InstrumentationScope
) -> OtelSpan:
    start, end = _time(span.start_time_unix_nano), _time(span.end_time_unix_nano)
    if not start:
        raise SpanRefusedError("startTimeUnixNano is missing")
    parent = span.parent_span_id
    counts = ("dropped_attributes_count", "dropped_events_count", "dropped_links_count")
    names = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
    dropped = {name: getattr(span, count) for name, count in zip(names, counts, strict=True)}
    return OtelSpan(
        trace_id=_id(span.trace_id, 16, "traceId"),
        span_id=_id(span.span_id, 8, "spanId"),
        parent_id=_id(parent, 8, "parentSpanId") if any(parent) else None,
        name=span.name,
        kind=KINDS[span.kind] if 0 <= span.kind < len(KINDS) else "",
        start_ns=start,
        end_ns=end or start,
        attributes=_attributes(span.attributes),
        events=[
            SpanEvent(one.name, _time(one.time_unix_nano), _attributes(one.attributes)) for one in span.events
        ],
        links=[
            SpanLink(one.trace_id.hex(), one.span_id.hex(), _attributes(one.attributes)) for one in span.links
        ],
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        message=span.status.message,
        resource=resource,
        scope=scope.name,
        scope_version=scope.version,
        dropped={name: count for name, count in dropped.items() if count},
    )


def _id(value: bytes, size: int, name: str) -> str:
    if len(value) != size or not any(value):
        raise SpanRefusedError(f"{name} must be {size} bytes, not all of them 0")
    return value.hex()


def _time(value: int) -> int:
    if value > LATEST:
        raise SpanRefusedError("a time must be Unix nanoseconds")
    return value


def _attributes(pairs: Iterable[common_pb2.KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: common_pb2.AnyValue, level: int = 0) -> Any:
    if level > DEEPEST:
        raise SpanRefusedError(f"an attribute is nested more than {DEEPEST} levels deep")
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(one, level + 1) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: _value(one.value, level + 1) for one in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    found = getattr(value, kind)
    return finite(found) if kind == "double_value" else found


def counted(body: bytes, signal: str) -> int:
    """Return how many log records, or how many metrics, the protobuf body of a request holds.

    Raises:
        SpanRefusedError: The body is not such a request.
    """
    try:
        if signal == "logs":
            logs = logs_service_pb2.ExportLogsServiceRequest.FromString(body).resource_logs
            return sum(len(scope.log_records) for group in logs for scope in group.scope_logs)
        metrics = metrics_service_pb2.ExportMetricsServiceRequest.FromString(body).resource_metrics
        return sum(len(scope.metrics) for group in metrics for scope in group.scope_metrics)
    except DecodeError as problem:
        raise SpanRefusedError(f"the body is not a request to export {signal}") from problem
