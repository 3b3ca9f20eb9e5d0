"""A call that is cancelled at any await, or interrupted at any place, harms no other and leaks nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from honeyhive_ext import AsyncHoneyHive, HoneyHive, RetryPolicy
from honeyhive_ext.local import LocalServer
from honeyhive_ext.transports import AiohttpTransport
from tests.support.httpx_library import LIBRARY
from tests.support.lines import OURS, at_signal_point, raise_as_a_signal_handler
from tests.support.scale import scaled
from tests.support.sockets import connections_to

ASYNC_OPTIONS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "own connections": dict,
    "coalesced": lambda: {"coalesce": True},
    "aiohttp": lambda: {"transport": AiohttpTransport()},
    "given client": lambda: {"http_client": LIBRARY.AsyncClient()},
    "given transport": lambda: {"transport": httpx.AsyncHTTPTransport()},
}
SYNC_OPTIONS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "own connections": dict,
    "given client": lambda: {"http_client": LIBRARY.Client()},
}
MOST = 12  # connections that the operations below need at once, and some to spare


def events(count: int) -> list[dict[str, Any]]:
    return [{"event_type": "tool", "inputs": {"n": n}} for n in range(count)]


OPERATIONS: Mapping[str, Callable[[Any], Any]] = {
    "create": lambda hh: hh.events.create("tool", inputs={"text": "x" * 100_000}),
    "batch": lambda hh: hh.events.create_batch(events(40), max_events=10),
    "search": lambda hh: hh.events.search(page_size=7, limit=30).to_list(),
    "parallel search": lambda hh: hh.events.search(page_size=7, limit=30, parallel=3).to_list(),
    "one": lambda hh: hh.events.search(limit=1).first(),
    "session": lambda hh: hh.sessions.create(session_name="chat"),
    "count": lambda hh: hh.events.search().count(),
}


@pytest.fixture
def own_server() -> Iterator[LocalServer]:
    """A server of the test alone: the requests of an interrupted batch may arrive after the test."""
    with LocalServer() as server:
        yield server


class Cancelled(RuleBasedStateMachine):
    """Operations of one asyncio client, of which any may be cancelled after some turns of the loop."""

    @initialize(name=st.sampled_from(sorted(ASYNC_OPTIONS)))
    def begin(self, name: str) -> None:
        self.server = LocalServer().__enter__()
        self.runner = asyncio.Runner()
        self.options = ASYNC_OPTIONS[name]()
        self.hh = AsyncHoneyHive(
            "hh_1", base_url=self.server.url, timeout=60, retry=RetryPolicy(attempts=2), **self.options
        )

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            return await work()

        return self.runner.run(main())

    @rule(name=st.sampled_from(sorted(OPERATIONS)), turns=st.integers(0, 60), at_once=st.integers(1, 3))
    def cancel(self, name: str, turns: int, at_once: int) -> None:
        async def main() -> None:
            tasks = [asyncio.ensure_future(OPERATIONS[name](self.hh)) for _ in range(at_once)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert not isinstance(result, Exception), result

        self.run(main)

    @rule(name=st.sampled_from(sorted(OPERATIONS)), seconds=st.sampled_from([0, 0.0005, 0.002, 0.01]))
    def time_limit(self, name: str, seconds: float) -> None:
        async def main() -> None:
            try:
                async with asyncio.timeout(seconds):
                    await OPERATIONS[name](self.hh)
            except TimeoutError:
                pass

        self.run(main)

    @rule(name=st.sampled_from(sorted(OPERATIONS)))
    def finish(self, name: str) -> None:
        self.run(lambda: OPERATIONS[name](self.hh))

    @precondition(lambda self: hasattr(self, "hh"))
    @invariant()
    def the_client_works_and_holds_few_connections(self) -> None:
        async def main() -> None:
            assert (await self.hh.events.create("tool")).success
            end = time.monotonic() + 60
            while connections_to(self.server.url) > MOST:  # requests over httpx end by themselves
                assert time.monotonic() < end
                await asyncio.sleep(0)

        self.run(main)

    def teardown(self) -> None:
        if hasattr(self, "hh"):
            self.run(self.hh.close)
            if isinstance(client := self.options.get("http_client"), httpx.AsyncClient):
                self.run(client.aclose)
            self.runner.close()
            self.server.__exit__(None, None, None)


Cancelled.TestCase.settings = settings(max_examples=scaled(200, 10), stateful_step_count=15, deadline=None)
TestCancelled = Cancelled.TestCase


@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", [KeyboardInterrupt, TimeoutError])
@pytest.mark.parametrize("options", sorted(SYNC_OPTIONS))
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_that_is_interrupted_anywhere_leaves_a_client_that_works(
    operation: str,
    options: str,
    kind: type[BaseException],
    own_server: LocalServer,
) -> None:
    given = SYNC_OPTIONS[options]()
    raised: list[int] = []

    def raise_it(*_: object) -> None:
        raised.append(1)
        raise_as_a_signal_handler(kind)

    with HoneyHive("hh_1", base_url=own_server.url, retry=False, **given) as hh:
        OPERATIONS[operation](hh)
        with at_signal_point(-1, raise_it, OURS) as seen:
            OPERATIONS[operation](hh)
        step = max(1, seen[0] // scaled(80, 8))
        for number in range(1 + (seen[0] * 7) % step, seen[0], step):
            raised.clear()
            try:
                with at_signal_point(number, raise_it, OURS):
                    OPERATIONS[operation](hh)
            except kind:
                raised.clear()
            assert raised == []
            assert hh.events.create("tool").success
            assert connections_to(own_server.url) <= MOST
    if "http_client" in given:
        given["http_client"].close()
