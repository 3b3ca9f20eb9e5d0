"""The delivery of prepared events by both drivers, with a service in memory."""

from __future__ import annotations

import asyncio
import random
import sys
import threading

import orjson
import pytest

from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIError, AuthenticationError, BatchError
from honeyhive_ext.payload.events import WireEvent
from tests.support.batches import (
    BOTH,
    Service,
    deliver_prepared,
    event_id,
    memory,
    sent_ids,
)
from tests.support.clients import Kind

RNG = random.Random(1)
IDS = [event_id(RNG) for _ in range(200)]
POLICY = RetryPolicy(attempts=3)


def ready(count: int) -> list[WireEvent]:
    return [WireEvent(identity, None, b'{"event_id":"%b"}' % identity.encode()) for identity in IDS[:count]]


@pytest.mark.parametrize("kind", BOTH)
def test_prepared_events_go_one_request_after_another_without_a_thread_or_task(kind: Kind) -> None:
    places: list[object] = []

    def post(content: bytes) -> BatchAnswer | APIError:
        places.append((threading.get_ident(), asyncio.current_task() if kind == "async" else None))
        return Service().post(content)

    sender = memory(kind, post)
    report = deliver_prepared(sender, ready(5), max_events=2, on_error="collect", max_concurrency=4)
    assert report.event_ids == IDS[:5]
    assert [len(sent_ids(body)) for body in sender.bodies] == [2, 2, 1]
    assert len(set(places)) == 1
    assert (report.read, report.requests, report.success) == (5, 3, True)


@pytest.mark.parametrize("kind", BOTH)
def test_prepared_events_that_were_not_sent_are_in_the_report(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)  # no bar is drawn
    refused = AuthenticationError(401, "no such key")
    sender = memory(kind, lambda content: refused)
    report = deliver_prepared(sender, ready(9), max_events=2, on_error="collect")
    assert [failure.index for failure in report.failures] == list(range(9))
    assert [failure.event_id for failure in report.failures] == IDS[:9]
    assert [failure.content for failure in report.failures] == [event.content for event in ready(9)]
    assert {failure.reason for failure in report.failures} == {"not_sent"}
    assert all(failure.error is refused for failure in report.failures)
    assert (report.read, report.stopped) == (9, refused)
    assert len(sender.calls) == 1


@pytest.mark.parametrize("kind", BOTH)
def test_one_refused_event_of_those_prepared_is_found_and_the_others_arrive(kind: Kind) -> None:
    sender = memory(kind, Service({IDS[3]}).post)
    report = deliver_prepared(sender, ready(9), max_events=5, on_error="collect")
    assert report.event_ids == [*IDS[:3], *IDS[4:9]]
    assert [(failure.index, failure.reason) for failure in report.failures] == [(3, "refused")]


@pytest.mark.parametrize("kind", BOTH)
def test_prepared_events_that_the_service_leaves_out_are_sent_again_after_a_wait(kind: Kind) -> None:
    answers = iter([BatchAnswer(200, orjson.dumps({"event_ids": ids})) for ids in (IDS[:1], IDS[1:2])])
    sender = memory(kind, lambda content: next(answers))
    report = deliver_prepared(sender, ready(2), retry=POLICY)
    assert report.success
    assert sender.waits == [(0, None, POLICY)]
    assert sender.slept == [0.25]


@pytest.mark.parametrize("kind", BOTH)
def test_missing_prepared_events_are_raised_unless_they_are_to_be_collected(kind: Kind) -> None:
    with pytest.raises(BatchError, match="1 of 3 events not delivered") as raised:
        deliver_prepared(memory(kind, Service({IDS[1]}).post), ready(3))
    assert raised.value.report.event_ids == [IDS[0], IDS[2]]
