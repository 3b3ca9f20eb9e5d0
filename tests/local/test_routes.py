"""The seven routes, through every adapter: what is stored, returned and refused."""

from __future__ import annotations

import json
import uuid
from typing import Any

import honeyhive_schemas
import pytest

from tests.support.local_api import Api

T0 = 1_767_225_600_000
UNKNOWN = str(uuid.uuid4())


def test_a_stored_event_comes_back_as_it_was_sent(api: Api) -> None:
    sent = {
        "event_type": "model",
        "event_id": str(uuid.uuid4()),
        "session_id": str(uuid.uuid4()),
        "parent_id": str(uuid.uuid4()),
        "children_ids": ["x"],
        "event_name": 'a "name"\n',
        "source": "",
        "project_id": "p",
        "inputs": {"a.b": {"é": [1, 1.5, None, True, {"x": {}}]}, "": "\\"},
        "outputs": {"text": "ü\u2028"},
        "config": {},
        "metadata": {"big": 10**30, "n": -0.0},
        "metrics": {"m": 1e-300},
        "feedback": {"f": False},
        "user_properties": {"u": None},
        "error": None,
        "start_time": T0 + 0.25,
        "end_time": T0 + 1,
        "duration": 0.75,
    }
    assert api.create(**sent) == sent["event_id"]
    assert api.event(str(sent["event_id"])) == sent
    assert api.search()["events"] == [sent]


def test_what_is_left_out_gets_the_documented_defaults(api: Api) -> None:
    event = api.event(api.create())
    assert event["event_name"] == event["source"] == "unknown"
    assert event["parent_id"] == event["session_id"]
    assert uuid.UUID(event["event_id"]).version == uuid.UUID(event["session_id"]).version == 4
    assert isinstance(event["start_time"], int)
    assert "error" not in event
    assert "outputs" not in event


def test_a_session_event_is_the_root_of_its_trace(api: Api) -> None:
    session_id = str(uuid.uuid4())
    assert api.create(event_type="session", session_id=session_id) == session_id
    assert "parent_id" not in api.event(session_id)


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"event_type": "modle", "durations": 1}, ["durations", "event_type", "inputs"]),
        ({"event_type": "tool", "inputs": [], "start_time": "now"}, ["inputs", "start_time"]),
        ({"event_type": "tool", "inputs": {}, "event_id": "7"}, ["event_id"]),
        (
            {"event_type": "tool", "inputs": {}, "session_id": "7", "parent_id": 7},
            ["parent_id", "session_id"],
        ),
        ([], [""]),
        ("text", [""]),
        (None, [""]),
    ],
)
def test_a_violation_answers_400_and_lists_every_failing_path(api: Api, body: Any, paths: list[str]) -> None:
    answer = api.request("POST", "/v1/events", content=json.dumps(body).encode())
    assert answer.status_code == 400
    error = answer.json()
    assert [one["path"] for one in error["errors"]] == paths
    assert error["statusCode"] == 400
    assert error["success"] is False
    assert error["errorCode"] == "BAD_REQUEST"
    assert all(path in error["message"] for path in paths)
    assert honeyhive_schemas.validator("ErrorResponse").is_valid(error)
    assert api.search()["count"] == 0


def test_an_unknown_id_answers_404_and_a_bad_one_400(api: Api) -> None:
    batch = f"/v1/sessions/{UNKNOWN}/events/batch"
    events = {"events": [{"event_type": "tool", "inputs": {}}]}
    for answer in (
        api.get(f"/v1/events/{UNKNOWN}"),
        api.put(f"/v1/events/{UNKNOWN}", {}),
        api.post(batch, events),
    ):
        assert answer.status_code == 404
        assert answer.json()["errorCode"] == "NOT_FOUND"
    for answer in (
        api.get("/v1/events/7"),
        api.put("/v1/events/7", {}),
        api.post("/v1/sessions/7/events/batch", events),
    ):
        assert answer.status_code == 400


def test_an_unknown_path_answers_404_and_an_unknown_method_405(api: Api) -> None:
    assert api.get("/v2/events").status_code == 404
    assert api.get("/v1/events/").status_code == 404
    wrong = api.request("DELETE", "/v1/events")
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"
    either = api.request("PATCH", f"/v1/events/{UNKNOWN}").headers["allow"]
    assert set(either.split(", ")) == {"GET", "HEAD", "PUT"}


def test_an_update_merges_objects_replaces_outputs_and_sets_the_rest(api: Api) -> None:
    event_id = api.create(
        metadata={"a": {"x": 1}, "b": 1}, outputs={"old": 1}, children_ids=["c"], start_time=T0, duration=1
    )
    update = {
        "metadata": {"a": {"y": None}, "c": 2},
        "feedback": {"rating": 5},
        "outputs": {"new": 1},
        "duration": 7.5,
        "end_time": T0 + 8,
        "children_ids": ["d"],
    }
    answer = api.put(f"/v1/events/{event_id}", update)
    assert answer.status_code == 200
    event = api.event(event_id)
    assert event["metadata"] == {"a": {"y": None}, "b": 1, "c": 2}
    assert event["feedback"] == {"rating": 5}
    assert event["outputs"] == {"new": 1}
    assert (event["duration"], event["end_time"], event["children_ids"]) == (7.5, T0 + 8, ["d"])


def test_null_outputs_and_an_empty_list_of_children_change_nothing(api: Api) -> None:
    event_id = api.create(outputs={"old": 1}, children_ids=["c"])
    before = api.event(event_id)
    assert api.put(f"/v1/events/{event_id}", {"outputs": None, "children_ids": []}).status_code == 200
    assert api.event(event_id) == before
    assert api.put(f"/v1/events/{event_id}", {"outputs": 7}).status_code == 400
    assert api.put(f"/v1/events/{event_id}", {"metdata": {}}).json()["errors"][0]["path"] == "metdata"


def test_search_is_newest_first_with_ties_in_order_of_insertion_newest_first(api: Api) -> None:
    ids = [api.create(start_time=start) for start in (T0, T0 + 2, T0 + 1, T0 + 1.5, T0 + 1)]
    assert api.ids() == [ids[1], ids[3], ids[4], ids[2], ids[0]]


def test_a_date_range_includes_both_ends(api: Api) -> None:
    ids = [api.create(start_time=start) for start in (T0 - 1, T0, T0 + 0.5, T0 + 1, T0 + 2)]
    between = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T01:00:00.001+01:00"}
    assert api.ids(dateRange=between) == [ids[3], ids[2], ids[1]]
    wrong = api.post("/v1/events/search", {"dateRange": {"start_time": "yesterday"}})
    assert {one["path"] for one in wrong.json()["errors"]} == {"dateRange.start_time", "dateRange.end_time"}


def test_pages_cut_the_order_and_count_is_the_total(api: Api) -> None:
    ids = [api.create(start_time=T0 + at) for at in range(5)][::-1]
    assert [api.ids(limit=2, page=page) for page in (1, 2, 3, 4)] == [ids[:2], ids[2:4], ids[4:], []]
    assert [api.search(limit=2, page=page)["count"] for page in (1, 4)] == [5, 5]
    assert api.search(("start_time", "greater than", T0), limit=1, page=9)["count"] == 4
    assert api.search(page=10**30)["events"] == []


def test_a_batch_is_stored_whole_and_its_ids_are_in_order(api: Api) -> None:
    events = [{"event_type": "tool", "inputs": {"n": n}} for n in range(3)]
    answer = api.post("/v1/events/batch", {"events": events}).json()
    assert answer["success"] is True
    assert "session_id" not in answer
    assert [api.event(one)["inputs"]["n"] for one in answer["event_ids"]] == [0, 1, 2]
    assert len({api.event(one)["session_id"] for one in answer["event_ids"]}) == 3
    assert api.post("/v1/events/batch", {"events": []}).json() == {"event_ids": [], "success": True}


def test_one_bad_event_refuses_the_whole_batch(api: Api) -> None:
    events = [{"event_type": "tool", "inputs": {}}, {"event_type": "tool", "inputs": 3}, {"x": 1}]
    answer = api.post("/v1/events/batch", {"events": events})
    assert answer.status_code == 400
    assert {one["path"] for one in answer.json()["errors"]} == {
        "events[1].inputs",
        "events[2].x",
        "events[2].event_type",
        "events[2].inputs",
    }
    assert api.search()["count"] == 0


def test_single_session_creates_one_session_for_each_request(api: Api) -> None:
    body = {
        "events": [{"event_type": "tool", "inputs": {}, "session_id": str(uuid.uuid4())}] * 2,
        "single_session": True,
        "session_properties": {
            "session_name": "chat",
            "metadata": {"m": 1},
            "further": [1],
            "start_time": T0,
        },
    }
    first, second = (api.post("/v1/events/batch", body).json() for _ in range(2))
    assert first["session_id"] != second["session_id"]
    session = api.event(first["session_id"])
    assert session["event_type"] == "session"
    assert (session["event_name"], session["metadata"], session["further"]) == ("chat", {"m": 1}, [1])
    for event_id in first["event_ids"]:
        event = api.event(event_id)
        assert event["session_id"] == event["parent_id"] == first["session_id"]


def test_a_session_is_started_once_and_merged_into_afterwards(api: Api) -> None:
    session_id = str(uuid.uuid4())
    first = api.post(
        "/v1/sessions",
        {
            "session_id": session_id,
            "session_name": "n",
            "metadata": {"a": 1},
            "inputs": {"i": 1},
            "start_time": T0,
        },
    ).json()
    assert first["event_id"] == first["session_id"] == session_id
    assert (first["event_type"], first["event_name"], first["parent_id"]) == ("session", "n", None)
    again = api.post(
        "/v1/sessions",
        {"session_id": session_id, "metadata": {"b": 2}, "user_properties": {"u": 1}, "inputs": {"i": 2}},
    ).json()
    assert again["metadata"] == {"a": 1, "b": 2}
    assert (again["user_properties"], again["inputs"], again["start_time"]) == ({"u": 1}, {"i": 1}, T0)
    assert api.event(session_id)["metadata"] == {"a": 1, "b": 2}
    assert api.search()["count"] == 1
    for answer in (first, again):
        assert honeyhive_schemas.validator("PostSessionStartResponse").is_valid(answer)


def test_a_session_id_that_is_not_a_uuid_is_replaced_by_a_new_one(api: Api) -> None:
    for given in ({}, {"session_id": "mine"}):
        session = api.post("/v1/sessions", given).json()
        assert uuid.UUID(session["session_id"]).version == 4
        assert session["event_name"] == session["source"] == "unknown"


def test_events_added_to_a_session_belong_to_it_whatever_they_say(api: Api) -> None:
    session_id = api.post("/v1/sessions", {}).json()["session_id"]
    events = [
        {"event_type": "tool", "inputs": {}, "session_id": UNKNOWN},
        {"event_type": "tool", "inputs": {}},
    ]
    answer = api.post(f"/v1/sessions/{session_id}/events/batch", {"events": events})
    assert answer.json() == {"success": True}
    assert len(api.ids(("session_id", "is", session_id))) == 3
    assert api.ids(("session_id", "is", UNKNOWN)) == []


def test_answers_follow_their_schemas(api: Api) -> None:
    event_id = api.create(metadata={"a": 1})
    for name, answer in (
        ("PostEventResponse", api.post("/v1/events", {"event_type": "tool", "inputs": {}})),
        ("GetEventResponse", api.get(f"/v1/events/{event_id}")),
        ("ExportEventsResponse", api.post("/v1/events/search", {})),
        ("PostEventBatchResponse", api.post("/v1/events/batch", {"events": [], "single_session": True})),
    ):
        assert answer.headers["content-type"] == "application/json"
        assert honeyhive_schemas.validator(name).failures(answer.json()) == []


def test_a_body_that_is_not_json_is_a_400_that_says_so(api: Api) -> None:
    bodies = (b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": "\\ud800"}')
    for body in bodies:
        answer = api.request("POST", "/v1/events/search", content=body)
        assert answer.status_code == 400
        assert "not JSON" in answer.json()["message"]


OPERATORS: list[tuple[tuple[Any, ...], list[str]]] = [
    (("metadata.n", "exists", None), ["five", "text", "float"]),
    (("metadata.n", "not exists", 0), ["null", "none"]),
    (("metadata.n", "is", 5), ["five"]),
    (("metadata.n", "is", 5.0), ["five"]),
    (("metadata.n", "is", "5"), ["text"]),
    (("metadata.n", "is", True), []),
    (("metadata.n", "is", None), ["null", "none"]),
    (("metadata.n", "is not", None), ["five", "text", "float"]),
    (("metadata.n", "is not", 5), ["text", "float", "null", "none"]),
    (("metadata.n", "greater than", 4.5), ["five"]),
    (("metadata.n", "greater than", "4"), ["text"]),
    (("metadata.n", "less than", 5), ["float"]),
    (("metadata.n", "contains", "5"), ["text"]),
    (("metadata.n", "not contains", "5"), ["five", "float", "null", "none"]),
    (("start_time", "after", T0 + 1), ["float", "null", "none"]),
    (("start_time", "before", "2026-01-01T00:00:00.001"), ["five"]),
    (("start_time", "before", "2026-01-01T00:00:00.001", "datetime"), ["five"]),
    (("metadata.when", "after", "2026-01-01"), ["none"]),
    (("metadata.when", "is", "2026-01-02T01:00:00+01:00", "datetime"), ["none"]),
    (("event_name", "contains", "ul"), ["null"]),
    (("event_name", "is", "five"), ["five"]),
    (("event_name", "greater than", "none"), ["text", "null"]),
    (("duration", "is", 2), ["text"]),
    (("duration", "not exists", None), ["five", "float", "null", "none"]),
    (("inputs.chat_history.content", "contains", "hi"), ["float"]),
    (("inputs.chat_history.1.content", "is", "hi there"), ["float"]),
    (("inputs.chat_history.0.content", "is", "hi there"), []),
    (("metadata", "exists", None), ["five", "text", "float", "null"]),
    (("nothing", "not exists", None), ["five", "text", "float", "null", "none"]),
]


@pytest.fixture
def filled(plain: Api) -> Api:
    """Five events that differ."""
    plain.create(event_name="five", start_time=T0, metadata={"n": 5})
    plain.create(event_name="text", start_time=T0 + 1, metadata={"n": "5"}, duration=2)
    chat = {"chat_history": [{"role": "system"}, {"content": "hi there"}]}
    plain.create(event_name="float", start_time=T0 + 2, metadata={"n": 4.5}, inputs=chat)
    plain.create(event_name="null", start_time=T0 + 3, metadata={"n": None})
    plain.post("/v1/events/batch", {"events": [{"event_type": "tool", "event_name": "none", "inputs": {},
               "start_time": T0 + 4, "config": {}}]})  # fmt: skip
    return plain


@pytest.mark.parametrize(("one", "names"), OPERATORS, ids=lambda value: str(value)[:60])
def test_each_operator_finds_what_the_guide_says(filled: Api, one: tuple[Any, ...], names: list[str]) -> None:
    if one[0] == "metadata.when":
        last = filled.ids()[0]
        filled.put(f"/v1/events/{last}", {"metadata": {"when": "2026-01-02"}})
    found = [event["event_name"] for event in filled.search(one)["events"]]
    assert sorted(found) == sorted(names)


@pytest.mark.parametrize(
    "one",
    [
        ("metadata.n", "is", "5", "number"),
        ("metadata.n", "is", 5, "string"),
        ("metadata.n", "is", 1, "boolean"),
        ("metadata.n", "contains", 5),
        ("metadata.n", "contains", None),
        ("metadata.n", "contains", "2026-01-01", "datetime"),
        ("metadata.n", "greater than", True),
        ("metadata.n", "greater than", None),
        ("metadata.n", "after", "soon"),
        ("metadata.n", "after", True),
        ("metadata.n", "after", 5, "boolean"),
        ("metadata.n", "is", "soon", "datetime"),
        ("x" * 5000, "exists", None),
    ],
    ids=str,
)
def test_a_filter_that_makes_no_sense_is_a_400_that_names_it(plain: Api, one: tuple[Any, ...]) -> None:
    given = dict(zip(("field", "operator", "value", "type"), one, strict=False))
    answer = plain.post(
        "/v1/events/search", {"filters": [{"field": "a", "operator": "is", "value": 1}, given]}
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"].startswith("filters[1].")


def test_an_evaluation_is_found_where_existing_clients_put_it(plain: Api) -> None:
    ids = [
        plain.create(metadata={"evaluation_id": "run"}, start_time=T0),
        plain.create(metadata={"run_id": "run"}, start_time=T0 + 1),
    ]
    plain.create(metadata={"run_id": "other"})
    assert plain.ids(evaluation_id="run") == ids[::-1]
