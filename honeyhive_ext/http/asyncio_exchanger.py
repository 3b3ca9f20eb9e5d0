"""The connections of an async client, for each event loop: kept between requests."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterable

import httpx

from honeyhive_ext.http.addresses import HostAddress, in_turn, name_of, none_of
from honeyhive_ext.http.aio_connection import AsyncConnection
from honeyhive_ext.http.bounds import AnswerBounds
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.failures import is_of_the_network, tls_cause
from honeyhive_ext.http.idle import Idle
from honeyhive_ext.http.per_loop import PerLoop
from honeyhive_ext.http.protocol import Origin, target_of, tls_name

MAX_CONNECTIONS = 100


class LoopConnections:
    """The connections of one event loop.

    Attributes:
        slots: How many more exchanges may begin.
        idle: The connections that no exchange uses.
    """

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self.idle: Idle[AsyncConnection] = Idle(asyncio.get_running_loop().time)

    async def close(self) -> None:
        """Close the idle connections."""
        self.idle.close()


class AsyncioExchanger:
    """Sends whole requests over connections of asyncio; see `AsyncExchanger`.

    Args:
        tls: The TLS context for https://; None where no request needs one.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._loops = PerLoop(LoopConnections, LoopConnections.close)
        self._closed = False

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
    ) -> Answer:
        """Send a request and return its whole answer.

        Raises:
            httpx.RequestError: No answer came, or none within `bounds`.
        """
        late: type[httpx.TimeoutException] = httpx.PoolTimeout
        end = asyncio.get_running_loop().time() + bounds.limit
        time_limit = asyncio.timeout_at(end)
        target = target_of(url)
        try:
            async with time_limit:
                connections = await self._loops.get()
                async with connections.slots:
                    connection = connections.idle.take(
                        lambda kept: kept.origin == target.origin and kept.usable
                    )
                    if connection is None:
                        late = httpx.ConnectTimeout
                        connection = await self._connect(target.origin, end)
                    late = httpx.ReadTimeout
                    answer = await connection.exchange(method, target, headers, content, bounds)
                    if self._closed:
                        connection.close()
                    elif connection.usable:
                        connections.idle.keep(connection)
                    return answer
        except TimeoutError:
            if not time_limit.expired():
                raise  # a time limit of the application
        raise late("the answer did not end in time")

    async def _connect(self, origin: Origin, end: float) -> AsyncConnection:
        loop = asyncio.get_running_loop()
        try:
            encrypted = origin.scheme == "https"
            _, connection = await loop.create_connection(
                lambda: AsyncConnection(origin),
                sock=await _connected(origin, end),
                ssl=(self._tls or True) if encrypted else None,
                server_hostname=tls_name(origin) if encrypted else None,
            )
        except OSError as error:
            if not is_of_the_network(error):
                raise
            made, cause = (
                httpx.ConnectError(str(error) or type(error).__name__),
                tls_cause(error, origin.scheme),
            )
        except RuntimeError as error:
            if "shutdown" not in str(error):
                raise
            # The loop's executor, which asks for the addresses of a name, is gone.
            made, cause = httpx.ConnectError(str(error)), error
        else:
            return connection
        raise made from cause

    async def aclose(self) -> None:
        """Close the connections of the running event loop. Those in use are closed after their request."""
        self._closed = True
        await self._loops.close()


async def _connected(origin: Origin, end: float) -> socket.socket:
    """Connect to the first address of the origin that answers.

    asyncio's own way gives all the time to the first address. With `happy_eyeballs_delay` it leaks the socket
    of a call that is cancelled.
    """
    loop = asyncio.get_running_loop()
    name = name_of(origin)
    try:  # an address needs no thread to look it up
        found = socket.getaddrinfo(name, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await loop.getaddrinfo(name, origin.port, type=socket.SOCK_STREAM)
    failed = none_of(origin)
    for one in in_turn(found):
        try:
            return await _reach(
                one, None if one.share == 1 else loop.time() + (end - loop.time()) * one.share
            )
        except OSError as error:
            if not is_of_the_network(error):
                raise
            failed = error
    raise failed


async def _reach(one: HostAddress, end: float | None) -> socket.socket:
    time_limit = asyncio.timeout_at(end)
    sock = socket.socket(one.family, one.kind, one.protocol)
    try:
        sock.setblocking(False)
        async with time_limit:
            await asyncio.get_running_loop().sock_connect(sock, one.address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException as error:
        sock.close()
        if isinstance(error, TimeoutError) and time_limit.expired():
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
        raise
    return sock
