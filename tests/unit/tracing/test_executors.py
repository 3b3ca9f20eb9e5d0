"""`ThreadPoolExecutor` carries the span of the caller into its threads, and is that of Python otherwise."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent import futures
from contextvars import ContextVar
from typing import Any

import pytest

from honeyhive_ext import current_span
from honeyhive_ext.payload.scope import CURRENT
from honeyhive_ext.tracing import ThreadPoolExecutor
from tests.support.recorder import Recorder


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


def test_calls_belong_to_the_span_that_submits_them(rec: Recorder) -> None:
    def work(name: str) -> None:
        with rec.span(name):
            rec.create("tool", event_name=f"{name} inside")

    with ThreadPoolExecutor(2) as pool:
        for outer in ("a", "b"):
            with rec.session(outer):
                pool.submit(work, f"{outer} submit").result()
                list(pool.map(work, [f"{outer} map 1", f"{outer} map 2"]))
        pool.submit(work, "alone").result()
    for outer in ("a", "b"):
        session = rec.named(outer)["event_id"]
        for name in ("submit", "map 1", "map 2"):
            assert rec.named(f"{outer} {name}")["parent_id"] == session
            assert rec.named(f"{outer} {name} inside")["session_id"] == session
    assert "parent_id" not in rec.named("alone")


def test_a_call_that_begins_after_its_span_ended_still_belongs_to_it(rec: Recorder) -> None:
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(go.wait)
        with rec.span("outer") as outer:
            late = pool.submit(rec.create, "tool", event_name="late")
        go.set()
        late.result()
    assert rec.named("late")["parent_id"] == outer.event_id


def test_executors_inside_one_another_keep_the_tree(rec: Recorder) -> None:
    inner_pool = ThreadPoolExecutor(2)

    def outer(number: int) -> int:
        with rec.span(f"outer {number}"):
            return sum(inner_pool.map(inner, [number] * 3))

    def inner(number: int) -> int:
        with rec.span(f"inner {number}"):
            return number

    with inner_pool, ThreadPoolExecutor(4) as pool, rec.session("all"):
        assert list(pool.map(outer, range(20))) == [number * 3 for number in range(20)]
    parents = {event["event_name"]: event["event_id"] for event in rec.events}
    found = [event for event in rec.events if event["event_name"].startswith("inner")]
    assert len(found) == 60
    for event in found:
        assert event["parent_id"] == parents[event["event_name"].replace("inner", "outer")]


def test_asyncio_runs_its_calls_inside_the_span(rec: Recorder) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            async with rec.aspan() as span:
                assert await loop.run_in_executor(pool, current_span) is span

    asyncio.run(main())


def test_a_thread_keeps_nothing_of_a_call(rec: Recorder) -> None:
    other: ContextVar[int] = ContextVar("other", default=0)

    def enter() -> None:
        rec.span("never ended").begin()
        other.set(3)

    with ThreadPoolExecutor(1) as pool:
        with rec.span():
            pool.submit(enter).result()
        assert pool.submit(CURRENT.get).result() is None
        assert pool.submit(other.get).result() == 0


def test_it_is_the_executor_of_python_otherwise() -> None:
    def fail(*, reason: str) -> None:
        raise LookupError(reason)

    begun: list[str] = []
    with ThreadPoolExecutor(1, "mine", begun.append, ("begun",)) as pool:
        assert isinstance(pool, futures.ThreadPoolExecutor)
        failed = pool.submit(fail, reason="x")
        assert isinstance(failed.exception(), LookupError)
        assert begun == ["begun"]
        wrong: Any = pool
        with pytest.raises(TypeError):
            wrong.submit()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(print)


def test_an_executor_that_is_open_at_the_end_of_the_program_ends_with_it() -> None:
    program = (
        "from honeyhive_ext.tracing import ThreadPoolExecutor\n"
        "import threading, atexit\n"
        "pool = ThreadPoolExecutor(2)\n"
        "go = threading.Event()\n"
        "done = pool.submit(go.wait)\n"
        "threading._register_atexit(go.set)\n"
        "atexit.register(lambda: print('done', done.result()))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ran.stdout, ran.stderr) == ("done True\n", "")
