"""Threads of our own, and what happens where none can be started."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading

import pytest

from honeyhive_ext.http.threads import in_thread, start_thread
from tests.support.limited import few_threads

PATIENCE = 60.0  # seconds until a test gives up
REFUSALS = (
    "can't start new thread",
    "can't create new thread at interpreter shutdown",
    "daemon threads are disabled in this (sub)interpreter",
)


def test_a_thread_is_a_daemon_with_its_name() -> None:
    seen: list[tuple[str, bool]] = []
    done = threading.Event()

    def run() -> None:
        thread = threading.current_thread()
        seen.append((thread.name, thread.daemon))
        done.set()

    assert start_thread(run, "honeyhive-test")
    assert done.wait(PATIENCE)
    assert seen == [("honeyhive-test", True)]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_where_no_thread_can_be_started_nothing_is_run(monkeypatch: pytest.MonkeyPatch, refusal: str) -> None:
    few_threads(monkeypatch, 0, refusal)
    ran: list[int] = []
    assert not start_thread(lambda: ran.append(1), "honeyhive-test")
    assert ran == []


def test_no_thread_is_started_when_the_interpreter_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    started = few_threads(monkeypatch, 1)
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    assert not start_thread(lambda: None, "honeyhive-test")
    assert started == []


def test_a_ctrl_c_while_a_thread_starts_is_not_taken_for_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: threading.Thread) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("cannot notify on un-acquired lock")

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(RuntimeError, match="un-acquired") as raised:
        start_thread(lambda: None, "honeyhive-test")
    assert isinstance(raised.value.__context__, KeyboardInterrupt)


def test_a_function_runs_in_another_thread_with_the_context_of_the_task() -> None:
    variable = contextvars.ContextVar("variable", default="none")

    def work(first: int, *, second: int) -> tuple[int, str, bool]:
        return first + second, variable.get(), threading.current_thread() is threading.main_thread()

    async def main() -> tuple[int, str, bool]:
        variable.set("the task's")
        return await in_thread(work, 1, second=2)

    assert asyncio.run(main()) == (3, "the task's", False)


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3), KeyError(), BaseException("odd")])
def test_what_the_function_raises_is_raised_in_the_task(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, threads: int
) -> None:
    def work() -> None:
        raise error

    async def main() -> None:
        try:
            await in_thread(work)
        except BaseException as raised:  # noqa: BLE001 - asyncio treats a SystemExit in its own way
            seen.append(raised)

    seen: list[BaseException] = []
    few_threads(monkeypatch, threads)
    asyncio.run(main())
    assert seen == [error]


def test_without_threads_the_function_runs_in_the_thread_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    few_threads(monkeypatch, 0)
    assert asyncio.run(in_thread(threading.current_thread)) is threading.current_thread()


def test_the_default_executor_of_the_loop_is_neither_used_nor_needed() -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, int)
        await loop.shutdown_default_executor()
        with pytest.raises(RuntimeError):
            await asyncio.to_thread(int)
        return await in_thread(lambda: threading.current_thread().name)

    assert asyncio.run(main()) == "honeyhive"


def test_a_cancelled_task_waits_for_the_thread_and_is_cancelled_then() -> None:
    begun, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert gate.wait(PATIENCE)
        ended.set()

    async def main() -> bool:
        task = asyncio.create_task(in_thread(work))
        assert await in_thread(begun.wait, PATIENCE)
        task.cancel()
        await asyncio.wait([task], timeout=0)
        assert not task.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ended.is_set()

    assert asyncio.run(main())


def test_many_tasks_run_their_functions_at_the_same_time() -> None:
    meeting = threading.Barrier(40)  # more than the default executor has threads on a small machine

    async def main() -> list[int]:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.gather(*[in_thread(meeting.wait) for _ in range(40)])

    assert sorted(asyncio.run(main())) == list(range(40))
