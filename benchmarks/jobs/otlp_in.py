"""Take spans in: requests of 512, read and made into events, next to the plain decode of the same bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.job import Contender, Job, Must, Run, Target

SPANS = 512
PROTOBUF, JSON = "protobuf to events", "JSON to events"
ATTRIBUTES: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-1",
    "gen_ai.response.id": "r1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 90,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "How warm is it in Bonn today? " * 5}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "It is warm. " * 10}]}]
    ),
    "server.address": "api.openai.com",
    "server.port": 443,
}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def request(*, binary: bool) -> dict[str, Any]:
    """Return a request as OTLP/JSON writes it; binary: its ids in base64, as protobuf's own reader does."""

    def identity(number: int, digits: int) -> str:
        text = f"{number:0{digits}x}"
        return base64.b64encode(bytes.fromhex(text)).decode() if binary else text

    attributes = [{"key": key, "value": _value(value)} for key, value in ATTRIBUTES.items()]
    spans = [
        {
            "traceId": identity(7, 32),
            "spanId": identity(number + 2, 16),
            "parentSpanId": identity(number // 2 + 1, 16),
            "name": "chat gpt-4o",
            "kind": 3,
            "startTimeUnixNano": str(1_795_646_619_518_219_313 + number),
            "endTimeUnixNano": str(1_795_646_619_618_219_313 + number),
            "attributes": attributes,
            "status": {},
        }
        for number in range(SPANS)
    ]
    resource = {"attributes": [{"key": "service.name", "value": _value("bench")}]}
    scopes = [{"scope": {"name": "app", "version": "1"}, "spans": spans}]
    return {"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]}


def protobuf() -> bytes:
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    return ParseDict(request(binary=True), ExportTraceServiceRequest()).SerializeToString()


def in_requests(take: Callable[[], object]) -> Run:
    def run(units: int) -> int:
        for _ in range(units // SPANS):
            take()
        return units

    return run


def decoded_protobuf(target: Target) -> Run:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    return in_requests(partial(ExportTraceServiceRequest.FromString, protobuf()))


def decoded_json(target: Target) -> Run:
    return in_requests(partial(json.loads, json.dumps(request(binary=False))))


def decoded_orjson(target: Target) -> Run:
    import orjson

    return in_requests(partial(orjson.loads, orjson.dumps(request(binary=False))))


def events_of_protobuf(target: Target) -> Run:
    from honeyhive_ext.otlp.read_protobuf import read_protobuf
    from honeyhive_ext.otlp.to_event import to_events

    body = protobuf()
    return in_requests(lambda: [*to_events(read_protobuf(body).spans)])


def events_of_json(target: Target) -> Run:
    import orjson

    from honeyhive_ext.otlp.read_json import read_json
    from honeyhive_ext.otlp.to_event import to_events

    body = orjson.dumps(request(binary=False))
    return in_requests(lambda: [*to_events(read_json(orjson.loads(body)).spans)])


def stored(target: Target, *, binary: bool) -> Run:
    from honeyhive_ext.local import Request
    from honeyhive_ext.local.app import App
    from honeyhive_ext.local.state import open_state

    app = App(open_state(None))
    body = protobuf() if binary else json.dumps(request(binary=False)).encode()
    headers = {"authorization": "Bearer k"}
    headers["content-type"] = "application/x-protobuf" if binary else "application/json"

    def take() -> None:
        answer = app.handle(Request("POST", "/v1/traces", body, headers))
        assert answer.status == 200, answer.body

    return in_requests(take)


JOB = Job(
    name="otlp-in",
    title="take spans in, 512 a request",
    unit="span",
    clock=True,
    step=SPANS,
    rows=(
        Contender("protobuf, decoded only", decoded_protobuf),
        Contender("JSON, decoded only (json)", decoded_json),
        Contender("JSON, decoded only (orjson)", decoded_orjson),
        Contender(PROTOBUF, events_of_protobuf),
        Contender(JSON, events_of_json),
        Contender("protobuf to the store of the local server", partial(stored, binary=True)),
        Contender("JSON to the store of the local server", partial(stored, binary=False)),
    ),
    musts=(Must(JSON, "JSON, decoded only (json)", 12.0),),
    note="Decoded protobuf is C's own form; its values are made Python's when they are read.",
)
