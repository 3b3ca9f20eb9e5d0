"""Interrupted batches: Ctrl-C, cancellation, a deadline, an iterable that raises."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.batch import BatchReport, report_of, run
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.errors import BatchError
from honeyhive_ext.local import LocalServer
from tests.support.batches import BOTH, Service, serving, tools
from tests.support.clients import KEY, EitherClient, Kind
from tests.support.lines import OURS, at_signal_point
from tests.support.misbehaving import Hang, Misbehaving, Recorded, hang
from tests.support.pressing import place

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, faulthandler, json, sys
faulthandler.dump_traceback_later(240, exit=True)  # a program that hangs says where
from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.batch import report_of

url, kind, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
events = ({"event_type": "tool", "inputs": {"n": n}} for n in range(1000))
options = {"max_events": 10, "max_concurrency": most}

def wait_for_it():
    with HoneyHive(api_key="hh_x", base_url=url) as hh:
        hh.events.create_batch(events, **options)

async def wait_async():
    async with AsyncHoneyHive(api_key="hh_x", base_url=url) as hh:
        await hh.events.create_batch(events, **options)

try:
    wait_for_it() if kind == "sync" else asyncio.run(wait_async())
except KeyboardInterrupt as error:
    report = report_of(error)
    kinds = {}
    for failure in report.failures:
        kinds[failure.reason] = kinds.get(failure.reason, 0) + 1
    print(json.dumps({"ids": list(report.event_ids), "failures": kinds, "read": report.read}))
    sys.exit(0)
sys.exit(3)
"""


class Stuck:
    """A service that answers some requests, and no later ones."""

    def __init__(self, answered: int) -> None:
        self.service = Service()
        self._respond = serving(self.service.post)
        self._left = iter(range(answered))
        self.hanging: list[Hang] = []
        self.reached = threading.Semaphore(0)

    def __call__(self, request: Recorded) -> Any:
        if next(self._left, None) is not None:
            return self._respond(request)
        held = hang(self._respond(request))
        self.hanging.append(held)
        self.reached.release()
        return held

    def come(self, count: int) -> bool:
        """Wait until so many requests hang. Return False if they do not come."""
        return all(self.reached.acquire(timeout=60) for _ in range(count))

    def wait_for(self, count: int) -> None:
        assert self.come(count)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("most", [1, 3])
def test_ctrl_c_ends_the_process_at_once_and_carries_the_report_so_far(kind: Kind, most: int) -> None:
    stuck = Stuck(4)
    with Misbehaving(then=stuck) as server:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, server.url, kind, str(most)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        )
        ready = stuck.come(most)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=300)  # the requests would hang forever
    assert ready, err.decode()
    assert program.returncode == 0, err.decode()
    said = orjson.loads(out)
    assert set(said["ids"]) <= set(stuck.service.stored)
    assert len(said["ids"]) == 40
    assert said["failures"] == {"failed": 10 * most} | (
        {"not_sent": said["read"] - 40 - 10 * most} if said["read"] > 40 + 10 * most else {}
    )


def test_requests_in_flight_at_ctrl_c_have_time_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "GRACE", 60.0)  # they end by an event, on a slow machine too
    stuck = Stuck(0)

    def interrupted() -> Iterator[dict[str, object]]:
        yield from tools(25)
        stuck.wait_for(2)
        for held in stuck.hanging:
            held.release()
        raise KeyboardInterrupt

    with Misbehaving(then=stuck) as server, HoneyHive(api_key=KEY, base_url=server.url) as hh:
        with pytest.raises(KeyboardInterrupt) as caught:
            hh.events.create_batch(interrupted(), max_events=10)
        report = report_of(caught.value)
    assert report is not None
    assert len(report.event_ids) == 20
    assert [failure.reason for failure in report.failures] == ["not_sent"] * 5
    assert "20 delivered; 5 failed" in caught.value.__notes__[0]


# A socket that is made between two lines is closed when it is freed.
@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("source", [list, iter])
@pytest.mark.parametrize("most", [1, 3])
def test_ctrl_c_at_any_place_leaves_a_report_that_is_true(
    source: Callable[[list[Any]], Iterable[Any]], most: int
) -> None:
    where: list[str] = []

    def interrupt() -> None:
        where.append(place())
        raise KeyboardInterrupt

    with LocalServer() as server, HoneyHive(api_key=KEY, base_url=server.url) as hh:
        hh.events.create_batch(tools(3))
        for at in count(1, 37):
            server.reset()
            where.clear()
            error: BaseException | None = None
            report: BatchReport | None = None
            try:
                with at_signal_point(at, interrupt, OURS):
                    report = hh.events.create_batch(source(tools(7)), max_events=3, max_concurrency=most)
            except KeyboardInterrupt as raised:
                error, report = raised, report_of(raised)
            there = {event["event_id"] for event in server.events()}
            if report is None:  # before the batch began, or when it had just returned
                assert not there or (len(there) == 7 and where), where
            else:
                assert (error is None) == (not where), where
                assert set(report.event_ids) <= there, where
                assert len(report.event_ids) + len(report.failures) == report.read, where
                indexes = [failure.index for failure in report.failures]
                assert indexes == sorted(set(indexes)), where
            if not where:
                break
    assert at > 370


class Impatient(dict[str, object]):
    """An event that raises Ctrl-C while it is read."""

    def keys(self) -> Any:
        raise KeyboardInterrupt

    items = __iter__ = keys


@pytest.mark.parametrize("kind", BOTH)
def test_every_event_that_was_read_is_in_the_report_after_ctrl_c_inside_an_event(kind: Kind) -> None:
    service = Service()
    events = [*tools(23), {"event_type": "no such type"}, Impatient(event_type="tool"), *tools(9)]
    with Misbehaving(then=serving(service.post)) as server, EitherClient(kind, server.url) as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.do(lambda hh: hh.events.create_batch(events, max_events=10, max_concurrency=1))
        report = report_of(caught.value)
    assert report is not None
    assert report.read == 25
    assert len(report.event_ids) + len(report.failures) == 25
    assert [failure.index for failure in report.failures][-5:] == [20, 21, 22, 23, 24]
    assert [failure.reason for failure in report.failures][-2:] == ["invalid", "not_sent"]


def cancelled(stuck: Stuck, *, by_deadline: bool) -> tuple[BaseException, int]:
    async def main(url: str) -> tuple[BaseException, int]:
        deadline = asyncio.timeout(None)
        async with AsyncHoneyHive(api_key=KEY, base_url=url) as hh:
            batch = asyncio.create_task(work(hh, deadline))
            await asyncio.to_thread(stuck.wait_for, 2)
            if by_deadline:
                deadline.reschedule(asyncio.get_running_loop().time())
            else:
                batch.cancel()
            try:
                await batch
            except (asyncio.CancelledError, TimeoutError) as outcome:
                left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
                return outcome, len(left)
        raise AssertionError("the batch came to its end")

    async def work(hh: AsyncHoneyHive, deadline: asyncio.Timeout) -> BatchReport:
        async with deadline:
            return await hh.events.create_batch(tools(1000), max_events=10, max_concurrency=2)

    with Misbehaving(then=stuck) as server:
        return asyncio.run(main(server.url))


def test_a_cancelled_batch_has_the_report_on_the_cancellation_and_leaves_no_task() -> None:
    stuck = Stuck(3)
    error, left = cancelled(stuck, by_deadline=False)
    assert isinstance(error, asyncio.CancelledError)
    report = report_of(error)
    assert report is not None
    assert len(report.event_ids) == 30
    lost = [failure for failure in report.failures if failure.reason == "failed"]
    assert len(lost) == 20  # the server decides which chunks it answers
    assert not {failure.event_id for failure in lost} & set(report.event_ids)
    assert all(failure.event is not None for failure in report.failures)
    assert left == 0


def test_a_deadline_around_a_batch_has_the_report_on_the_timeout() -> None:
    error, left = cancelled(Stuck(3), by_deadline=True)
    assert isinstance(error, TimeoutError)
    report = report_of(error)
    assert report is not None
    assert len(report.event_ids) == 30
    assert left == 0


@pytest.mark.parametrize("kind", BOTH)
def test_an_iterable_that_raises_ends_the_batch_after_the_events_before(kind: Kind) -> None:
    service = Service()

    def broken() -> Iterator[dict[str, object]]:
        yield from tools(25)
        raise ValueError("line 26 is not JSON")

    with Misbehaving(then=serving(service.post)) as server, EitherClient(kind, server.url) as client:
        for on_error in ("raise", "collect"):
            with pytest.raises(BatchError, match="after reading 25 events by ValueError: line 26") as caught:
                client.do(
                    lambda hh, mode=on_error: hh.events.create_batch(broken(), max_events=10, on_error=mode)
                )
            assert isinstance(caught.value.__cause__, ValueError)
            assert len(caught.value.report.event_ids) == 25
            assert caught.value.report.failures == ()
            assert not caught.value.report.success


def test_an_async_iterable_that_raises_ends_the_batch_after_the_events_before() -> None:
    async def broken() -> AsyncIterator[dict[str, object]]:
        for event in tools(25):
            yield event
        raise ValueError("the queue is gone")

    with (
        Misbehaving(then=serving(Service().post)) as server,
        EitherClient("async", server.url) as client,
        pytest.raises(BatchError, match="the queue is gone") as caught,
    ):
        client.do(lambda hh: hh.events.create_batch(broken(), max_events=10))
    assert len(caught.value.report.event_ids) == 25


@pytest.mark.parametrize("kind", BOTH)
def test_a_progress_function_that_raises_ends_the_batch(kind: Kind) -> None:
    calls: list[int] = []

    def show(done: int, total: int | None) -> None:
        calls.append(done)
        raise OSError("stderr is closed")

    service = Service()
    with (
        Misbehaving(then=serving(service.post)) as server,
        EitherClient(kind, server.url) as client,
        pytest.raises(BatchError, match="stderr is closed") as caught,
    ):
        client.do(
            lambda hh: hh.events.create_batch(tools(500), progress=show, max_events=10, max_concurrency=1)
        )
    report = caught.value.report
    assert len(calls) == 1
    assert len(report.event_ids) == report.read == len(service.stored) < 500
    assert isinstance(caught.value.__cause__, OSError)


class Broken(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport with a bug that shows from the second request on."""

    def __init__(self) -> None:
        self._service = Service()
        self._left = iter(range(1))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._answer(await request.aread())

    def _answer(self, content: bytes) -> httpx.Response:
        if next(self._left, None) is None:
            raise ZeroDivisionError("a bug")
        outcome = self._service.post(content)
        assert isinstance(outcome, BatchAnswer)
        return httpx.Response(outcome.status, content=outcome.content)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("most", [1, 4])
def test_an_unexpected_error_is_raised_unchanged_with_the_report(kind: Kind, most: int) -> None:
    with (
        EitherClient(kind, "http://127.0.0.1:9", transport=Broken()) as client,
        pytest.raises(ZeroDivisionError, match="a bug") as caught,
    ):
        client.do(lambda hh: hh.events.create_batch(tools(100), max_events=10, max_concurrency=most))
    report = report_of(caught.value)
    assert report is not None
    assert len(report.event_ids) == 10
    assert len(report.failures) == report.read - 10
    assert {failure.reason for failure in report.failures} <= {"failed", "not_sent"}
