"""The sync and the async driver of a batch, with a service in memory: what they send and wait for."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson
import pytest

from honeyhive_ext.batch import report_of
from honeyhive_ext.batch.aio_run import create_batch_async
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.limits import ObservedSizeLimit
from honeyhive_ext.batch.options import build_options
from honeyhive_ext.batch.plan import Chunk
from honeyhive_ext.batch.workers import Workers
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIConnectionError, APIError, AuthenticationError, BatchError, EventError
from honeyhive_ext.payload.events import WireEvent
from tests.support.batches import (
    BOTH,
    AsyncMemory,
    Service,
    SyncMemory,
    deliver,
    deliver_prepared,
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


class Crowd(AsyncMemory):
    """No request ends before as many are in flight as allowed. If it is `stuck`, none ends at all."""

    def __init__(self, slots: int, *, stuck: bool = False) -> None:
        super().__init__(Service().post)
        self._slots = slots
        self._gate = asyncio.Event()
        self._stuck = stuck
        self.full = asyncio.Event()
        self.now = 0
        self.most = 0

    async def send(self, call: Any, **options: Any) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == self._slots:
            self.full.set()
            if not self._stuck:
                self._gate.set()
        await self._gate.wait()
        self.now -= 1
        return await super().send(call, **options)


def test_as_many_tasks_send_at_once_as_there_are_slots_and_no_more() -> None:
    sender = Crowd(3)
    report = deliver(sender, tools(20), max_events=1, max_concurrency=3)
    assert report.success
    assert sender.most == 3


def test_the_other_threads_continue_while_one_request_is_slow() -> None:
    service = Service()
    last = threading.Event()

    def post(content: bytes) -> BatchAnswer | APIError:
        if IDS[5] in sent_ids(content):
            last.set()
        assert IDS[0] not in sent_ids(content) or last.wait(30)
        return service.post(content)

    assert deliver(SyncMemory(post), tools(6), max_events=1, max_concurrency=2).success


class Slow(AsyncMemory):
    """The first request ends when the sixth is in flight."""

    def __init__(self) -> None:
        super().__init__(Service().post)
        self._sixth = asyncio.Event()

    async def send(self, call: Any, **options: Any) -> Any:
        if IDS[5] in sent_ids(call.request["content"]):
            self._sixth.set()
        if IDS[0] in sent_ids(call.request["content"]):
            await asyncio.wait_for(self._sixth.wait(), 30)
        return await super().send(call, **options)


def test_the_other_tasks_continue_while_one_request_is_slow() -> None:
    assert deliver(Slow(), tools(6), max_events=1, max_concurrency=2).success


async def turns(count: int) -> None:
    """Let the event loop run so many turns."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


class Turning(AsyncMemory):
    """Each request takes fifty turns of the loop."""

    async def send(self, call: Any, **options: Any) -> Any:
        await turns(50)
        return self.reply(call, options)


class OneAfterAnother(AsyncMemory):
    """Each request takes fifty turns of the loop more than the one before it."""

    def __init__(self) -> None:
        super().__init__(Service().post)
        self._begun = 0

    async def send(self, call: Any, **options: Any) -> Any:
        self._begun += 1
        await turns(50 * self._begun)
        return self.reply(call, options)


def test_an_asyncio_batch_ends_when_its_last_request_ends() -> None:
    report = deliver(OneAfterAnother(), tools(4), max_events=1, max_concurrency=8)
    assert report.event_ids == IDS[:4]


def test_a_batch_waits_for_its_requests_without_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[float] = []
    sleep = asyncio.sleep

    def counted(seconds: float) -> Any:
        looked.append(seconds)
        return sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", counted)
    report = deliver(Turning(Service().post), tools(4), max_events=1, max_concurrency=8)
    assert report.success
    assert looked == [0] * 4  # once for each request that starts


class Untidy(AsyncMemory):
    """One request meets a bug while others are in flight. They take some turns to end when cancelled."""

    def __init__(self) -> None:
        super().__init__(Service().post)
        self.ended = 0

    async def send(self, call: Any, **options: Any) -> Any:
        if IDS[2] in sent_ids(call.request["content"]):
            await turns(5)
            raise ZeroDivisionError("a bug")
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            await turns(5)
            self.ended += 1


def test_an_unexpected_error_is_raised_unchanged_after_the_other_requests_have_ended() -> None:
    sender = Untidy()
    with pytest.raises(ZeroDivisionError, match="a bug") as raised:
        deliver(sender, tools(9), max_events=1, max_concurrency=3)
    assert sender.ended == 2
    report = report_of(raised.value)
    assert report is not None
    assert [failure.reason for failure in report.failures[:3]] == ["failed"] * 3


@pytest.mark.parametrize("given", [list, iter])
def test_a_cancelled_batch_leaves_no_task_and_has_its_report_on_the_cancellation(given: Any) -> None:
    sender = Crowd(2, stuck=True)

    async def main() -> tuple[asyncio.CancelledError, int]:
        options = build_options(sender.settings, ObservedSizeLimit(), max_events=2, max_concurrency=2)
        batch = asyncio.create_task(create_batch_async(sender, given(tools(9)), options, False))  # type: ignore[arg-type]
        await sender.full.wait()
        batch.cancel()
        try:
            await batch
        except asyncio.CancelledError as error:
            return error, len(asyncio.all_tasks())
        raise AssertionError("the batch came to its end")

    error, tasks = asyncio.run(main())
    assert tasks == 1
    report = report_of(error)
    assert report is not None
    assert report.event_ids == []
    assert [failure.reason for failure in report.failures[:4]] == ["failed"] * 4
    assert {str(failure.error) for failure in report.failures} == {"interrupted by CancelledError"}


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
        error = RuntimeError("cannot release un-acquired lock")
        error.__context__ = behind
        raise error

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


def test_the_events_of_an_async_iterable_are_sent_as_they_come() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        for event in tools(5):
            yield event

    sender = AsyncMemory(Service().post)
    report = deliver(sender, events(), max_events=2)
    assert report.event_ids == IDS[:5]
    assert [len(sent_ids(body)) for body in sender.bodies] == [2, 2, 1]


class Both:
    """An iterator that can be read with and without `await`, and gives other events in each way."""

    def __init__(self) -> None:
        self._left = iter(tools(5))

    def __aiter__(self) -> Both:
        return self

    async def __anext__(self) -> dict[str, Any]:
        if (event := next(self._left, None)) is None:
            raise StopAsyncIteration
        return event

    def __iter__(self) -> Both:
        return self

    def __next__(self) -> dict[str, Any]:
        raise AssertionError("read without await")


def test_the_async_client_awaits_an_iterable_that_is_both() -> None:
    report = deliver(AsyncMemory(Service().post), Both(), max_events=2)
    assert report.event_ids == IDS[:5]


def test_an_error_of_an_async_iterable_ends_the_batch_after_the_events_before_it() -> None:
    async def broken() -> AsyncIterator[dict[str, Any]]:
        for event in tools(3):
            yield event
        raise ValueError("the queue is gone")

    with pytest.raises(BatchError, match="the queue is gone") as raised:
        deliver(AsyncMemory(Service().post), broken(), max_events=2)
    assert raised.value.report.event_ids == IDS[:3]


def test_an_async_iterable_is_read_no_further_when_the_service_stops_the_batch() -> None:
    read: list[int] = []

    async def events() -> AsyncIterator[dict[str, Any]]:
        for number, event in enumerate(tools(50)):
            read.append(number)
            yield event

    sender = AsyncMemory(lambda content: APIConnectionError("cut"))
    report = deliver(sender, events(), max_events=1, max_concurrency=1, on_error="collect")
    assert report.read == len(read) == len(report.failures) < 50


class Queue:
    """An async iterable that has a length."""

    def __len__(self) -> int:
        return 50

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        for event in tools(50):
            yield event


def test_the_rest_of_an_async_iterable_is_not_reported_when_the_service_stops_the_batch() -> None:
    refused = AuthenticationError(401, "no such key")
    sender = AsyncMemory(lambda content: refused)
    report = deliver(sender, Queue(), max_events=1, max_concurrency=1, on_error="collect")
    assert report.read == len(report.failures) < 50
    assert report.stopped is refused


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
