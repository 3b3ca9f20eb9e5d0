"""A list of events, prepared many at a time, gives the same requests as the same events one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from honeyhive_client.models import CreateEventRequest

from honeyhive_ext.batch import BatchReport
from tests.support.batches import BOTH
from tests.support.clients import EitherClient, Kind
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer

SESSION = "0b0d9a4e-27c1-4f0b-9a3c-5f1f64f3f6a1"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def identity(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def tool(number: int, **more: Any) -> dict[str, Any]:
    return {
        "event_type": "tool",
        "event_id": identity(number),
        "start_time": 1_767_225_600_000 + number,
        **more,
    }


def takes_all(request: Recorded) -> Answer:
    ids = [event["event_id"] for event in orjson.loads(request.body).get("events", [])]
    return answer(200, orjson.dumps({"event_ids": ids, "event_id": SESSION, "success": True}))


def sent(kind: Kind, events: object, **options: Any) -> tuple[list[bytes], BatchReport]:
    with Misbehaving(then=takes_all) as server, EitherClient(kind, server.url) as client:
        report = client.do(
            lambda hh: hh.events.create_batch(events, on_error="collect", max_concurrency=1, **options)
        )
        return [request.body for request in server.requests if b'"events"' in request.body], report


def told(report: BatchReport) -> Any:
    failures = [
        (failure.index, failure.event_id, failure.reason, str(failure.error)) for failure in report.failures
    ]
    return list(report.event_ids), failures, report.requests, report.bytes_sent, report.read


LISTS: dict[str, list[Any]] = {
    "plain": [tool(n, inputs={"n": n}, metadata={"cost": n / 7, "tags": ["a", "ü"]}) for n in range(1_234)],
    "several shapes": [
        tool(n, inputs={"n": n}) if n % 3 else tool(n, outputs={"a": [n, None]}, end_time=1_767_225_700_000)
        for n in range(700)
    ],
    "other types": [tool(n, inputs={"at": NOON, "n": n}, end_time=NOON) for n in range(30)],
    "one that is wrong": [
        *map(tool, range(40)),
        tool(40, inputs={"x": float("nan")}),
        *map(tool, range(41, 90)),
    ],
    "no dicts among them": [
        tool(0),
        CreateEventRequest(**tool(1), inputs={}),
        tool(2),
        "tool",
        None,
        tool(3),
    ],
    "the same id twice": [
        *map(tool, range(30)),
        tool(7),
        *map(tool, range(30, 600)),
        tool(8),
        tool(599),
        tool(600),
    ],
    "text that is no UTF-8": [*map(tool, range(20)), tool(20, event_name="\udc80"), tool(21)],
    "large ones": [tool(n, inputs={"text": "x" * (n % 90) * 100}) for n in range(300)],
    "none": [],
}


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_sent_in_the_same_bytes_as_a_generator(kind: Kind, name: str) -> None:
    events = LISTS[name]
    for options in ({}, {"max_events": 100, "max_bytes": 30_000}, {"max_events": 2_000}):
        bodies, report = sent(kind, events, **options)
        expected, one_by_one = sent(kind, (event for event in events), **options)
        assert bodies == expected
        assert told(report) == told(one_by_one)
    assert sent(kind, tuple(events))[0] == sent(kind, iter(events))[0]


@pytest.mark.parametrize("kind", BOTH)
def test_the_session_of_a_batch_goes_before_that_of_an_event(kind: Kind) -> None:
    events = [tool(0), tool(1, session_id=identity(5)), tool(2, session_id="not an id")]
    with Misbehaving(then=takes_all) as server, EitherClient(kind, server.url) as client:
        client.do(lambda hh: hh.sessions.create_event_batch(SESSION, events))
    (body,) = [request.body for request in server.requests]
    assert [event["session_id"] for event in orjson.loads(body)["events"]] == [SESSION] * 3


def test_a_generator_may_change_an_event_that_it_gave() -> None:
    def reusing() -> Iterator[dict[str, Any]]:
        event: dict[str, Any] = {"event_type": "tool", "inputs": {}}
        for number in range(600):
            event["inputs"]["n"] = number
            yield event

    bodies, report = sent("sync", reusing())
    assert [event["inputs"]["n"] for body in bodies for event in orjson.loads(body)["events"]] == list(
        range(600)
    )
    assert report.success


def test_events_of_a_list_are_sent_again_in_the_same_bytes() -> None:
    events = [{"event_type": "tool", "inputs": {"n": n, "x": [n / 3, -0.0, 2**64 - 1]}} for n in range(50)]

    def half(request: Recorded) -> Answer:
        ids = [event["event_id"] for event in orjson.loads(request.body)["events"]]
        return answer(200, orjson.dumps({"event_ids": ids[::2], "success": True}))

    with Misbehaving(half, then=takes_all) as server, EitherClient("sync", server.url) as client:
        report = client.do(lambda hh: hh.events.create_batch(events))
    first, second = (
        request.body.removeprefix(b'{"events":[').removesuffix(b"]}") for request in server.requests
    )
    written = [orjson.dumps(event) for event in orjson.loads(b"[" + first + b"]")]
    assert b",".join(written) == first
    assert second == b",".join(written[1::2])
    assert report.success
    assert report.retries == 1
