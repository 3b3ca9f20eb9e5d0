"""Where no thread can be started, the calling thread does the work, with the same result."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.batch import report_of
from honeyhive_ext.export import read_parquet
from honeyhive_ext.local import LocalServer
from tests.support.limited import few_threads

FROM = 1_700_000_000_000
MANY = [
    {"event_type": "tool", "event_name": str(n), "start_time": FROM + 37 * n, "duration": 1}
    for n in range(2_000)
]
THREADS = [0, 1, 2, 3]


@pytest.fixture
def server() -> LocalServer:
    return LocalServer()


def client(server: LocalServer) -> HoneyHive:
    return HoneyHive("hh_x", base_url="http://x.test", transport=server.transport())


def fill(server: LocalServer) -> list[str]:
    with client(server) as hh:
        return list(reversed(hh.events.create_batch(MANY).event_ids))


def ids(events: Any) -> list[str]:
    return [event["event_id"] if isinstance(event, dict) else event.event_id for event in events]


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("count", [0, 1, 3, 1_200])
@pytest.mark.parametrize("lazily", [False, True])
def test_a_batch_is_delivered_in_its_order(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, threads: int, count: int, lazily: bool
) -> None:
    few_threads(monkeypatch, threads)
    events = MANY[:count]
    told: list[int] = []
    with client(server) as hh:
        report = hh.events.create_batch(
            iter(events) if lazily else events, max_events=50, progress=lambda done, _: told.append(done)
        )
        stored = hh.events.search(start=FROM, end=FROM + 10**6).to_list()
    assert ids(stored) == list(reversed(report.event_ids))
    assert [event.event_name for event in reversed(stored)] == [event["event_name"] for event in events]
    assert told == sorted(told)
    assert told[-1:] == ([count] if count else [])


@pytest.mark.parametrize("threads", THREADS)
def test_an_interrupted_batch_has_its_report(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    def events() -> Any:
        yield from MANY[:100]
        raise KeyboardInterrupt

    few_threads(monkeypatch, threads)
    with client(server) as hh, pytest.raises(KeyboardInterrupt) as interrupted:
        hh.events.create_batch(events(), max_events=10)
    report = report_of(interrupted.value)
    assert report is not None
    assert len(report.event_ids) + len(report.failures) == report.read == 100


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("parallel", [1, 4])
def test_a_search_yields_the_same_events_in_the_same_order(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, threads: int, parallel: int, tmp_path: Path
) -> None:
    expected = fill(server)
    few_threads(monkeypatch, threads)
    with client(server) as hh:
        found = hh.events.search(start=FROM, end=FROM + 10**6, page_size=50, parallel=parallel)
        assert ids(found) == expected
        assert found.to_jsonl(tmp_path / "events.jsonl") == len(MANY)
        assert found.to_parquet(tmp_path / "events.parquet") == len(MANY)
        assert list(found.to_dataframe()["event_id"]) == expected
    assert ids(read_parquet(tmp_path / "events.parquet")) == expected


@pytest.mark.parametrize("threads", THREADS)
def test_the_async_client_exports_the_same(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, threads: int, tmp_path: Path
) -> None:
    expected = fill(server)
    few_threads(monkeypatch, threads)

    async def main() -> None:
        await asyncio.get_running_loop().shutdown_default_executor()
        async with AsyncHoneyHive("hh_x", base_url="http://x.test", transport=server.async_transport()) as hh:
            found = hh.events.search(start=FROM, end=FROM + 10**6, page_size=500, parallel=4)
            assert await found.to_parquet(tmp_path / "events.parquet") == len(MANY)
            assert await found.to_jsonl(tmp_path / "events.jsonl") == len(MANY)
            assert list((await found.to_dataframe())["event_id"]) == expected

    asyncio.run(main())
    assert ids(read_parquet(tmp_path / "events.parquet")) == expected


AT_EXIT = """
import asyncio, atexit, pathlib, sys, threading

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.local import LocalServer

server = LocalServer()
path = pathlib.Path(sys.argv[1])
START = 1_700_000_000_000
events = [{"event_type": "tool", "start_time": START + 37 * n, "duration": 1} for n in range(1_500)]

def client():
    return HoneyHive("hh_x", base_url="http://x.test", transport=server.transport())

def work():
    with client() as hh:
        sent = hh.events.create_batch(events, max_events=100).event_ids
        for parallel in (1, 4):
            found = hh.events.search(start=START, page_size=50, parallel=parallel)
            assert [event.event_id for event in found] == sent[::-1], parallel
            assert found.to_jsonl(path / f"{parallel}.jsonl") == 1_500

async def work_async():
    transport = server.async_transport()
    async with AsyncHoneyHive("hh_x", base_url="http://x.test", transport=transport) as hh:
        await hh.events.create_batch(events, max_events=100)
        found = hh.events.search(start=START, page_size=500, parallel=4)
        assert await found.to_jsonl(path / "async.jsonl") == 3_000

@atexit.register
def at_exit():
    work()
    asyncio.run(work_async())
    print("done at exit", flush=True)
"""

IN_THE_LAST_COLLECTION = """
import gc, json, os, sys

import httpx
from honeyhive_ext import HoneyHive

def answer(request):
    sent = json.loads(request.content)["events"]
    return httpx.Response(200, json={"success": True, "event_ids": [event["event_id"] for event in sent]})

hh = HoneyHive("hh_x", base_url="http://x.test", transport=httpx.MockTransport(answer), retry=False)

class Last:
    def __del__(self):
        sent = hh.events.create_batch([{"event_type": "tool"}] * 1_500, max_events=100).event_ids
        os.write(1, f"finalizing: {sys.is_finalizing()}, sent {len(sent)}".encode())

gc.disable()
last = Last()
last.itself = last
del last
gc.enable()
"""


@pytest.mark.parametrize(
    ("program", "printed"),
    [(AT_EXIT, "done at exit"), (IN_THE_LAST_COLLECTION, "finalizing: True, sent 1500")],
)
def test_work_is_done_while_the_interpreter_ends(program: str, printed: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.stdout.strip(), ended.stderr) == (printed, "")
    assert ended.returncode == 0


def test_a_batch_begun_where_threads_run_ends_where_none_can_be_started(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def events() -> Any:
        yield from MANY[:500]
        few_threads(monkeypatch, 0)
        yield from MANY[500:]

    before = threading.active_count()
    with client(server) as hh:
        report = hh.events.create_batch(events(), max_events=50, max_concurrency=16)
    assert len(report.event_ids) == len(MANY)
    assert threading.active_count() <= before + 16
