"""HTTP/1.1 without I/O: a request becomes bytes, and bytes become an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import h11
import httpx

from honeyhive_ext.config.secrets import Unshown
from honeyhive_ext.http.body import Body
from honeyhive_ext.http.bounds import MAX_HEAD, AnswerBounds, AnswerError, about_headers
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.heads import request_head, usual_head

MAX_INFORMATIONAL = 100  # answers 1xx before the one that counts
ONE_WRITE = 65_536  # bytes; a larger body is not copied behind its headers

_ZONE = re.compile(r"%25[^]]*")
_QUOTED = re.compile(r":? (bytearray\(|b['\"])")


class Origin(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int


class Target(NamedTuple):
    """A URL, taken apart for a request.

    Attributes:
        origin: Where the connection leads.
        path: The path with its query, as the request line has it.
        host: The value of the Host header.
    """

    origin: Origin
    path: bytes
    host: str


def target_of(url: str) -> Target:
    """Take a URL apart.

    >>> target_of("http://[::1]:8080/v1/events?page=1")
    Target(origin=Origin(scheme='http', host='::1', port=8080), path=b'/v1/events?page=1', host='[::1]:8080')

    The zone of an IPv6 address belongs to this machine alone (RFC 6874, 4).

    >>> target_of("http://[fe80::1%25eth0]/v1")
    Target(origin=Origin(scheme='http', host='fe80::1%eth0', port=80), path=b'/v1', host='[fe80::1]')
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host, sent = parts.hostname or "", parts.netloc
    if "%" in host:
        host, sent = host.replace("%25", "%", 1), _ZONE.sub("", sent)
    return Target(Origin(parts.scheme, host, port), path.encode("ascii"), sent)


def tls_name(origin: Origin) -> str:
    """Return the name that the certificate of an origin must have."""
    return origin.host.partition("%")[0]


class ClientProtocol:
    """The protocol of one connection, one exchange after the other.

    `heads.py` reads the head of a usual answer, whose body is so many bytes. h11 reads all other answers,
    from their first byte on.
    """

    def __init__(self) -> None:
        self._h11: h11.Connection | None = None  # reads the answer, unless it is usual
        self._method = ""
        self._bounds: AnswerBounds | None = None
        self._begun: tuple[int, Mapping[str, str], Body] | None = None
        self._missing = 0  # bytes of the body of a usual answer
        self._informational = 0
        self._surplus = False  # whether more came than the answer
        self.idle = True

    def request(
        self,
        method: str,
        target: Target,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
    ) -> list[bytes]:
        """Begin an exchange: return the bytes to write.

        Raises:
            httpx.LocalProtocolError: HTTP does not allow a header or the URL. It shows neither.
        """
        self._bounds, self._method, self.idle = bounds, method, False
        self._h11, self._begun, self._missing, self._informational = None, None, 0, 0
        length = len(content) if content or method != "GET" else None  # RFC 9110, 8.6
        own = Unshown([("Host", target.host), *headers])
        head = request_head(method, target.path, own, length)
        if head is None:
            raise httpx.LocalProtocolError("a header or the URL holds a character that HTTP forbids")
        return [head + content] if len(content) < ONE_WRITE else [head, content]

    def receive(self, data: bytes) -> Answer | None:
        """Take bytes that came, b"" at the end of the stream; return the answer once it is complete.

        Raises:
            httpx.RequestError: The answer is cut off, too large, about another event, too late, or not HTTP.
        """
        if self._h11 is None and self._begun is None:
            head = usual_head(data)
            if head is None:
                self._h11 = _reader(self._method)
            else:
                self._begin(head.status, head.headers, head.length)
                self._missing, data = head.length, data[head.size :]
                return self._take(data)
        if self._h11 is not None:
            return self._read(self._h11, data)
        if not data:
            raise cut_off()
        return self._take(data)

    def _take(self, data: bytes) -> Answer | None:
        """Take bytes of the body of a usual answer."""
        self._surplus = len(data) > self._missing
        if self._surplus:
            data = data[: self._missing]
        self._missing -= len(data)
        self._add(data)
        return None if self._missing else self._answer()

    def _read(self, reader: h11.Connection, data: bytes) -> Answer | None:
        """Take bytes of any other answer."""
        reader.receive_data(data)
        while True:
            event = _next_event(reader)
            if isinstance(event, h11.RemoteProtocolError):
                raise _not_http(event)
            if isinstance(event, h11.Data):
                self._add(event.data)
            elif isinstance(event, h11.Response):
                self._begin_unusual(event)
            elif isinstance(event, h11.EndOfMessage):
                surplus, ended = reader.trailing_data
                done = reader.our_state is reader.their_state is h11.DONE
                self._surplus = bool(surplus) or ended or not done
                return self._answer()
            elif isinstance(event, h11.InformationalResponse):
                self._informational += 1
                if self._informational > MAX_INFORMATIONAL:
                    raise httpx.RemoteProtocolError("the server sends 1xx answers without end")
            elif isinstance(event, h11.ConnectionClosed):
                raise cut_off()
            else:
                return None

    def _begin_unusual(self, response: h11.Response) -> None:
        size, announced = 0, None
        for name, value in response.headers:
            size += len(name) + len(value)
            if name == b"content-length":
                announced = int(value)
        if size > MAX_HEAD:
            raise AnswerError(f"its headers have more than {MAX_HEAD:,} bytes", response.status_code)
        self._begin(response.status_code, httpx.Headers(response.headers.raw_items()), announced)

    def _begin(self, status: int, headers: Mapping[str, str], announced: int | None) -> None:
        if self._bounds is None:
            raise cut_off()
        body = Body(status, headers.get("content-encoding", ""), self._bounds)
        if announced is not None:
            body.announce(announced)
        self._begun = status, headers, body

    def _add(self, data: bytes | bytearray) -> None:
        if self._begun is None or self._bounds is None:
            raise cut_off()
        self._bounds.check_time()  # a piece of a connection can hold many small chunks
        self._begun[2].add(data)

    def _answer(self) -> Answer:
        if self._begun is None or self._bounds is None:
            raise cut_off()
        (status, headers, body), self._begun = self._begun, None
        content = body.whole()
        self._bounds.check(status, content)
        self.idle = not self._surplus
        return Answer(status, headers, content)

    def next(self) -> bool:
        """Make ready for the next exchange; False where the connection must be closed instead."""
        self._h11 = None
        return self.idle


def _reader(method: str) -> h11.Connection:
    """Return what reads the answer to a request."""
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "")]))
    reader.send(h11.EndOfMessage())
    return reader


def _next_event(reader: h11.Connection) -> object:
    """Return h11's next event, or its error. That is raised by nobody, because it can show the key."""
    try:
        return reader.next_event()
    except h11.RemoteProtocolError as error:
        return error


def cut_off() -> httpx.RemoteProtocolError:
    """Return the error of a connection that ended too early."""
    return httpx.RemoteProtocolError("the server closed the connection before the answer was complete")


def _not_http(error: h11.RemoteProtocolError) -> httpx.RequestError:
    """Return h11's error without the bytes that it quotes: a server can repeat the key."""
    text = _QUOTED.split(str(error))[0]
    if "ConnectionClosed" in text:
        return cut_off()
    return about_headers(text) or httpx.RemoteProtocolError(text)
