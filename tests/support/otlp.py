"""Requests of OTLP in both forms, from plain values."""

from __future__ import annotations

import base64
import math
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
START = 1_795_646_619_518_219_313
JSON, PROTOBUF = "application/json", "application/x-protobuf"


def any_value(value: Any) -> dict[str, Any]:
    """Return a value as an AnyValue of OTLP/JSON."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        names = {math.inf: "Infinity", -math.inf: "-Infinity"}
        return {"doubleValue": "NaN" if math.isnan(value) else names.get(value, value)}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    return {"kvlistValue": {"values": pairs(value)}}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes as the KeyValues of OTLP/JSON."""
    return [{"key": key, "value": any_value(value)} for key, value in attributes.items()]


def span(attributes: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a span of OTLP/JSON."""
    made = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "step",
        "kind": 1,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 1_500_000),
        "attributes": pairs(attributes or {}),
        "status": {},
    }
    return {**made, **changes}


def request(
    *spans: dict[str, Any], resource: dict[str, Any] | None = None, scope: str = ""
) -> dict[str, Any]:
    """Return the JSON body of a request to export spans."""
    scoped = {"scope": {"name": scope, "version": "2"} if scope else {}, "spans": [*spans]}
    return {"resourceSpans": [{"resource": {"attributes": pairs(resource or {})}, "scopeSpans": [scoped]}]}


def protobuf(body: dict[str, Any]) -> bytes:
    """Return the protobuf of a JSON body, whose ids are hexadecimal."""
    return ParseDict(_with_bytes(body), ExportTraceServiceRequest()).SerializeToString()


def _with_bytes(value: Any, key: str = "") -> Any:
    if key in ("traceId", "spanId", "parentSpanId") and isinstance(value, str):
        return base64.b64encode(bytes.fromhex(value)).decode()
    if isinstance(value, dict):
        return {name: _with_bytes(inner, name) for name, inner in value.items()}
    return [_with_bytes(inner) for inner in value] if isinstance(value, list) else value
