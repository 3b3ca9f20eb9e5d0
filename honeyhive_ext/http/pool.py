"""The connections of a HoneyHive client: made at first use, once for each process and event loop."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import ssl
import threading
import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar
from urllib.request import getproxies

import httpx

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.exchanger import AsyncExchanger

if TYPE_CHECKING:
    import asyncio

# Events come in bursts with pauses. A connection that is kept for 30 s saves TLS handshakes, and 30 s is
# shorter than the idle timeouts of common load balancers (60 s and more).
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)

# The same for asyncio: as many clients, each with one connection; see `AsyncPool`.
MAX_CONNECTIONS = 100
CONNECTION_LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30.0)

# Names that do not lead into the internet: loopback, the names that RFC 6761 reserves for tests, and names
# without a dot, which only a private network knows.
NEAR = re.compile(r"127\.0\.0\.1|::1|[^.:]+|.*\.(localhost|test|invalid|example)")

PROXIES = frozenset({"http", "https", "all"})  # urllib's names of the settings that httpx reads too

log = logging.getLogger(__name__)
_Given = TypeVar("_Given")


def _one_of(http_client: _Given | None, transport: object, kind: type[_Given]) -> _Given | None:
    if http_client is not None and transport is not None:
        raise ConfigError(
            "http_client= and transport= contradict each other: make the http_client with the transport"
        )
    if http_client is not None and not isinstance(http_client, kind):
        raise ConfigError(f"http_client is a {type(http_client).__name__}: give an httpx.{kind.__name__}")
    return http_client


def _certificates(base_url: str, transport: object) -> ssl.SSLContext | None:
    """Return the machine's certificates, if they are needed, because loading them takes long.

    A base_url with http:// needs none, and neither does a transport that was given.
    """
    if transport is not None or not base_url.startswith("https://"):
        return None
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"the certificates cannot be loaded ({error}): check SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error


def _checked(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"base_url is not a URL that can be called: {error}") from error
    if url.scheme == "http" and not NEAR.fullmatch(url.host):
        log.warning("base_url is http:// and not a private name: the API key is sent unencrypted")
    return base_url


@contextlib.contextmanager
def _proxy_settings() -> Generator[None]:
    """Name the proxy settings that cannot be used: httpx reads them when a client is made."""
    try:
        yield
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"the proxy settings cannot be used ({error}): check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
        ) from error


class Pool:
    """The connections of a sync client. Thread-safe; a forked child makes its own.

    They belong to a transport of httpx. An `httpx.Client` on top of it makes each request slower, for
    features that this package does not use: cookies, redirects and logs. So there is one only if proxies
    are configured, or if the user gave the client or its transport.
    """

    def __init__(
        self, base_url: str, http_client: httpx.Client | None, transport: httpx.BaseTransport | None
    ) -> None:
        self.given = _one_of(http_client, transport, httpx.Client)
        self._base_url = _checked(base_url)
        self._transport = transport
        self._made: httpx.Client | httpx.HTTPTransport | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self._closed = False

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, unread. No redirect is followed."""
        sender = self.get()
        if isinstance(sender, httpx.HTTPTransport):
            return sender.handle_request(request)
        return sender.send(request, stream=True, follow_redirects=False)

    def get(self) -> httpx.Client | httpx.HTTPTransport:
        """Return the object that sends requests.

        Raises:
            ConfigError: The pool is closed, or the certificates or proxy settings cannot be used.
        """
        if self._closed:
            raise ConfigError("this client is closed: make a new one, or use it inside its `with` block")
        if self.given is not None:
            return self.given
        if self._made is not None and self._pid == os.getpid():
            return self._made
        with self._lock:
            if self._made is None or self._pid != os.getpid():
                if self._made is not None:
                    _FORKED.append(self._made)
                self._made = self._make()
                self._pid = os.getpid()
            return self._made

    def _make(self) -> httpx.Client | httpx.HTTPTransport:
        verify = _certificates(self._base_url, self._transport) or False
        if self._transport is None and not PROXIES & getproxies().keys():
            return httpx.HTTPTransport(verify=verify, limits=LIMITS)
        with _proxy_settings():
            return httpx.Client(verify=verify, limits=LIMITS, transport=self._transport)

    def close(self) -> None:
        """Close the connections that this pool made. A client that was given stays open."""
        self._closed = True
        if self._made is not None and self._pid == os.getpid():
            self._made.close()


class AsyncPool:
    """The connections of an asyncio client, for each event loop, because connections belong to a loop.

    There are many `httpx.AsyncClient`s with one connection each. One client with many connections looks
    through all its requests in flight whenever one begins or ends, which is slow. Calls one after the other
    stay on one connection.
    """

    def __init__(
        self,
        base_url: str,
        http_client: httpx.AsyncClient | None,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.given = _one_of(http_client, transport, httpx.AsyncClient)
        self._base_url = _checked(base_url)
        self._transport = transport
        self._direct = transport if isinstance(transport, AsyncExchanger) else None
        self._made: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Connection]] = (
            weakref.WeakKeyDictionary()
        )
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    def direct(self) -> AsyncExchanger | None:
        """Return the transport if it takes whole requests, else None.

        Raises:
            ConfigError: The pool is closed.
        """
        self._check_open()
        return self._direct

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigError(
                "this client is closed: make a new one, or use it inside its `async with` block"
            )

    def get(self) -> Connection:
        """Return a connection of the running loop that is free, or the least busy one.

        Raises:
            ConfigError: The pool is closed, or the certificates or proxy settings cannot be used.
        """
        self._check_open()
        connections = self._made.setdefault(_running_loop(), [])
        for connection in connections:
            if not connection.busy:
                return connection
        if not connections or (
            len(connections) < MAX_CONNECTIONS and self.given is None and self._transport is None
        ):
            connections.append(Connection(self.given or self._make()))
            return connections[-1]
        return min(connections, key=_busy)

    def _make(self) -> httpx.AsyncClient:
        self._tls = self._tls or _certificates(self._base_url, self._transport)
        with _proxy_settings():
            return httpx.AsyncClient(
                verify=self._tls or False, limits=CONNECTION_LIMITS, transport=self._transport
            )

    async def aclose(self) -> None:
        """Close the running loop's connections that this pool made. A client that was given stays open."""
        self._closed = True
        if self._direct is not None and self._transport is not None:
            await self._transport.aclose()
        for connection in self._made.pop(_running_loop(), []):
            if connection.http is not self.given:
                await connection.http.aclose()


def _running_loop() -> asyncio.AbstractEventLoop:
    import asyncio  # here, because a program without an event loop starts faster without it

    return asyncio.get_running_loop()


class Connection:
    """One `httpx.AsyncClient`, and how many requests it has in flight. Use `with connection as http`."""

    __slots__ = ("busy", "http")

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.busy = 0

    def __enter__(self) -> httpx.AsyncClient:
        self.busy += 1
        return self.http

    def __exit__(self, *exc: object) -> None:
        self.busy -= 1


def _busy(connection: Connection) -> int:
    return connection.busy


# A child must not close its parent's connections, because TLS would tell the service that they end.
_FORKED: list[httpx.Client | httpx.HTTPTransport] = []
