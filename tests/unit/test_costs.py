"""The cost of hot paths, counted and not timed: connections, certificates, serialisations, modules."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from threading import Thread, current_thread
from typing import Any, cast

import httpx
import orjson
import pytest

from honeyhive_ext.client.aio import AsyncHoneyHive
from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import APIConnectionError
from honeyhive_ext.http.pool import Pool
from honeyhive_ext.payload.many import prepare_events
from honeyhive_ext.search.pages import form, read
from honeyhive_ext.serialize import dumps as encoding
from tests.support.clients import EitherClient
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer

NEWEST = 1_767_225_600_000


def takes_all(request: Recorded) -> Answer:
    body = json.loads(request.body)
    ids = [event["event_id"] for event in body.get("events", [body])]
    return answer(200, json.dumps({"event_ids": ids, "event_id": ids[0], "success": True}))


class Counter:
    """Counts the calls of a function that it passes on."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.results: list[Any] = []

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        result = self.function(*args, **keywords)
        self.results.append(result)
        return result


@pytest.fixture
def dumps(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Counts what the write path serialises."""
    counter = Counter(orjson.dumps)

    class Counting:
        """orjson as `encoding` sees it."""

        def __getattr__(self, name: str) -> Any:
            return counter if name == "dumps" else getattr(orjson, name)

    monkeypatch.setattr(encoding, "orjson", Counting())
    return counter


def test_a_hundred_events_go_over_one_connection() -> None:
    with Misbehaving(then=takes_all) as server, HoneyHive("hh_1", base_url=server.url) as hh:
        for _ in range(100):
            hh.events.create("tool")
        assert len(server.requests) == 100
        assert server.connections == 1


def test_events_created_at_once_on_a_loop_open_a_connection_each_at_most() -> None:
    async def scenario() -> None:
        async with AsyncHoneyHive("hh_1", base_url=server.url) as hh:
            for _ in range(3):
                await asyncio.gather(*(hh.events.create("tool") for _ in range(20)))

    with Misbehaving(then=takes_all) as server:
        asyncio.run(scenario())
        assert len(server.requests) == 60
        assert server.connections <= 20


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Counts how often certificates are loaded."""
    counter = Counter(httpx.create_ssl_context)
    monkeypatch.setattr(httpx, "create_ssl_context", counter)
    return counter


def test_certificates_are_loaded_once_for_a_client_and_never_for_http(contexts: Counter) -> None:
    for url, loads in (("http://127.0.0.1:9", 0), ("https://127.0.0.1:9", 1)):
        contexts.results.clear()
        pool = Pool(url, None, None)
        for _ in range(100):
            pool.direct()
        pool.close()
        assert len(contexts.results) == loads


def test_a_client_loads_certificates_once_for_all_event_loops(contexts: Counter) -> None:
    hh = AsyncHoneyHive("hh_1", base_url="https://127.0.0.1:9", retry=False)

    async def ask() -> list[Any]:
        calls = (hh.events.get("caf77ace-3417-4da4-944d-f4a0688f3c23") for _ in range(20))
        return await asyncio.gather(*calls, return_exceptions=True)

    for _ in range(2):
        assert {type(error) for error in asyncio.run(ask())} == {APIConnectionError}
    asyncio.run(hh.close())
    assert len(contexts.results) == 1


def test_an_event_is_serialised_once_however_often_it_is_sent(dumps: Counter) -> None:
    with Misbehaving(answer(503), answer(503), then=takes_all) as server:
        with EitherClient("sync", server.url) as client:
            client.do(lambda hh: hh.events.create("tool", inputs={"q": "hi"}))
        assert len(dumps.results) == 1
        assert {request.body for request in server.requests} == {dumps.results[0]}
        assert len(server.requests) == 3


def test_a_batch_serialises_each_event_once_and_joins_the_bytes(dumps: Counter) -> None:
    events = ({"event_type": "tool", "inputs": {"n": n}} for n in range(1000))
    with Misbehaving(then=takes_all) as server, HoneyHive("hh_1", base_url=server.url) as hh:
        hh.events.create_batch(events, max_events=100, max_concurrency=1)
        assert len(dumps.results) == 1000
        assert len(server.requests) == 10
        assert server.requests[0].body == b'{"events":[' + b",".join(dumps.results[:100]) + b"]}"


def test_a_list_of_usual_events_is_serialised_in_one_go_for_each_request(dumps: Counter) -> None:
    events = [{"event_type": "tool", "inputs": {"n": n}} for n in range(1000)]
    with Misbehaving(then=takes_all) as server, HoneyHive("hh_1", base_url=server.url) as hh:
        hh.events.create_batch(events, max_events=100, max_concurrency=1)
        assert [request.body for request in server.requests] == dumps.results
        assert len(dumps.results) == 10


def test_the_events_of_a_request_are_made_ready_without_the_garbage_collector() -> None:
    alike = [{"event_type": "tool", "inputs": {"n": n}, "start_time": NEWEST} for n in range(500)]
    mixed = [{**event, "outputs": {}} if n % 3 else event for n, event in enumerate(alike)]
    collections: list[str] = []

    def collected(phase: str, info: dict[str, int]) -> None:
        collections.append(phase)

    for events in (alike, mixed):
        gc.collect()  # the collector starts to count at 0
        gc.callbacks.append(collected)
        try:
            assert prepare_events(events, settings=EventSettings(), now_ms=lambda: NEWEST) is not None
        finally:
            gc.callbacks.remove(collected)
    assert collections == []


def test_a_batch_keeps_no_copy_of_its_events_while_they_are_on_their_way() -> None:
    events = [{"event_type": "tool", "event_name": "a batch's", "inputs": {"n": n}} for n in range(300)]
    copies: list[int] = []

    def count(_: object) -> None:
        dicts = cast("list[dict[str, Any]]", [one for one in gc.get_objects() if type(one) is dict])
        copies.append(sum(one.get("event_name") == "a batch's" and "event_id" in one for one in dicts))

    with (
        Misbehaving(then=takes_all) as server,
        HoneyHive("hh_1", base_url=server.url, on_request=count) as hh,
    ):
        hh.events.create_batch(events, max_events=100, max_concurrency=1)
    assert copies == [0, 0, 0]


def test_a_batch_starts_a_thread_for_each_request_in_flight_and_not_for_each_request() -> None:
    threads: list[Thread] = []
    with (
        Misbehaving(then=takes_all) as server,
        HoneyHive("hh_1", base_url=server.url, on_request=lambda _: threads.append(current_thread())) as hh,
    ):
        hh.events.create_batch([{"event_type": "tool"}] * 30, max_events=1, max_concurrency=3)
    assert len(threads) == 30
    started = set(threads) - {current_thread()}  # which sends where one request at a time is enough
    assert len(started) <= 3
    for thread in started:
        thread.join(60)
        assert not thread.is_alive(), "a thread is left when the batch is over"


def test_requests_of_a_batch_grow_with_its_events_and_no_faster() -> None:
    counts: list[int] = []
    for events in (100, 1000, 10_000):
        with Misbehaving(then=takes_all) as server, HoneyHive("hh_1", base_url=server.url) as hh:
            hh.events.create_batch(({"event_type": "tool"} for _ in range(events)), max_events=100)
            counts.append(len(server.requests))
    assert counts == [1, 10, 100]


def stored(request: Recorded) -> Answer:
    """A page of a store of 2,500 events, one a millisecond."""
    asked = json.loads(request.body)
    end = asked.get("dateRange", {}).get("end_time")
    hi = NEWEST if end is None else min(NEWEST, round(datetime.fromisoformat(end).timestamp() * 1000))
    if asked.get("filters"):  # the walk asks for events without a start_time, and there are none
        return answer(200, '{"events": [], "count": 0}')
    rows = [{"event_id": f"e{t}", "start_time": t} for t in range(hi, NEWEST - 2500, -1)][: asked["limit"]]
    return answer(200, json.dumps({"events": rows, "count": len(rows)}))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """Every page that the read path cuts."""
    counter = Counter(read.cut)
    monkeypatch.setattr(read, "cut", counter)
    yield counter
    assert gc.isenabled(), "the collector was left switched off"


def test_no_value_of_a_row_is_made_before_the_row_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter(form.read_value)
    monkeypatch.setattr(form, "read_value", counter)
    with Misbehaving(then=stored) as server, HoneyHive("hh_1", base_url=server.url) as hh:
        rows = hh.events.search(page_size=1000).raw()
        for number, row in enumerate(rows, 1):
            assert counter.results[-1] is row
            assert len(counter.results) == number
    assert len(counter.results) == 2500


def test_a_walk_asks_for_no_page_twice(parsed: Counter) -> None:
    with Misbehaving(then=stored) as server, HoneyHive("hh_1", base_url=server.url) as hh:
        assert len(hh.events.search(page_size=1000, limit=2000).to_list()) == 2000
    bodies = [request.body for request in server.requests]
    assert len(set(bodies)) == len(bodies) <= 4  # two pages, the row at their edge, one fetched ahead
    assert len(parsed.results) <= len(bodies)


LIGHT = ("honeyhive_ext._version", "honeyhive_ext.client", "honeyhive_ext.config")


@pytest.mark.parametrize(
    "statement",
    [
        "import honeyhive_ext",
        "from honeyhive_ext import HoneyHive",
        "from honeyhive_ext import AsyncHoneyHive",
    ],
)
def test_naming_the_package_or_a_client_loads_nothing_else(statement: str) -> None:
    program = f"import sys; before = set(sys.modules)\n{statement}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    ours = {name for name in loaded if name.startswith("honeyhive")} - {"honeyhive_ext"}
    assert {name for name in ours if not name.startswith(LIGHT)} == set()
    assert len(ours) <= 8
    assert not loaded & {"httpx", "attr", "orjson", "asyncio", "typing", "ssl", "logging"}


def test_a_client_loads_no_server_no_schemas_and_no_extra() -> None:
    program = (
        "import sys, honeyhive_ext\n"
        "with honeyhive_ext.HoneyHive('hh_1', base_url='http://127.0.0.1:9') as hh: pass\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "honeyhive_ext.http.sender" in loaded
    assert not loaded & {
        "honeyhive_ext.local",
        "honeyhive_ext.cli",
        "jsonschema",
        "aiohttp",
        "tqdm",
        "pandas",
    }


def test_the_command_that_serves_loads_no_client() -> None:
    program = "import sys; from honeyhive_ext.cli import parser\nparser()\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "honeyhive_ext.local.server" in loaded
    assert not loaded & {
        "httpx",
        "h11",
        "asyncio",
        "honeyhive_ext.http.sender",
        "honeyhive_ext.background.deliver",
    }
