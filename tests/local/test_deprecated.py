"""The routes that older clients still call."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

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
    assert api.post("/events", {"event": {**TOOL, "zzz": 1}}).status_code == 400


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
