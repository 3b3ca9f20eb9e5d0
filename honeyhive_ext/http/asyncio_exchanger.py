"""The connections of an async client, for each event loop: kept between requests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

import httpx

from honeyhive_ext.http.aio_connection import AsyncConnection
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.failures import is_of_the_network, tls_cause
from honeyhive_ext.http.idle import Idle
from honeyhive_ext.http.per_loop import PerLoop
from honeyhive_ext.http.protocol import Origin, target_of

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

    async def exchange(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], content: bytes, limit: float
    ) -> Answer:
        """Send a request and return its whole answer.

        Raises:
            httpx.RequestError: No answer came within `limit` seconds, or none at all.
        """
        late: type[httpx.TimeoutException] = httpx.PoolTimeout
        time_limit = asyncio.timeout(limit)
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
                        connection = await self._connect(target.origin)
                    late = httpx.ReadTimeout
                    answer = await connection.exchange(method, target, headers, content)
                    if connection.usable:
                        connections.idle.keep(connection)
                    return answer
        except TimeoutError:
            if not time_limit.expired():
                raise  # a time limit of the application
        raise late("the answer did not end in time")

    async def _connect(self, origin: Origin) -> AsyncConnection:
        loop = asyncio.get_running_loop()
        try:
            # No happy_eyeballs_delay: where such a call is cancelled, asyncio leaks its socket.
            _, connection = await loop.create_connection(
                lambda: AsyncConnection(origin),
                origin.host,
                origin.port,
                ssl=(self._tls or True) if origin.scheme == "https" else None,
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
        """Close the connections of the running event loop."""
        await self._loops.close()
