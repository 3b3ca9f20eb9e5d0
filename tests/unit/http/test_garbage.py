"""A request and its body are freed when the answer is there, without the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import types
from collections.abc import Callable

import httpx
import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.http.exchange import Answer
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import Misbehaving, stored

KEPT = (httpx.Request, httpx.Response, Answer, types.FrameType)


def create(url: str) -> None:
    with HoneyHive(api_key="hh_1", base_url=url) as hh:
        hh.events.create("tool", inputs={"n": 1})


def create_async(url: str) -> None:
    async def main() -> None:
        async with AsyncHoneyHive(api_key="hh_1", base_url=url) as hh:
            await hh.events.create("tool", inputs={"n": 1})

    asyncio.run(main())


def create_over_a_client(url: str) -> None:
    with LIBRARY.Client() as given, HoneyHive(api_key="hh_1", base_url=url, http_client=given) as hh:
        hh.events.create("tool", inputs={"n": 1})


def create_over_a_transport(url: str) -> None:
    with HoneyHive(api_key="hh_1", base_url=url, transport=LIBRARY.HTTPTransport()) as hh:
        hh.events.create("tool", inputs={"n": 1})


@pytest.mark.parametrize("create", [create, create_async, create_over_a_client, create_over_a_transport])
def test_a_request_with_its_body_is_in_no_cycle(create: Callable[[str], None]) -> None:
    with Misbehaving(then=stored) as server:
        create(server.url)  # makes everything that is made once
        gc.collect()
        gc.disable()
        try:
            gc.set_debug(gc.DEBUG_SAVEALL)
            create(server.url)
            gc.collect()
            kept = [one for one in gc.garbage if isinstance(one, KEPT)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert kept == []
