"""Closing, flushing and reading end in time while the service does not answer."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from honeyhive_ext import APITimeoutError, AsyncHoneyHive, Background, HoneyHive
from tests.client.test_background import wait_until
from tests.support.clients import KEY, KINDS, EitherClient, Kind
from tests.support.misbehaving import Hang, Misbehaving, Scripted, answer, hang

ENDLESS = 3000.0  # seconds; a test that waits for it does not end
MUCH = 60.0  # seconds, on any machine


@contextmanager
def soon() -> Generator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < MUCH


@pytest.fixture
def silence() -> Hang:
    return hang()


@pytest.fixture
def server(silence: Hang) -> Iterator[Misbehaving]:
    with Misbehaving(then=silence) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_close_and_flush_end_in_time(kind: Kind, server: Misbehaving, silence: Hang) -> None:
    either = EitherClient(kind, server.url, timeout=ENDLESS)
    with soon():
        either.hh.events.enqueue("tool")
        assert either.do(lambda hh: hh.flush(0.1)).waiting == 1
        assert silence.reached.wait(MUCH)
        report = either.do(lambda hh: hh.close(0.1))
        assert report.waiting + report.lost == 1
    either._runner.close()


async def create(hh: AsyncHoneyHive, count: int) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(hh.events.create("tool")) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


@pytest.mark.parametrize(
    "then", [hang(), answer(503), answer(429, headers={"Retry-After": "5"})], ids=["hang", "503", "429"]
)
@pytest.mark.parametrize("busy", [False, True])
def test_close_ends_in_time_for_creations_that_share_requests(then: Scripted, busy: bool) -> None:
    async def scenario() -> list[Any]:
        hh = AsyncHoneyHive(KEY, base_url=server.url, timeout=ENDLESS, coalesce=True, max_concurrency=1)
        tasks = await create(hh, 3)
        if busy:  # a request is in flight, and more creations wait behind it
            await asyncio.to_thread(wait_until, lambda: server.requests)
            tasks += await create(hh, 3)
        hh.events.enqueue("tool")
        report = await hh.close(0.1)
        assert report.waiting + report.lost <= 1
        return await asyncio.gather(*tasks, return_exceptions=True)

    with soon(), Misbehaving(then=then) as server:
        results = asyncio.run(scenario())
    assert [type(result) for result in results] == [APITimeoutError] * len(results)
    assert "closed" in str(results[0])


def test_a_creation_after_close_is_refused_with_the_reason(server: Misbehaving) -> None:
    async def scenario() -> None:
        hh = AsyncHoneyHive(KEY, base_url=server.url, coalesce=True)
        tasks = await create(hh, 1)
        await hh.close(0.1)
        with pytest.raises(APITimeoutError):
            await tasks[0]
        with pytest.raises(Exception, match="this client is closed"):
            await hh.events.create("tool")

    asyncio.run(scenario())


def test_the_end_of_an_async_with_block_has_the_bound_of_close(
    server: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    close: Any = AsyncHoneyHive.close
    assert close.__defaults__ == (5.0,)
    monkeypatch.setattr(close, "__defaults__", (0.1,))

    async def scenario() -> list[Any]:
        async with AsyncHoneyHive(KEY, base_url=server.url, timeout=ENDLESS, coalesce=True) as hh:
            tasks = await create(hh, 2)
            hh.events.enqueue("tool")
        return await asyncio.gather(*tasks, return_exceptions=True)

    with soon():
        assert [type(result) for result in asyncio.run(scenario())] == [APITimeoutError] * 2


@pytest.mark.parametrize(
    "call",
    [lambda hh: hh.flush(ENDLESS), lambda hh: hh.events.search().to_list()],
    ids=["flush", "search"],
)
def test_a_time_limit_around_what_flushes_is_kept(call: Callable[[AsyncHoneyHive], Any]) -> None:
    async def scenario() -> None:
        options = Background(read_flush_seconds=ENDLESS)
        hh = AsyncHoneyHive(KEY, base_url=server.url, timeout=ENDLESS, background=options)
        hh.events.enqueue("tool")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await call(hh)
        await hh.close(0.1)

    with Misbehaving(then=hang()) as server, soon():
        asyncio.run(scenario())


def test_close_ends_in_time_for_spans_that_the_collector_ended(server: Misbehaving, silence: Hang) -> None:
    hh = HoneyHive(KEY, base_url=server.url, timeout=ENDLESS, background=False, retry=False)

    @hh.span()
    def numbers() -> Generator[object]:
        mine: list[object] = []
        mine.append((yield mine))
        yield None

    for _ in range(3):
        begun = numbers()
        next(begun)
        cycle: list[object] = [begun]
        cycle.append(cycle)
        del begun, cycle
    with soon():
        gc.collect()
        assert silence.reached.wait(MUCH)
        hh.close(0.1)
