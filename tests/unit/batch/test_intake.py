"""How a caller's events become the events of requests, with a service in memory."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from honeyhive_client.models import CreateEventRequest

from honeyhive_ext.batch import BatchReport
from honeyhive_ext.batch.pipeline import MOST_AT_ONCE
from honeyhive_ext.config.secrets import secret
from honeyhive_ext.config.settings import EventSettings, Settings
from honeyhive_ext.errors import (
    EventError,
)
from honeyhive_ext.payload import many as columns
from honeyhive_ext.serialize.dumps import write_builtin
from tests.support.batches import BOTH, Service, deliver, event_id, memory, sent_ids
from tests.support.clients import Kind

RNG = random.Random(1)
IDS = [event_id(RNG) for _ in range(3_000)]
SESSION = event_id(RNG)
OTHER = event_id(RNG)


def tool(number: int, **more: Any) -> dict[str, Any]:
    return {
        "event_type": "tool",
        "event_id": IDS[number],
        "start_time": 1_767_225_600_000 + number,
        **more,
    }


def tools(count: int) -> list[dict[str, Any]]:
    return [tool(number) for number in range(count)]


def sessions(bodies: list[bytes]) -> list[Any]:
    """The session of each event that was sent."""
    return [event.get("session_id") for body in bodies for event in orjson.loads(body)["events"]]


def told(report: BatchReport) -> Any:
    failures = [
        (failure.index, failure.event_id, failure.reason, str(failure.error), failure.content)
        for failure in report.failures
    ]
    return list(report.event_ids), failures, report.requests, report.bytes_sent, report.read


LISTS: dict[str, list[Any]] = {
    "plain": tools(1_234),
    "exactly what is read at once": tools(MOST_AT_ONCE),
    "one more": tools(MOST_AT_ONCE + 1),
    "two requests": tools(200),
    "one": tools(1),
    "none": [],
    "one that is wrong": [*tools(40), tool(40, inputs={"x": float("nan")}), tool(41), tool(42)],
    "none that is right": [None, "tool", 5, {"event_type": "tol"}],
    "no dicts among them": [tool(0), CreateEventRequest(**tool(1), inputs={}), MappingProxyType(tool(2))],
    "the same id twice": [*tools(30), tool(7), tool(30), tool(29), tool(31)],
    "the same id twice, far apart": [*tools(600), tool(8), tool(599), tool(600)],
    "the same id in upper case": [tool(0), tool(1, event_id=IDS[0].upper())],
    "text that is no UTF-8": [*tools(20), tool(20, event_name="\udc80"), tool(21)],
    "large ones": [tool(n, inputs={"text": "x" * (n % 90) * 100}) for n in range(300)],
    "large ones at the end of what is read at once": [
        *tools(99),
        *(tool(n, inputs={"text": "x" * 20_000}) for n in range(99, 240)),
    ],
}


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_events": 100, "max_bytes": 30_000},
        {"max_events": 30},
        {"max_events": 2_000},
        {"session_id": SESSION},
    ],
)
def test_a_list_is_sent_in_the_same_bytes_as_a_generator(
    kind: Kind, name: str, options: dict[str, Any]
) -> None:
    made = []
    for events in (LISTS[name], tuple(LISTS[name]), (event for event in LISTS[name])):
        sender = memory(kind, Service().post)
        report = deliver(sender, events, on_error="collect", max_concurrency=1, **options)
        made.append((sender.bodies, told(report)))
    assert made[0] == made[1] == made[2]
    assert made[0][1][4] == len(LISTS[name])


def test_a_list_is_planned_by_the_number_of_events() -> None:
    sender = memory("sync", Service().post)
    deliver(sender, tools(250), max_events=100, max_concurrency=1)
    assert [sent_ids(body) for body in sender.bodies] == [IDS[:100], IDS[100:200], IDS[200:250]]


def test_a_list_of_usual_events_is_serialized_once_for_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[bytes | None] = []

    def counted(value: Any) -> bytes | None:
        written.append(write_builtin(value))
        return written[-1]

    monkeypatch.setattr(columns, "write_builtin", counted)
    sender = memory("sync", Service().post)
    events = [{"event_type": "tool", "event_id": identity} for identity in IDS[:250]]
    deliver(sender, events, max_events=100, max_concurrency=1)
    assert len(written) == 3
    assert written == sender.bodies


def test_the_failures_of_a_list_have_the_indexes_of_their_events() -> None:
    service = Service({IDS[4], IDS[17]})
    sender = memory("sync", service.post)
    report = deliver(sender, tools(20), max_bytes=1_000, max_concurrency=1, on_error="collect")
    assert len(sender.bodies) > 2
    assert [(failure.index, failure.event_id) for failure in report.failures] == [(4, IDS[4]), (17, IDS[17])]


@pytest.mark.parametrize("given", [tuple, iter])
def test_an_invalid_event_is_reported_with_its_index_and_the_reason(given: Any) -> None:
    sender = memory("sync", Service().post)
    report = deliver(
        sender, given([tool(0), None, {"event_type": "tol"}, tool(3), "tool"]), on_error="collect"
    )
    assert report.event_ids == [IDS[0], IDS[3]]
    assert [(failure.index, failure.event_id, failure.reason) for failure in report.failures] == [
        (1, None, "invalid"),
        (2, None, "invalid"),
        (4, None, "invalid"),
    ]
    assert all(isinstance(failure.error, EventError) for failure in report.failures)
    assert all(failure.content is None for failure in report.failures)
    assert [str(failure.error) for failure in report.failures][::2] == [
        "give a mapping of fields, a CreateEventRequest or an Event that was read, not NoneType",
        "give a mapping of fields, a CreateEventRequest or an Event that was read, not str",
    ]
    assert report.read == 5


@pytest.mark.parametrize("given", [list, iter])
@pytest.mark.parametrize("max_events", [2, 500])
def test_a_second_event_with_an_id_is_reported_and_not_sent(given: Any, max_events: int) -> None:
    sender = memory("sync", Service().post)
    events = [tool(0), tool(1), tool(2), tool(0, inputs={"n": 2}), tool(2), tool(3), tool(3)]
    report = deliver(sender, given(events), max_events=max_events, on_error="collect", max_concurrency=1)
    assert [identity for body in sender.bodies for identity in sent_ids(body)] == IDS[:4]
    assert [(failure.index, failure.event_id, failure.reason) for failure in report.failures] == [
        (3, IDS[0], "duplicate"),
        (4, IDS[2], "duplicate"),
        (6, IDS[3], "duplicate"),
    ]
    first = report.failures[0]
    assert str(first.error) == "event_id: an earlier event of this batch has this id; only that one is sent"
    assert first.event is not None
    assert first.event["inputs"] == {"n": 2}


def test_an_id_of_an_event_that_failed_may_come_again() -> None:
    sender = memory("sync", Service().post)
    wrong = tool(0, inputs={"x": float("nan")})
    report = deliver(sender, iter([wrong, tool(0), tool(1)]), on_error="collect")
    assert report.event_ids == IDS[:2]
    assert [failure.reason for failure in report.failures] == ["invalid"]


def test_a_second_model_with_the_same_id_is_a_duplicate_too() -> None:
    sender = memory("sync", Service().post)
    twice = [CreateEventRequest(**tool(0), inputs={}), CreateEventRequest(**tool(0), inputs={})]
    report = deliver(sender, twice, on_error="collect")
    assert [failure.reason for failure in report.failures] == ["duplicate"]


class Unreadable(Mapping[str, Any]):
    """A mapping that raises when it is read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("given", [list, iter])
def test_a_batch_of_one_session_moves_every_event_into_it(kind: Kind, given: Any) -> None:
    sender = memory(kind, Service().post)
    events = [
        tool(0),
        tool(1, session_id=OTHER),
        tool(2, session_id="no id at all"),
        CreateEventRequest(**tool(3), inputs={}, session_id=OTHER),
        MappingProxyType(tool(4, session_id=OTHER)),
        Unreadable(),
        None,
    ]
    report = deliver(sender, given(events), session_id=SESSION, on_error="collect")
    assert sessions(sender.bodies) == [SESSION] * 5
    assert report.event_ids == IDS[:5]
    assert report.session_id == SESSION
    assert [(failure.index, failure.reason) for failure in report.failures] == [
        (5, "invalid"),
        (6, "invalid"),
    ]
    (call, _) = sender.calls[0]
    assert (call.operation, call.write) == ("createSessionEventBatch", True)
    assert call.request["url"].endswith(f"/sessions/{SESSION}/events/batch")
    assert events[1]["session_id"] == OTHER  # the caller's event is unchanged


@pytest.mark.parametrize("given", [list, iter])
def test_plain_events_are_moved_into_the_one_session_too(given: Any) -> None:
    sender = memory("sync", Service().post)
    deliver(sender, given([tool(0), tool(1, session_id=OTHER)]), session_id=SESSION)
    deliver(sender, given([tool(0, session_id=OTHER), tool(1, session_id=OTHER)]), session_id=SESSION)
    assert sessions(sender.bodies) == [SESSION] * 4


@pytest.mark.parametrize("given", [list, iter])
def test_events_keep_their_own_sessions_in_an_ordinary_batch(given: Any) -> None:
    sender = memory("sync", Service().post)
    deliver(sender, given([tool(0), tool(1, session_id=OTHER)]))
    assert sessions(sender.bodies) == [None, OTHER]
    (call, _) = sender.calls[0]
    assert (call.operation, call.write) == ("createEventBatch", True)
    assert call.request["url"].endswith("/events/batch")


@pytest.mark.parametrize("given", [list, iter])
def test_the_settings_of_the_client_hold_for_the_events_of_a_batch(given: Any) -> None:
    settings = Settings(
        base_url="https://api.example", api_key=secret("hh_1"), events=EventSettings(source="nightly")
    )
    sender = memory("sync", Service().post, settings)
    deliver(sender, given(tools(2)))
    assert [event["source"] for event in orjson.loads(sender.bodies[0])["events"]] == ["nightly"] * 2


@pytest.mark.parametrize("given", [list, iter])
def test_an_event_without_a_time_starts_now_in_unix_milliseconds(
    given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_225_600_123_000_000)
    sender = memory("sync", Service().post)
    deliver(sender, given([{"event_type": "tool"}, {"event_type": "model"}]))
    times = [event["start_time"] for event in orjson.loads(sender.bodies[0])["events"]]
    assert times == [1_767_225_600_123] * 2
