"""The asyncio client's own connections: HTTP/1.1 straight over asyncio, where no proxy is in between.

httpx has a client, a pool, locks and a state machine between a call and its socket, and looks through all
connections whenever a request begins or ends. With 64 calls in flight a creation costs 1,190 µs through that,
and 110 µs through this.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

import httpx

from honeyhive_ext.exchange import Answer
from honeyhive_ext.transports.http1 import AnswerReader

MAX_CONNECTIONS = 100  # of an event loop; more calls wait
KEEPALIVE_EXPIRY = 30.0  # seconds that an idle connection is kept
KEPT_TARGETS = 16
LARGE = 64 * 1024  # bytes; a smaller body joins its head in one packet
NEXT_ADDRESS = 0.25  # seconds before the host's next address is tried beside the first (RFC 8305, 5)


class DirectTransport:
    """Sends to one origin, for any number of event loops. An `AsyncExchanger`."""

    def __init__(self, base_url: str, tls: Callable[[], ssl.SSLContext | None]) -> None:
        """`tls` makes the SSL context when the first connection needs it."""
        url = httpx.URL(base_url)
        self._address = (url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80))
        self._host = url.netloc.decode("ascii")
        self._secure = url.scheme == "https"
        self._tls = tls
        self._targets: dict[str, str] = {}
        self._kept: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Kept] = weakref.WeakKeyDictionary()

    async def exchange(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], content: bytes, limit: float
    ) -> Answer:
        """Send a request and read its whole answer; see `AsyncExchanger`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        kept = self._kept.get(loop)
        if kept is None:
            kept = self._kept[loop] = _Kept(loop)
        if kept.room.locked():
            await kept.wait(limit)
        else:
            await kept.room.acquire()
        try:
            connection = kept.take() or await self._connect(loop, end - loop.time())
            timer = loop.call_at(end, connection.late)
            try:
                answer = await connection.ask(self._head(method, url, headers, content), content)
            except BaseException:
                connection.abort()
                raise
            finally:
                timer.cancel()
            kept.give(connection)
            return answer
        finally:
            kept.room.release()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        kept = self._kept.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            kept.close()
            await asyncio.sleep(0)  # the loop closes a socket in its next turn

    def _head(self, method: str, url: str, headers: Sequence[tuple[str, str]], content: bytes) -> bytes:
        target = self._targets.get(url)
        if target is None:  # parsing costs more than all the rest here: keep the first, those without ids
            target = httpx.URL(url).raw_path.decode("ascii")
            if len(self._targets) < KEPT_TARGETS:
                self._targets[url] = target
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
        size = f"Content-Length: {len(content)}\r\n" if content or method != "GET" else ""
        return f"{method} {target} HTTP/1.1\r\nHost: {self._host}\r\n{fields}{size}\r\n".encode("ascii")

    async def _connect(self, loop: asyncio.AbstractEventLoop, limit: float) -> _Connection:
        tls = self._tls() if self._secure else None
        try:
            async with asyncio.timeout(limit):
                _, connection = await loop.create_connection(
                    _Connection,
                    *self._address,
                    ssl=tls,
                    ssl_handshake_timeout=limit if tls else None,
                    happy_eyeballs_delay=NEXT_ADDRESS,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from _cause(error, tls)
        return connection


class _Kept:
    """The connections of one event loop: those that are idle, oldest first, and room for more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._time = loop.time
        self.room = asyncio.Semaphore(MAX_CONNECTIONS)
        self._idle: deque[tuple[_Connection, float]] = deque()
        self._closed = False

    async def wait(self, limit: float) -> None:
        """Wait for room for one more request, and take it."""
        try:
            async with asyncio.timeout(limit):
                await self.room.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection became free") from error

    def take(self) -> _Connection | None:
        """The connection that was used last, if there is one that still lives."""
        while self._idle and self._idle[0][1] < self._time() - KEEPALIVE_EXPIRY:
            self._idle.popleft()[0].abort()
        while self._idle:
            connection, _ = self._idle.pop()
            if connection.is_alive():
                return connection
            connection.abort()
        return None

    def give(self, connection: _Connection) -> None:
        """Keep a connection for the next request, if it can carry one."""
        if connection.reusable and not self._closed:
            self._idle.append((connection, self._time()))
        else:
            connection.abort()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop()[0].abort()


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    _transport: asyncio.Transport
    _poll: Callable[[], object]

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = AnswerReader()
        self._answer: asyncio.Future[Answer] | None = None  # while a request waits for it
        self.reusable = True

    def ask(self, head: bytes, content: bytes) -> asyncio.Future[Answer]:
        """Send a request. After an error, or when nobody waits any more, `abort`."""
        self._reader = AnswerReader()
        self._answer = answer = self._loop.create_future()
        if len(content) < LARGE:
            self._transport.write(head + content)
        else:
            self._transport.write(head)
            self._transport.write(content)
        return answer

    def is_alive(self) -> bool:
        """Whether the other side has neither closed it nor said anything: a look at the socket."""
        return self.reusable and not self._poll()

    def abort(self) -> None:
        """Close at once. TLS says no goodbye, as with httpx: every answer says itself where it ends."""
        self._answer = None
        self.reusable = False
        self._transport.abort()

    def late(self) -> None:
        self._fail(httpx.ReadTimeout("the answer did not end in time"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._poll = _look(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nothing was asked
            self.abort()
            return
        try:
            answer = self._reader.feed(data)
        except httpx.RequestError as error:
            self._fail(error)
            return
        if answer is not None:
            self.reusable = self._reader.reusable
            self._succeed(answer)

    def eof_received(self) -> None:
        self.reusable = False
        if self._answer is not None:
            try:
                self._succeed(self._reader.end())
            except httpx.RequestError as error:
                self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        error = httpx.ReadError(str(exc) if exc else "the connection was closed")
        error.__cause__ = exc
        self._fail(error)

    def _succeed(self, answer: Answer) -> None:
        waiting, self._answer = self._answer, None  # an idle connection keeps no answer alive
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _fail(self, error: httpx.RequestError) -> None:
        self.reusable = False
        waiting, self._answer = self._answer, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)


def _look(sock: socket.socket) -> Callable[[], object]:
    """A function that tells whether something is to be read; costs 1 µs with poll."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: select.select([sock], [], [], 0)[0]
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return lambda: poll.poll(0)


def _cause(error: OSError | UnicodeError, tls: ssl.SSLContext | None) -> Exception:
    """Where the TLS handshake was cut off, asyncio says only "reset"; this says what it was."""
    if tls and isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return ssl.SSLError("the other side closed the connection during the TLS handshake")
    return error
