"""One HTTP/1.1 connection of an event loop: h11 knows the protocol, asyncio the socket.

It reads while it writes, so it sees an answer that comes before the body was sent (413, 401). A call that
ends in any way but with an answer closes its connection, so it cannot harm the next call.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import cast

import h11
import httpx

from honeyhive_ext.http.exchange import Answer

MAX_HEAD = 65_536  # bytes of headers
MAX_INFORMATIONAL = 100  # answers 1xx before the one that counts
ONE_WRITE = 65_536  # bytes; a larger body is not copied behind its headers

_CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's wbits


class Connection(asyncio.Protocol):
    """A connection that carries one exchange at a time.

    Attributes:
        idle_since: The loop's time, in seconds, when the last exchange ended.
    """

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._response: h11.Response | None = None
        self._body: list[bytes] = []
        self._informational = 0

    @property
    def usable(self) -> bool:
        """Whether another exchange may begin."""
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and self._answer is None
            and self._http.our_state is h11.IDLE
        )

    async def exchange(
        self, method: str, target: bytes, headers: Sequence[tuple[str, str]], content: bytes
    ) -> Answer:
        """Send a request and return its whole answer, decoded.

        Raises:
            httpx.RequestError: The connection broke, or what came is not HTTP.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._response, self._body, self._informational = None, [], 0
        answered = False
        try:
            if not self._write(method, target, headers, content):
                raise httpx.LocalProtocolError(
                    "a header or the URL holds characters that HTTP does not allow"
                )
            received = await answer
            answered = True
            return received
        finally:
            self._answer = None
            self._end(answered=answered)

    def _write(self, method: str, target: bytes, headers: Sequence[tuple[str, str]], content: bytes) -> bool:
        """Write a request; False where HTTP does not allow it. What h11 says of it would show the key."""
        transport = self._transport
        if transport is None:
            return False
        try:
            head = self._http.send(h11.Request(method=method, target=target, headers=[*headers]))
            if content:
                self._http.send_with_data_passthrough(h11.Data(data=content))
            self._http.send(h11.EndOfMessage())
        except h11.LocalProtocolError:
            return False
        if len(content) < ONE_WRITE:
            transport.write((head or b"") + content)
        else:
            transport.write(head or b"")
            transport.write(content)
        return True

    def _end(self, *, answered: bool) -> None:
        """Make ready for the next exchange, or close."""
        transport = self._transport
        if transport is None:
            return
        ended = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        surplus, _ = self._http.trailing_data
        if answered and ended and not surplus and not transport.get_write_buffer_size():
            self._http.start_next_cycle()
        else:
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
        self._http.receive_data(data)
        self._advance()

    def eof_received(self) -> None:
        """Take the end of the stream, which ends an answer without a length."""
        if self._answer is not None and not self._answer.done():
            self._http.receive_data(b"")
            self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange in progress."""
        self._fail(httpx.ReadError(str(exc) or type(exc).__name__) if exc else _cut())

    def _advance(self) -> None:
        try:
            while self._answer is not None and not self._answer.done():
                event = self._http.next_event()
                if isinstance(event, h11.Data):
                    self._body.append(bytes(event.data))
                elif isinstance(event, h11.Response):
                    self._response = event
                    if sum(len(name) + len(value) for name, value in event.headers) > MAX_HEAD:
                        self._fail(httpx.RemoteProtocolError("the answer's headers are too large"))
                elif isinstance(event, h11.EndOfMessage):
                    self._succeed()
                elif isinstance(event, h11.InformationalResponse):
                    self._informational += 1
                    if self._informational > MAX_INFORMATIONAL:
                        self._fail(httpx.RemoteProtocolError("too many 1xx answers"))
                elif isinstance(event, h11.ConnectionClosed):
                    self._fail(_cut())
                else:
                    return
        except h11.RemoteProtocolError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))

    def _succeed(self) -> None:
        response = self._response
        if response is None or self._answer is None:
            return
        headers = httpx.Headers(response.headers.raw_items())
        try:
            content = decoded(b"".join(self._body), headers.get("content-encoding", ""))
        except httpx.DecodingError as error:
            self._fail(error)
            return
        self._answer.set_result(Answer(response.status_code, headers, content))

    def _fail(self, error: httpx.RequestError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _cut() -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError("the server closed the connection before the answer was complete")


def decoded(content: bytes, coding: str) -> bytes:
    """Return a body without its content coding (RFC 9110, 8.4).

    Raises:
        httpx.DecodingError: The coding is not one that was asked for, or the body is not in it.

    >>> import gzip
    >>> decoded(gzip.compress(b"{}"), "gzip")
    b'{}'
    """
    coding = coding.strip().lower()
    if coding in ("", "identity") or not content:
        return content
    wbits = _CODINGS.get(coding)
    if wbits is None:
        raise httpx.DecodingError(f"the answer has the content coding {coding!r}, which was not asked for")
    if coding == "deflate" and content[0] & 0x0F != 8:  # no zlib header: raw deflate, as some servers send it
        wbits = -15
    try:
        pieces: list[bytes] = []
        while content:
            unpacker = zlib.decompressobj(wbits)
            pieces.append(unpacker.decompress(content) + unpacker.flush())
            if not unpacker.eof:
                raise httpx.DecodingError("the compressed answer ends early")
            content = unpacker.unused_data.lstrip(b"\0")
        return b"".join(pieces)
    except zlib.error as error:
        raise httpx.DecodingError(str(error)) from error
