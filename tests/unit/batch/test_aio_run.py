"""The async driver of a batch, with a service in memory: its tasks, and events of an async iterable."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from honeyhive_ext.batch import report_of
from honeyhive_ext.batch.aio_run import create_batch_async
from honeyhive_ext.batch.limits import ObservedSizeLimit
from honeyhive_ext.batch.options import build_options
from honeyhive_ext.errors import APIConnectionError, AuthenticationError, BatchError
from tests.support.batches import (
    AsyncMemory,
    Service,
    deliver,
    event_id,
    sent_ids,
)

RNG = random.Random(1)
IDS = [event_id(RNG) for _ in range(200)]


def tools(count: int) -> list[dict[str, Any]]:
    return [{"event_type": "tool", "event_id": identity} for identity in IDS[:count]]


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
