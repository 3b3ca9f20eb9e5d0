"""`AiohttpTransport`: aiohttp below the asyncio client. Needs the extra `fast-async`."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterable, Sequence
from functools import lru_cache

import httpx

from honeyhive_ext.config.scrub import Scrub
from honeyhive_ext.config.secrets import Secret, Unshown
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.failures import tls_cause
from honeyhive_ext.http.per_loop import PerLoop
from honeyhive_ext.http.proxies import proxy_at, secrets_of

try:
    import aiohttp
    from yarl import URL
except ImportError as error:
    raise ConfigError(
        "AiohttpTransport needs aiohttp: install it with pip install 'honeyhive-ext[fast-async]'"
    ) from error

GRACE = 0.1  # seconds; time for connecting, if that is late, to raise its own error first
KEPT_URLS = 16
LARGE = 1_000_000  # bytes; aiohttp writes a larger body in pieces if it is a file, and the loop continues


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Send requests with aiohttp: for programs that keep many requests in flight on one event loop.

    With `AsyncHoneyHive(transport=...)` it is much faster than httpx if many requests are in flight;
    docs/performance.md has the figures. It works below any `httpx.AsyncClient` too, and for several event
    loops, one after the other or at once. It reads no proxy and no netrc from the environment, because
    aiohttp does that in a thread for every request, which is slow.

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
        self, method: str, url: str, headers: Iterable[tuple[str, str]], content: bytes, limit: float
    ) -> Answer:
        """Send a request and return its whole answer; see `AsyncExchanger`."""
        return await self._exchange(method, url, headers, content, limit)

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        limit: float,
        left_out: Sequence[str] | None = None,
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
                timeout=_timeout(limit),
                proxy=None if self._proxy is None else self._proxy.reveal(),
                allow_redirects=False,
                ssl=self._context(target),
            )
            # Reading to the end gives the connection back, and failing closes it: no `async with`.
            return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            made, cause = _as_httpx(error, self._scrub), _cause(error, target)
        raise made from cause  # outside of `except`, or aiohttp's error would be its context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request of an `httpx.AsyncClient`; httpx calls this."""
        content = await request.aread()
        given = request.extensions.get("timeout", {})
        limits = [given.get(phase) for phase in ("connect", "read", "write", "pool")]
        limit = min((seconds for seconds in limits if seconds is not None), default=3600.0)
        headers = Unshown(pair for pair in request.headers.multi_items() if pair[0] not in _OWN_HEADERS)
        left_out = () if "Content-Type" in request.headers else ("Content-Type",)
        answer = await self._exchange(request.method, str(request.url), headers, content, limit, left_out)
        # The body is decoded already, so headers that describe its encoded form are wrong now.
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _ENCODED]
        return httpx.Response(answer.status, headers=kept, content=answer.content)

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
        connector = aiohttp.TCPConnector(
            limit=self._max_connections, keepalive_timeout=self._keepalive_expiry
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def _context(self, url: URL) -> ssl.SSLContext | bool:
        """Return what verifies a server. The certificates are loaded at the first URL that needs them."""
        if self._tls is None and url.scheme == "https":
            self._tls = httpx.create_ssl_context()
        return True if self._tls is None else self._tls


@lru_cache(maxsize=16)
def _timeout(limit: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=limit + GRACE, connect=limit)


_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_BROKEN = (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)
_ENCODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def _cause(error: Exception, url: URL) -> Exception | None:
    """Return the cause of the error that is raised, or None where it would hold the request's headers.

    An error of aiohttp about a connection holds the proxy with its password; the error behind it does not.

    If the TLS handshake was cut, asyncio says only "reset", so an error that names the handshake replaces it.
    """
    if isinstance(error, aiohttp.ClientResponseError):
        return None
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
        return httpx.RemoteProtocolError(" ".join(error.message.partition("\n\n")[0].split()).rstrip(":"))
    if isinstance(error, _BROKEN):
        return httpx.RemoteProtocolError(text)
    return httpx.ReadError(text)


def _checked(url: Secret) -> httpx.Proxy:
    proxy = proxy_at(url)
    if proxy is None or proxy.url.scheme not in ("http", "https"):
        raise ConfigError("proxy= is not the URL of an HTTP proxy: write http://HOST:PORT")
    return proxy
