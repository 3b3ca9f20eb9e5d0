"""Spans in threads, tasks and copied contexts."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from honeyhive_ext import current_span
from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder

SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


def test_tasks_belong_to_the_span_they_were_started_in(rec: Recorder) -> None:
    async def step(name: str) -> None:
        await asyncio.sleep(0)
        async with rec.aspan(name):
            await asyncio.sleep(0)
            rec.create("tool", event_name=f"{name} step")

    async def main() -> None:
        async with rec.asession("s"), asyncio.TaskGroup() as tasks:
            for name in "abc":
                tasks.create_task(step(name))
            await asyncio.to_thread(rec.create, "tool", event_name="thread")

    asyncio.run(main())
    root = rec.named("s")
    for name in "abc":
        assert rec.named(name)["parent_id"] == root["event_id"]
        assert rec.named(f"{name} step")["parent_id"] == rec.named(name)["event_id"]
    assert rec.named("thread")["parent_id"] == root["event_id"]


def test_a_task_that_outlives_its_span_still_belongs_to_it(rec: Recorder) -> None:
    async def late(go: asyncio.Event) -> None:
        async with rec.aspan("meanwhile"):
            await go.wait()
        rec.create("tool", event_name="late")
        assert current_span() is None, "the span itself has ended"
        async with rec.aspan("after"):
            pass
        rec.create("tool", event_name="later")

    async def main() -> str:
        go = asyncio.Event()
        async with rec.aspan("x") as span:
            task = asyncio.create_task(late(go))
            await asyncio.sleep(0)
        go.set()
        await task
        return span.event_id

    parent = asyncio.run(main())
    for name in ("meanwhile", "late", "after", "later"):
        assert rec.named(name)["parent_id"] == parent


def test_threads_have_a_context_of_their_own_unless_it_is_copied(rec: Recorder) -> None:
    with rec.span("x") as span, ThreadPoolExecutor(2) as pool:
        pool.submit(rec.create, "tool", event_name="bare").result()
        pool.submit(copy_context().run, lambda: rec.create("tool", event_name="copied")).result()
    assert "session_id" not in rec.named("bare")
    assert rec.named("copied")["parent_id"] == span.event_id


def test_many_threads_do_not_mix_up_their_spans(rec: Recorder) -> None:
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(60)
        for round_number in range(20):
            with rec.session(f"s{number}.{round_number}"), rec.span(f"x{number}.{round_number}"):
                rec.create("tool", event_name=f"t{number}.{round_number}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        for round_number in range(20):
            name = f"{number}.{round_number}"
            session, span, step = (rec.named(f"{kind}{name}") for kind in "sxt")
            assert step["parent_id"] == span["event_id"]
            assert span["parent_id"] == session["event_id"] == step["session_id"]


def test_spans_that_end_out_of_order_leave_no_scope_behind(rec: Recorder) -> None:
    spans = [rec.span(f"{number}") for number in range(4)]
    for span in spans:
        span.__enter__()
    order = (1, 0, 3, 2)
    innermost = (3, 3, 2, None)
    for number, left in zip(order, innermost, strict=True):
        spans[number].__exit__(None, None, None)
        assert current_span() is (None if left is None else spans[left])


def test_a_span_may_end_in_another_context_than_it_began_in(rec: Recorder) -> None:
    span = rec.span("x")
    copy_context().run(span.__enter__)
    span.__exit__(None, None, None)
    assert rec.named("x")["event_id"] == span.event_id


def test_a_context_that_is_kept_does_not_keep_the_span(rec: Recorder) -> None:
    with rec.span("x") as span:
        context = copy_context()
    ended = weakref.ref(span)
    del span
    gc.collect()
    assert ended() is None
    assert context.run(current_span) is None
