"""What a sync client sends through: made at first use, once in each process."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, cast

import httpx

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.proxies import proxy_for

# Events come in bursts with pauses. A connection that is kept for 30 s saves TLS handshakes, and 30 s is
# shorter than the idle timeouts of common load balancers (60 s and more).
KEEPALIVE = 30.0
LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE)

# Names that do not lead into the internet: loopback, the names that RFC 6761 reserves for tests, and names
# without a dot, which only a private network knows.
NEAR = re.compile(r"127\.0\.0\.1|::1|[^.:]+|.*\.(localhost|test|invalid|example)")

log = logging.getLogger(__name__)
SendRequest = Callable[[httpx.Request], httpx.Response]
_Given = TypeVar("_Given")


class GivenByCaller(Generic[_Given]):
    """An HTTP client or a transport of the caller's own, and the process that may use it.

    Args:
        http_client: What was given as `http_client=`.
        transport: What was given as `transport=`.
        kind: The class that `http_client` must have.

    Raises:
        ConfigError: Both were given, or the client is of another class.
    """

    def __init__(self, http_client: _Given | None, transport: object, kind: type[_Given]) -> None:
        if http_client is not None and transport is not None:
            raise ConfigError(
                "http_client= and transport= contradict each other: make the http_client with the transport"
            )
        if http_client is not None and not isinstance(http_client, kind):
            raise ConfigError(f"http_client is a {type(http_client).__name__}: give an httpx.{kind.__name__}")
        self.http_client = http_client
        self._transport = transport
        self._pid = 0

    def check_process(self, *, in_flight: bool = False) -> None:
        """Make sure that a forked child shares no connection with its parent.

        Args:
            in_flight: Whether a request was in flight when the process was forked.

        Raises:
            ConfigError: This is a child of the process that used it first, and it cannot begin anew here.
        """
        pid = os.getpid()
        if self._pid not in (0, pid) and (in_flight or not self._begin_anew()):
            argument = "transport=" if self.http_client is None else "http_client="
            raise ConfigError(
                f"{argument} was used before this process was forked, so its connections belong to the "
                f"parent too: make a client with a new {argument} in each child, for example in gunicorn's "
                "post_fork or celery's worker_process_init"
            )
        self._pid = pid

    def _begin_anew(self) -> bool:
        """Close a child's copies of the parent's connections, where httpx's own transport makes new ones.

        Closing a copy neither ends the parent's connection nor says goodbye over TLS.
        """
        client = self.http_client
        transports = [self._transport] if client is None else [*_transports_of(client)]
        if not all(type(one) is httpx.HTTPTransport for one in transports):
            return False
        for one in transports:
            cast("httpx.HTTPTransport", one).close()
        return True


def _transports_of(client: object) -> Iterator[object]:
    """Return the transports of an httpx.Client, which has no public name for them."""
    yield getattr(client, "_transport", None)
    yield from (one for one in getattr(client, "_mounts", {}).values() if one is not None)


def certificates() -> ssl.SSLContext:
    """Return a TLS context with the machine's certificates.

    Raises:
        ConfigError: They cannot be loaded.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"the certificates cannot be loaded ({error}): check SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error


def warn_if_unencrypted(base_url: str) -> None:
    """Log a warning where the API key would leave the machine unencrypted."""
    url = httpx.URL(base_url)
    if url.scheme == "http" and not NEAR.fullmatch(url.host):
        log.warning("base_url is http:// and not a private name: the API key is sent unencrypted")


@contextlib.contextmanager
def socks_explained(variable: str) -> Iterator[None]:
    """Raise a ConfigError where a SOCKS proxy is set and the package for it is not installed."""
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"{variable} names a SOCKS proxy, which needs another package: pip install 'httpx[socks]', or "
            "list this host in NO_PROXY"
        ) from error


class _Connection:
    """A transport of httpx that keeps one connection, and is used by one thread at a time."""

    def __init__(self, transport: httpx.HTTPTransport) -> None:
        self.transport = transport
        self.idle_since = 0.0

    def drop(self) -> None:
        """Close the connection without httpcore's pool, whose lock an exception may have left locked."""
        for connection in getattr(getattr(self.transport, "_pool", None), "connections", ()):
            connection.close()


class Pool:
    """The connections of a sync client. Thread-safe; a forked child makes its own.

    Each request has a connection to itself, and a transport of httpx around it. No lock is shared between
    threads, so neither a finaliser or a signal handler that sends in the middle of a request, nor an
    exception that leaves httpcore in an odd state, can stop another request.

    Attributes:
        given: The `httpx.Client` of the caller, if there is one.
    """

    def __init__(
        self, base_url: str, http_client: httpx.Client | None, transport: httpx.BaseTransport | None
    ) -> None:
        warn_if_unencrypted(base_url)
        self._given = GivenByCaller(http_client, transport, httpx.Client)
        self.given = self._given.http_client
        self._base_url = base_url
        self._transport = transport
        self._proxy: httpx.Proxy | None = None
        self._tls: ssl.SSLContext | None = None
        self._idle: dict[int, deque[_Connection]] = {}  # by process
        self._inside: set[int] = set()  # threads that are inside a request over what was given
        self._closed = False

    def check(self) -> None:
        """Raise a ConfigError where nothing can be sent: the client is closed, or a setting is unusable."""
        if self._closed:
            raise ConfigError("this client is closed: make a new one, or use it inside its `with` block")
        if self.given is not None or self._transport is not None:
            self._given.check_process(in_flight=bool(self._inside))
        elif self._tls is None:
            setting = proxy_for(self._base_url)
            encrypted = self._base_url.startswith("https://")
            tls = certificates() if encrypted else httpx.create_ssl_context(verify=False)
            if setting is not None:
                self._proxy = setting.proxy
                with socks_explained(setting.variable):
                    httpx.HTTPTransport(verify=tls, proxy=setting.proxy)
            self._tls = tls

    @contextlib.contextmanager
    def sending(self) -> Iterator[SendRequest]:
        """Lend what sends one request of this thread and returns its answer, unread.

        Raises:
            ConfigError: Nothing can be sent.
            httpx.LocalProtocolError: This thread is inside a request already, over what the caller gave.
        """
        self.check()
        if self.given is not None:
            with self._once():
                yield self._through_client
        elif self._transport is not None:
            with self._once():
                yield self._transport.handle_request
        else:
            connection = self._take()
            try:
                yield connection.transport.handle_request
            except httpx.RequestError:
                self._keep(connection)
                raise
            except BaseException:
                connection.drop()
                raise
            else:
                self._keep(connection)

    def _through_client(self, request: httpx.Request) -> httpx.Response:
        assert self.given is not None  # noqa: S101 - asked before
        return self.given.send(request, stream=True, follow_redirects=False)

    @contextlib.contextmanager
    def _once(self) -> Iterator[None]:
        """Refuse a request in the middle of another one of its thread: httpcore would wait for itself."""
        thread = threading.get_ident()
        if thread in self._inside:
            raise httpx.LocalProtocolError(
                "a signal handler or a finaliser sends while its thread is inside a request over the same "
                "http_client= or transport=, which cannot be entered twice: send from another thread"
            )
        self._inside.add(thread)
        try:
            yield
        finally:
            self._inside.discard(thread)

    def _take(self) -> _Connection:
        try:
            return self._idle.setdefault(os.getpid(), deque()).pop()
        except IndexError:
            return _Connection(
                httpx.HTTPTransport(verify=self._tls or True, limits=LIMITS, proxy=self._proxy)
            )

    def _keep(self, connection: _Connection) -> None:
        """Keep a connection for the next request, and close one that was idle for too long."""
        if self._closed:
            connection.transport.close()
            return
        idle = self._idle.setdefault(os.getpid(), deque())
        now = connection.idle_since = time.monotonic()
        idle.append(connection)
        with contextlib.suppress(IndexError):  # another thread may take it meanwhile
            if now - idle[0].idle_since > KEEPALIVE:
                idle.popleft().transport.close()

    def close(self) -> None:
        """Close the connections, and the transport that was given. A client that was given stays open."""
        self._closed = True
        idle = self._idle.get(os.getpid(), deque())
        while idle:
            idle.pop().transport.close()
        if self._transport is not None:
            self._transport.close()
