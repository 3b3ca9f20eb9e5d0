"""One connection of an event loop.

It reads while it writes, so it sees an answer that comes before the body was sent (413, 401). A call that
ends in any way but with an answer closes its connection, so it cannot harm the next call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

import httpx

from honeyhive_ext.http.bounds import AnswerBounds
from honeyhive_ext.http.connection import READ, wait
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.protocol import ClientProtocol, Origin, Target, cut_off


class AsyncConnection(asyncio.Protocol):
    """A connection that carries one exchange at a time.

    Args:
        origin: Where it leads.

    Attributes:
        origin: Where it leads.
        idle_since: When the last exchange ended, in seconds of the loop's clock.
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self._protocol = ClientProtocol()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None

    @property
    def usable(self) -> bool:
        """Whether another exchange may begin: the server neither closed the connection nor wrote to it.

        The loop tells this after its next round only, and an application can block it for a long time.
        """
        transport = self._transport
        if transport is None or transport.is_closing() or not self._protocol.idle:
            return False
        return not wait(transport.get_extra_info("socket"), READ, 0.0)

    async def exchange(
        self,
        method: str,
        target: Target,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
    ) -> Answer:
        """Send a request and return its whole answer, decoded.

        Raises:
            httpx.RequestError: The connection broke, or what came is not HTTP or not within its bounds.
        """
        transport = self._transport
        if transport is None:
            raise cut_off()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answer = answer
        answered = False
        try:
            for piece in self._protocol.request(method, target, headers, content, bounds):
                transport.write(memoryview(piece))  # of which asyncio copies no more than it must
            received = await answer
            answered = True
            return received
        finally:
            self._answer = None
            unsent = transport.get_write_buffer_size()
            if not answered or unsent or not self._protocol.next():
                transport.abort()

    def close(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those that nobody asked for close the connection."""
        if self._answer is None or self._answer.done():
            self.close()
            return
        try:
            answer = self._protocol.receive(data)
        except httpx.RequestError as error:
            self._answer.set_exception(error)
        else:
            if answer is not None:
                self._answer.set_result(answer)

    def eof_received(self) -> None:
        """Take the end of the stream, which ends an answer without a length."""
        self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange in progress."""
        if self._answer is not None and not self._answer.done():
            lost = cut_off() if exc is None else httpx.ReadError(str(exc) or type(exc).__name__)
            self._answer.set_exception(lost)
