"""Decorated coroutine functions, through both clients."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest

from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


@pytest.mark.parametrize("method", ["span", "aspan"])
def test_coroutine_functions_are_recorded_until_their_result(rec: Recorder, method: str) -> None:
    @getattr(rec, method)("outer")
    async def outer(n: int) -> int:
        return sum(await asyncio.gather(*(inner(i) for i in range(n))))

    @getattr(rec, method)("inner", event_type="model")
    async def inner(i: int) -> int:
        await asyncio.sleep(0)
        rec.create("tool", event_name=f"step {i}")
        if i > 5:
            raise ValueError("too many")
        return i

    assert asyncio.run(outer(3)) == 3
    inners = [event for event in rec.events if event["event_name"] == "inner"]
    assert {event["parent_id"] for event in inners} == {rec.named("outer")["event_id"]}
    for event in inners:
        step = rec.named(f"step {event['inputs']['i']}")
        assert step["parent_id"] == event["event_id"]
        assert event["outputs"] == {"result": event["inputs"]["i"]}
    with pytest.raises(ValueError, match="too many"):
        asyncio.run(inner(6))
    assert rec.events[-1]["error"] == "ValueError: too many"


def test_the_sync_client_does_not_hold_up_the_event_loop() -> None:
    threads: list[threading.Thread] = []

    class Noting(Recorder):
        def create(self, event: Any = None, /, **fields: Any) -> None:
            threads.append(threading.current_thread())
            super().create(event, **fields)

    noting = Noting()

    @noting.span("x")
    async def f() -> None:
        await asyncio.sleep(0)

    asyncio.run(f())
    assert len(noting.events) == 1
    assert threads != [threading.main_thread()]


def test_a_cancelled_call_is_recorded_and_stays_cancelled(rec: Recorder) -> None:
    @rec.aspan("x")
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main())
    assert rec.named("x")["error"] == "CancelledError"
    assert rec.sending[-1]["retry"] is False


def test_another_event_loop_than_asyncio_waits_for_the_sending(rec: Recorder) -> None:
    @rec.span("x")
    async def f() -> int:
        return 7

    running = f()
    with pytest.raises(StopIteration) as done:
        running.send(None)
    assert done.value.value == 7
    assert rec.named("x")["outputs"] == {"result": 7}


@pytest.mark.parametrize("method", ["span", "aspan"])
def test_async_methods_are_recorded_without_self_and_cls(rec: Recorder, method: str) -> None:
    span = getattr(rec, method)

    class Service:
        @span("method")
        async def method(self, a: int) -> int:
            return a

        @span("class method")
        @classmethod
        async def of(cls, a: int) -> str:
            return cls.__name__

        @span("static method")
        @staticmethod
        async def static(a: int) -> int:
            return a

    async def main() -> list[Any]:
        return [await Service().method(1), await Service.of(2), await Service.static(3)]

    assert asyncio.run(main()) == [1, "Service", 3]
    assert [event["inputs"] for event in rec.events] == [{"a": 1}, {"a": 2}, {"a": 3}]
