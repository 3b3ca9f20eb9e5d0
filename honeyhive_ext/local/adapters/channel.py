"""One connection of the socket server: its requests, one after the other, and how it breaks on demand."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterable
from email.utils import formatdate
from http import HTTPStatus
from itertools import chain
from math import inf

from attrs import frozen

from honeyhive_ext.local.adapters.framed import AGAIN, answer_body, answer_fields, answer_rest
from honeyhive_ext.local.adapters.header_fields import malformed
from honeyhive_ext.local.adapters.request_reader import RequestHead, read_body, read_head
from honeyhive_ext.local.adapters.security import check_host
from honeyhive_ext.local.message import Request, RequestRefused, Response, Wire, error_response

IDLE = 75.0  # seconds after which a silent connection is closed
LINGER = 2.0  # seconds of silence after which a connection with an answer is closed for good
DRAIN = (
    256_000_000  # bytes of a refused request that are read and dropped, so that its sender sees the answer
)
_PIECE = 1 << 16
_POLL = 0.1  # seconds between checks whether a client that is kept waiting is still connected
_RESET = struct.pack("ii", 1, 0)  # closing with a linger of zero sends RST instead of FIN
_PHRASES = {int(status): status.phrase for status in HTTPStatus}
_LATE = error_response(408, "the request did not come in time", "REQUEST_TIMEOUT")
_BROKEN = ("reset", "empty", "garbage", "hang")


def answer_head(response: Response, *, closes: bool, chunked: bool = False) -> bytes:
    """Return the status line and the headers of an answer."""
    lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in answer_fields(response)]
    lines.append(f"date: {formatdate(usegmt=True)}")
    if closes:
        lines.append("connection: close")
    if chunked:
        lines.append("transfer-encoding: chunked")
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


SocketHandler = Callable[[Request], Response]


@frozen
class Serving:
    """What all connections of a server share.

    Args:
        allowed: The names that requests may have in their Host header.
        max_body: Returns the largest body in bytes; called for every request.
        stopped: Set once the server stops.
    """

    allowed: Collection[str]
    max_body: Callable[[], int]
    stopped: threading.Event


class _Incoming(io.RawIOBase):
    """What comes from a socket, and since when nothing has come."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self.silent_since = time.monotonic()  # infinite while nobody waits for the client
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self.silent_since = time.monotonic()
        try:
            return self._connection.recv_into(buffer)
        finally:
            self.silent_since = inf


class Channel:
    """One connection.

    Args:
        connection: The socket.
        handle: Answers its requests.
        serving: What it shares with the other connections.

    Attributes:
        slow_since: Since when a request comes from the client or an answer goes to it, on the monotonic
            clock; infinite while a request is carried out.
    """

    def __init__(self, connection: socket.socket, handle: SocketHandler, serving: Serving) -> None:
        self._connection = connection
        self._handle = handle
        self._serving = serving
        self._raw = _Incoming(connection)
        self.slow_since = time.monotonic()
        self._in = io.BufferedReader(self._raw, _PIECE)

    @property
    def silent_since(self) -> float:
        """Since when the server waits for the client, on the monotonic clock; infinite while it does not."""
        return self._raw.silent_since

    def shut(self) -> None:
        """End the connection from another thread. Whatever reads or writes here ends at once."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Answer requests until the connection ends."""
        try:
            self._connection.settimeout(IDLE)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            while self._exchange():
                pass
        except OSError:
            pass  # the client may close the connection at any time
        finally:
            self._connection.close()

    def _exchange(self) -> bool:
        """Answer one request; return whether another can follow."""
        head = None
        self.slow_since = time.monotonic()
        try:
            head = self._head()
            if head is None:
                return False
            request = self._request(head)
        except RequestRefused as refusal:
            self._answer(refusal.response(), head, closes=True)
            return False
        except TimeoutError:
            self._answer(_LATE, head, closes=True)
            return False
        self.slow_since = inf
        response = self._handle(request)
        if response.wait:
            response = self._waited(request, response)
        return self._answer(response, head, closes=head.closes or request.size > 0)

    def _waited(self, request: Request, response: Response) -> Response:
        """Ask again until there is an answer that is worth sending, or the time is over.

        Meanwhile the connection counts as silent, so that it can be closed if others need its place.
        """
        until = time.monotonic() + response.wait
        self._raw.silent_since = time.monotonic()
        while response.wait and (left := until - time.monotonic()) > 0 and not self._serving.stopped.is_set():
            self._connection.settimeout(min(left, AGAIN))
            with contextlib.suppress(TimeoutError):
                if not self._connection.recv(1, socket.MSG_PEEK):
                    raise ConnectionError("the client has gone")
                self._serving.stopped.wait(min(left, AGAIN))  # it has sent its next request already
            response = self._handle(request)
        self._connection.settimeout(IDLE)
        self._raw.silent_since = inf
        return response

    def _head(self) -> RequestHead | None:
        try:
            first = self._in.peek(1)[:1]
        except TimeoutError:
            return None  # between two requests a connection ends without a word
        if first and first < b"!" and first != b"\r":
            raise malformed("this is not HTTP: the URL of this server begins with http://")
        return read_head(self._in.readline)

    def _request(self, head: RequestHead) -> Request:
        check_host(head.fields, self._serving.allowed)
        most = self._serving.max_body()
        if head.expects and (head.length is None or head.length <= most):
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, size = read_body(head, self._in.read, self._in.readline, most)
        return Request(head.method, head.path, body, head.fields, head.query, size)

    def _answer(self, response: Response, head: RequestHead | None, *, closes: bool) -> bool:
        """Send an answer; return whether another request can follow."""
        if response.delay:
            self._serving.stopped.wait(response.delay)
        wire = response.wire
        if wire is not None and wire.kind in _BROKEN:
            self._break(wire)
            return False
        closes = closes or (wire is not None and wire.kind == "truncate")
        method = head.method if head is not None else ""
        self.slow_since = time.monotonic()
        body = answer_body(response, method)
        if response.rest is None or method == "HEAD":
            self._send(answer_head(response, closes=closes), body, wire)
        else:
            pieces = chain([body], answer_rest(response, method))
            self._stream(response, pieces, closes=closes, chunked=head is not None and head.chunks)
        if closes:
            self._linger()
        return not closes

    def _send(self, start: bytes, body: bytes, wire: Wire | None) -> None:
        if wire is not None and wire.kind == "dribble":
            self._write(start)
            self._dribble(body, wire.seconds)
            return
        if wire is not None:
            body = body[: len(body) // 2 if wire.at is None else wire.at]
        if len(body) < _PIECE:
            self._write(start + body)
        else:  # without a copy
            self._write(start)
            self._write(body)

    def _stream(self, response: Response, pieces: Iterable[bytes], *, closes: bool, chunked: bool) -> None:
        """Send an answer of unknown length. Without chunks, the connection's end is its end."""
        self._write(answer_head(response, closes=closes, chunked=chunked))
        try:
            for piece in filter(None, pieces):
                if chunked:
                    self._write(b"%x\r\n" % len(piece))
                self._write(piece)
                if chunked:
                    self._write(b"\r\n")
        except ConnectionResetError:
            self._break(Wire("reset"))
            raise
        if chunked:
            self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        """Send bytes. Each piece, not the whole, has to be taken in time."""
        view = memoryview(data)
        try:
            while view:
                self._raw.silent_since = time.monotonic()
                view = view[self._connection.send(view) :]
        finally:
            self._raw.silent_since = inf

    def _dribble(self, body: bytes, seconds: float) -> None:
        pieces = min(len(body), 20) or 1
        step = -(-len(body) // pieces)
        for at in range(0, len(body), step or 1):
            self._write(body[at : at + step])
            self._serving.stopped.wait(seconds / pieces)

    def _linger(self) -> None:
        """Read what the client still sends.

        To close before that can destroy the answer on its way (RFC 9112, 9.6).
        """
        self._connection.shutdown(socket.SHUT_WR)
        self._connection.settimeout(LINGER)
        until, left, buffer = time.monotonic() + IDLE, DRAIN, bytearray(_PIECE)
        while left > 0 and time.monotonic() < until and (read := self._raw.readinto(buffer)):
            left -= read

    def _break(self, wire: Wire) -> None:
        if wire.kind == "hang":
            self._hang(wire.seconds)
        elif wire.kind == "garbage":
            self._write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        elif wire.kind == "reset":
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _hang(self, seconds: float) -> None:
        """Wait for this many seconds, or until the client disconnects or the server stops."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._serving.stopped.is_set():
            self._connection.settimeout(min(left, _POLL))
            with contextlib.suppress(TimeoutError):
                self._connection.recv(1, socket.MSG_PEEK)
                return
