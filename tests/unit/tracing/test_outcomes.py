"""What ends a span never changes the outcome of the code inside."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import threading
from collections.abc import AsyncGenerator, Generator
from typing import Any

import attrs
import httpx
import pytest

from honeyhive_ext.errors import APIConnectionError
from honeyhive_ext.payload.scope import CURRENT
from honeyhive_ext.tracing import aside
from tests.support.lines import raise_as_a_signal_handler
from tests.support.recorder import Recorder

SHELLS = ("span", "aspan")


class TimeLimit(Exception):  # noqa: N818 - named as task queues name theirs
    pass


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


class Interrupted(Recorder):
    """Raises as a signal handler does, wherever an event is sent."""

    kind: type[BaseException] = TimeLimit

    def create(self, event: Any = None, /, **fields: Any) -> None:
        raise_as_a_signal_handler(self.kind)


@pytest.mark.parametrize("kind", [TimeLimit, TimeoutError, OSError, ValueError, APIConnectionError])
@pytest.mark.parametrize("on_error", ["log", "raise"])
def test_the_exception_of_a_signal_handler_reaches_the_application(
    kind: type[Exception], on_error: str
) -> None:
    rec = Interrupted()
    rec.kind = kind
    mine = KeyError("mine")

    @rec.span(on_error=on_error)
    def succeeds() -> int:
        return 1

    @rec.span(on_error=on_error)
    def fails() -> None:
        raise mine

    @rec.span(on_error=on_error)
    def steps() -> Generator[int, None, None]:
        yield 1

    with pytest.raises(kind):
        succeeds()
    with pytest.raises(kind):
        list(steps())
    with pytest.raises(kind), rec.span("x"):
        pass
    with pytest.raises(kind) as caught:
        fails()
    assert caught.value.__context__ is mine, "as Python itself would chain them"


@pytest.mark.parametrize("kind", [TimeLimit, TimeoutError])
@pytest.mark.parametrize("shell", SHELLS)
def test_an_exception_that_is_not_of_sending_reaches_the_application(
    rec: Recorder, kind: type[Exception], shell: str
) -> None:
    @getattr(rec, shell)()
    async def work() -> int:
        return 1

    rec.failure = kind("time is up")
    with pytest.raises(kind):
        asyncio.run(work())


def _of_a_transport(request: httpx.Request) -> None:
    raise TimeLimit


def _of_a_log(record: logging.LogRecord) -> None:
    raise TimeLimit


@pytest.mark.parametrize("raises", [_of_a_transport, _of_a_log])
def test_what_a_transport_or_a_log_handler_raises_means_not_sent(raises: Any) -> None:
    given: Any = (
        httpx.Request("GET", "http://a.test") if raises is _of_a_transport else logging.makeLogRecord({})
    )

    class Broken(Recorder):
        def create(self, event: Any = None, /, **fields: Any) -> None:
            raises(given)

    with Broken().span("x"):
        pass


class _Raising(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise ZeroDivisionError


def test_a_log_handler_that_raises_changes_nothing(rec: Recorder) -> None:
    rec.failure = APIConnectionError("no route")
    mine = ValueError("mine")
    log, handler = logging.getLogger("honeyhive_ext.tracing"), _Raising()
    log.addHandler(handler)
    try:
        with rec.span("x"):
            pass
        with pytest.raises(ValueError, match="mine") as caught, rec.span("x"):
            raise mine
    finally:
        log.removeHandler(handler)
    assert caught.value is mine


class NoNoteError(Exception):
    def add_note(self, note: str) -> None:
        raise TimeLimit(note)


class NoMethodError(Exception):
    add_note = None  # type: ignore[assignment]


class FixedError(Exception):
    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


@attrs.frozen
class FrozenError(Exception):
    code: int = 1


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


@pytest.mark.parametrize("kind", [NoNoteError, NoMethodError, FixedError, FrozenError, UnreadableError])
@pytest.mark.parametrize("shell", SHELLS)
def test_an_exception_that_takes_no_note_continues(rec: Recorder, kind: type[Exception], shell: str) -> None:
    rec.failure = APIConnectionError("no route")
    mine = kind()
    seen: list[BaseException] = []

    @getattr(rec, shell)()
    async def fails() -> None:
        raise mine

    async def main() -> None:
        try:
            await fails()
        except kind as error:
            seen.append(error)

    asyncio.run(main())
    assert seen == [mine]


# Threads


def test_a_coroutine_keeps_its_result_where_no_thread_starts(
    rec: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        def submit(self, work: Any) -> None:
            raise RuntimeError("cannot schedule new futures after shutdown")

    class HalfGone(Gone):
        def submit(self, work: Any) -> None:
            work()  # as a thread of the executor that is alive may do
            super().submit(work)

    for executor in (Gone(), HalfGone()):
        monkeypatch.setattr(aside, "_executor", lambda executor=executor: executor)

        @rec.span()
        async def work() -> int:
            return 7

        assert asyncio.run(work()) == 7
    assert len(rec.events) == 2, "each is sent once"


def test_a_decorated_coroutine_leaves_the_default_executor_alone(rec: Recorder) -> None:
    @rec.span()
    async def work() -> int:
        return 7

    async def main() -> int:
        loop = asyncio.get_running_loop()
        await loop.shutdown_default_executor()
        return await work()

    assert asyncio.run(main()) == 7
    assert len(rec.events) == 1


def test_the_event_is_sent_even_if_its_task_is_cancelled_meanwhile() -> None:
    begun, released = threading.Event(), threading.Event()

    class Slow(Recorder):
        def create(self, event: Any = None, /, **fields: Any) -> None:
            begun.set()
            released.wait(60)
            super().create(event, **fields)
            sent.set()

    rec, sent = Slow(), threading.Event()

    @rec.span()
    async def work() -> int:
        return 7

    async def main() -> None:
        task = asyncio.create_task(work())
        while not begun.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    released.set()
    assert sent.wait(60)
    assert len(rec.events) == 1


# Coroutines and generators that are closed


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("how", ["close", "forgotten"])
def test_a_coroutine_that_is_closed_sends_its_event_and_awaits_nothing(
    rec: Recorder, shell: str, how: str
) -> None:
    @getattr(rec, shell)("x")
    async def work() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        running: Any = work()
        running.send(None)
        if how == "close":
            running.close()
        del running

    asyncio.run(main())
    assert "error" not in rec.named("x")


def test_an_async_block_in_a_coroutine_that_is_closed_sends_its_event(rec: Recorder) -> None:
    async def work() -> None:
        async with rec.aspan("x"):
            await asyncio.Event().wait()

    async def main() -> None:
        running: Any = work()
        running.send(None)
        running.close()

    asyncio.run(main())
    assert rec.named("x")


def test_without_an_event_loop_a_line_says_that_an_async_span_is_not_sent(
    rec: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    @rec.aspan("x")
    async def work() -> None:
        await asyncio.Event().wait()

    running: Any = work()
    running.send(None)
    running.close()
    assert "was not sent: its event loop has ended" in caplog.text


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("kept", [True, False])
def test_an_async_generator_that_is_open_when_its_loop_ends_sends_its_event_without_noise(
    rec: Recorder, shell: str, kept: bool
) -> None:
    problems: list[dict[str, Any]] = []
    opened: list[Any] = []

    @getattr(rec, shell)("x")
    async def steps() -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
        running = steps()
        await anext(running)
        if kept:
            opened.append(running)

    asyncio.run(main())
    gc.collect()
    assert problems == []
    assert rec.named("x")["outputs"] == {"result": [1]}


@pytest.mark.parametrize("shell", SHELLS)
def test_an_async_generator_whose_loop_was_closed_sends_its_event_or_a_line_says_why_not(
    rec: Recorder, shell: str, caplog: pytest.LogCaptureFixture
) -> None:
    @getattr(rec, shell)("x")
    async def steps() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    async def first(running: AsyncGenerator[int, None]) -> int:
        return await anext(running)

    running = steps()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(first(running))
    loop.close()
    del running
    gc.collect()
    if shell == "span":
        assert rec.named("x")["outputs"] == {"result": [1]}
    else:
        assert caplog.text.count("was not sent: its event loop has ended") == 1


def test_a_span_that_nothing_can_end_any_more_sends_its_event_once(rec: Recorder) -> None:
    def forget() -> None:
        rec.span("x", inputs={"a": 1}).__enter__()

    contextvars.copy_context().run(forget)
    gc.collect()
    assert rec.named("x")["inputs"] == {"a": 1}
