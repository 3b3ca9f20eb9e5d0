"""One connection of a thread.

It reads while it writes, so it sees an answer that comes before the body was sent (413, 401). Its socket does
not block: all waiting is done by `wait`, so no time limit that a signal handler raises is taken for one of
the network.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from collections.abc import Iterable

import httpx

from honeyhive_ext.http.addresses import HostAddress, in_turn, name_of, none_of
from honeyhive_ext.http.bounds import AnswerBounds, Deadline
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.failures import is_of_the_network, tls_cause
from honeyhive_ext.http.protocol import ClientProtocol, Origin, Target, tls_name

PIECE = 65_536  # bytes read at a time
READ, WRITE = 1, 2
_IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK)
_AGAIN = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """A connection that carries one exchange at a time.

    Args:
        origin: Where it leads.
        tls: The TLS context for https://.
        end: When the connection must be there.

    Raises:
        httpx.ConnectError: There is no connection.
        httpx.ConnectTimeout: There was none in time.

    Attributes:
        origin: Where it leads.
        idle_since: When the last exchange ended, in seconds of its exchanger's clock.
    """

    def __init__(self, origin: Origin, tls: ssl.SSLContext | None, end: Deadline) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self._protocol = ClientProtocol()
        try:
            self._socket = _connect(origin, end)
            try:
                if origin.scheme == "https":
                    self._socket = _encrypt(self._socket, tls, tls_name(origin), end)
            except BaseException:
                self._socket.close()
                raise
        except OSError as error:
            if not is_of_the_network(error):
                raise
            made, cause = (
                httpx.ConnectError(str(error) or type(error).__name__),
                tls_cause(error, origin.scheme),
            )
        else:
            return
        raise made from cause

    @property
    def open(self) -> bool:
        """Whether the connection was kept open after its exchange."""
        return self._socket.fileno() >= 0

    @property
    def usable(self) -> bool:
        """Whether another exchange may begin: the server neither closed the connection nor wrote to it."""
        return self._protocol.idle and not wait(self._socket, READ, 0.0)

    def exchange(
        self,
        method: str,
        target: Target,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
    ) -> Answer:
        """Send a request and return its whole answer, decoded. Close the connection in every other case.

        Raises:
            httpx.RequestError: The connection broke, or what came is not HTTP or not within its bounds.
        """
        answered = False
        try:
            answer, sent = self._exchange(method, target, headers, content, bounds)
            answered = sent
            return answer
        finally:
            if not answered or not self._protocol.next():
                self.close()

    def _exchange(
        self,
        method: str,
        target: Target,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
    ) -> tuple[Answer, bool]:
        """Return the answer, and whether the whole request was sent."""
        pieces = self._protocol.request(method, target, headers, content, bounds)
        unsent = [memoryview(piece) for piece in pieces]
        refused: httpx.WriteError | None = None
        while True:
            if unsent:
                refused = self._write(unsent)
            if not self._ready(READ | (WRITE if unsent else 0), bounds):
                raise httpx.ReadTimeout("the answer did not end in time")
            bounds.check_time()
            data = self._read()
            if data is None:
                continue
            if refused is not None and not data:
                raise refused
            answer = self._protocol.receive(data)
            if answer is not None:
                return answer, not unsent and refused is None

    def _ready(self, wanted: int, end: Deadline) -> bool:
        """Wait until the socket can be read or written; False where the time was up before."""
        buffered = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        return bool(buffered) or wait(self._socket, wanted, end.left())

    def _write(self, unsent: list[memoryview]) -> httpx.WriteError | None:
        """Write what the socket takes now. What a server refuses is left out: its answer may be there."""
        try:
            sent = self._socket.send(unsent[0])
        except _AGAIN:
            return None
        except OSError as error:
            if not is_of_the_network(error):
                raise
            unsent.clear()
            return httpx.WriteError(str(error))
        unsent[0] = unsent[0][sent:]
        if not unsent[0]:
            del unsent[0]
        return None

    def _read(self) -> bytes | None:
        """Read what is there: b"" at the end of the stream, None if nothing is there yet."""
        try:
            return self._socket.recv(PIECE)
        except _AGAIN:
            return None
        except OSError as error:
            if not is_of_the_network(error):
                raise
            if isinstance(error, ssl.SSLEOFError):
                return b""
            reason = str(error) or type(error).__name__
        raise httpx.ReadError(reason)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def _connect(origin: Origin, end: Deadline) -> socket.socket:
    """Connect to the first address of the origin that answers."""
    found = socket.getaddrinfo(name_of(origin), origin.port, type=socket.SOCK_STREAM)
    failed = none_of(origin)
    for one in in_turn(found):
        try:
            return _reach(one, end.left() * one.share)
        except OSError as error:
            if not is_of_the_network(error):
                raise
            failed = error
    if failed.errno == errno.ETIMEDOUT and end.left() <= 0:
        raise httpx.ConnectTimeout("no connection in time")
    raise failed


def _reach(one: HostAddress, seconds: float) -> socket.socket:
    sock = socket.socket(one.family, one.kind, one.protocol)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(one.address)
        if code in _IN_PROGRESS:
            waited = wait(sock, WRITE, seconds)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if waited else errno.ETIMEDOUT
        if code:
            raise OSError(code, os.strerror(code))  # noqa: TRY301 - it closes the socket like all others
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _encrypt(sock: socket.socket, tls: ssl.SSLContext | None, host: str, end: Deadline) -> ssl.SSLSocket:
    context = tls or ssl.create_default_context()
    encrypted = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while (wanted := _shake_hands(encrypted)) and wait(encrypted, wanted, end.left()):
            pass
    except BaseException:
        encrypted.close()
        raise
    if not wanted:
        return encrypted
    encrypted.close()
    raise httpx.ConnectTimeout("no TLS connection in time")


def _shake_hands(sock: ssl.SSLSocket) -> int:
    """Continue the TLS handshake. Return what to wait for, or 0 when it is over."""
    try:
        sock.do_handshake()
    except ssl.SSLWantReadError:
        return READ
    except ssl.SSLWantWriteError:
        return WRITE
    return 0


def wait(sock: socket.socket, wanted: int, seconds: float) -> bool:
    """Wait until a socket can be read or written; False where the time was up before."""
    seconds = max(0.0, seconds)
    if not hasattr(select, "poll"):  # Windows
        reading, writing = [sock] if wanted & READ else [], [sock] if wanted & WRITE else []
        return any(select.select(reading, writing, [], seconds))
    poll = select.poll()
    poll.register(sock, (select.POLLIN if wanted & READ else 0) | (select.POLLOUT if wanted & WRITE else 0))
    return bool(poll.poll(seconds * 1000))
