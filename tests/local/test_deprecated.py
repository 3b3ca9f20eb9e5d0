"""The routes that older clients still call."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from honeyhive_ext.local.codec import MAX_DEPTH
from tests.support.local_api import Api

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
T0 = 1_767_225_600_000


def test_session_start_is_wrapped(api: Api) -> None:
    session_id = str(uuid.uuid4())
    session = {"session_id": session_id, "session_name": "n", "project": "p", "metadata": {"a": 1}}
    assert api.post("/session/start", {"session": session}).json()["session_id"] == session_id
    assert api.event(session_id)["event_name"] == "n"
    assert api.post("/session/start", {}).status_code == 400


def test_an_event_is_wrapped_and_may_name_its_project(api: Api) -> None:
    answer = api.post("/events", {"event": {**TOOL, "project": "p", "metadata": {"a": 1}}})
    assert answer.json()["success"] is True
    assert api.event(answer.json()["event_id"])["metadata"] == {"a": 1}
    assert api.post("/events", TOOL).status_code == 400


def test_an_update_names_its_event_in_the_body(api: Api) -> None:
    event_id = api.create(metadata={"a": 1})
    answer = api.put("/events", {"event_id": event_id, "metadata": {"b": 2}, "unknown": 1})
    assert answer.status_code == 200
    assert api.event(event_id)["metadata"] == {"a": 1, "b": 2}
    assert api.put("/events", {"event_id": str(uuid.uuid4())}).status_code == 404
    assert api.put("/events", {"event_id": 7}).status_code == 400


@pytest.mark.parametrize(
    ("single", "properties"), [("is_single_session", "session"), ("single_session", "session_properties")]
)
def test_a_batch_knows_the_older_names(api: Api, single: str, properties: str) -> None:
    body = {"events": [{**TOOL, "project": "p"}] * 2, single: True, properties: {"session_name": "n"}}
    answer = api.post("/events/batch", body).json()
    assert len(answer["event_ids"]) == 2
    assert api.event(answer["session_id"])["event_name"] == "n"
    assert {api.event(one)["session_id"] for one in answer["event_ids"]} == {answer["session_id"]}


def test_a_model_event_is_changed_into_todays_format(api: Api) -> None:
    model = {"model": "m", "messages": [{"role": "user"}], "cost": 1, "duration": 5, "response": {"r": 1},
             "event_name": "n", "inputs": {"own": 1}}  # fmt: skip
    one = api.post("/events/model", {"model_event": model}).json()["event_id"]
    many = api.post("/events/model/batch", {"model_events": [model], "is_single_session": True}).json()
    for event_id in (one, *many["event_ids"]):
        event = api.event(event_id)
        assert event["event_type"] == "model"
        assert event["event_name"] == "n"
        assert event["inputs"] == {
            "own": 1,
            "model": "m",
            "messages": [{"role": "user"}],
            "cost": 1,
            "duration": 5,
        }
        assert event["outputs"] == {"response": {"r": 1}}
        assert "duration" not in event
    assert "session_id" in many


def test_export_is_a_search_with_a_larger_page_and_projections(api: Api) -> None:
    ids = [api.create(start_time=T0 + at, metadata={"n": at}) for at in range(3)]
    assert api.post("/events/export", {}).json()["count"] == 3
    between = {"$gte": "2026-01-01T00:00:00.001Z", "$lte": "2026-01-01T00:00:00.002Z"}
    found = api.post("/v1/events/export", {"dateRange": between, "limit": 7500}).json()
    assert [event["event_id"] for event in found["events"]] == [ids[2], ids[1]]
    assert found["count"] == 2
    only = api.post("/v1/events/export", {"projections": ["metadata", "é"], "filters": [], "limit": 1}).json()
    assert only["events"] == [{"event_id": ids[2], "metadata": {"n": 2}}]
    assert api.post("/v1/events/export", {"limit": 7501}).status_code == 400
    assert api.post("/v1/events/export", {"projections": "metadata"}).status_code == 400
    assert api.post("/v1/events/export", {"unknown": 1}).status_code == 400


def test_traces_take_exactly_one_of_logs_and_events(api: Api) -> None:
    session_id = api.post("/v1/sessions", {}).json()["session_id"]
    path = f"/session/{session_id}/traces"
    for name in ("logs", "events"):
        assert api.post(path, {name: [{**TOOL, "project": "p"}]}).json() == {"success": True}
    assert api.post(path, {"logs": [], "events": []}).status_code == 400
    assert api.post(path, {}).status_code == 400
    assert len(api.ids(("session_id", "is", session_id))) == 3


SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"
TRACES = f"/session/{SESSION}/traces"
WRAPPED: list[tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = [
    ("/events", lambda event: {"event": event}),
    ("/events/batch", lambda event: {"events": [event]}),
    ("/events/model", lambda event: {"model_event": event}),
    ("/events/model/batch", lambda event: {"model_events": [event]}),
    (TRACES, lambda event: {"logs": [event]}),
    (TRACES, lambda event: {"events": [event]}),
]


@pytest.mark.parametrize("event", [{}, {"event_name": "n"}, {"outputs": {"a": 1}, "mine": {"b": [None]}}])
@pytest.mark.parametrize(("path", "wrap"), WRAPPED)
def test_an_older_event_requires_nothing_and_keeps_every_property(
    plain: Api, path: str, wrap: Callable[[dict[str, Any]], dict[str, Any]], event: dict[str, Any]
) -> None:
    plain.post("/v1/sessions", {"session_id": SESSION})
    answer = plain.post(path, wrap(event))
    assert answer.status_code == 200, answer.text
    stored = plain.server.events()[-1]
    assert {name: stored.get(name) for name in event} == event
    found = plain.post("/v1/events/search", {}).json()
    assert found["count"] == len(found["events"]) == 2


@pytest.mark.parametrize(
    ("path", "body", "failing"),
    [
        ("/events", {"event": {"event_type": "modle"}}, "event.event_type"),
        ("/events", {"event": {"session_id": "7"}}, "event.session_id"),
        ("/events", {"event": 7}, "event"),
        ("/events/batch", {"events": [{}, {"metadata": 1}]}, "events[1].metadata"),
        ("/events/batch", {"events": [{}], "session": 7}, "session"),
        ("/events/batch", {"events": [{}], "session": {"start_time": "x"}}, "session.start_time"),
        ("/events/batch", {"events": [{}], "is_single_session": 1}, "is_single_session"),
        ("/events/batch", {"events": [{}], "single_session": 1}, "single_session"),
        ("/events/batch", {"events": [{}, 7]}, "events[1]"),
        ("/events/batch", {}, "events"),
        ("/events/model", {"model_event": {"inputs": 7, "model": "m"}}, "model_event.inputs"),
        ("/events/model", {"model_event": {"outputs": 7, "response": 1}}, "model_event.outputs"),
        ("/events/model", {"model_event": {"duration": "5"}}, "model_event.duration"),
        ("/events/model/batch", {"model_events": [{"error": 1}]}, "model_events[0].error"),
        ("/events/model/batch", {"model_events": [{}], "session": {"metadata": 1}}, "session.metadata"),
        ("/session/start", {"session": {"inputs": 1}}, "session.inputs"),
        ("/session/start", {"session": {"metrics": 1}}, "session.metrics"),
        (TRACES, {"logs": [{"duration": "x"}]}, "logs[0].duration"),
        (TRACES, {"logs": {}}, "logs"),
        ("/v1/events/export", {"dateRange": {"$gte": "soon", "$lte": "2026-01-01"}}, "dateRange.$gte"),
        ("/v1/events/export", {"dateRange": {"$gte": "2026-01-01"}}, "dateRange.$lte"),
        ("/v1/events/export", {"dateRange": {"$gte": "2026", "$lte": 7}}, "dateRange.$lte"),
        ("/events/export", {"dateRange": "today"}, "dateRange"),
        ("/events/export", {"filters": [{"field": "a"}]}, "filters[0].operator"),
    ],
)
def test_a_refusal_names_the_path_of_the_body_that_was_sent(
    plain: Api, path: str, body: dict[str, Any], failing: str
) -> None:
    plain.post("/v1/sessions", {"session_id": SESSION})
    answer = plain.post(path, body)
    assert answer.status_code == 400
    assert failing in {one["path"] for one in answer.json()["errors"]}
    assert len(plain.server.events()) == 1


@pytest.mark.parametrize(
    ("path", "wrap", "at"),
    [(path, wrap, "".join(wrap({"x": 1}))) for path, wrap in WRAPPED]
    + [("/session/start", lambda event: {"session": event}, "session")],
)
def test_a_field_that_is_too_deep_is_named_as_it_was_sent(
    plain: Api, path: str, wrap: Callable[[dict[str, Any]], dict[str, Any]], at: str
) -> None:
    deep: dict[str, Any] = {}
    for _ in range(MAX_DEPTH + 1):
        deep = {"a": deep}
    plain.post("/v1/sessions", {"session_id": SESSION})
    answer = plain.post(path, wrap({"metadata": deep}))
    assert answer.status_code == 400
    (one,) = answer.json()["errors"]
    assert re.fullmatch(rf"{at}(\[0\])?\.metadata", one["path"])


def test_a_partial_batch_names_its_events_as_they_were_sent(plain: Api) -> None:
    plain.server.configure(bad_event="partial")
    plain.post("/v1/sessions", {"session_id": SESSION})
    answer = plain.post("/events/model/batch", {"model_events": [{"model": "m"}, {"metadata": 1}]})
    assert answer.status_code == 500
    assert len(answer.json()["event_ids"]) == 1
    assert answer.json()["errors"][0].startswith("model_events[1].metadata: ")


def test_a_model_event_keeps_the_name_and_version_of_its_model(plain: Api) -> None:
    plain.post("/events/model", {"model_event": {"model_name": "small", "model_version": "1", "custom": 2}})
    (event,) = plain.server.events()
    assert (event["inputs"], event["custom"]) == ({"model_name": "small", "model_version": "1"}, 2)


@pytest.mark.parametrize("path", ["/v1/events/export", "/events/export"])
@pytest.mark.parametrize(
    "day", ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00+01:00"]
)
def test_the_older_export_takes_any_iso_text(plain: Api, path: str, day: str) -> None:
    for at in (-1, 0, 1):
        plain.create(start_time=T0 + at)
    found = plain.post(path, {"dateRange": {"$gte": day, "$lte": "2026-01-02"}}).json()
    assert (found["count"], [event["start_time"] for event in found["events"]]) == (2, [T0 + 1, T0])
