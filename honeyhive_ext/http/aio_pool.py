"""What an async client sends through: made at first use, for each event loop."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import httpx

from honeyhive_ext.config.scrub import NO_KEYS, Scrub
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.asyncio_exchanger import AsyncioExchanger
from honeyhive_ext.http.exchanger import AsyncExchanger
from honeyhive_ext.http.idle import KEEPALIVE
from honeyhive_ext.http.libraries import AsyncHTTPClient, AsyncRequestTransport, library_of
from honeyhive_ext.http.per_loop import PerLoop
from honeyhive_ext.http.pool import GivenByCaller, certificates, socks_explained, warn_if_unencrypted
from honeyhive_ext.http.proxies import ProxySetting, proxy_for, secrets_of

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEEPALIVE)

AsyncSendRequest = Callable[[httpx.Request], Awaitable[httpx.Response]]


class AsyncPool:
    """Makes and keeps what sends requests, for each event loop, since connections belong to a loop.

    Its own connections are those of `AsyncioExchanger`: httpx sees no answer that comes before the body
    was sent, and httpcore leaves a connection unusable where a request is cancelled (encode/httpcore issues
    830 and 1093). httpx is there for proxies, and where it or its transport was given.

    Attributes:
        given: The caller's async client of httpx or httpx2, if there is one.
        library: The module whose requests are sent where `direct` returns None: httpx or httpx2.
    """

    def __init__(
        self,
        base_url: str,
        http_client: AsyncHTTPClient | None,
        transport: AsyncRequestTransport | None,
        scrub: Scrub = NO_KEYS,
    ) -> None:
        warn_if_unencrypted(base_url)
        self._given = GivenByCaller(http_client, transport, "AsyncClient")
        self.given = http_client
        self.library = self._given.library
        self._base_url = base_url
        self._transport = transport
        self._scrub = scrub
        if secrets := getattr(transport, "secrets", ()):  # what a transport wants to be hidden too
            scrub.add(*secrets)
        # Asked once: to ask a protocol costs more than the rest of this class for a request.
        self._exchanger = transport if isinstance(transport, AsyncExchanger) else None
        self._own: AsyncioExchanger | PerLoop[httpx.AsyncHTTPTransport] | None = None
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    def direct(self) -> AsyncExchanger | None:
        """Return what takes whole requests, or None where they go through httpx.

        Raises:
            ConfigError: Nothing can be sent: after `aclose`, or with settings that cannot be used.
        """
        if self._closed:
            raise ConfigError(
                "this client is closed: make a new one, or use it inside its `async with` block"
            )
        if self._exchanger is not None:
            return self._exchanger  # it keeps connections for each loop and process itself
        if self.given is not None or self._transport is not None:
            self._given.check_process()
            return None
        if self._own is None:
            self._own = self._make()
        return self._own if isinstance(self._own, AsyncioExchanger) else None

    @property
    def may_be_cancelled(self) -> bool:
        """Whether a request may be cancelled: over httpcore it must end by itself."""
        return self._transport is not None and library_of(self._transport, "AsyncHTTPTransport") is None

    async def send(self) -> AsyncSendRequest:
        """Return what sends one request through httpx and returns its answer, unread."""
        if self.given is not None:
            return self._through_client
        if self._transport is not None:
            return self._transport.handle_async_request
        assert isinstance(self._own, PerLoop)  # noqa: S101 - `direct` returned None
        return (await self._own.get()).handle_async_request

    async def _through_client(self, request: httpx.Request) -> httpx.Response:
        assert self.given is not None  # noqa: S101 - asked before
        response: httpx.Response = await self.given.send(request, stream=True, follow_redirects=False)
        return response

    def _make(self) -> AsyncioExchanger | PerLoop[httpx.AsyncHTTPTransport]:
        setting = proxy_for(self._base_url)
        if self._base_url.startswith("https://"):
            self._tls = certificates()
        if setting is None:
            return AsyncioExchanger(self._tls)
        self._scrub.add(*secrets_of(setting.proxy))
        self._over(setting)  # a proxy that cannot be used is said here
        return PerLoop(lambda: self._over(setting), httpx.AsyncHTTPTransport.aclose)

    def _over(self, setting: ProxySetting) -> httpx.AsyncHTTPTransport:
        with socks_explained(setting.variable):
            return httpx.AsyncHTTPTransport(verify=self._tls or False, limits=LIMITS, proxy=setting.proxy)

    async def aclose(self) -> None:
        """Close what this pool made for the running loop, and the transport that was given."""
        self._closed = True
        if self._transport is not None:
            await self._transport.aclose()
        if isinstance(self._own, PerLoop):
            await self._own.close()
        elif self._own is not None:
            await self._own.aclose()
