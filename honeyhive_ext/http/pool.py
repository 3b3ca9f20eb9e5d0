"""What a sync client sends through: made at first use, once in each process."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import httpx

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.proxies import proxy_for

# Events come in bursts with pauses. A connection that is kept for 30 s saves TLS handshakes, and 30 s is
# shorter than the idle timeouts of common load balancers (60 s and more).
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)

# Names that do not lead into the internet: loopback, the names that RFC 6761 reserves for tests, and names
# without a dot, which only a private network knows.
NEAR = re.compile(r"127\.0\.0\.1|::1|[^.:]+|.*\.(localhost|test|invalid|example)")

log = logging.getLogger(__name__)
SendRequest = Callable[[httpx.Request], httpx.Response]
_Given = TypeVar("_Given")


class GivenByCaller(Generic[_Given]):
    """An HTTP client or a transport of the caller's own. It cannot be made again, so a forked child may not
    use it.

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
        self._argument = "http_client=" if http_client is not None else "transport="
        self._pid = 0

    def check_process(self) -> None:
        """Raise a ConfigError in a child of the process that used it first."""
        pid = os.getpid()
        if self._pid not in (0, pid):
            raise ConfigError(
                f"{self._argument} was used before this process was forked, so its connections belong to the "
                f"parent too: make a client with a new {self._argument} in each child, for example in "
                "gunicorn's post_fork or celery's worker_process_init"
            )
        self._pid = pid


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


def _make(base_url: str) -> httpx.BaseTransport:
    """Return a transport of httpx. A client of httpx would add cookies, redirects and logs of its own."""
    setting = proxy_for(base_url)
    verify = certificates() if base_url.startswith("https://") else False
    if setting is None:
        return httpx.HTTPTransport(verify=verify, limits=LIMITS)
    with socks_explained(setting.variable):
        return httpx.HTTPTransport(verify=verify, limits=LIMITS, proxy=setting.proxy)


class _Connections:
    """A transport, and the requests that are in flight on it."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self.transport = transport
        self.in_flight: set[object] = set()
        self.retired = False


class Pool:
    """Makes and keeps what sends requests. Thread-safe; a forked child makes its own.

    It holds no lock of its own. A finaliser or a signal handler may send while its thread is inside httpcore,
    which does hold one; such a request gets a transport of its own.

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
        self._made: dict[
            int, _Connections
        ] = {}  # by process; dict.setdefault lets one of several threads win
        self._inside: set[int] = set()  # threads that are inside a request
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether this thread is inside a request, and a finaliser or a signal handler asks."""
        return threading.get_ident() in self._inside

    def check(self) -> None:
        """Raise a ConfigError where nothing can be sent: the client is closed, or a setting is unusable."""
        if self._closed:
            raise ConfigError("this client is closed: make a new one, or use it inside its `with` block")
        if self.given is not None or self._transport is not None:
            self._given.check_process()
        elif os.getpid() not in self._made:
            self._connections()

    def _connections(self) -> _Connections:
        pid = os.getpid()
        made = self._made.get(pid)
        if made is None:
            if self._made:
                self._inside = set()  # of the parent's threads
            made = self._made.setdefault(pid, _Connections(_make(self._base_url)))
        return made

    @contextlib.contextmanager
    def sending(self) -> Iterator[SendRequest]:
        """Lend what sends one request of this thread and returns its answer, unread.

        An exception that is not httpx's own, such as a Ctrl-C, may leave httpcore in any state. The
        connections are then closed as soon as no other thread uses them, and the next request makes new ones.

        Raises:
            httpx.LocalProtocolError: This thread is inside a request already, over what the caller gave.
        """
        self.check()
        if self.busy:
            with self._nested() as send:
                yield send
            return
        thread = threading.get_ident()
        self._inside.add(thread)
        try:
            if self.given is not None:
                yield self._through_client
            elif self._transport is not None:
                yield self._transport.handle_request
            else:
                with self._in_flight(self._connections()) as send:
                    yield send
        finally:
            self._inside.discard(thread)

    def _through_client(self, request: httpx.Request) -> httpx.Response:
        assert self.given is not None  # noqa: S101 - asked before
        return self.given.send(request, stream=True, follow_redirects=False)

    @contextlib.contextmanager
    def _in_flight(self, made: _Connections) -> Iterator[SendRequest]:
        token = object()
        made.in_flight.add(token)
        try:
            yield made.transport.handle_request
        except httpx.RequestError:
            raise
        except BaseException:
            made.retired = True
            if self._made.get(os.getpid()) is made:
                del self._made[os.getpid()]
            raise
        finally:
            made.in_flight.discard(token)
            if made.retired and not made.in_flight:
                made.transport.close()

    @contextlib.contextmanager
    def _nested(self) -> Iterator[SendRequest]:
        if self.given is not None or self._transport is not None:
            raise httpx.LocalProtocolError(
                "a signal handler or a finaliser sends while its thread is inside a request over the same "
                "http_client= or transport=, which cannot be entered twice: send from another thread"
            )
        transport = _make(self._base_url)
        try:
            yield transport.handle_request
        finally:
            transport.close()

    def close(self) -> None:
        """Close what this pool made and the transport that was given; a client that was given stays open."""
        self._closed = True
        made = self._made.pop(os.getpid(), None)
        if made is not None:
            made.transport.close()
        if self._transport is not None:
            self._transport.close()
