"""The sync driver of a batch, and what both drivers do alike, with a service in memory."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from honeyhive_ext.batch import report_of
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.plan import Chunk
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIConnectionError, APIError, EventError
from honeyhive_ext.http.workers import Workers
from tests.support.batches import (
    BOTH,
    Service,
    SyncMemory,
    deliver,
    event_id,
    memory,
    sent_ids,
)
from tests.support.clients import Kind

RNG = random.Random(1)
IDS = [event_id(RNG) for _ in range(200)]
POLICY = RetryPolicy(attempts=3)


def tools(count: int) -> list[dict[str, Any]]:
    return [{"event_type": "tool", "event_id": identity} for identity in IDS[:count]]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("most", [1, 3])
def test_every_request_is_sent_with_the_options_of_the_batch(kind: Kind, most: int) -> None:
    def post(content: bytes) -> BatchAnswer | APIError:
        return Service().post(content) if b'"events"' in content else BatchAnswer(200, b"{}")

    sender = memory(kind, post)
    report = deliver(
        sender,
        tools(10),
        max_events=3,
        max_concurrency=most,
        retry=POLICY,
        timeout=2.5,
        single_session=True,
    )
    assert report.event_ids == IDS[:10]
    assert len(sender.calls) == 5
    assert {(options["retry"], options["timeout"]) for _, options in sender.calls} == {(POLICY, 2.5)}
    accept = sender.calls[-1][1]["accept"]
    assert accept(409, b"")
    assert not accept(503, b"")


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("most", [1, 3])
def test_events_that_the_service_leaves_out_are_sent_again_after_a_wait(kind: Kind, most: int) -> None:
    answers = iter(
        [
            BatchAnswer(200, b"{}"),
            BatchAnswer(200, b"{}"),
            BatchAnswer(200, orjson.dumps({"event_ids": IDS[:2]})),
        ]
    )
    sender = memory(kind, lambda content: next(answers))
    report = deliver(sender, tools(2), max_concurrency=most, retry=POLICY)
    assert report.success
    assert [sent_ids(body) for body in sender.bodies] == [IDS[:2]] * 3
    assert sender.waits == [(0, None, POLICY), (1, None, POLICY)]
    assert sender.slept == [0.25, 1.25]
    assert (report.requests, report.retries) == (3, 2)


def chunks() -> list[Chunk]:
    """Return every chunk that is alive in this process."""
    return [made for made in gc.get_objects() if type(made) is Chunk]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("given", [list, iter])
def test_a_finished_batch_leaves_no_body_to_the_garbage_collector(kind: Kind, given: Any) -> None:
    gc.collect()
    gc.disable()
    before = chunks()  # other tests may hold some
    try:
        deliver(memory(kind, Service().post), given(tools(9)), max_events=2)
        assert len(chunks()) == len(before)
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", BOTH)
def test_a_request_that_fails_after_all_its_retries_fails_only_its_own_events(kind: Kind) -> None:
    service = Service()

    def post(content: bytes) -> BatchAnswer | APIError:
        return APIConnectionError("cut") if IDS[3] in sent_ids(content) else service.post(content)

    sender = memory(kind, post)
    report = deliver(sender, tools(9), max_events=3, on_error="collect", max_concurrency=2)
    assert report.event_ids == [*IDS[:3], *IDS[6:9]]
    assert {failure.event_id for failure in report.failures} == set(IDS[3:6])
    assert report.stopped is None


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("given", [list, iter])
def test_progress_is_reported_when_requests_end_and_at_the_end(kind: Kind, given: Any) -> None:
    told: list[tuple[int, int | None]] = []
    total = 5 if given is list else None
    deliver(
        memory(kind, Service().post),
        given(tools(5)),
        max_events=2,
        max_concurrency=1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(2, total), (4, total), (5, total)]
    told.clear()
    wrong = [{"event_type": "tol"}]  # it fails without a request
    deliver(
        memory(kind, Service().post),
        given(wrong),
        on_error="collect",
        progress=lambda done, total: told.append((done, total)),
    )
    assert [done for done, _ in told] == [1]


@pytest.mark.parametrize("kind", BOTH)
def test_requests_are_sent_before_the_last_event_is_read(kind: Kind) -> None:
    sender = memory(kind, Service().post)
    sent: list[int] = []

    def slowly() -> Iterator[dict[str, Any]]:
        for event in tools(40):
            sent.append(len(sender.calls))
            yield event

    report = deliver(sender, slowly(), max_events=2, max_concurrency=1 if kind == "sync" else 64)
    assert report.success
    assert sent[-1] > 0


def test_the_other_threads_continue_while_one_request_is_slow() -> None:
    service = Service()
    last = threading.Event()

    def post(content: bytes) -> BatchAnswer | APIError:
        if IDS[5] in sent_ids(content):
            last.set()
        assert IDS[0] not in sent_ids(content) or last.wait(60)
        return service.post(content)

    assert deliver(SyncMemory(post), tools(6), max_events=1, max_concurrency=2).success


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("most", [1, 4])
def test_an_unexpected_error_is_raised_unchanged_with_the_report(kind: Kind, most: int) -> None:
    service = Service()

    def post(content: bytes) -> BatchAnswer | APIError:
        if IDS[0] in sent_ids(content):
            return service.post(content)
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug") as raised:
        deliver(memory(kind, post), tools(40), max_events=10, max_concurrency=most)
    report = report_of(raised.value)
    assert report is not None
    assert report.event_ids == IDS[:10]
    assert {failure.reason for failure in report.failures} <= {"failed", "not_sent"}


def turned(behind: BaseException) -> Callable[[bytes], BatchAnswer | APIError]:
    """A service in which this exception becomes a RuntimeError of a lock."""

    def post(content: bytes) -> BatchAnswer | APIError:
        try:
            raise behind
        finally:  # as Python does it, whatever else is being handled
            raise RuntimeError("cannot release un-acquired lock")

    return post


def test_a_ctrl_c_that_became_an_error_of_a_lock_is_raised_as_ctrl_c() -> None:
    ctrl_c = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as raised:
        deliver(SyncMemory(turned(ctrl_c)), tools(3), max_concurrency=1)
    assert raised.value is ctrl_c
    assert raised.value.__suppress_context__
    report = report_of(ctrl_c)
    assert report is not None
    assert str(report.stopped) == "interrupted by KeyboardInterrupt"


def test_any_other_error_of_a_lock_is_raised_unchanged() -> None:
    with pytest.raises(RuntimeError, match="un-acquired lock") as raised:
        deliver(SyncMemory(turned(ValueError())), tools(3), max_concurrency=1)
    assert report_of(raised.value) is not None


def test_a_second_ctrl_c_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def again(workers: Workers, seconds: float) -> None:
        raise KeyboardInterrupt("the second")

    def events() -> Iterator[dict[str, Any]]:
        yield from tools(3)
        raise KeyboardInterrupt("the first")

    monkeypatch.setattr(Workers, "linger", again)
    with pytest.raises(KeyboardInterrupt, match="the first") as raised:
        deliver(SyncMemory(Service().post), events(), max_events=1, max_concurrency=1)
    report = report_of(raised.value)
    assert report is not None
    assert report.event_ids == IDS[:3]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("given", "name"), [({"event_type": "tool"}, "dict"), ("tool", "str"), (b"tool", "bytes"), (5, "int")]
)
def test_input_that_is_not_an_iterable_of_events_is_refused_with_the_name_of_its_type(
    kind: Kind, given: object, name: str
) -> None:
    sender = memory(kind, Service().post)
    with pytest.raises(EventError) as raised:
        deliver(sender, given)
    assert str(raised.value) == (f"give an iterable of events, such as a list or a generator, not one {name}")
    assert sender.calls == []
