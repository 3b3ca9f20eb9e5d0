"""The list of sessions is that of the events there are, whatever was written, and is read without them."""

from __future__ import annotations

import json
import sqlite3
import string
import threading
import time
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext.local import LocalServer, Request
from honeyhive_ext.local.store import schema as schema_module
from honeyhive_ext.views.figures import figures_of
from tests.support.local_api import HEADERS, TIMEOUT, Api, Core, core, post
from tests.support.scale import scaled

SESSIONS = [str(uuid.UUID(int=number)) for number in range(1, 4)]
EVENTS = [*SESSIONS, *(str(uuid.UUID(int=number)) for number in range(10, 16))]
SORTS = ["start", "duration", "events", "errors", "tokens", "cost", "name"]
LISTED = "/_local/sessions"
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def get(server: Core, path: str, status: int = 200, **query: Any) -> Any:
    """Ask the core, and return its answer."""
    answer = server.handle(Request("GET", path, b"", HEADERS, urlencode(query)))
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def oracle(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the list shows of events, in the order of their insertion: counted the plain way."""
    by_session: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        by_session.setdefault(event["session_id"].lower(), []).append(event)
    return {session_id: one_session(session_id, some) for session_id, some in by_session.items()}


def one_session(session_id: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    first = min(events, key=lambda event: event["start_time"])
    owns = [e for e in events if e["event_type"] == "session" and e["event_id"].lower() == session_id]
    shown = owns[-1] if owns else first
    ends = [end for event in events if (end := end_of(event)) is not None]
    end = max(ends, default=None)
    others = [event for event in events if event not in owns]
    ways = [
        [event for event in others if event["event_type"] == "model"],
        [event for event in others if event["event_type"] != "model"],
        owns[-1:],
    ]
    return {
        "session_id": session_id,
        "name": shown.get("event_name") or "",
        "start_ms": first["start_time"],
        "end_ms": end,
        "duration_ms": None if end is None else end - first["start_time"],
        "events": len(events),
        "errors": sum(bool(event.get("error")) for event in events),
        **{
            name: figure(ways, name)
            for name in ("prompt_tokens", "completion_tokens", "total_tokens", "cost")
        },
        "feedback": (owns[-1].get("feedback") or None) if owns else None,
        "project": shown.get("project_id"),
        "has_session_event": bool(owns),
    }


def end_of(event: dict[str, Any]) -> float | None:
    if event.get("end_time") is not None:
        return float(event["end_time"])
    return None if event.get("duration") is None else float(event["start_time"] + event["duration"])


def figure(ways: list[list[dict[str, Any]]], name: str) -> float | None:
    for events in ways:
        values = [value for event in events if (value := getattr(figures_of(event), name)) is not None]
        if values:
            total = sum(map(Fraction, values))
            return float(total) if name == "cost" else int(total)
    return None


COSTS = st.sampled_from([None, 0, 0.1, 0.2, 1e-30, 1e16, -0.1, 0.3])
TIMES = st.sampled_from([None, 5, 7.5, 10, 20])
METADATA = st.fixed_dictionaries(
    {}, optional={"cost": COSTS, "prompt_tokens": st.integers(0, 9), "total_tokens": st.just(4)}
)
POSTED = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(["model", "tool", "session"]),
        "inputs": st.just({}),
        "event_id": st.sampled_from(EVENTS),
        "session_id": st.sampled_from(SESSIONS),
        "start_time": st.sampled_from([1, 2, 3.5, 9]),
    },
    optional={
        "event_name": st.sampled_from(["a", "B", "é"]),
        "end_time": TIMES.filter(bool),
        "duration": TIMES.filter(bool),
        "error": st.sampled_from([None, "", "boom"]),
        "metadata": METADATA,
        "feedback": st.just({"rating": 5}),
        "project_id": st.just("p"),
    },
)
UPDATES = st.fixed_dictionaries(
    {},
    optional={
        "metadata": METADATA,
        "end_time": TIMES.filter(bool),
        "duration": TIMES.filter(bool),
        "feedback": st.just({"x": 1}),
    },
)
STEPS = st.one_of(
    st.tuples(st.just("batch"), st.lists(POSTED, min_size=1, max_size=4)),
    st.tuples(st.just("batch"), st.lists(POSTED, min_size=1, max_size=4)),
    st.tuples(st.just("update"), st.tuples(st.sampled_from(EVENTS), UPDATES)),
    st.tuples(st.just("session"), st.tuples(st.sampled_from(SESSIONS), METADATA)),
    st.tuples(st.just("switch"), st.sampled_from(["replace", "reject", "duplicate", "merge"])),
    st.tuples(st.just("reset"), st.none()),
)


def do(server: LocalServer, step: tuple[str, Any]) -> None:
    """Send what a step says; whatever the answer is."""
    kind, given_ = step
    if kind == "batch":
        answered(server, "POST", "/v1/events/batch", {"events": given_})
    elif kind == "update":
        answered(server, "PUT", f"/v1/events/{given_[0]}", given_[1])
    elif kind == "session":
        body = {"session_id": given_[0], "metadata": given_[1], "start_time": 4}
        answered(server, "POST", "/v1/sessions", body)
    elif kind == "switch":
        server.configure(repost=given_)
    else:
        answered(server, "POST", "/_local/reset", {})


def answered(server: LocalServer, method: str, path: str, body: Any) -> None:
    answer = server.handle(Request(method, path, json.dumps(body).encode(), HEADERS))
    assert answer.status < 500, answer.body


@given(steps=st.lists(st.tuples(st.integers(0, 1), STEPS), max_size=12))
@settings(max_examples=scaled(80), deadline=None, suppress_health_check=list(HealthCheck))
def test_the_list_is_that_of_the_events_whoever_has_written_or_changed_them(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, tuple[str, Any]]]
) -> None:
    file = tmp_path_factory.mktemp("sessions") / "events.db"
    servers = [LocalServer(file), LocalServer(file, index=["metadata.cost"])]
    try:
        for number, step in steps:
            do(servers[number], step)
        expected = oracle(servers[0].events())
        for server in servers:
            listed = get(server, LISTED, limit=1000)
            assert {one["session_id"]: one for one in listed["sessions"]} == expected
            assert listed["total"] == len(expected)
    finally:
        for server in servers:
            server.close()


@pytest.fixture
def filled() -> Iterator[LocalServer]:
    """Sessions of many kinds, some equal in every way that a list can be sorted by."""
    with LocalServer() as server:
        events = []
        for number in range(40):
            session = str(uuid.UUID(int=1000 + number))
            metadata = {"cost": number % 4 / 8, "total_tokens": number % 3} if number % 5 else {}
            event = {
                "event_type": "model",
                "inputs": {},
                "event_id": str(uuid.UUID(int=2000 + number)),
                "session_id": session,
                "event_name": ["Zoë", "adam", "Ärger", "eve"][number % 4],
                "start_time": number // 3,
                "metadata": metadata,
                **({"duration": number % 7} if number % 6 else {}),
                **({"error": "boom"} if number % 9 == 0 else {}),
            }
            events += [event] + [{**event, "event_id": str(uuid.uuid4())}] * (number % 2)
        server.seed(events)
        yield server


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_pages_are_the_whole_list_in_its_order(filled: LocalServer, sort: str) -> None:
    whole = get(filled, LISTED, sort=sort, limit=1000)["sessions"]
    assert len(whole) == 40
    column = {"start": "start_ms", "duration": "duration_ms", "tokens": "total_tokens"}
    key = column.get(sort.removeprefix("-"), sort.removeprefix("-"))
    known = [one[key] for one in whole if one[key] is not None]
    folded = [value.translate(LOWER) if isinstance(value, str) else value for value in known]
    assert folded == sorted(folded, reverse=sort.startswith("-"))
    assert [one[key] for one in whole] == known + [None] * (40 - len(known))
    after, pages = None, []
    while True:
        query = {"sort": sort, "limit": 7, **({"after": after} if after else {})}
        page = get(filled, LISTED, **query)
        assert page["total"] == 40
        pages += page["sessions"]
        after = page["next"]
        if after is None:
            break
    assert pages == whole


def test_a_session_is_listed_if_one_of_its_events_meets_all_conditions(filled: LocalServer) -> None:
    found = get(filled, LISTED, filter="metadata.cost > 0.3 and error exists", limit=1000)
    sessions = get(filled, LISTED, limit=1000)["sessions"]
    assert found["total"] == len(found["sessions"]) > 0
    expected = [one["session_id"] for one in sessions if (one["cost"] or 0) > 0.3 and one["errors"]]
    assert [one["session_id"] for one in found["sessions"]] == expected
    first = get(filled, LISTED, filter="error not exists", limit=5)
    second = get(filled, LISTED, filter="error not exists", limit=5, after=first["next"])
    assert first["total"] == second["total"]


def test_a_list_is_searched_by_name_and_id(filled: LocalServer) -> None:
    assert get(filled, LISTED, search="ADAM")["total"] == 10
    assert get(filled, LISTED, search="äRG")["total"] == 10
    one = get(filled, LISTED, limit=1)["sessions"][0]["session_id"]
    assert get(filled, LISTED, search=one.upper())["total"] == 1
    assert get(filled, LISTED, search="100%")["total"] == 0
    assert get(filled, LISTED, since_ms=5)["total"] == 40 - 15


WRONG = [
    (LISTED, {"limit": "0"}, "limit"),
    (LISTED, {"limit": "1001"}, "limit"),
    (LISTED, {"limit": "٣"}, "limit"),
    (LISTED, {"sort": "size"}, "sort"),
    (LISTED, {"after": "junk"}, "after"),
    (LISTED, {"after": "W10="}, "after"),
    (LISTED, {"wait_ms": "60001", "version": "0"}, "wait_ms"),
    (LISTED, {"versoin": "1"}, "versoin"),
    (LISTED, [("limit", "1"), ("limit", "2")], "limit"),
    (LISTED, [(f"x{n}", "1") for n in range(30)], ""),
    ("/_local/filter", {"txt": "1"}, "txt"),
    ("/_local/fields", {"prefix": "a", "limit": "101"}, "limit"),
]


@pytest.mark.parametrize(("path", "query", "where"), WRONG)
def test_a_parameter_that_is_wrong_is_refused_by_name(path: str, query: Any, where: str) -> None:
    with core() as app:
        answer = app.handle(Request("GET", path, b"", HEADERS, urlencode(query)))
        assert answer.status == 400
        assert json.loads(answer.body)["errors"][0]["path"] == where


def test_the_cursor_of_one_list_is_not_that_of_another(filled: LocalServer) -> None:
    after = get(filled, LISTED, limit=5)["next"]
    assert "after" in get(filled, LISTED, 400, limit=5, sort="cost", after=after)["message"]


def test_the_events_of_a_session_come_as_small_rows_and_whole(filled: LocalServer) -> None:
    session = str(uuid.UUID(int=9))
    event = {
        "event_type": "model",
        "inputs": {"text": "x" * 1000},
        "session_id": session.upper(),
        "config": {"model": "small"},
        "metadata": {"input_tokens": 2, "output_tokens": 3, "cost": 0.5},
        "error": "é" * 300 + "\x00",
    }
    ids = [str(uuid.UUID(int=5000 + number)) for number in range(12)]
    filled.seed(
        {**event, "event_id": one, "start_time": at // 2, "duration": 2} for at, one in enumerate(ids)
    )
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        page = get(
            filled, f"/_local/sessions/{session.upper()}", limit=5, **({"after": after} if after else {})
        )
        assert page["total"] == 12
        rows += page["events"]
        after = page["next"]
        if after is None:
            break
    assert [row["event_id"] for row in rows] == ids
    assert rows[3] == {
        "event_id": ids[3],
        "parent_id": session,
        "event_name": "unknown",
        "event_type": "model",
        "start_ms": 1,
        "end_ms": 3,
        "duration_ms": 2,
        "error": "é" * 200,
        "model": "small",
        "prompt_tokens": 2,
        "completion_tokens": 3,
        "total_tokens": 5,
        "cost": 0.5,
    }
    whole = get(filled, f"/_local/events/{ids[3].upper()}")["event"]
    assert whole["error"] == event["error"]
    assert whole["session_id"] == session.upper()
    assert "no session" in get(filled, f"/_local/sessions/{uuid.uuid4()}", 404)["message"]
    assert "no event" in get(filled, "/_local/events/odd%20id", 404)["message"]


def test_feedback_that_is_long_is_not_in_the_list() -> None:
    with core() as app:
        session = SESSIONS[0]
        event = {"event_type": "session", "inputs": {}, "event_id": session, "session_id": session}
        post(app, "/v1/events", {**event, "feedback": {"text": "x" * 5000}})
        shown = get(app, LISTED)["sessions"][0]["feedback"]
        assert shown == "5011 bytes, see the session's event"


def test_a_filter_is_shown_as_the_request_and_as_python() -> None:
    with core() as app:
        shown = get(app, "/_local/filter", text="metadata.cost > 0.5 & event_type = 'modle'")
        filters = [
            {"field": "metadata.cost", "operator": "greater than", "value": 0.5, "type": "number"},
            {"field": "event_type", "operator": "is", "value": "modle", "type": "string"},
        ]
        assert shown["filters"] == filters
        assert shown["body"] == {"filters": filters, "limit": 1000, "page": 1}
        assert shown["python"] == "(F('metadata.cost') > 0.5) & (F.event_type == 'modle')"
        assert shown["text"] == "metadata.cost > 0.5 and event_type == modle"
        assert "there is no event_type 'modle'" in shown["warnings"][0]
        post(app, "/v1/events/search", shown["body"])
        clash = get(app, "/_local/filter", text="duration > 5 and duration < 4")
        assert clash["warnings"] == ["nothing matches: duration cannot be above 5 and below 4"]
        empty = get(app, "/_local/filter", text="")
        assert (empty["filters"], empty["body"]["limit"], empty["python"]) == ([], 1000, "")


def test_a_text_that_cannot_be_read_is_refused_with_the_place_as_javascript_counts() -> None:
    with core() as app:
        text = 'event_name is "😀" and metdata.cost > 1'
        for path, name in (("/_local/filter", "text"), (LISTED, "filter")):
            refused = get(app, path, 400, **{name: text})
            units = text.encode("utf-16-le")
            begun, length = refused["position"], refused["length"]
            assert units[2 * begun : 2 * (begun + length)].decode("utf-16-le") == "metdata.cost"
            assert refused["suggestion"] == "metadata.cost"
            assert refused["error"].startswith("events have no field 'metdata'")
        meaningless = get(app, LISTED, 400, filter="metadata.x greater than true")
        assert "takes a number" in meaningless["error"]


def test_names_that_occur_are_suggested_and_completed_with_examples() -> None:
    with core() as app:
        for number in range(20):
            metadata = {"tier": ["gold", "new"][number % 2], "number": number, "tags": ["a", "b"]}
            body = {"event_type": "tool", "inputs": {}, "metadata": metadata}
            post(app, "/v1/events", body)
        found = get(app, "/_local/fields", prefix="META")["fields"]
        assert found == [
            {"name": "metadata", "values": None},
            {"name": "metadata.number", "values": None},
            {"name": "metadata.tags", "values": ["a", "b"]},
            {"name": "metadata.tier", "values": ["new", "gold"]},
        ]
        kinds = get(app, "/_local/fields", prefix="event_t")["fields"]
        assert {*kinds[0]["values"]} == {"model", "tool", "chain", "session"}
        assert "metadata.tier" in get(app, "/_local/fields")["fields"]
        assert get(app, "/_local/filter", 400, text="tier is gold")["suggestion"] == "metadata.tier"


def test_a_poll_is_answered_when_something_is_written(api: Api) -> None:
    version = api.get(LISTED).json()["version"]
    path = f"{LISTED}?version={version}"
    assert api.get(path).json() == {"version": version, "unchanged": True}
    assert api.get(f"{path}&wait_ms=60").json() == {"version": version, "unchanged": True}
    timer = threading.Timer(0.15, lambda: api.server.seed([{"event_type": "tool", "inputs": {}}]))
    timer.start()
    began = time.monotonic()
    found = api.get(f"{path}&wait_ms=60000").json()
    assert time.monotonic() - began < 55
    timer.join()
    assert found["version"] > version
    assert found["total"] == 1
    events = f"{LISTED}/{found['sessions'][0]['session_id']}?version={found['version']}"
    assert api.get(events).json() == {"version": found["version"], "unchanged": True}


def test_a_poll_ends_when_the_server_closes() -> None:
    server = LocalServer().start()
    version = httpx.get(server.url + LISTED, headers=HEADERS).json()["version"]
    ended: list[object] = []

    def poll() -> None:
        query = f"?version={version}&wait_ms=60000"
        try:
            ended.append(httpx.get(server.url + LISTED + query, headers=HEADERS, timeout=TIMEOUT).status_code)
        except httpx.HTTPError as problem:
            ended.append(problem)

    thread = threading.Thread(target=poll)
    thread.start()
    time.sleep(0.1)
    server.close()
    thread.join(60)
    assert not thread.is_alive()
    assert ended


def test_a_file_of_version_3_gets_its_list_when_it_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with LocalServer(file) as server:
        steps = [{"event_type": "model", "inputs": {}, "session_id": SESSIONS[n % 2], "start_time": n,
                  "duration": 5, "metadata": {"cost": 0.1}} for n in range(10)]  # fmt: skip
        server.seed(steps)
        expected = get(server, LISTED)["sessions"]
    connection = sqlite3.connect(file)
    connection.execute("DROP TABLE sessions")
    connection.execute("PRAGMA user_version = 3")
    connection.commit()
    connection.close()
    assert len(schema_module.MIGRATIONS) == 4
    with LocalServer(file) as server:
        assert get(server, LISTED)["sessions"] == expected
        assert len(expected) == 2


def test_sessions_that_are_pruned_leave_the_list(tmp_path: Path) -> None:
    with LocalServer(tmp_path / "events.db", max_size=400_000) as server:
        for number in range(30):
            event = {"event_type": "tool", "inputs": {"text": "x" * 40_000}, "session_id": str(uuid.uuid4())}
            post(server, "/v1/events", {**event, "start_time": number})
        listed = get(server, LISTED, limit=1000)
        assert {one["session_id"] for one in listed["sessions"]} == {e["session_id"] for e in server.events()}
        assert 0 < listed["total"] < 30
