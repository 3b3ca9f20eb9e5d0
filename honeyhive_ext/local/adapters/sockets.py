"""The socket adapter: HTTP/1.1 on threads. It can break a connection in every way that a network can."""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from honeyhive_ext.local.adapters.security import check_host
from honeyhive_ext.local.message import Request, RequestRefused, Response, Wire, error_response

IDLE = 75.0  # seconds after which a silent connection is closed
DRAIN = 256_000_000  # bytes of a refused body that are read and dropped, so that the client sees the answer
_CHUNK = 1 << 16
_POLL = 0.1  # seconds between checks whether a client that is kept waiting is still connected
_END = 0.5  # seconds that `stop` gives the accepting thread
_LINGER = struct.pack("ii", 1, 0)


SocketHandler = Callable[[Request], Response]


class _BadBodyError(Exception):
    """A body whose length is not known."""


class SocketServer:
    """Listens on one port or more, and answers each connection on its own thread.

    Args:
        handle: Answers the requests of the first port.
        host: The address to listen on.
        port: The first port; 0 lets the system choose a free one.
        allowed: The names that requests may have in their Host header.
        max_body: Returns the largest body in bytes; called for every request.
    """

    def __init__(
        self,
        handle: SocketHandler,
        *,
        host: str,
        port: int,
        allowed: Collection[str],
        max_body: Callable[[], int],
    ) -> None:
        self.allowed = allowed
        self.max_body = max_body
        self.stopped = threading.Event()
        self.connections: dict[socket.socket, SocketHandler] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._host = host
        self._used: set[int] = set()
        first = self._bound(port)
        self.port: int = first.getsockname()[1]
        self._listening = {self.port: first}
        self._selector = selectors.DefaultSelector()
        self._wakes, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._selector.register(first, selectors.EVENT_READ, handle)
        self._accepting = threading.Thread(target=self._accept, name="honeyhive-local", daemon=True)
        self._accepting.start()

    def _bound(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, port), family=family, backlog=256)
        if (given := listening.getsockname()[1]) in self._used:
            with listening:  # closed only when another port has been found
                return self._bound(port)
        self._used.add(given)
        listening.setblocking(False)  # a connection may be closed before it is accepted
        return listening

    def listen(self, handle: SocketHandler) -> int:
        """Listen on one more port, which was never given before, and return it; `handle` answers there."""
        listening = self._bound(0)
        port: int = listening.getsockname()[1]
        with self._lock:
            self._listening[port] = listening
            self._selector.register(listening, selectors.EVENT_READ, handle)
        self._wakes.send(b"+")
        return port

    def close(self, port: int) -> None:
        """Stop listening on one port. Connections to it stay open."""
        with self._lock:
            listening = self._listening.pop(port)
            self._selector.unregister(listening)
            listening.close()

    def _accept(self) -> None:
        with self._selector, self._woken:
            while not self.stopped.is_set():
                for key, _ in self._selector.select():
                    if key.data is None:
                        self._woken.recv(1)
                    else:
                        self._accept_from(key.fileobj, key.data)  # type: ignore[arg-type]

    def _accept_from(self, listening: socket.socket, handle: SocketHandler) -> None:
        try:
            connection, address = listening.accept()
        except OSError:
            return  # the connection was closed before it was accepted, or the server has stopped
        thread = threading.Thread(target=self._serve, args=(connection, address), daemon=True)
        with self._lock:  # `stop` sees both the connection and its thread, or neither
            if self.stopped.is_set():
                connection.close()
                return
            self.connections[connection] = handle
            self._threads.add(thread)
            thread.start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            # The client may close the connection at any time.
            with contextlib.suppress(OSError):
                _Handler(connection, address, self)  # type: ignore[arg-type]  # it needs no socketserver.BaseServer
        finally:
            connection.close()
            with self._lock:
                del self.connections[connection]
                self._threads.discard(threading.current_thread())

    def stop(self) -> None:
        """Close the listening sockets and every connection, and wait for their threads."""
        with self._lock:
            self.stopped.set()
            self._wakes.close()  # this wakes the accepting thread
            for listening in self._listening.values():
                listening.close()
            connections, threads = list(self.connections), list(self._threads)
        self._accepting.join(_END)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5.0)


class _Handler(BaseHTTPRequestHandler):
    """One connection. The library reads the request line and the headers, and bounds both."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # unbuffered writes are many times slower
    timeout = IDLE
    server: SocketServer  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        # The library looks for do_GET, do_POST, ...; the core decides about every method.
        if name.startswith("do_"):
            return self._exchange
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Do nothing: the core keeps the log."""

    def version_string(self) -> str:
        return "honeyhive-local"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the library's own refusals as JSON."""
        self.close_connection = True
        self.request_version = (
            self.protocol_version
        )  # otherwise a bad request line gets an answer without a status line
        self._send(error_response(code, message or "bad request", "BAD_REQUEST"))

    def _exchange(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        most = self.server.max_body()
        try:
            body, size = self._body(headers, most)
        except _BadBodyError as problem:
            self.close_connection = True
            self._send(error_response(400, str(problem), "BAD_REQUEST"))
            return
        path, _, query = self.path.partition("?")
        try:
            check_host(headers, self.server.allowed)
        except RequestRefused as refusal:
            self._send(refusal.response())
            return
        request = Request(self.command, unquote(path), body, headers, query, size)
        self._send(self.server.connections[self.connection](request))

    def _body(self, headers: dict[str, str], most: int) -> tuple[bytes, int]:
        """Return the body, and its size if it was too large to keep."""
        length = headers.get("content-length")
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].strip().lower() != "chunked" or length is not None:
                raise _BadBodyError("Transfer-Encoding must be chunked, without a Content-Length")
            return self._chunked(most)
        if length is None:
            return b"", 0
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            raise _BadBodyError("Content-Length must be a number")
        size = int(length)
        if size > most:
            self._drop(min(size, DRAIN))
            self.close_connection = self.close_connection or size > DRAIN
            return b"", size
        return self.rfile.read(size), 0

    def _drop(self, size: int) -> None:
        while size > 0:
            read = len(self.rfile.read(min(size, _CHUNK)))
            if not read:
                return
            size -= read

    def _chunked(self, most: int) -> tuple[bytes, int]:
        parts: list[bytes] = []
        total = 0
        while True:
            line = self.rfile.readline(1024)
            digits = line.split(b";")[0].strip()
            try:
                size = int(digits, 16) if digits.isalnum() and len(digits) < 16 else -1
            except ValueError:
                size = -1
            if size < 0:
                raise _BadBodyError("a chunk's size must be a number")
            if size == 0:
                while self.rfile.readline(_CHUNK) not in (b"\r\n", b"\n", b""):
                    pass
                return (b"", total) if total > most else (b"".join(parts), 0)
            total += size
            if total > most:
                if total > DRAIN:
                    raise _BadBodyError("the body is too large")
                parts.clear()
                self._drop(size)
            else:
                parts.append(self.rfile.read(size))
            self.rfile.readline(8)

    def _send(self, response: Response) -> None:
        if response.delay:
            self.server.stopped.wait(response.delay)
        wire = response.wire
        if wire is not None and wire.kind in ("reset", "empty", "garbage", "hang"):
            self._break(wire)
            return
        try:
            phrase = self.responses[response.status][0]
        except KeyError:
            phrase = "Status"  # a status that the library does not know, such as 520
        self.send_response_only(response.status, phrase)
        for name, value in response.header_list():
            self.send_header(name, value)
        self.send_header("date", self.date_time_string())
        self.send_header("content-length", str(len(response.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        body = b"" if self.command == "HEAD" else response.body
        if wire is None:
            self.wfile.write(body)
        elif wire.kind == "truncate":
            self.wfile.write(body[: len(body) // 2 if wire.at is None else wire.at])
            self.close_connection = True
        else:
            self._dribble(body, wire.seconds)
        self.wfile.flush()

    def _dribble(self, body: bytes, seconds: float) -> None:
        pieces = min(len(body), 20) or 1
        step = -(-len(body) // pieces)
        for at in range(0, len(body), step or 1):
            self.wfile.write(body[at : at + step])
            self.wfile.flush()
            self.server.stopped.wait(seconds / pieces)

    def _hang(self, seconds: float) -> None:
        """Wait for this many seconds, or until the client disconnects or the server stops."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.server.stopped.wait(min(left, _POLL)):
            if select.select([self.connection], [], [], 0)[0]:
                return

    def _break(self, wire: Wire) -> None:
        self.close_connection = True
        if wire.kind == "hang":
            self._hang(wire.seconds)
        elif wire.kind == "garbage":
            self.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            self.wfile.flush()
        elif wire.kind == "reset":
            # Closing with a linger of zero sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            self.connection.close()
