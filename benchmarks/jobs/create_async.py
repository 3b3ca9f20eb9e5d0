"""Create events from 64 tasks at once on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import cycle, islice
from typing import Any

from benchmarks import payload, peers
from benchmarks.job import Contender, Job, Must, Run, Target

TASKS = 64
EVENTS = 200
OURS = "honeyhive_ext"
AIOHTTP = "honeyhive_ext, AiohttpTransport"
COALESCED = "honeyhive_ext, coalesce=True"
BOTH = "honeyhive_ext, AiohttpTransport, coalesce=True"
Create = Callable[[Any], Awaitable[bool]]


def at_once(make: Callable[[], Awaitable[Create]]) -> Run:
    """`make` runs once on the loop; then 64 tasks share its result."""
    loop = asyncio.new_event_loop()
    create = loop.run_until_complete(make())
    endless = cycle(payload.events(EVENTS))

    async def task(units: int) -> int:
        done = 0
        for event in islice(endless, units):
            done += await create(event)
        return done

    async def all_tasks(units: int) -> int:
        return sum(await asyncio.gather(*(task(units // TASKS) for _ in range(TASKS))))

    return lambda units: loop.run_until_complete(all_tasks(units))


def httpx_clients(target: Target, clients: int) -> Run:
    import httpx
    import orjson

    async def make() -> Create:
        pool = cycle(
            [
                httpx.AsyncClient(base_url=target.url, headers=peers.HEADERS, timeout=60)
                for _ in range(clients)
            ]
        )

        async def create(event: Any) -> bool:
            response = await next(pool).post("/v1/events", content=orjson.dumps(event))
            response.raise_for_status()
            return bool(orjson.loads(response.content)["success"])

        return create

    return at_once(make)


def aiohttp_orjson(target: Target) -> Run:
    import aiohttp
    import orjson

    async def make() -> Create:
        connector = aiohttp.TCPConnector(limit=TASKS)
        session = aiohttp.ClientSession(target.url, headers=peers.HEADERS, connector=connector)

        async def create(event: Any) -> bool:
            async with session.post("/v1/events", data=orjson.dumps(event)) as response:
                response.raise_for_status()
                return bool(orjson.loads(await response.read())["success"])

        return create

    return at_once(make)


def streams_orjson(target: Target) -> Run:
    """Measure the least possible: no HTTP library, one asyncio protocol for each of the 64 connections."""
    import orjson

    async def make() -> Create:
        loop = asyncio.get_running_loop()
        free: list[Raw] = [
            (await loop.create_connection(Raw, target.host, target.port))[1] for _ in range(TASKS)
        ]
        head = "\r\n".join(
            [
                f"POST /v1/events HTTP/1.1\r\nHost: {target.host}",
                *(f"{k}: {v}" for k, v in peers.HEADERS.items()),
            ]
        )

        async def create(event: Any) -> bool:
            connection = free.pop()
            body = orjson.dumps(event)
            answer = await connection.ask(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            free.append(connection)
            return bool(orjson.loads(answer[answer.index(b"\r\n\r\n") :])["success"])

        return create

    return at_once(make)


class Raw(asyncio.Protocol):
    """One request at a time; a response of this stub fits in one read."""

    answer: asyncio.Future[bytes]

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.answer.set_result(data)

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer


def sdk(target: Target, *, verify: bool = True) -> Run:
    from honeyhive.models import PostEventRequest

    async def make() -> Create:
        events = peers.sdk(target, verify=verify).events

        async def create(event: Any) -> bool:
            return bool((await events.create_async(PostEventRequest(event=event))).success)

        return create

    return at_once(make)


def ours(target: Target, *, fast: bool = False, **options: Any) -> Run:
    from honeyhive_ext import AsyncHoneyHive

    if fast:
        from honeyhive_ext.transports import AiohttpTransport

        options["transport"] = AiohttpTransport()

    async def make() -> Create:
        events = AsyncHoneyHive(api_key=peers.KEY, base_url=target.url, **options).events

        async def create(event: Any) -> bool:
            return bool((await events.create(event)).success)

        return create

    return at_once(make)


JOB = Job(
    name="create-async",
    title="create, 64 at once, async",
    step=TASKS,
    rows=(
        Contender("official SDK", sdk, env="sdk"),
        Contender("official SDK, verify=False", partial(sdk, verify=False), env="sdk"),
        Contender("httpx + orjson", partial(httpx_clients, clients=1)),
        Contender("httpx + orjson, 16 clients", partial(httpx_clients, clients=16)),
        Contender("aiohttp + orjson", aiohttp_orjson),
        Contender("raw asyncio + orjson", streams_orjson),
        Contender(OURS, ours),
        Contender(AIOHTTP, partial(ours, fast=True)),
        Contender(COALESCED, partial(ours, coalesce=True)),
        Contender(BOTH, partial(ours, fast=True, coalesce=True)),
    ),
    musts=(
        Must(OURS, "aiohttp + orjson", 1.3, then=1.15, says="`await events.create`, 64 tasks at once"),
        Must(AIOHTTP, "aiohttp + orjson", 1.3, then=1.15, says="the same with `AiohttpTransport()`"),
        Must(OURS, "httpx + orjson", 1.15),
        Must(BOTH, "aiohttp + orjson", 0.2, then=0.15),
        Must(COALESCED, "aiohttp + orjson", 0.2, then=0.15, says="the same with `coalesce=True`"),
    ),
)
