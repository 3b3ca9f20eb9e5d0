"""Single events and sessions through both clients, against the local server on a real socket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from honeyhive_client.models import CreateEventRequest, CreateEventResponse

from honeyhive_ext import Event
from honeyhive_ext.errors import APIConnectionError, BadRequestError, EventError, NotFoundError
from honeyhive_ext.local import LocalServer
from tests.support.clients import KINDS, EitherClient

INPUTS = {"q": "was ist ein Träger? \U0001f41d", "n": 2**53, "x": [1.5, None, True, {"": []}]}


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, server: LocalServer) -> Any:
    with EitherClient(request.param, server.url) as made:
        yield made


def test_an_event_comes_back_as_it_was_sent(client: EitherClient) -> None:
    began = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    sent = client.do(
        lambda hh: hh.events.create(
            "model",
            event_name="answer",
            inputs=INPUTS,
            outputs={"a": 1},
            metadata={"cost": 0.0004},
            start_time=began,
            duration=timedelta(milliseconds=1500),
            error=None,
        )
    )
    assert isinstance(sent, CreateEventResponse)
    assert str(UUID(sent.event_id)) == sent.event_id
    event = client.do(lambda hh: hh.events.get(UUID(sent.event_id)))
    assert isinstance(event, Event)
    assert (event.event_type, event.event_name, event.source) == ("model", "answer", "sdk-python")
    assert (event.inputs, event.outputs, event.metadata) == (INPUTS, {"a": 1}, {"cost": 0.0004})
    start = began.timestamp() * 1000
    assert (event.start_time, event.duration, event.end_time) == (start, 1500, start + 1500)
    assert event.error is None


@pytest.mark.parametrize(
    "event",
    [
        "tool",
        {"event_type": "tool", "inputs": {"q": 1}},
        CreateEventRequest(event_type="tool", inputs={"q": 1}),
        None,
    ],
    ids=["type", "mapping", "model", "keywords"],
)
def test_an_event_may_be_given_in_every_form(client: EitherClient, event: Any) -> None:
    fields = {"event_name": "n"} if event is not None else {"event_name": "n", "event_type": "tool"}
    sent = client.do(lambda hh: hh.events.create(event, **fields))
    stored = client.do(lambda hh: hh.events.get(sent.event_id))
    assert (stored.event_type, stored.event_name) == ("tool", "n")


def test_an_update_takes_an_event_its_answer_its_id_or_a_mapping(client: EitherClient) -> None:
    sent = client.do(lambda hh: hh.events.create("model", metadata={"a": 1}, outputs={"old": 1}))
    event = client.do(lambda hh: hh.events.get(sent.event_id))
    for n, target in enumerate(
        (sent, event, sent.event_id, UUID(sent.event_id), {"event_id": sent.event_id})
    ):
        assert client.do(lambda hh: hh.events.update(target, metadata={f"n{n}": n})) is None  # noqa: B023
    client.do(
        lambda hh: hh.events.update(
            sent, outputs={"new": 2}, feedback={"rating": 5}, duration=timedelta(seconds=1)
        )
    )
    event = client.do(lambda hh: hh.events.get(sent.event_id))
    assert event.metadata == {"a": 1, "n0": 0, "n1": 1, "n2": 2, "n3": 3, "n4": 4}
    assert (event.outputs, event.feedback, event.duration) == ({"new": 2}, {"rating": 5}, 1000)


def test_what_cannot_be_sent_is_refused_before_a_request_is_made(
    client: EitherClient, server: LocalServer
) -> None:
    event_id = str(uuid4())
    for wrong in (
        lambda hh: hh.events.create("model", inptus={}),
        lambda hh: hh.events.create("modle"),
        lambda hh: hh.events.get("not-an-id"),
        lambda hh: hh.events.update(event_id),
        lambda hh: hh.events.update(event_id, event_name="x"),
        lambda hh: hh.sessions.create(session_id="s1"),
    ):
        with pytest.raises(EventError):
            client.do(wrong)
    assert len(server.requests) == 0


def test_what_is_not_there_is_a_not_found_error(client: EitherClient) -> None:
    with pytest.raises(NotFoundError):
        client.do(lambda hh: hh.events.get(uuid4()))


def test_a_session_is_an_event_and_a_second_one_with_its_id_adds_to_it(client: EitherClient) -> None:
    session = client.do(lambda hh: hh.sessions.create(session_name="chat", metadata={"a": 1}))
    assert session.event_id == session.session_id
    again = client.do(lambda hh: hh.sessions.create(session_id=session.session_id, metadata={"b": 2}))
    assert again.session_id == session.session_id
    event = client.do(lambda hh: hh.events.get(session.session_id))
    assert (event.event_type, event.event_name, event.metadata) == ("session", "chat", {"a": 1, "b": 2})
    step = client.do(lambda hh: hh.events.create("tool", session_id=session.session_id))
    assert client.do(lambda hh: hh.events.get(step.event_id)).session_id == session.session_id


@pytest.mark.parametrize("repost", ["replace", "reject", "merge"])
def test_an_event_whose_answer_was_lost_is_stored_once_however_the_service_takes_a_second_post(
    client: EitherClient, server: LocalServer, repost: Any
) -> None:
    server.configure(repost=repost)
    server.faults.add("commit_reset", path="/v1/events", times=2)
    sent = client.do(lambda hh: hh.events.create("tool", inputs=INPUTS))
    assert len(client.waits) == 2
    stored = [event for event in server.events() if event["event_id"] == sent.event_id]
    assert len(stored) == len(server.events()) == 1
    assert stored[0]["inputs"] == INPUTS


def test_a_session_whose_answer_was_lost_is_one_session(client: EitherClient, server: LocalServer) -> None:
    server.faults.add("commit_reset", path="/v1/sessions", times=1)
    session = client.do(lambda hh: hh.sessions.create(session_name="chat"))
    assert [event["event_id"] for event in server.events()] == [session.session_id]


def test_without_retries_a_lost_answer_is_an_error_and_the_event_may_be_there(
    client: EitherClient, server: LocalServer
) -> None:
    server.faults.add("commit_reset", path="/v1/events", times=1)
    with pytest.raises(APIConnectionError, match="may or may not have acted"):
        client.do(lambda hh: hh.events.create("tool", retry=False))
    assert len(server.events()) == 1


def test_what_the_service_refuses_is_an_error_with_its_message(
    client: EitherClient, server: LocalServer
) -> None:
    server.faults.add("status", status=400, path="/v1/events", times=1)
    with pytest.raises(BadRequestError) as caught:
        client.do(lambda hh: hh.events.create("tool"))
    assert (caught.value.status, caught.value.attempts) == (400, 1)
    assert caught.value.message
