"""Decorated async generators: they act as before, and their span reaches no code between two steps."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from honeyhive_ext import current_span
from honeyhive_ext.payload.scope import CURRENT
from tests.support.recorder import Recorder


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


def collect(generator: AsyncGenerator[Any, Any]) -> list[Any]:
    async def main() -> list[Any]:
        return [item async for item in generator]

    return asyncio.run(main())


@pytest.mark.parametrize("method", ["span", "aspan"])
def test_an_async_generator_is_recorded_and_keeps_to_itself(rec: Recorder, method: str) -> None:
    @getattr(rec, method)("agen")
    async def agen(n: int) -> AsyncGenerator[int, None]:
        async with rec.aspan("inner"):
            for i in range(n):
                await asyncio.sleep(0)
                rec.create("tool", event_name=f"step {i}")
                yield i

    async def main() -> None:
        async with rec.aspan("consumer") as consumer:
            async for item in agen(3):
                assert current_span() is consumer
                rec.create("tool", event_name=f"work {item}")

    asyncio.run(main())
    event = rec.named("agen")
    assert event["outputs"] == {"result": [0, 1, 2]}
    assert event["parent_id"] == rec.named("consumer")["event_id"] == rec.named("work 2")["parent_id"]
    assert rec.named("inner")["parent_id"] == event["event_id"]
    assert rec.named("step 2")["parent_id"] == rec.named("inner")["event_id"]


@pytest.mark.parametrize("method", ["span", "aspan"])
def test_an_async_generator_takes_asend_athrow_and_aclose(rec: Recorder, method: str) -> None:
    cleaned: list[bool] = []

    @getattr(rec, method)("agen")
    async def agen() -> AsyncGenerator[Any, Any]:
        try:
            got = yield "first"
            try:
                yield got
            except KeyError as error:
                yield ("caught", error.args[0])
            yield "never"
        finally:
            await asyncio.sleep(0)
            cleaned.append(current_span() is not None)

    async def main() -> None:
        steps = agen()
        assert await anext(steps) == "first"
        assert await steps.asend("sent") == "sent"
        assert await steps.athrow(KeyError("k")) == ("caught", "k")
        await steps.aclose()

    asyncio.run(main())
    event = rec.named("agen")
    assert event["outputs"] == {"result": ["first", "sent", ["caught", "k"]]}
    assert "error" not in event
    assert cleaned == [True]


def test_an_error_in_an_async_generator_is_recorded(rec: Recorder) -> None:
    @rec.aspan("agen")
    async def agen() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        collect(agen())
    assert rec.named("agen")["error"] == "ValueError: inside"
    assert rec.named("agen")["outputs"] == {"result": [1]}


def test_an_async_generator_that_is_forgotten_is_recorded(rec: Recorder) -> None:
    @rec.aspan("agen")
    async def agen() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    async def main() -> None:
        async for _ in agen():
            break
        gc.collect()
        while not rec.events:  # noqa: ASYNC110 - a task of the event loop itself closes what is forgotten
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 10))
    assert rec.named("agen")["outputs"] == {"result": [1]}


def test_an_async_generator_stepped_by_two_tasks_keeps_its_scope(rec: Recorder) -> None:
    @rec.aspan("agen")
    async def agen() -> AsyncGenerator[int, None]:
        for i in range(4):
            rec.create("tool", event_name=f"step {i}")
            yield i

    async def main() -> None:
        steps = agen()
        for name in "abcd":
            async with rec.aspan(name):
                await asyncio.create_task(anext(steps))  # type: ignore[arg-type]
        await steps.aclose()

    asyncio.run(main())
    assert {rec.named(f"step {i}")["parent_id"] for i in range(4)} == {rec.named("agen")["event_id"]}
    assert rec.named("agen")["parent_id"] == rec.named("a")["event_id"]
