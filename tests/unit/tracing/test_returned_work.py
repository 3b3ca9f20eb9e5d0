"""A plain function that returns something to await or to iterate: the event is that of the work."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import os
import subprocess
import sys
import types
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from honeyhive_ext import current_span
from honeyhive_ext.local import LocalServer
from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder

WAIT_MS = 50


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


class Answer:
    """An awaitable object with attributes of its own."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self.work = work
        self.tag = "mine"

    def __await__(self) -> Generator[Any, None, Any]:
        return self.work().__await__()


def in_task(work: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work())


def as_coroutine(work: Callable[[], Coroutine[Any, Any, Any]]) -> Coroutine[Any, Any, Any]:
    return work()


def as_old_coroutine(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    @types.coroutine
    def steps() -> Generator[Any, Any, Any]:
        return (yield from work().__await__())

    return steps()


WAYS: list[Callable[[Any], Any]] = [as_coroutine, Answer, in_task, asyncio.ensure_future, as_old_coroutine]


async def settled(rec: Recorder, count: int = 1) -> None:
    """Wait until the events are there: those of a task are sent by a thread."""
    async with asyncio.timeout(60):
        while len(rec.events) < count:  # noqa: ASYNC110 - the recorder is filled by a thread
            await asyncio.sleep(0)


def returning(rec: Recorder, way: Any, fail: bool = False, **options: Any) -> Callable[[int], Any]:
    async def work(n: int) -> int:
        rec.create("tool", event_name="step")
        await asyncio.sleep(WAIT_MS / 1000)
        if fail:
            raise ValueError("inside")
        return n + 1

    @rec.span("made", **options)
    def make(n: int) -> Any:
        part = functools.partial(work, n)
        return way(part() if way is asyncio.ensure_future else part)

    return make


@pytest.mark.parametrize("way", WAYS)
def test_the_event_is_that_of_what_was_awaited(rec: Recorder, way: Any) -> None:
    make = returning(rec, way)

    async def main() -> int:
        result: int = await make(1)
        await settled(rec, 2)
        return result

    assert asyncio.run(main()) == 2
    event = rec.named("made")
    assert event["inputs"] == {"n": 1}
    assert event["outputs"] == {"result": 2}
    assert event["duration"] >= WAIT_MS * 0.9
    assert rec.named("step")["parent_id"] == event["event_id"]


@pytest.mark.parametrize("way", WAYS)
def test_an_error_of_the_work_is_recorded_and_raised(rec: Recorder, way: Any) -> None:
    make = returning(rec, way, fail=True)

    async def main() -> None:
        with pytest.raises(ValueError, match="inside"):
            await make(1)
        await settled(rec, 2)

    asyncio.run(main())
    assert rec.named("made")["error"] == "ValueError: inside"
    assert "outputs" not in rec.named("made")


@pytest.mark.parametrize("way", [as_coroutine, Answer, as_old_coroutine])
def test_time_between_the_making_and_the_first_step_does_not_count(rec: Recorder, way: Any) -> None:
    make = returning(rec, way)

    async def main() -> None:
        made = make(1)
        await asyncio.sleep(3 * WAIT_MS / 1000)
        assert rec.events == []
        async with rec.aspan("around") as around:
            await made
            assert current_span() is around, "what surrounds the awaiting is as before"
            rec.create("tool", event_name="after")

    asyncio.run(main())
    event, around = rec.named("made"), rec.named("around")
    assert event["duration"] <= around["duration"]
    assert event["start_time"] >= around["start_time"]
    assert rec.named("after")["parent_id"] == around["event_id"]


@pytest.mark.parametrize("way", WAYS)
def test_work_that_is_cancelled_says_so(rec: Recorder, way: Any) -> None:
    make = returning(rec, way)

    async def main() -> None:
        async def caller() -> None:
            await make(1)

        task = asyncio.create_task(caller())
        while not rec.events:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        await settled(rec, 2)

    asyncio.run(main())
    assert rec.named("made")["error"] == "CancelledError"


def test_a_task_stays_the_task(rec: Recorder) -> None:
    made: list[Any] = []

    def make() -> asyncio.Task[int]:
        made.append(asyncio.create_task(asyncio.sleep(60, 1)))
        return made[0]

    async def main() -> None:
        task = rec.span("made")(make)()
        assert task is made[0]
        await asyncio.sleep(0)
        assert task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await settled(rec)

    asyncio.run(main())
    assert rec.named("made")["error"] == "CancelledError"


def test_a_failed_task_that_nobody_asks_is_reported_as_before(rec: Recorder) -> None:
    reported: list[str] = []

    async def fail() -> None:
        raise ValueError("inside")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context["message"]))
        rec.span("made")(lambda: loop.create_task(fail()))()
        await settled(rec)
        gc.collect()

    asyncio.run(main())
    assert rec.named("made")["error"] == "ValueError: inside"
    assert reported == ["Task exception was never retrieved"]


def test_a_future_of_an_executor_is_recorded_when_it_is_done(rec: Recorder) -> None:
    with ThreadPoolExecutor(1) as pool:
        made = rec.span("good")(lambda: pool.submit(sum, [1, 2]))()
        assert made.result(60) == 3
        bad = rec.span("bad")(lambda: pool.submit(int, "x"))()
        with pytest.raises(ValueError, match="invalid literal"):
            bad.result(60)
    assert type(made) is Future
    assert rec.named("good")["outputs"] == {"result": 3}
    assert rec.named("bad")["error"].startswith("ValueError")


def test_a_coroutine_is_awaitable_once_and_keeps_its_kind(rec: Recorder) -> None:
    async def work() -> int:
        return 1

    @rec.span("made")
    def make() -> Coroutine[Any, Any, int]:
        return work()

    made = make()
    assert inspect.iscoroutine(made)
    assert asyncio.iscoroutine(made)
    assert (made.__name__, made.__qualname__) == (work.__name__, work.__qualname__)
    assert inspect.getcoroutinestate(made) == "CORO_CREATED"
    assert asyncio.run(made) == 1
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        asyncio.run(made)

    async def twice() -> None:
        waiting = rec.span("waiting")(lambda: asyncio.sleep(0.01))()
        first = asyncio.create_task(waiting)
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="coroutine is being awaited already"):
            await waiting
        await first

    asyncio.run(twice())
    assert len(rec.events) == 2


def test_a_coroutine_that_others_hold_is_not_closed(rec: Recorder) -> None:
    async def work() -> int:
        return 1

    cached = rec.span("cached")(functools.cache(work))
    first = cached()
    cached()
    gc.collect()
    assert asyncio.run(first) == 1
    assert [event["outputs"].get("result") for event in rec.events][1] == 1


def test_a_coroutine_can_be_driven_by_hand(rec: Recorder) -> None:
    @types.coroutine
    def step() -> Generator[Any, Any, Any]:
        return (yield "waiting")

    async def work() -> Any:
        try:
            return await step()
        except KeyError:
            return "caught"

    make = rec.span("made")(lambda: work())
    sent, thrown, closed = make(), make(), make()
    for made in (sent, thrown, closed):
        assert made.send(None) == "waiting"
        assert CURRENT.get() is not None, "the body is suspended in its span, as without a plain function"
        CURRENT.set(None)
    with pytest.raises(StopIteration) as stop:
        sent.send("value")
    assert stop.value.value == "value"
    with pytest.raises(StopIteration) as stop:
        thrown.throw(KeyError())
    assert stop.value.value == "caught"
    assert len(rec.events) == 2
    closed.close()
    CURRENT.set(None)
    with pytest.raises(ValueError, match="before the first step"):
        make().throw(ValueError("before the first step"))


class Odd(type):
    """A type that cannot be hashed, and raises for every attribute that it does not have."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(cls, other: object) -> bool:
        return cls is other

    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(name)


def test_results_of_odd_types_are_values(rec: Recorder) -> None:
    result = Odd("Result", (), {})()
    assert rec.span("made")(lambda: result)() is result
    assert len(rec.events) == 1


def test_an_awaitable_object_keeps_its_attributes(rec: Recorder) -> None:
    async def work() -> int:
        return 1

    async def main() -> None:
        made = rec.span("made")(lambda: Answer(work))()
        assert isinstance(made, Answer)
        assert made.tag == "mine"
        assert inspect.isawaitable(made)
        assert await asyncio.gather(made) == [1]
        assert await made == 1, "this object may be awaited again"

    asyncio.run(main())
    assert len(rec.events) == 1


class Request(Coroutine[Any, Any, int]):
    """A coroutine of a library, which is a context manager too, as those of aiohttp are."""

    def __init__(self, work: Coroutine[Any, Any, int]) -> None:
        self._work = work

    def send(self, value: Any) -> Any:
        return self._work.send(value)

    def throw(self, *error: Any) -> Any:
        return self._work.throw(*error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, int]:
        return self._work.__await__()

    async def __aenter__(self) -> int:
        return await self._work

    async def __aexit__(self, *error: object) -> None: ...


def test_a_coroutine_of_another_type_can_be_awaited_and_run_as_a_task(rec: Recorder) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 1

    @rec.span("made")
    def make() -> Request:
        return Request(work())

    async def main() -> None:
        assert await make() == 1
        assert await asyncio.create_task(make()) == 1
        async with make() as entered:
            assert entered == 1

    asyncio.run(main())
    gc.collect()
    assert [event["outputs"]["result"] for event in rec.events][:2] == [1, 1]
    assert len(rec.events) == 3


def numbers() -> Generator[Any, Any, str]:
    got: Any = 0
    while got != "end":
        try:
            got = yield got
        except KeyError as error:
            got = ("caught", error.args[0])
    return "done"


def test_a_returned_generator_takes_send_throw_and_close(rec: Recorder) -> None:
    @rec.span("made")
    def make() -> Generator[Any, Any, str]:
        return numbers()

    made = make()
    assert inspect.isgenerator(made)
    assert made.__name__ == "numbers"
    with pytest.raises(TypeError, match="non-None"):
        made.send(1)
    assert next(made) == 0
    assert made.send(1) == 1
    assert made.throw(KeyError("k")) == ("caught", "k")
    assert rec.events == []
    with pytest.raises(StopIteration) as stop:
        made.send("end")
    assert stop.value.value == "done"
    assert rec.named("made")["outputs"] == {"result": [0, 1, ["caught", "k"]], "returned": "done"}
    closed = make()
    next(closed)
    closed.close()
    assert rec.events[-1]["outputs"] == {"result": [0]}
    assert "error" not in rec.events[-1]


def test_a_returned_async_generator_takes_asend_athrow_and_aclose(rec: Recorder) -> None:
    async def steps() -> Any:
        try:
            got = yield "first"
            yield got
        except KeyError as error:
            yield error.args[0]

    @rec.span("made")
    def make() -> Any:
        return steps()

    async def main() -> None:
        made = make()
        assert inspect.isasyncgen(made)
        assert await anext(made) == "first"
        assert await made.asend("sent") == "sent"
        assert await made.athrow(KeyError("k")) == "k"
        await made.aclose()
        async for item in make():
            assert item == "first"
            assert current_span() is None
            break
        while len(rec.events) < 2:  # a task of the event loop itself closes what is forgotten
            gc.collect()
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 60))
    assert [event["outputs"] for event in rec.events] == [
        {"result": ["first", "sent", "k"]},
        {"result": ["first"]},
    ]


def test_the_code_between_two_steps_is_outside_of_the_span(rec: Recorder) -> None:
    def steps() -> Iterator[int]:
        for n in range(2):
            rec.create("tool", event_name=f"step {n}")
            yield n

    with rec.span("consumer") as consumer:
        for n in rec.span("made")(lambda: steps())():
            assert current_span() is consumer
            rec.create("tool", event_name=f"work {n}")
    event = rec.named("made")
    assert event["parent_id"] == consumer.event_id
    assert {rec.named(f"step {n}")["parent_id"] for n in range(2)} == {event["event_id"]}
    assert {rec.named(f"work {n}")["parent_id"] for n in range(2)} == {consumer.event_id}


async def never() -> int:
    return 1


async def anever() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("make", [numbers, never, anever, lambda: Answer(never)])
def test_what_is_never_awaited_or_iterated_still_gets_an_event(rec: Recorder, make: Any) -> None:
    def plain() -> Any:
        rec.create("tool", event_name="making")
        return make()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = rec.span("made")(plain)()
        assert len(rec.events) == 1
        del made
        gc.collect()
    event = rec.named("made")
    assert rec.named("making")["parent_id"] == event["event_id"]
    assert "object" in event["outputs"]["result"]
    assert "error" not in event
    expected = ["coroutine 'never' was never awaited"] if make is never else []
    assert [str(warning.message) for warning in caught] == expected, "Python's own warning comes once"


def test_a_future_that_is_thrown_away_before_it_is_done_gets_an_event(rec: Recorder) -> None:
    rec.span("made")(lambda: Future())()
    gc.collect()
    assert "outputs" not in rec.named("made")


AT_EXIT = """
from concurrent.futures import Future
from honeyhive_ext import HoneyHive
hh = HoneyHive()
async def work(): return 1
async def asteps(): yield 1
def steps(): yield 1
held = [hh.span(make.__name__)(lambda make=make: make())() for make in (work, steps, asteps, Future)]
"""


def test_what_is_left_when_the_program_ends_gets_an_event(server: LocalServer) -> None:
    environ = {**os.environ, "HH_API_KEY": "hh_1", "HH_API_URL": server.url}
    done = subprocess.run(
        [sys.executable, "-c", AT_EXIT], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    warnings_shown = [line.partition(" ")[2] for line in done.stderr.splitlines()]
    assert warnings_shown == ["RuntimeWarning: coroutine 'work' was never awaited"], "which is Python's own"
    assert sorted(event["event_name"] for event in server.events()) == ["Future", "asteps", "steps", "work"]


def test_a_coroutine_that_is_closed_before_its_first_step_warns_of_nothing(rec: Recorder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = rec.span("made")(lambda: never())()
        made.close()
        del made
        gc.collect()
    assert len(rec.events) == 1


def test_an_iterator_that_is_no_generator_is_recorded_as_the_value_it_is(rec: Recorder) -> None:
    made = rec.span("made")(lambda: map(str, [1, 2]))()
    assert type(made) is map
    assert list(made) == ["1", "2"]
    assert "map object" in rec.named("made")["outputs"]["result"]


def test_outputs_that_are_set_while_it_runs_hold(rec: Recorder) -> None:
    async def work() -> int:
        span = current_span()
        assert span is not None
        span.outputs = {"mine": 1}
        return 2

    assert asyncio.run(rec.span("made")(lambda: work())()) == 2
    assert rec.named("made")["outputs"] == {"mine": 1}


def test_work_whose_outputs_are_not_captured_is_recorded_without(rec: Recorder) -> None:
    make = returning(rec, as_coroutine, capture_outputs=False)
    assert asyncio.run(make(1)) == 2
    assert "outputs" not in rec.named("made")


def test_an_old_coroutine_function_stays_awaitable(rec: Recorder) -> None:
    @rec.span("made")
    @types.coroutine
    def old() -> Generator[Any, Any, int]:
        yield from asyncio.sleep(0).__await__()
        return 1

    async def main() -> int:
        return await old()

    assert asyncio.run(main()) == 1
    assert rec.named("made")["outputs"] == {"result": 1}


def test_returned_work_is_gone_when_it_has_ended(rec: Recorder) -> None:
    import weakref

    async def work() -> int:
        return 1

    @rec.span("made")
    def make() -> Coroutine[Any, Any, int]:
        return work()

    made = make()
    asyncio.run(made)
    watched = weakref.ref(made)
    del made
    assert watched() is None
