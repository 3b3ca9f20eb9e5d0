"""The connections of an asyncio client: a few for each event loop, kept between calls."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from honeyhive_ext.config.secrets import Unshown
from honeyhive_ext.http.aio_connection import Connection
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.per_loop import PerLoop
from honeyhive_ext.http.pool import KEEPALIVE

MAX_CONNECTIONS = 100

Origin = tuple[str, str, int]


class LoopConnections:
    """The connections of one event loop.

    Attributes:
        slots: How many more exchanges may begin.
    """

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._idle: dict[Origin, list[Connection]] = {}

    def take(self, origin: Origin, now: float) -> Connection | None:
        """Take an idle connection that can still be used; close the others."""
        kept = self._idle.get(origin, [])
        while kept:
            connection = kept.pop()
            if connection.usable and now - connection.idle_since < KEEPALIVE:
                return connection
            connection.close()
        return None

    def keep(self, origin: Origin, connection: Connection, now: float) -> None:
        """Keep a connection for the next call if it can carry one."""
        if connection.usable:
            connection.idle_since = now
            self._idle.setdefault(origin, []).append(connection)

    async def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            _, kept = self._idle.popitem()
            for connection in kept:
                connection.close()


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
        try:
            async with time_limit:
                connections = await self._loops.get()
                async with connections.slots:
                    origin, target, host = _parts(url)
                    now = asyncio.get_running_loop().time
                    connection = connections.take(origin, now())
                    if connection is None:
                        late = httpx.ConnectTimeout
                        connection = await self._connect(origin)
                    late = httpx.ReadTimeout
                    sent = Unshown((("Host", host), *headers, *_length(method, content)))
                    try:
                        return await connection.exchange(method, target, sent, content)
                    finally:
                        connections.keep(origin, connection, now())
        except TimeoutError:
            if not time_limit.expired():
                raise  # not ours
        raise late("the answer did not end in time")

    async def _connect(self, origin: Origin) -> Connection:
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        try:
            # No happy_eyeballs_delay: where such a call is cancelled, asyncio leaks its socket.
            _, connection = await loop.create_connection(
                Connection,
                host,
                port,
                ssl=(self._tls or True) if scheme == "https" else None,
            )
        except (OSError, RuntimeError) as error:
            if not _is_of_the_network(error):
                raise
            made, cause = httpx.ConnectError(str(error) or type(error).__name__), _cause(error, scheme)
        else:
            return connection
        raise made from cause

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._loops.close()


def _length(method: str, content: bytes) -> tuple[tuple[str, str], ...]:
    """Return the Content-Length header, which a request that could have a body has (RFC 9110, 8.6)."""
    return () if method == "GET" and not content else (("Content-Length", str(len(content))),)


def _is_of_the_network(error: Exception) -> bool:
    """Whether connecting failed. A TimeoutError may also be a time limit that a signal handler raises."""
    if isinstance(error, TimeoutError):
        return error.errno is not None
    # asyncio says so where the loop's executor, which asks DNS, is gone
    return isinstance(error, OSError) or "shutdown" in str(error)


def _cause(error: Exception, scheme: str) -> Exception:
    """Return what the error comes from: where a TLS handshake was cut off, asyncio says only "reset"."""
    cut = isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError)
    if scheme == "https" and cut:
        return ssl.SSLError("the other side closed the connection during the TLS handshake")
    return error


def _parts(url: str) -> tuple[Origin, bytes, str]:
    """The origin of a URL, the target of its request and the Host header."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (parts.scheme, parts.hostname or "", port), target.encode("ascii"), parts.netloc
