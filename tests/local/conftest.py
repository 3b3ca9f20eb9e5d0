"""`api`: the local server through each of its adapters; every test that takes it runs once for each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from honeyhive_ext.local import LocalServer
from tests.support.local_api import ADAPTERS, HEADERS, TIMEOUT, Api


@pytest.fixture(params=ADAPTERS)
def api(request: pytest.FixtureRequest, server: LocalServer) -> Iterator[Api]:
    """The server with an empty store, through one adapter."""
    kind: str = request.param
    if kind == "socket":
        with httpx.Client(base_url=server.url, headers=HEADERS, timeout=TIMEOUT) as client:
            yield Api(server, kind, client)
        return
    if kind == "transport":
        with httpx.Client(
            base_url=server.url, headers=HEADERS, timeout=TIMEOUT, transport=server.transport()
        ) as client:
            yield Api(server, kind, client)
        return
    transport: httpx.AsyncBaseTransport = (
        server.async_transport() if kind == "async_transport" else httpx.ASGITransport(server.asgi())
    )
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(base_url=server.url, headers=HEADERS, timeout=TIMEOUT, transport=transport)
        yield Api(server, kind, client, runner)
        runner.run(client.aclose())


@pytest.fixture
def plain(server: LocalServer) -> Iterator[Api]:
    """The server with an empty store, in this process: for what does not depend on the adapter."""
    with httpx.Client(
        base_url=server.url, headers=HEADERS, timeout=TIMEOUT, transport=server.transport()
    ) as client:
        yield Api(server, "transport", client)


@pytest.fixture
def wired(server: LocalServer) -> Iterator[Api]:
    """The server with an empty store, on its socket."""
    with httpx.Client(base_url=server.url, headers=HEADERS, timeout=TIMEOUT) as client:
        yield Api(server, "socket", client)
