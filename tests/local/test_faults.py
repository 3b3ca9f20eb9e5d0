"""Faults: each kind, each way to ask for it, and what it leaves in the store."""

from __future__ import annotations

import email.utils
import json
import socket
import time
import uuid
from collections.abc import Callable
from typing import Any, get_args

import httpx
import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import Fault, LocalServer
from honeyhive_ext.local.faults.fault import FaultKind, FaultOptions
from tests.support.local_api import HEADERS, Api, post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
SOON = httpx.Timeout(60, read=0.05)  # only the wait for an answer that never comes is short
BROKEN = ["reset", "empty", "garbage", "commit_reset"]


def is_asgi(api: Api) -> bool:
    return api.adapter == "asgi"


def wait_for_requests(server: LocalServer, count: int) -> None:
    """Return when so many requests have arrived."""
    while len(server.requests) < count:
        time.sleep(0.001)


def test_a_status_with_the_services_body_or_one_of_its_own(api: Api) -> None:
    api.server.faults.add("status", status=503, times=1)
    api.server.faults.add("status", status=520, body="teapot", times=1)
    api.server.faults.add("status", status=400, body='{"message": "no"}', times=1)
    first, second, third = (api.post("/v1/events", TOOL) for _ in range(3))
    assert (first.status_code, first.json()["errorCode"]) == (503, "UNAVAILABLE")
    assert (second.status_code, second.text) == (520, "teapot")
    assert (third.status_code, third.json()) == (400, {"message": "no"})
    assert api.post("/v1/events", TOOL).status_code == 200
    assert api.search()["count"] == 1


def test_html_of_a_proxy(api: Api) -> None:
    api.server.faults.add("html", times=1)
    answer = api.post("/v1/events", TOOL)
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<html>")


def test_broken_json_after_the_request_was_carried_out(api: Api) -> None:
    api.server.faults.add("broken_json", times=1)
    answer = api.post("/v1/events", TOOL)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert api.search()["count"] == 1


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_connections(api: Api, kind: FaultKind) -> None:
    api.server.faults.add(kind, times=1)
    errors: tuple[type[Exception], ...] = (httpx.ReadError, httpx.RemoteProtocolError, ConnectionResetError)
    with pytest.raises(errors) as caught:
        api.post("/v1/events", TOOL)
    if not is_asgi(api):
        wanted = httpx.ReadError if kind in ("reset", "commit_reset") else httpx.RemoteProtocolError
        assert caught.type is wanted
    assert api.search()["count"] == (1 if kind == "commit_reset" else 0)
    assert api.server.requests[0].fault == kind
    assert api.server.requests[0].status == 0


def test_any_fault_can_lose_the_answer_of_a_request_that_was_carried_out(plain: Api) -> None:
    plain.server.faults.add("html", commit=True, times=1)
    assert plain.post("/v1/events", TOOL).status_code == 502
    assert plain.search()["count"] == 1


@pytest.mark.parametrize("at", [None, 0, 10])
def test_a_truncated_body(api: Api, at: int | None) -> None:
    options: FaultOptions = {} if at is None else {"at": at}
    api.server.faults.add("truncate", times=1, **options)
    with pytest.raises((httpx.RemoteProtocolError, ConnectionResetError)):
        api.post("/v1/events", TOOL)
    assert api.search()["count"] == 1


def test_a_hang_ends_in_the_clients_read_timeout(api: Api) -> None:
    if is_asgi(api):
        api.server.faults.add("hang", seconds=0.01, times=1)
        with pytest.raises(ConnectionResetError):
            api.post("/v1/events", TOOL)
        return
    api.server.faults.add("hang", times=1)
    with pytest.raises(httpx.ReadTimeout):
        api.request("POST", "/v1/events", json=TOOL, timeout=SOON)
    wait_for_requests(api.server, 1)
    assert api.search()["count"] == 0


def test_a_hang_ends_in_a_closed_connection(wired: Api) -> None:
    wired.server.faults.add("hang", seconds=0.01, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        wired.post("/v1/events", TOOL)


def test_a_server_stops_at_once_while_a_request_hangs() -> None:
    server = LocalServer(faults=[Fault(kind="hang")]).start()
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
        connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for_requests(server, 1)
        server.close()
        assert connection.recv(1000) == b""


def test_dribble_gives_the_whole_body_in_the_end(api: Api) -> None:
    event_id = api.create(inputs={"a": "x" * 500})
    api.server.faults.add("dribble", seconds=0.02, times=1)
    assert api.event(event_id)["inputs"] == {"a": "x" * 500}
    assert api.server.faults.unused() == []


def test_dribble_comes_in_many_pieces() -> None:
    with LocalServer() as server:
        event_id = post(server, "/v1/events", {**TOOL, "inputs": {"a": "x" * 5000}})["event_id"]
        # The second piece would come after minutes, so that the first one comes alone.
        server.faults.add("dribble", seconds=3600, times=1)
        with httpx.stream("GET", f"{server.url}/v1/events/{event_id}", headers=HEADERS) as answer:
            first = next(answer.iter_raw())
            size = int(answer.headers["content-length"])
    assert size > 5000
    assert 0 < len(first) <= size // 20 + 1


def test_latency_is_fixed_or_drawn_and_loses_nothing(api: Api) -> None:
    api.server.faults.add("latency", delay=0.01, times=1)
    api.server.faults.add("latency", delay=(0.001, 0.01), times=1)
    for _ in range(2):
        assert api.post("/v1/events", TOOL).status_code == 200
    if not is_asgi(api):
        api.server.faults.add("latency", delay=60, times=1)
        with pytest.raises(httpx.ReadTimeout):
            api.request("POST", "/v1/events", json=TOOL, timeout=SOON)
        wait_for_requests(api.server, 3)
        assert api.search()["count"] == 3


def seconds_from_now(value: str) -> float:
    return email.utils.parsedate_to_datetime(value).timestamp() - time.time()


@pytest.mark.parametrize(
    ("options", "check"),
    [
        ({}, lambda value: value is None),
        ({"retry_after": 3}, lambda value: value == "3"),
        ({"retry_after": "soon"}, lambda value: value == "soon"),
        ({"retry_after": "sp\u00e4ter"}, lambda value: value == "sp\u00e4ter"),
        ({"retry_after": -1}, lambda value: value == "-1"),
        ({"retry_after_date": 3600}, lambda value: 3000 < seconds_from_now(value) < 3601),
    ],
    ids=["nothing", "seconds", "junk", "umlaut", "negative", "date"],
)
def test_rate_limit_says_how_long_to_wait(
    api: Api, options: FaultOptions, check: Callable[[str | None], bool]
) -> None:
    api.server.faults.add("rate_limit", times=1, **options)
    answer = api.post("/v1/events", TOOL)
    assert (answer.status_code, answer.json()["errorCode"]) == (429, "RATE_LIMITED")
    assert check(answer.headers.get("retry-after"))


def test_a_partial_batch_stores_its_beginning_and_says_what(api: Api) -> None:
    ids = [str(uuid.uuid4()) for _ in range(4)]
    api.server.faults.add("partial", keep=3, path="/v1/events/batch", times=1)
    answer = api.post("/v1/events/batch", {"events": [{**TOOL, "event_id": one} for one in ids]})
    assert answer.status_code == 500
    assert answer.json()["event_ids"] == ids[:3]
    assert answer.json()["success"] is False
    assert len(answer.json()["errors"]) == 1
    assert sorted(api.ids()) == sorted(ids[:3])


def test_events_of_one_request_show_later(plain: Api) -> None:
    plain.server.faults.add("visibility", milliseconds=60_000, nth=2)
    first, second = plain.create(), plain.create()
    third = plain.create()
    assert set(plain.ids()) == {first, third}
    assert plain.event(second)["event_id"] == second


def test_rules_match_method_path_and_nth_call(plain: Api) -> None:
    faults = plain.server.faults
    rule = faults.add("status", method="put", path="/v1/events/*", nth=2)
    event_id = plain.create()
    answers = [plain.put(f"/v1/events/{event_id}", {}).status_code for _ in range(4)]
    assert answers == [200, 503, 200, 200]
    assert plain.get(f"/v1/events/{event_id}").status_code == 200
    assert (rule.matched, rule.used) == (4, 1)


def test_a_fault_without_a_number_of_times_always_happens(plain: Api) -> None:
    plain.server.faults.add("status", path="/v1/events")
    assert [plain.post("/v1/events", TOOL).status_code for _ in range(5)] == [503] * 5
    assert plain.server.faults.unused() == []
    plain.server.faults.clear()
    assert plain.post("/v1/events", TOOL).status_code == 200


def test_probability_is_drawn_from_the_seed() -> None:
    def run(seed: int) -> list[int]:
        server = LocalServer(faults=[Fault(kind="status", probability=0.5)], seed=seed)
        with httpx.Client(transport=server.transport(), base_url="http://local", headers=HEADERS) as client:
            statuses = [client.post("/v1/events", json=TOOL).status_code for _ in range(40)]
            server.reset()
            assert statuses == [client.post("/v1/events", json=TOOL).status_code for _ in range(40)]
        server.close()
        return statuses

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert set(run(1)) == {200, 503}


def test_the_first_of_several_faults_happens_and_unused_ones_are_listed(plain: Api) -> None:
    faults = plain.server.faults
    first = faults.add("status", status=500, times=2)
    second = faults.add("status", status=502, times=1)
    assert plain.post("/v1/events", TOOL).status_code == 500
    assert faults.unused() == [first.fault, second.fault]
    assert [plain.post("/v1/events", TOOL).status_code for _ in range(3)] == [500, 502, 200]
    assert faults.unused() == []
    plain.server.reset()
    assert faults.rules == []


def test_the_control_routes_never_fail(plain: Api) -> None:
    plain.server.faults.add("reset")
    for path in ("health", "stats", "faults", "config"):
        assert plain.get(f"/_local/{path}").status_code == 200


def test_faults_by_control_route(plain: Api) -> None:
    added = plain.post("/_local/faults", {"kind": "status", "status": 418, "times": 1, "delay": [0, 0.001]})
    assert added.status_code == 201
    assert plain.post("/v1/events", TOOL).status_code == 418
    assert plain.get("/_local/faults").json()["faults"] == [
        {"kind": "status", "status": 418, "times": 1, "delay": [0, 0.001], "matched": 1, "used": 1}
    ]
    assert plain.request("DELETE", "/_local/faults").status_code == 200
    assert plain.get("/_local/faults").json()["faults"] == []


WRONG: list[Any] = [
    {"kind": "explode"},
    {"kind": "reset", "status": 500},
    {"status": 500},
    {"kind": "status", "status": 99},
    {"kind": "status", "status": "500"},
    {"kind": "status", "probability": 2},
    {"kind": "status", "nth": 0},
    {"kind": "truncate", "commit": False},
    {"kind": "latency", "delay": [2, 1]},
    {"kind": "latency", "delay": ["a", 1]},
    {"kind": "rate_limit", "retry_after": "1\r\nx: y"},
    {"kind": "rate_limit", "retry_after": "sp\u00e4ter \u20ac"},
    {"kind": "status", "zzz": 1},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_fault_that_makes_no_sense_is_refused(plain: Api, wrong: dict[str, Any]) -> None:
    assert plain.post("/_local/faults", wrong).status_code == 400
    assert plain.server.faults.rules == []
    if set(wrong) >= {"kind"} and "zzz" not in wrong:
        with pytest.raises(ConfigError):
            Fault(**wrong)


def test_a_request_asks_for_a_fault_by_header_where_that_is_switched_on(api: Api) -> None:
    asked = {"x-honeyhive-local-fault": json.dumps({"kind": "status", "status": 418})}
    assert api.request("POST", "/v1/events", json=TOOL, headers=asked).status_code == 200
    api.server.configure(fault_header="on")
    assert api.request("POST", "/v1/events", json=TOOL, headers=asked).status_code == 418
    bare = {"x-honeyhive-local-fault": "html"}
    assert api.request("POST", "/v1/events", json=TOOL, headers=bare).status_code == 502
    wrong = {"x-honeyhive-local-fault": '{"kind": 7}'}
    assert api.request("POST", "/v1/events", json=TOOL, headers=wrong).status_code == 400
    assert api.post("/v1/events", TOOL).status_code == 200


def test_every_kind_of_fault_has_a_test_here() -> None:
    tested = {
        *BROKEN,
        "status",
        "html",
        "broken_json",
        "truncate",
        "hang",
        "dribble",
        "latency",
        "rate_limit",
    }
    assert tested | {"partial", "visibility"} == set(get_args(FaultKind))


def test_a_refused_request_keeps_its_refusal_under_a_fault_that_shows_the_answer(plain: Api) -> None:
    plain.server.faults.add("latency")
    assert plain.post("/v1/events", {"event_type": "tool"}).status_code == 400


def test_a_fault_leaves_other_paths_alone() -> None:
    server = LocalServer(faults=[Fault(kind="status", path="/v1/sessions")])
    assert post(server, "/v1/events", TOOL)["success"] is True
    server.close()
