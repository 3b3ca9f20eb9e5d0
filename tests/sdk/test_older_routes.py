"""Routes that only older versions of the official SDK call, through functions that 1.7 still has."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive import HoneyHive
from honeyhive._generated import models
from honeyhive._generated.services import Events_service, Sessions_service

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

MODEL: dict[str, Any] = {
    "event_name": "compose",
    "project": "mine",
    "model": "small",
    "provider": "alpha",
    "messages": [{"role": "user", "content": "hi"}],
    "response": {"content": "hello"},
    "usage": {"total_tokens": 9},
    "cost": 0.02,
    "error": "slow",
    "config": {"seed": 1},
}
INPUTS = {name: MODEL[name] for name in ("model", "provider", "messages", "usage", "cost", "error")}


@pytest.fixture
def config(honeyhive_local: LocalServer) -> Any:
    return HoneyHive().api_config


def test_a_model_event_keeps_its_parts_in_inputs_and_outputs(
    config: Any, honeyhive_local: LocalServer
) -> None:
    request = models.PostModelEventRequest(model_event=MODEL)
    answer = Events_service.createModelEventLegacy(config, data=request)
    (event,) = honeyhive_local.events()
    assert (event["event_id"], event["event_type"], event["event_name"]) == (
        answer.event_id,
        "model",
        "compose",
    )
    assert (event["inputs"], event["outputs"]) == (INPUTS, {"response": {"content": "hello"}})
    assert event["config"] == {"seed": 1}


def test_a_batch_of_model_events_in_one_session(config: Any, honeyhive_local: LocalServer) -> None:
    request = models.PostModelEventBatchRequest(model_events=[MODEL, MODEL], is_single_session=True)
    answer = Events_service.createModelEventBatchLegacy(config, data=request)
    session, *events = honeyhive_local.events()
    assert session["event_type"] == "session"
    assert [event["event_id"] for event in events] == answer.event_ids
    assert {event["session_id"] for event in events} == {answer.session_id}


@pytest.mark.parametrize("name", ["logs", "events"])
def test_traces_are_added_to_the_session_of_the_path(
    config: Any, honeyhive_local: LocalServer, name: str
) -> None:
    session_id = HoneyHive().sessions.start({"session": {"session_name": "s"}}).session_id
    event = {"event_type": "tool", "inputs": {}, "session_id": str(uuid.uuid4()), "project": "mine"}
    request = models.AddSessionTracesRequest(**{name: [event]})
    answer = Sessions_service.addSessionTracesLegacy(config, session_id=session_id, data=request)
    assert answer.success
    assert {event["session_id"] for event in honeyhive_local.events()} == {session_id}
