"""What a sync client sends through: made at first use, once in each process."""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from types import FrameType
from typing import Any, Literal, cast

import httpx

from honeyhive_ext.config.hosts import address_of
from honeyhive_ext.config.scrub import NO_KEYS, Scrub
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.idle import KEEPALIVE, Idle
from honeyhive_ext.http.libraries import HTTPClient, RequestTransport, library_of
from honeyhive_ext.http.proxies import ProxySetting, proxy_for, secrets_of
from honeyhive_ext.http.socket_exchanger import SocketExchanger

LIMITS = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE)

# Names that do not lead into the internet: those that RFC 6761 reserves for tests, and names without a dot,
# which only a private network knows.
NEAR = re.compile(r"[^.:]+|.*\.(localhost|test|invalid|example)")

log = logging.getLogger(__name__)
SendRequest = Callable[[httpx.Request], httpx.Response]


class GivenByCaller:
    """An HTTP client or a transport of the caller's own, and the process that may use it.

    Args:
        http_client: What was given as `http_client=`.
        transport: What was given as `transport=`.
        kind: The class of httpx or httpx2 that `http_client` must have.

    Attributes:
        library: The module of which they are, httpx or httpx2; httpx where none was given.

    Raises:
        ConfigError: Both were given, or the client is of another class.
    """

    def __init__(
        self, http_client: object, transport: object, kind: Literal["Client", "AsyncClient"]
    ) -> None:
        if http_client is not None and transport is not None:
            raise ConfigError(
                "http_client= and transport= contradict each other: make the http_client with the transport"
            )
        if http_client is None:
            base = kind.replace("Client", "BaseTransport")
            self.library: Any = httpx if transport is None else library_of(transport, base) or httpx
        elif (library := library_of(http_client, kind)) is not None:
            self.library = library
        else:
            raise ConfigError(
                f"http_client is a {type(http_client).__name__}: give an httpx.{kind} or an httpx2.{kind}"
            )
        self._client = http_client
        self._transport = transport
        self._pid = 0

    def check_process(self, *, in_flight: bool = False) -> None:
        """Make sure that a forked child shares no connection with its parent.

        Args:
            in_flight: Whether a request was in flight when the process was forked.

        Raises:
            ConfigError: This is a child of the process that used it first, and it cannot begin again here.
        """
        pid = os.getpid()
        if self._pid not in (0, pid) and (in_flight or not self._begin_again()):
            argument = "transport=" if self._client is None else "http_client="
            raise ConfigError(
                f"{argument} was used before this process was forked, so its connections belong to the "
                f"parent too: make a client with a new {argument} in each child, for example in gunicorn's "
                "post_fork or celery's worker_process_init"
            )
        self._pid = pid

    def _begin_again(self) -> bool:
        """Close a child's copies of the parent's connections, where httpx's own transport makes new ones.

        Closing a copy neither ends the parent's connection nor says goodbye over TLS.
        """
        client = self._client
        transports = [self._transport] if client is None else [*_transports_of(client)]
        if not all(type(one) is self.library.HTTPTransport for one in transports):
            return False
        for one in transports:
            cast("httpx.HTTPTransport", one).close()
        return True


def _transports_of(client: object) -> Iterator[object]:
    """Return the transports of a client of httpx, which has no public name for them."""
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
    address = address_of(url.host)
    near = NEAR.fullmatch(url.host) if address is None else address.is_loopback
    if url.scheme == "http" and not near:
        log.warning("base_url is http:// and not a private name: the API key is sent unencrypted")


@contextlib.contextmanager
def socks_explained(variable: str) -> Generator[None]:
    """Raise a ConfigError where a SOCKS proxy is set and the package for it is not installed."""
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"{variable} names a SOCKS proxy, which needs another package: pip install 'httpx[socks]', or "
            "list this host in NO_PROXY"
        ) from error


class _Transport:
    """A transport of httpx to a proxy, used by one request at a time."""

    def __init__(self, transport: httpx.HTTPTransport) -> None:
        self.transport = transport
        self.idle_since = 0.0

    def close(self) -> None:
        """Close its connection."""
        self.transport.close()


class Pool:
    """What a sync client sends through. Thread-safe; a forked child makes its own connections.

    Its own connections are those of `SocketExchanger`. httpx is there for proxies, and where it or its
    transport was given.

    Attributes:
        given: The caller's client of httpx or httpx2, if there is one.
        library: The module whose requests are sent where `direct` returns None: httpx or httpx2.
    """

    def __init__(
        self,
        base_url: str,
        http_client: HTTPClient | None,
        transport: RequestTransport | None,
        clock: Callable[[], float] = time.monotonic,
        scrub: Scrub = NO_KEYS,
        *,
        warn: bool = True,
    ) -> None:
        if warn:
            warn_if_unencrypted(base_url)
        self._given = GivenByCaller(http_client, transport, "Client")
        self.given = http_client
        self.library = self._given.library
        self._base_url = base_url
        self._transport = transport
        self._scrub = scrub
        self._exchanger = SocketExchanger(clock)
        self._proxy: ProxySetting | None = None
        self._made = False
        self._idle: Idle[_Transport] = Idle(clock)
        # By thread, the frame that is inside a request over what was given.
        self._inside: dict[int, FrameType | None] = {}
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether this thread is inside a request that cannot be entered twice."""
        inside = self._inside.get(threading.get_ident())
        if inside is None:
            return False
        # An exception may have kept a frame from being forgotten, so it is looked for on the stack.
        frame = inspect.currentframe()
        while frame is not None and frame is not inside:
            frame = frame.f_back
        return frame is inside  # no variable holds the frame of this function, which would be a cycle

    def direct(self) -> SocketExchanger | None:
        """Return what takes whole requests, or None where they go through httpx.

        Raises:
            ConfigError: Nothing can be sent: after `close`, or with settings that cannot be used.
        """
        if self._closed:
            raise ConfigError("this client is closed: make a new one, or use it inside its `with` block")
        if self.given is not None or self._transport is not None:
            self._given.check_process(in_flight=bool(self._inside))
            self._end_in_time()
            return None
        if not self._made:
            self._make()
        return self._exchanger if self._proxy is None else None

    def _end_in_time(self) -> None:
        """Make the requests end in time over what was given, once."""
        if not self._made:
            from honeyhive_ext.http.timed_streams import end_in_time

            for one in [self._transport] if self.given is None else [*_transports_of(self.given)]:
                end_in_time(one)
            self._made = True

    def _make(self) -> None:
        if self._base_url.startswith("https://"):
            self._exchanger.tls = certificates()
        self._proxy = proxy_for(self._base_url)
        if self._proxy is not None:
            self._scrub.add(*secrets_of(self._proxy.proxy))
            self._idle.keep(self._over(self._proxy))  # a proxy that cannot be used is said here
        self._made = True

    def _over(self, setting: ProxySetting) -> _Transport:
        from honeyhive_ext.http.timed_streams import end_in_time

        verify = self._exchanger.tls or False
        with socks_explained(setting.variable):
            made = httpx.HTTPTransport(verify=verify, limits=LIMITS, proxy=setting.proxy)
        end_in_time(made)
        return _Transport(made)

    @contextlib.contextmanager
    def sending(self, caller: FrameType | None) -> Generator[SendRequest]:
        """Lend what sends one request through httpx and returns its answer, unread.

        Args:
            caller: The frame that sends it.

        Raises:
            httpx.LocalProtocolError: This thread is inside a request already, over what the caller gave.
        """
        if self.given is not None:
            with self._once(caller):
                yield partial(self.given.send, stream=True, follow_redirects=False)
        elif self._transport is not None:
            with self._once(caller):
                yield self._transport.handle_request
        elif self._proxy is not None:
            kept = self._idle.take(lambda _: True) or self._over(self._proxy)
            try:
                yield kept.transport.handle_request
            except httpx.RequestError:
                self._keep(kept)
                raise
            self._keep(kept)  # not after another exception, which may leave httpcore in any state

    def _keep(self, transport: _Transport) -> None:
        if self._closed:
            transport.close()
        else:
            self._idle.keep(transport)

    @contextlib.contextmanager
    def _once(self, caller: FrameType | None) -> Generator[None]:
        """Refuse a request in the middle of another one of its thread: httpcore would wait for itself."""
        if self.busy:
            raise httpx.LocalProtocolError(
                "a signal handler or a finaliser sends while its thread is inside a request over the same "
                "http_client= or transport=, which cannot be entered twice: send from another thread"
            )
        thread = threading.get_ident()
        try:
            self._inside[thread] = caller
            yield
        finally:
            self._inside.pop(thread, None)

    def close(self) -> None:
        """Close the connections, and the transport that was given. A client that was given stays open."""
        self._closed = True
        self._idle.close()
        self._exchanger.close()
        if self._transport is not None:
            self._transport.close()
