"""What happens besides: fetching ahead, ending early, failing in the middle, odd events."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from honeyhive_ext import APIConnectionError, AsyncHoneyHive, F, HoneyHive, PaginationIncomplete, RetryPolicy
from honeyhive_ext.local import LocalServer

BASE = 1_767_225_600_000
PATIENCE = 60  # seconds until a test gives up


def rows(first: int, number: int) -> list[dict[str, Any]]:
    return [{"event_id": f"e{n}", "start_time": BASE - 10 * n} for n in range(first, first + number)]


def page(events: list[Any]) -> httpx.Response:
    return httpx.Response(200, content=orjson.dumps({"events": events, "count": len(events)}))


class Script(httpx.BaseTransport):
    """Answers from a list; counts the requests and says when one arrives."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []
        self.threads: list[threading.Thread] = []
        self.arrived = threading.Semaphore(0)
        self.go = threading.Event()
        self.go.set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(orjson.loads(request.read()))
        self.threads.append(threading.current_thread())
        self.arrived.release()
        assert self.go.wait(PATIENCE)
        answer = self.answers.pop(0) if self.answers else page([])
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(transport: httpx.BaseTransport, retry: RetryPolicy | bool = False) -> HoneyHive:
    return HoneyHive(api_key="hh_x", base_url="http://127.0.0.1:1", transport=transport, retry=retry)


def test_the_next_request_is_on_its_way_while_the_caller_works() -> None:
    script = Script(page(rows(0, 3)), page(rows(2, 2)))
    with client(script) as hh:
        events = iter(hh.events.search(page_size=3))
        assert next(events).event_id == "e0"
        assert script.arrived.acquire(timeout=PATIENCE)
        assert script.arrived.acquire(timeout=PATIENCE)  # before a second event was asked for
        assert [event.event_id for event in events] == ["e1", "e2", "e3"]


def test_one_background_thread_at_most_and_none_is_left() -> None:
    script = Script(*(page(rows(n * 2, 3)) for n in range(8)), page([]), page([]))
    with client(script) as hh:
        hh.events.search(page_size=3, limit=12).to_list()
        threads = set(script.threads)
    assert len(threads - {threading.current_thread()}) == 1
    for thread in threads - {threading.current_thread()}:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_loop_that_ends_early_leaves_no_thread_behind() -> None:
    script = Script(page(rows(0, 3)), page(rows(2, 3)))
    with client(script) as hh:
        for event in hh.events.search(page_size=3):
            assert event.event_id == "e0"
            break
        gc.collect()
        script.arrived.acquire(timeout=PATIENCE)
        assert script.arrived.acquire(timeout=PATIENCE)
        ahead = script.threads[1]
        ahead.join(PATIENCE)
        assert not ahead.is_alive()
        assert len(script.bodies) == 2


def test_an_error_of_a_request_ahead_comes_after_the_events_before_it() -> None:
    script = Script(page(rows(0, 3)), httpx.ConnectError("gone"))
    with client(script) as hh:
        events = iter(hh.events.search(page_size=3))
        assert [next(events).event_id for _ in range(3)] == ["e0", "e1", "e2"]
        with pytest.raises(APIConnectionError):
            next(events)


def test_a_search_that_failed_resumes_at_its_position() -> None:
    script = Script(page(rows(0, 3)), httpx.ConnectError("gone"), page(rows(2, 2)))
    with client(script) as hh:
        result = hh.events.search(page_size=3)
        had: list[Any] = []
        with pytest.raises(APIConnectionError):
            had.extend(event.event_id for event in result)
        rest = hh.events.search(page_size=3, resume=result.checkpoint())
        assert [event.event_id for event in rest] == ["e3"]


def test_a_search_is_safe_to_repeat_so_a_503_is_retried() -> None:
    script = Script(httpx.Response(503), page(rows(0, 1)))
    with client(script, RetryPolicy(first_wait=0.001, longest_wait=0.001)) as hh:
        assert len(hh.events.search().to_list()) == 1
    assert script.bodies[0] == script.bodies[1]


def test_one_odd_event_does_not_hide_the_others() -> None:
    odd: list[Any] = [
        {"event_id": "a", "start_time": "2026-01-01T00:00:00Z", "event_type": "agent", "inputs": "text"},
        {"event_id": "b", "start_time": None, "children_ids": None, "brand_new": {"x": 1}},
        None,
        ["what"],
        {"event_id": "c", "start_time": BASE},
    ]
    with client(Script(page(odd), page(odd))) as hh:
        typed = hh.events.search().to_list()
        assert hh.events.search().raw().to_list() == odd
    assert [event.event_id for event in typed if isinstance(event.event_id, str)] == ["a", "b", "c"]
    assert (typed[0].start_time, typed[0].inputs, typed[0].odd) == (None, {}, ("inputs", "start_time"))
    assert typed[1].get("brand_new.x") == 1
    assert [event.raw for event in typed] == odd
    assert [event.odd for event in typed if event.event_id is None] == [("",), ("",)]


def test_a_search_that_cannot_be_complete_says_so() -> None:
    timeless = [{"event_id": str(n), "start_time": None} for n in range(3)]
    with client(Script(page(timeless))) as hh, pytest.raises(PaginationIncomplete, match="page_size"):
        hh.events.search(page_size=3).to_list()


def on_the_local_server(use: Callable[[AsyncHoneyHive, LocalServer], Any]) -> Any:
    async def main() -> Any:
        server = LocalServer()
        server.seed([{"event_type": "tool", "inputs": {}, "start_time": BASE + 10 * n} for n in range(30)])
        transport = server.async_transport()
        async with AsyncHoneyHive(api_key="x", base_url="http://127.0.0.1:1", transport=transport) as hh:
            got = await use(hh, server)
        server.close()
        return got

    return asyncio.run(main())


def test_an_async_search_fetches_ahead_in_a_task_that_ends_with_the_loop() -> None:
    async def use(hh: AsyncHoneyHive, server: LocalServer) -> int:
        pages = hh.events.search(page_size=10).pages()
        assert len(await anext(pages)) == 10
        ahead = [task for task in asyncio.all_tasks() if task.get_name() == "honeyhive-search"]
        assert len(ahead) == 1
        await pages.aclose()
        assert ahead[0].done()
        return len([task for task in asyncio.all_tasks() if task.get_name() == "honeyhive-search"])

    assert on_the_local_server(use) == 0


def test_an_async_search_that_is_cancelled_cancels_its_request() -> None:
    class Hanging(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.number = 0
            self.waiting = asyncio.Event()
            self.cancelled = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.number += 1
            if self.number == 1:
                return page(rows(0, 3))
            self.waiting.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
            raise AssertionError

    async def main() -> bool:
        transport = Hanging()
        async with AsyncHoneyHive(api_key="x", base_url="http://127.0.0.1:1", transport=transport) as hh:
            reading = asyncio.create_task(hh.events.search(page_size=3).to_list())
            await transport.waiting.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        return transport.cancelled

    assert asyncio.run(main())


def test_a_search_may_be_used_by_several_threads_at_once(hh: HoneyHive, server: LocalServer) -> None:
    server.seed([{"event_type": "tool", "inputs": {}, "start_time": BASE + 10 * n} for n in range(40)])
    result = hh.events.search(F.event_type == "tool", page_size=7)
    sizes: list[int] = []
    threads = [threading.Thread(target=lambda: sizes.append(len(result.to_list()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [40] * 4


class Meeting(httpx.BaseTransport):
    """Answers the requests of windows only when two of them are under way at the same time."""

    def __init__(self, server: LocalServer, start: str) -> None:
        self.inner = server.transport()
        self.start = start
        self.lock = threading.Lock()
        self.under_way = 0
        self.met = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = orjson.loads(request.read())["dateRange"]
        low, high = (datetime.fromisoformat(asked[end]) for end in ("start_time", "end_time"))
        if asked["start_time"] != self.start and high - low > timedelta(milliseconds=100):
            with self.lock:
                self.under_way += 1
                if self.under_way >= 2:
                    self.met.set()
            assert self.met.wait(PATIENCE)
        return self.inner.handle_request(request)


def test_a_parallel_search_has_several_requests_in_flight_and_leaves_no_thread() -> None:
    server = LocalServer()
    server.seed([{"event_type": "tool", "inputs": {}, "start_time": BASE + 37 * n} for n in range(400)])
    before = set(threading.enumerate())
    with client(Meeting(server, "2026-01-01T00:00:00.000Z")) as hh:
        assert len(hh.events.search(start=BASE, page_size=10, parallel=4).to_list()) == 400
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    server.close()


def test_an_async_parallel_search_leaves_no_task() -> None:
    async def use(hh: AsyncHoneyHive, server: LocalServer) -> set[str]:
        async with contextlib.aclosing(hh.events.search(page_size=2, parallel=4).pages()) as pages:
            async for rows in pages:
                if rows[-1].start_time == BASE + 150:
                    break
        return {task.get_name() for task in asyncio.all_tasks()}

    assert "honeyhive-search" not in on_the_local_server(use)
