"""Both forms of OTLP say the same; whatever arrives is answered, and nothing is stored by half."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyhive_ext.local import Request
from honeyhive_ext.local.app import App
from honeyhive_ext.otlp.read_json import SpanRefusedError, read_json
from honeyhive_ext.otlp.read_protobuf import read_protobuf
from honeyhive_ext.otlp.to_event import to_events
from tests.support.local_api import HEADERS, core
from tests.support.otlp import JSON, PROTOBUF, pairs, protobuf, request, span
from tests.support.scale import scaled

TEXT = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
KNOWN = st.sampled_from(
    [
        *("gen_ai.request.model", "honeyhive_inputs.a.0", "gen_ai.prompt.0.content", "gen_ai.input.messages"),
        *("llm.input_messages.0.message.contents.0", "honeyhive_error", "session.id", "input.value"),
        *("gen_ai.completion.0.tool_calls.0.arguments", "llm.invocation_parameters", "honeyhive.session_id"),
    ]
)
JSON_TEXTS = VALUES.map(json.dumps)
ATTRIBUTES = st.dictionaries(KNOWN | TEXT, VALUES | JSON_TEXTS, max_size=6)
HEX = st.integers(1, 16**16 - 1)
SPANS = st.builds(
    lambda trace, number, parent, attributes, event, code: span(
        attributes,
        traceId=f"{trace:032x}",
        spanId=f"{number:016x}",
        parentSpanId=f"{parent:016x}",
        events=[{"name": "e", "timeUnixNano": "5", "attributes": pairs(event)}],
        status={"code": code, "message": "m"},
    ),
    *(HEX, HEX, HEX, ATTRIBUTES, st.dictionaries(TEXT, VALUES, max_size=2), st.integers(0, 2)),
)
BODIES = st.builds(
    lambda spans, resource: request(*spans, resource=resource, scope="lib"),
    st.lists(SPANS, min_size=1, max_size=3),
    st.dictionaries(TEXT, VALUES, max_size=2),
)


@given(BODIES)
@settings(max_examples=scaled(1000, 20))
def test_both_forms_are_read_alike_and_become_events(body: dict[str, Any]) -> None:
    ours = read_json(json.loads(json.dumps(body)))
    assert ours == read_protobuf(protobuf(body))
    assert not ours.refused
    events = [*to_events(ours.spans)]
    orjson.dumps(events)
    with core() as app:
        answer = app.handle(post(PROTOBUF, protobuf(body)))
        assert (answer.status, answer.body) == (200, b"")
        assert stored(app) == len({event["event_id"] for event in events})


def post(kind: str, body: bytes, path: str = "/v1/traces") -> Request:
    return Request("POST", path, body, {**HEADERS, "content-type": kind})


def stored(app: App) -> int:
    stats = orjson.loads(app.handle(Request("GET", "/_local/stats", headers=HEADERS)).body)
    return int(stats["events"])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A request with some of its bytes changed, left out or repeated, or no request at all."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    whole = bytearray(protobuf(draw(BODIES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(whole)))
        whole[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(whole)


@given(st.lists(damaged(), min_size=1, max_size=10))
@settings(max_examples=scaled(1000, 10))
def test_damaged_protobuf_is_answered_and_never_stored_by_half(bodies: list[bytes]) -> None:
    with core() as app:
        for body in bodies:
            before = stored(app)
            answer = app.handle(post(PROTOBUF, body))
            assert answer.status in (200, 400, 413)
            assert stored(app) == before or answer.status == 200
            for signal in ("logs", "metrics"):
                assert app.handle(post(PROTOBUF, body, f"/v1/{signal}")).status in (200, 400)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("resourceSpans", "scopeSpans", "spans", "resource", "scope", "attributes", "key"),
                    *(
                        "traceId",
                        "spanId",
                        "status",
                        "events",
                        "links",
                        "kvlistValue",
                        "arrayValue",
                        "values",
                    ),
                    *("startTimeUnixNano", "intValue", "doubleValue", "stringValue", "kind", "name", "value"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@st.composite
def odd_bodies(draw: st.DrawFn) -> Any:
    """A body that is nearly a request: somewhere in it stands something else."""
    body = draw(BODIES)
    place: Any = body
    while True:
        keys: list[Any] = [*place] if isinstance(place, dict) else [*range(len(place))]
        if not keys:
            return body
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or draw(st.integers(0, 4)) == 0:
            place[key] = draw(ODD)
            return body
        place = place[key]


@given(st.lists(odd_bodies() | ODD, min_size=1, max_size=10))
@settings(max_examples=scaled(1000, 10))
def test_json_that_is_odd_is_answered_and_never_stored_by_half(bodies: list[Any]) -> None:
    with core() as app:
        for body in bodies:
            before = stored(app)
            answer = app.handle(post(JSON, json.dumps(body).encode()))
            assert answer.status in (200, 400), answer.body
            assert stored(app) == before or answer.status == 200
            for signal in ("logs", "metrics"):
                assert app.handle(post(JSON, json.dumps(body).encode(), f"/v1/{signal}")).status in (200, 400)


@pytest.mark.parametrize("levels", [99, 150, 5000])
def test_depth_is_bounded(levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}} if isinstance(value, dict) else {"intValue": "1"}
    body = request(span(attributes=None) | {"attributes": [{"key": "k", "value": value}]})
    read = read_json(body)
    assert len(read.refused) == (levels > 101)
    with core() as app:
        text = "[" * levels + "]" * levels
        names = {"honeyhive_inputs." + "a." * levels + "b": 1, "honeyhive_inputs.text": text, "x": text}
        assert app.handle(post(PROTOBUF, protobuf(request(span(names))))).body == b""
        assert stored(app) == 1


def test_what_is_no_request_is_refused() -> None:
    for body in (None, [], 7, "x"):
        with pytest.raises(SpanRefusedError, match="JSON object with resourceSpans"):
            read_json(body)
    with pytest.raises(SpanRefusedError, match="not an ExportTraceServiceRequest"):
        read_protobuf(b"\xff" * 9)
