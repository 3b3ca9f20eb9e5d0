"""How chunks are sent, counted and reported, with a service in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from honeyhive_ext.batch import BatchReport, report_of
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import (
    APIError,
)
from tests.support.batches import BOTH, Service, deliver, event_id, memory
from tests.support.clients import Kind

RNG = random.Random(1)
IDS = [event_id(RNG) for _ in range(50)]
SESSION = event_id(RNG)


def tool(number: int, **more: Any) -> dict[str, Any]:
    return {"event_type": "tool", "event_id": IDS[number], **more}


def tools(count: int) -> list[dict[str, Any]]:
    return [tool(number) for number in range(count)]


def test_success_alone_delivers_a_session_s_batch_and_no_other() -> None:
    success = b'{"success": true}'
    report = deliver(memory("sync", lambda content: BatchAnswer(200, success)), tools(2), session_id=SESSION)
    assert report.event_ids == IDS[:2]
    sender = memory("sync", lambda content: BatchAnswer(200, success))
    report = deliver(sender, tools(2), on_error="collect")
    assert [failure.reason for failure in report.failures] == ["failed"] * 2


@pytest.mark.parametrize("kind", BOTH)
def test_a_failure_may_ask_for_a_wait_up_to_the_deadline_and_a_success_for_none(
    kind: Kind,
) -> None:
    def leaving_out(status: int, asked: float) -> tuple[Any, BatchReport]:
        stored = iter([IDS[:1], IDS[1:2]])
        sender = memory(kind, lambda content: BatchAnswer(status, orjson.dumps({"event_ids": next(stored)})))
        sender.asked = asked
        policy = RetryPolicy(deadline=9)
        return sender, deliver(sender, tools(2), retry=policy, on_error="collect")

    sender, report = leaving_out(500, 9.0)
    assert report.success
    assert [asked for _, asked, _ in sender.waits] == [9.0]
    sender, report = leaving_out(500, 9.5)
    assert [failure.event_id for failure in report.failures] == [IDS[1]]
    assert sender.waits == []
    sender, report = leaving_out(200, 9.5)
    assert report.success
    assert [asked for _, asked, _ in sender.waits] == [None]


@pytest.mark.parametrize("kind", BOTH)
def test_requests_that_repeat_events_count_as_retries_and_others_do_not(kind: Kind) -> None:
    answers = iter(
        [
            BatchAnswer(200, orjson.dumps({"event_ids": IDS[:1]})),
            BatchAnswer(400, b"{}"),
            BatchAnswer(200, orjson.dumps({"event_ids": IDS[1:2]})),
            BatchAnswer(200, orjson.dumps({"event_ids": IDS[2:3]})),
        ]
    )
    sender = memory(kind, lambda content: next(answers))
    report = deliver(sender, tools(3))
    assert (report.requests, report.retries) == (4, 1)
    assert report.bytes_sent == sum(map(len, sender.bodies))


@pytest.mark.parametrize("status", [400, 422])
def test_a_failed_event_has_the_error_that_the_sender_makes_of_the_answer(status: int) -> None:
    sender = memory("sync", lambda content: BatchAnswer(status, b'{"message": "no such field"}'))
    report = deliver(sender, tools(1), on_error="collect")
    assert str(report.failures[0].error) == f"{status}: no such field"


@pytest.mark.parametrize("kind", BOTH)
def test_events_in_flight_at_an_unexpected_error_have_failed(kind: Kind) -> None:
    def bug(content: bytes) -> BatchAnswer | APIError:
        raise ZeroDivisionError

    sender = memory(kind, bug)
    with pytest.raises(ZeroDivisionError) as raised:
        deliver(sender, iter(tools(3)), max_events=2, max_concurrency=1)
    report = report_of(raised.value)
    assert report is not None
    assert {failure.event_id: failure.reason for failure in report.failures[:2]} == {
        IDS[0]: "failed",
        IDS[1]: "failed",
    }
    assert {str(failure.error) for failure in report.failures} == {"interrupted by ZeroDivisionError"}
    assert {failure.reason for failure in report.failures[2:]} <= {"not_sent"}


def test_events_that_were_planned_after_a_request_ended_count_as_not_sent() -> None:
    def events() -> Iterator[dict[str, Any]]:
        yield from tools(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        deliver(memory("sync", Service().post), events(), max_events=2, max_concurrency=1)
    report = report_of(raised.value)
    assert report is not None
    assert report.event_ids == IDS[:2]
    assert [failure.reason for failure in report.failures] == ["not_sent"]
