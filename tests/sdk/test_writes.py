"""create, create_batch, update and sessions.start of the official SDK: each result, and what is stored."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive._generated.api_config import HTTPException
from honeyhive.models import (
    PostEventBatchRequest,
    PostEventRequest,
    StartSessionRequest,
    UpdateEventRequest,
)

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer
    from tests.sdk.conftest import Official

WHOLE: dict[str, Any] = {
    "event_type": "model",
    "event_name": "answer",
    "source": "sdk-test",
    "inputs": {"messages": [{"role": "user", "content": "höi ✓"}]},
    "outputs": {"content": "hello"},
    "config": {"model": "small", "hyperparameters": {"temperature": 0.5}},
    "metadata": {"cost": 0.02, "gen_ai.usage": {"input_tokens": 7}},
    "metrics": {"accuracy": 0.9},
    "feedback": {"rating": 4},
    "user_properties": {"tier": "gold"},
    "error": "none really",
    "children_ids": [str(uuid.uuid4())],
    "start_time": 1_767_225_600_000.25,
    "end_time": 1_767_225_600_750.25,
    "duration": 750.0,
}


def subset(event: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: event.get(name) for name in wanted}


def test_create_stores_the_event_as_it_was_given(official: Official, honeyhive_local: LocalServer) -> None:
    ids = {name: str(uuid.uuid4()) for name in ("event_id", "session_id", "parent_id")}
    request = PostEventRequest(event={**WHOLE, **ids, "project": "mine"})
    answer = official(official.client.events.create, request)
    assert (answer.success, answer.event_id) == (True, ids["event_id"])
    (event,) = honeyhive_local.events()
    assert event == {**WHOLE, **ids}
    (entry,) = honeyhive_local.requests
    assert (entry.method, entry.path, entry.headers["hh-client-package"]) == ("POST", "/events", "honeyhive")


def test_create_makes_the_ids_that_were_left_out(official: Official, honeyhive_local: LocalServer) -> None:
    request = PostEventRequest(event={"event_type": "tool", "inputs": {}})
    answer = official(official.client.events.create, request)
    (event,) = honeyhive_local.events()
    assert event["event_id"] == answer.event_id
    assert event["parent_id"] == event["session_id"]
    assert (event["event_name"], event["source"]) == ("unknown", "unknown")


def test_create_batch_stores_every_event_in_order(official: Official, honeyhive_local: LocalServer) -> None:
    events = [{**WHOLE, "event_name": f"step {n}", "project": "mine"} for n in range(25)]
    answer = official(official.client.events.create_batch, PostEventBatchRequest(events=events))
    assert answer.success
    stored = honeyhive_local.events()
    assert [event["event_id"] for event in stored] == answer.event_ids
    assert [event["event_name"] for event in stored] == [f"step {n}" for n in range(25)]
    assert subset(stored[3], WHOLE) == {**WHOLE, "event_name": "step 3"}
    assert len({event["session_id"] for event in stored}) == 25


@pytest.mark.parametrize(
    ("flag", "properties"),
    [("single_session", "session_properties"), ("is_single_session", "session")],
)
def test_create_batch_makes_one_session_by_either_name_of_its_options(
    official: Official, honeyhive_local: LocalServer, flag: str, properties: str
) -> None:
    options = {flag: True, properties: {"session_name": "nightly", "metadata": {"run": 7}}}
    events = [{"event_type": "tool", "inputs": {"n": n}} for n in range(3)]
    answer = official(official.client.events.create_batch, PostEventBatchRequest(events=events, **options))
    session, *rest = honeyhive_local.events()
    assert (session["event_type"], session["event_name"]) == ("session", "nightly")
    assert session["metadata"] == {"run": 7}
    assert session["event_id"] == session["session_id"] == answer.session_id
    assert [event["event_id"] for event in rest] == answer.event_ids
    assert {event["session_id"] for event in rest} == {answer.session_id}


def test_update_merges_objects_and_replaces_outputs(official: Official, honeyhive_local: LocalServer) -> None:
    sent = official(official.client.events.create, PostEventRequest(event=WHOLE))
    update = UpdateEventRequest(
        event_id=sent.event_id,
        metadata={"cost": 0.03, "tag": "b"},
        feedback={"comment": "good"},
        metrics={"f1": 0.8},
        config={"seed": 1},
        user_properties={"country": "CH"},
        outputs={"content": "bye"},
        duration=800.0,
        end_time=1_767_225_600_800.25,
        children_ids=[],
    )
    assert official(official.client.events.update, update) is None
    (event,) = honeyhive_local.events()
    assert event["metadata"] == {**WHOLE["metadata"], "cost": 0.03, "tag": "b"}
    assert event["feedback"] == {"rating": 4, "comment": "good"}
    assert event["metrics"] == {"accuracy": 0.9, "f1": 0.8}
    assert event["config"] == {**WHOLE["config"], "seed": 1}
    assert event["user_properties"] == {"tier": "gold", "country": "CH"}
    assert event["outputs"] == {"content": "bye"}
    assert (event["duration"], event["end_time"]) == (800.0, 1_767_225_600_800.25)
    assert event["children_ids"] == WHOLE["children_ids"]  # an empty list is ignored
    assert event["inputs"] == WHOLE["inputs"]


def test_update_takes_no_notice_of_other_fields_as_the_service_does(
    official: Official, honeyhive_local: LocalServer
) -> None:
    sent = official(official.client.events.create, PostEventRequest(event=WHOLE))
    update = UpdateEventRequest(event_id=sent.event_id, inputs={"other": 1}, error="other", nonsense=1)
    official(official.client.events.update, update)
    (event,) = honeyhive_local.events()
    assert subset(event, WHOLE) == WHOLE
    assert "nonsense" not in event


@pytest.mark.parametrize("form", ["model", "dict"])
def test_sessions_start_in_each_of_its_forms(
    official: Official, honeyhive_local: LocalServer, form: str
) -> None:
    session_id = str(uuid.uuid4())
    session = {
        "session_id": session_id,
        "session_name": "support chat",
        "source": "sdk-test",
        "project": "mine",
        "inputs": {"q": 1},
        "metadata": {"a": 1},
        "user_properties": {"tier": "gold"},
        "start_time": 1_767_225_600_000.0,
    }
    data = StartSessionRequest(session=session) if form == "model" else {"session": session}
    answer = official(official.client.sessions.start, data)
    assert answer.session_id == answer.event_id == session_id
    assert (answer.event_type, answer.event_name) == ("session", "support chat")
    assert (answer.inputs, answer.metadata, answer.start_time) == ({"q": 1}, {"a": 1}, 1_767_225_600_000.0)
    (event,) = honeyhive_local.events()
    assert event["event_id"] == event["session_id"] == session_id
    assert "parent_id" not in event


def test_the_flat_session_of_older_callers_is_understood(
    official: Official, honeyhive_local: LocalServer
) -> None:
    with pytest.warns(DeprecationWarning, match="flat session payload"):
        answer = official(official.client.sessions.start, {"session_name": "flat", "metadata": None})
    (event,) = honeyhive_local.events()
    assert (event["event_name"], event["session_id"]) == ("flat", answer.session_id)


def test_a_session_started_twice_is_one_session_with_both_metadata(
    official: Official, honeyhive_local: LocalServer
) -> None:
    session_id = str(uuid.uuid4())
    for metadata in ({"a": 1}, {"b": 2}):
        session = {"session_id": session_id, "session_name": "one", "metadata": metadata}
        answer = official(official.client.sessions.start, {"session": session})
    assert answer.metadata == {"a": 1, "b": 2}
    assert len(honeyhive_local.events()) == 1


def test_a_session_keeps_what_only_older_clients_send_with_it(
    official: Official, honeyhive_local: LocalServer
) -> None:
    older = {
        "metrics": {"turns": 3},
        "feedback": {"rating": 5},
        "is_evaluation": True,
        "run_id": "run-1",
        "dataset_id": "data-1",
        "datapoint_id": "point-1",
    }
    session = {"session_name": "experiment", "project": "mine", **older}
    answer = official(official.client.sessions.start, {"session": session})
    (event,) = honeyhive_local.events()
    assert subset(event, older) == older
    assert answer.metrics == {"turns": 3}


def test_a_session_s_older_fields_are_checked_like_those_of_an_event(
    official: Official, honeyhive_local: LocalServer
) -> None:
    with pytest.raises(HTTPException, match="metrics: expected object") as caught:
        official(official.client.sessions.start, {"session": {"metrics": 5}})
    assert caught.value.status_code == 400
    assert honeyhive_local.events() == []
