"""A forked child shares no connection with its parent, whatever the client was made with."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from honeyhive_ext import AsyncHoneyHive, ConfigError, HoneyHive
from honeyhive_ext.transports import AiohttpTransport
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import Misbehaving, stored

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork beside threads


def in_a_child(work: Callable[[], object]) -> bool:
    """Do this in a forked child; whether it raised nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the exit code says it to the test
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    "given",
    [
        dict,
        lambda: {"http_client": LIBRARY.Client()},
        lambda: {"http_client": LIBRARY.Client(mounts={"http://": LIBRARY.HTTPTransport()})},
        lambda: {"transport": LIBRARY.HTTPTransport()},
    ],
)
def test_a_child_opens_connections_of_its_own_and_the_parent_keeps_its(given: Callable[[], Any]) -> None:
    options = given()
    with Misbehaving(then=stored) as server:
        hh = HoneyHive("hh_1", base_url=server.url, **options)
        hh.events.create("tool")
        assert in_a_child(lambda: [hh.events.create("tool") for _ in range(2)])
        hh.events.create("tool")
        hh.close()
        if "http_client" in options:
            options["http_client"].close()
    assert [request.connection for request in server.requests] == [0, 1, 1, 0]


class Own(LIBRARY.BaseTransport):  # type: ignore[misc]
    """A transport of the user's, which may keep connections."""

    def __init__(self) -> None:
        self.below = LIBRARY.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.below.handle_request(request)

    def close(self) -> None:
        self.below.close()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (lambda: {"transport": Own()}, "transport="),
        (lambda: {"http_client": LIBRARY.Client(transport=Own())}, "http_client="),
    ],
)
def test_a_client_that_cannot_begin_again_in_a_child_is_refused_with_the_way_out(
    given: Callable[[], Any], name: str
) -> None:
    options = given()

    def refused() -> None:
        with pytest.raises(ConfigError, match=f"^{name} was used before this process was forked.*post_fork"):
            hh.events.create("tool")

    with Misbehaving(then=stored) as server:
        hh = HoneyHive("hh_1", base_url=server.url, **options)
        assert in_a_child(lambda: hh.events.create("tool"))  # not used before: nothing is shared
        hh.events.create("tool")
        assert in_a_child(refused)
        hh.events.create("tool")
        hh.close()
        if "http_client" in options:
            options["http_client"].close()
    assert len(server.requests) == 3


@pytest.mark.parametrize("transport", [lambda: None, AiohttpTransport])
def test_an_async_client_begins_again_in_a_child(transport: Callable[[], Any]) -> None:
    with Misbehaving(then=stored) as server:
        hh = AsyncHoneyHive("hh_1", base_url=server.url, transport=transport())

        async def create() -> None:
            await hh.events.create("tool")

        with asyncio.Runner() as runner:
            runner.run(create())
            assert in_a_child(lambda: asyncio.new_event_loop().run_until_complete(create()))
            runner.run(create())
    assert [request.connection for request in server.requests] == [0, 1, 0]


def test_an_async_client_that_was_given_is_refused_in_a_child() -> None:
    async def refused() -> None:
        with pytest.raises(ConfigError, match="http_client= was used before this process was forked"):
            await hh.events.create("tool")

    async def create() -> None:
        await hh.events.create("tool")

    with Misbehaving(then=stored) as server:
        given = LIBRARY.AsyncClient()
        hh = AsyncHoneyHive("hh_1", base_url=server.url, http_client=given)
        with asyncio.Runner() as runner:
            runner.run(create())
            assert in_a_child(lambda: asyncio.new_event_loop().run_until_complete(refused()))
            runner.run(create())
            runner.run(given.aclose())
    assert [request.connection for request in server.requests] == [0, 0]
