"""`AiohttpTransport`: aiohttp below the asyncio client. Needs the extra `fast-async`."""

from __future__ import annotations

import io
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import lru_cache
from typing import Any

import httpx

from honeyhive_ext.config.scrub import Scrub
from honeyhive_ext.config.secrets import Secret, Unshown
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.body import Body
from honeyhive_ext.http.bounds import MAX_HEAD, AnswerBounds, about_headers, malformed_headers
from honeyhive_ext.http.connection import READ, wait
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.failures import tls_cause
from honeyhive_ext.http.per_loop import PerLoop
from honeyhive_ext.http.proxies import proxy_at, secrets_of

try:
    import aiohttp
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from yarl import URL
except ImportError as error:
    raise ConfigError(
        "AiohttpTransport needs aiohttp: install it with pip install 'honeyhive-ext[fast-async]'"
    ) from error

GRACE = 0.1  # seconds; time for connecting, if that is late, to raise its own error first
KEPT_URLS = 16
SWITCHING_PROTOCOLS = 101
LARGE = 1_000_000  # bytes; aiohttp writes a larger body in pieces if it is a file, and the loop continues


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Send requests with aiohttp: for programs that keep many requests in flight on one event loop.

    `AsyncHoneyHive` costs less without it; docs/performance.md says when it is useful. It works below any
    `httpx.AsyncClient` too, and for several event loops, one after the other or at once. It reads no proxy
    and no netrc from the environment, because aiohttp does that in a thread for every request, which is slow.

    Args:
        max_connections: How many connections may be open at a time. More calls wait. Default 100.
        keepalive_expiry: Seconds that an idle connection is kept. Default 30.
        proxy: The URL of an HTTP proxy; None for a direct connection. Default None.
        verify: Your own SSL context; None for the one that httpx makes (certifi, or SSL_CERT_FILE). Default
            None.

    Attributes:
        secrets: The user and the password of the proxy, which no error of a client may show.

    Raises:
        ConfigError: aiohttp is not installed (the import raises this), or `proxy` is not the URL of an HTTP
            proxy. The message shows no password.

    >>> import asyncio
    >>> from honeyhive_ext import AsyncHoneyHive
    >>> async def main():
    ...     async with AsyncHoneyHive("hh_...", transport=AiohttpTransport(max_connections=64)) as hh:
    ...         return (await hh.events.create("tool", event_name="look up")).success
    >>> asyncio.run(main())
    True
    """

    def __init__(
        self,
        *,
        max_connections: int = 100,
        keepalive_expiry: float = 30.0,
        proxy: str | None = None,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._keepalive_expiry = keepalive_expiry
        # No frame holds the bare URL, which can have a password, when this raises.
        self._proxy, proxy = None if proxy is None else Secret(proxy), None
        self.secrets = () if self._proxy is None else secrets_of(_checked(self._proxy))
        self._scrub = Scrub(*self.secrets)
        self._tls = verify
        self._urls: dict[str, URL] = {}
        self._sessions = PerLoop(self._make_session, aiohttp.ClientSession.close)

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
    ) -> Answer:
        """Send a request and return its whole answer, decoded; see `AsyncExchanger`."""
        return await self._exchange(method, url, headers, content, bounds)

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
        left_out: Sequence[str] | None = None,
        *,
        decode: bool = True,
    ) -> Answer:
        """Send a request and return its whole answer.

        `left_out` names headers that aiohttp must not add. None is faster than an empty list.
        """
        target = self._url(url)
        data = content if len(content) <= LARGE else io.BytesIO(content)
        try:
            response = await (await self._sessions.get()).request(
                method,
                target,
                data=data or None,
                headers=headers,
                skip_auto_headers=left_out,
                timeout=_timeout(bounds.limit),
                proxy=None if self._proxy is None else self._proxy.reveal(),
                allow_redirects=False,
                ssl=self._context(target),
            )
            return await _read(response, bounds, decode=decode)
        except (aiohttp.ClientError, TimeoutError) as error:
            made, cause = _as_httpx(error, self._scrub), _cause(error, target)
        except ValueError:  # what a header says is taken for a number, or for text of another encoding
            made, cause = malformed_headers(), None
        raise made from cause  # outside of `except`, or aiohttp's error would be its context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request of an `httpx.AsyncClient`; httpx calls this."""
        content = await request.aread()
        given = request.extensions.get("timeout", {})
        limits = [given.get(phase) for phase in ("connect", "read", "write", "pool")]
        limit = min((seconds for seconds in limits if seconds is not None), default=3600.0)
        headers = Unshown(pair for pair in request.headers.multi_items() if pair[0] not in _OWN_HEADERS)
        left_out = () if "Content-Type" in request.headers else ("Content-Type",)
        answer = await self._exchange(
            request.method, str(request.url), headers, content, AnswerBounds(limit), left_out, decode=False
        )
        # httpx decodes it. The body is whole already, so headers that describe its transfer are wrong now.
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _TRANSFER]
        return httpx.Response(answer.status, headers=kept, stream=_Whole(answer.content))

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._sessions.close()

    def _url(self, text: str) -> URL:
        """Return the URL of a str. Parsing one is slow, so the first ones, those without ids, are kept."""
        url = self._urls.get(text)
        if url is None:
            url = URL(text, encoded=True)
            if len(self._urls) < KEPT_URLS:
                self._urls[text] = url
        return url

    def _make_session(self) -> aiohttp.ClientSession:
        connector = _Connector(limit=self._max_connections, keepalive_timeout=self._keepalive_expiry)
        # aiohttp decodes without a bound.
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_Response,
            max_line_size=MAX_HEAD,
            max_field_size=MAX_HEAD,
        )
        # Or aiohttp sends some requests again by itself, where `retry=` says once and hooks see one attempt.
        session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
        return session

    def _context(self, url: URL) -> ssl.SSLContext | bool:
        """Return what verifies a server. The certificates are loaded at the first URL that needs them."""
        if self._tls is None and url.scheme == "https":
            self._tls = httpx.create_ssl_context()
        return True if self._tls is None else self._tls


@lru_cache(maxsize=16)
def _timeout(limit: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=limit + GRACE, connect=limit)


_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_TRANSFER = frozenset({"content-length", "transfer-encoding"})


class _Connector(aiohttp.TCPConnector):
    """Takes no idle connection on which the server wrote something: it would be taken for the next answer."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> Connection:
        for _ in range(self.limit):
            connection = await super().connect(req, traces, timeout)
            protocol, transport = connection.protocol, connection.transport
            if protocol is None or transport is None or not protocol.should_close:
                sock = None if transport is None else transport.get_extra_info("socket")
                if sock is None or not wait(sock, READ, 0.0):
                    return connection
            connection.close()
        raise aiohttp.ServerDisconnectedError("the server writes before it is asked")


class _Response(aiohttp.ClientResponse):
    """Remembers its connection, which it gives back when its last byte comes: it may have to be closed."""

    protocol: ResponseHandler | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        self.protocol = connection.protocol
        return await super().start(connection)


class _Whole(httpx.AsyncByteStream):
    """The body of an answer that was read already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


async def _read(response: aiohttp.ClientResponse, bounds: AnswerBounds, *, decode: bool) -> Answer:
    """Read an answer to its end, which gives the connection back. Close it in every other case."""
    answered = False
    try:
        if response.status == SWITCHING_PROTOCOLS:
            raise httpx.RemoteProtocolError("the server switches to another protocol")
        coding = ", ".join(response.headers.getall("Content-Encoding", ())) if decode else ""
        body = Body(response.status, coding, bounds)
        if response.content_length is not None:
            body.announce(response.content_length)
        async for piece in response.content.iter_any():
            body.add(piece)
        content = body.whole()
        bounds.check(response.status, content)
        answered = True
        return Answer(response.status, response.headers, content)
    finally:
        if not answered:
            response.close()
            if isinstance(response, _Response) and response.protocol is not None:
                response.protocol.close()  # it was given back when its last byte came


def _cause(error: Exception, url: URL) -> Exception | None:
    """Return the cause of the error that is raised, or None where it would hold the request's headers.

    An error of aiohttp about a connection holds the proxy with its password; the error behind it does not.

    If the TLS handshake was cut, asyncio says only "reset", so an error that names the handshake replaces it.
    """
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError)):
        return None  # it can hold the headers of the answer
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    if isinstance(error, aiohttp.ClientConnectorError):
        return tls_cause(error.os_error, url.scheme)
    return error


def _as_httpx(error: aiohttp.ClientError | TimeoutError, scrub: Scrub) -> httpx.RequestError:
    """Return the error of httpx that means the same as one of aiohttp."""
    text = scrub.text(str(error))
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout(text)
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout(text)
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ClientProxyConnectionError)):
        return httpx.ConnectError(text)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return httpx.ProxyError(f"{error.status} {scrub.text(error.message)}")
    if isinstance(error, aiohttp.ClientResponseError):
        # Its first lines say what is wrong, and the others quote what came.
        said = " ".join(error.message.partition("\n\n")[0].split()).rstrip(":")
        return about_headers(said) or httpx.RemoteProtocolError(said)
    if isinstance(error, aiohttp.ServerDisconnectedError):  # its message may be the beginning of the answer
        early = "the server closed the connection before the answer was complete"
        return httpx.RemoteProtocolError(text if isinstance(error.message, str) else early)
    if isinstance(error, aiohttp.ClientPayloadError):
        return httpx.RemoteProtocolError(text)
    return httpx.ReadError(text)


def _checked(url: Secret) -> httpx.Proxy:
    proxy = proxy_at(url)
    if proxy is None or proxy.url.scheme not in ("http", "https"):
        raise ConfigError("proxy= is not the URL of an HTTP proxy: write http://HOST:PORT")
    return proxy
