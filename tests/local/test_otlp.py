"""Tracers of OpenTelemetry send to the local server: spans become events, in both forms."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer, Request
from honeyhive_ext.payload.span_ids import event_id_of
from tests.support.local_api import HEADERS, KEY, Api, core
from tests.support.otlp import JSON, PARENT, PROTOBUF, SPAN, TRACE, protobuf, request, span

PATHS = ("/opentelemetry/v1/traces", "/v1/traces")
SESSION = "5f0c9ac6-6e3d-4c6e-8c55-2c4f30d2a0b1"
IN_SESSION = {"honeyhive.session_id": SESSION}
RECORDED = Path(__file__).parents[3] / "shared/data/otlp"


def send(api: Api, body: dict[str, Any], kind: str = JSON, path: str = PATHS[0]) -> httpx.Response:
    content = protobuf(body) if kind == PROTOBUF else json.dumps(body).encode()
    return api.request("POST", path, content=content, headers={"content-type": kind})


def refusals(answer: httpx.Response) -> tuple[int, str]:
    """How many spans an answer refuses, and why."""
    if answer.headers["content-type"] == PROTOBUF:
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        return partial.rejected_spans, partial.error_message
    said = answer.json().get("partialSuccess", {})
    return int(said.get("rejectedSpans", 0)), said.get("errorMessage", "")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_a_span_becomes_an_event_through_every_adapter(api: Api, kind: str, path: str) -> None:
    attributes = {**IN_SESSION, "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3}
    answer = send(api, request(span(attributes, parentSpanId=PARENT), scope="lib"), kind, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert refusals(answer) == (0, "")
    event = api.event(event_id_of(TRACE, SPAN))
    assert event["parent_id"] == event_id_of(TRACE, PARENT)
    assert (event["session_id"], event["event_type"], event["config"]) == (SESSION, "model", {"model": "m"})
    assert event["metadata"]["input_tokens"] == 3
    assert event["metadata"]["scope"] == {"name": "lib", "version": "2"}
    assert event["duration"] == 1.5


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_children_come_before_parents_and_a_span_that_comes_again_replaces_itself(
    plain: Api, kind: str
) -> None:
    child = span(IN_SESSION, parentSpanId=PARENT)
    for name in ("child", "child again"):
        assert send(plain, request({**child, "name": name}), kind).status_code == 200
    assert send(plain, request(span(IN_SESSION, spanId=PARENT, name="parent")), kind).status_code == 200
    found = plain.search()["events"]
    assert sorted(one["event_name"] for one in found) == ["child again", "parent"]
    by_name = {one["event_name"]: one for one in found}
    assert by_name["child again"]["parent_id"] == by_name["parent"]["event_id"]
    assert by_name["parent"]["parent_id"] == SESSION


def test_a_span_without_a_session_belongs_to_the_session_of_its_trace(plain: Api) -> None:
    send(plain, request(span(), span(IN_SESSION, spanId=PARENT), span(spanId="1" * 16, traceId="2" * 32)))
    sessions = {one["event_id"]: one["session_id"] for one in plain.search()["events"]}
    assert sessions[event_id_of(TRACE, SPAN)] == sessions[event_id_of(TRACE, PARENT)] == SESSION
    assert sessions[event_id_of("2" * 32, "1" * 16)] not in (SESSION, None)


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_a_session_is_started_only_if_it_is_asked_for_and_only_once(
    hh: HoneyHive, plain: Api, kind: str
) -> None:
    send(plain, request(span(IN_SESSION)), kind)
    assert plain.get(f"/v1/events/{SESSION}").status_code == 404
    asked = {**IN_SESSION, "honeyhive.session_auto_create": True, "honeyhive.session_name": "chat"}
    for name in ("chat", "another"):
        send(plain, request(span({**asked, "honeyhive.session_name": name})), kind)
    session = plain.event(SESSION)
    assert (session["event_name"], session["event_type"], session["source"]) == ("chat", "session", "otlp")
    assert "step" in str(hh.sessions.tree(SESSION))


def test_switches_say_what_the_service_does_not(server: LocalServer, plain: Api) -> None:
    body = request(span({"session.id": "chat 7"}))
    assert refusals(send(plain, body)) == (0, "")
    derived = plain.event(event_id_of(TRACE, SPAN))["session_id"]
    server.configure(otlp_sessions="always")
    send(plain, body)
    assert plain.event(derived)["event_name"] == "Session"
    server.configure(otlp_session_id="refuse")
    count, why = refusals(send(plain, body))
    assert (count, why) == (1, f"span {SPAN}: its session id 'chat 7' is not a UUID")


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_a_span_that_cannot_be_read_is_named_and_the_others_are_stored(plain: Api, kind: str) -> None:
    answer = send(plain, request(span(IN_SESSION), span(spanId="0" * 16), span(startTimeUnixNano="0")), kind)
    count, why = refusals(answer)
    assert (answer.status_code, count) == (200, 2)
    assert "resourceSpans[0].scopeSpans[0].spans[1]: spanId must be" in why
    assert "spans[2]: startTimeUnixNano is missing" in why
    assert [one["event_id"] for one in plain.search()["events"]] == [event_id_of(TRACE, SPAN)]


def test_what_is_no_request_is_answered_with_a_status(plain: Api) -> None:
    for content in (b"{", b"[]", b'{"resourceSpans": 3}'):
        answer = plain.request("POST", PATHS[1], content=content, headers={"content-type": JSON})
        assert answer.status_code == 400
        assert answer.json()["code"] == 3
        assert answer.json()["message"]
    answer = plain.request("POST", PATHS[1], content=b"\xff" * 9, headers={"content-type": PROTOBUF})
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROTOBUF)
    assert b"not an ExportTraceServiceRequest" in answer.content
    answer = plain.request("POST", PATHS[1], content=b"{}", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.headers["accept"]) == (415, f"{JSON}, {PROTOBUF}")


def bare_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare_deflate)]
)
def test_bodies_are_unpacked_and_the_limit_holds_after_that(
    api: Api, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    def post(body: bytes, path: str = PATHS[0]) -> httpx.Response:
        headers = {"content-type": JSON, "content-encoding": coding}
        return api.request("POST", path, content=body, headers=headers)

    body = json.dumps(request(span({**IN_SESSION, "text": "x" * 5000}))).encode()
    assert post(pack(body)).status_code == 200
    assert post(pack(body)[:-20]).status_code == 400
    assert post(b"no " * 9).status_code == 400
    api.server.configure(max_body=2000)
    assert post(pack(body)).status_code == 413
    assert post(b"", "/v1/events").status_code == (415 if coding == "deflate" else 400)


def test_a_chunked_body_is_read(server: LocalServer) -> None:
    def pieces() -> Iterator[bytes]:
        body = protobuf(request(span(IN_SESSION)))
        yield from (body[at : at + 7] for at in range(0, len(body), 7))

    headers = {**HEADERS, "content-type": PROTOBUF}
    assert httpx.post(server.url + PATHS[0], content=pieces(), headers=headers).status_code == 200


def test_the_rules_of_keys_hold() -> None:
    with LocalServer(api_key=KEY, ingestion_key="hh_ingst_1") as server:
        url = server.url + PATHS[0]
        body = request(span(IN_SESSION))
        assert httpx.post(url, json=body).status_code == 401
        assert httpx.post(url, json=body, headers={"authorization": "Bearer other"}).status_code == 401
        assert httpx.post(url, json=body, headers={"authorization": "Bearer hh_ingst_1"}).status_code == 200
        assert httpx.get(url, headers=HEADERS).status_code == 405


def test_faults_hit_tracers_too(server: LocalServer, plain: Api) -> None:
    server.faults.add("status", status=503, times=1)
    assert [send(plain, request(span(IN_SESSION))).status_code for _ in range(2)] == [503, 200]


def test_logs_and_metrics_are_answered_and_counted() -> None:
    logs: dict[str, Any] = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}, {}]}]}]}
    metrics: dict[str, Any] = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "a"}]}]}]}
    packed_logs, packed_metrics = ExportLogsServiceRequest(), ExportMetricsServiceRequest()
    packed_logs.resource_logs.add().scope_logs.add().log_records.add()
    packed_metrics.resource_metrics.add().scope_metrics.add().metrics.add()
    with core() as app:

        def post(path: str, kind: str, body: bytes) -> tuple[int, bytes]:
            headers = {**HEADERS, "content-type": kind}
            answer = app.handle(Request("POST", path, body, headers))
            return answer.status, answer.body

        assert post("/v1/logs", JSON, orjson.dumps(logs)) == (200, b"{}")
        assert post("/opentelemetry/v1/logs", PROTOBUF, packed_logs.SerializeToString()) == (200, b"")
        assert post("/v1/metrics", JSON, orjson.dumps(metrics)) == (200, b"{}")
        assert post("/opentelemetry/v1/metrics", PROTOBUF, packed_metrics.SerializeToString()) == (200, b"")
        assert post("/v1/logs", JSON, b"7")[0] == 400
        stats = orjson.loads(app.handle(Request("GET", "/_local/stats", headers=HEADERS)).body)
        assert stats["otlp"] == {"spans": 0, "refused": 0, "logs": 3, "metrics": 2}
        assert stats["events"] == 0


def recorded() -> list[Path]:
    found = sorted(RECORDED.glob("*/*.json"))
    return [one for one in found if "traces" in json.loads(one.read_text())["path"]]


@pytest.mark.parametrize("path", recorded(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recorded_requests_of_real_tracers_are_stored_whole(plain: Api, path: Path) -> None:
    asked = json.loads(path.read_text())
    packed = path.with_suffix(".pb")
    body = asked.get("body") or asked.get("body_json_from_gzip")
    content = packed.read_bytes() if packed.exists() else json.dumps(body).encode()
    kind = PROTOBUF if packed.exists() else JSON
    answer = plain.request("POST", asked["path"], content=content, headers={"content-type": kind})
    assert refusals(answer) == (0, "")
    found = {one["event_name"]: one for one in plain.search()["events"]}
    assert len(found) >= 1
    if path.parent.name.startswith("python-sdk"):
        assert len(found) == 7
        lookup, pipeline = found["lookup"], found["pipeline"]
        assert lookup["parent_id"] == found["compose"]["parent_id"] == pipeline["event_id"]
        assert lookup["inputs"]["opts"] == {"deep": {"list": [1, 2.5, None, True]}}
        assert lookup["outputs"]["result"]["score"] == 1.5
        assert (lookup["metrics"], lookup["feedback"]) == ({"acc": 0.9}, {"rating": 5})
        assert (found["fails"]["error"], found["fails_error"]["error"]) == ("ValueError: boom", "boom")
