"""`AsyncHoneyHive`: the client for asyncio, with the names of `HoneyHive`."""

from __future__ import annotations

from honeyhive_ext.config.defaults import DEFAULT_CONCURRENCY

# The rest is imported when a client is made: a program that only names the class pays 1 ms, not 100.
from honeyhive_ext.config.unpicklable import Unpicklable

TYPE_CHECKING = False  # type checkers know the name; importing `typing` for it would cost 3 ms
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self, Unpack

    import httpx
    from honeyhive_client.typed_dicts import CreateEventRequestInput

    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.config.secrets import Secret
    from honeyhive_ext.config.settings import OnUnserializable, Redact
    from honeyhive_ext.observe.hooks import OnRequest, OnResponse, OnRetry
    from honeyhive_ext.tracing import AsyncSpan, OnSendError


class AsyncHoneyHive(Unpicklable):
    """The awaitable twin of `HoneyHive`: the same arguments, the same methods, with `await`.

    May be shared between tasks, and used from one `asyncio.run` after another: connections are kept
    for each event loop. Hooks are plain functions; `http_client` is an `httpx.AsyncClient` and
    `transport` an `httpx.AsyncBaseTransport`, such as `honeyhive_ext.transports.AiohttpTransport`.
    Everything else is as `HoneyHive` describes it, and there is one argument more:

    Args:
        coalesce: Let creations that run at once, in tasks of one event loop, share requests; each still
            waits for its own event and gets its own result or error. What one loop turn creates goes out
            as one batch, up to `max_concurrency` requests at a time. Calls with their own `retry=` or
            `timeout=` go alone. Default False.

    >>> AsyncHoneyHive(api_key="hh_123", base_url="http://127.0.0.1:8080")
    AsyncHoneyHive(base_url='http://127.0.0.1:8080')
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        ingestion_api_key: str | Secret | None = None,
        base_url: str | None = None,
        source: str | None = None,
        timeout: float | None = None,
        retry: RetryPolicy | bool | None = None,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        on_unserializable: OnUnserializable = "raise",
        redact: Redact | None = None,
        on_request: OnRequest | None = None,
        on_response: OnResponse | None = None,
        on_retry: OnRetry | None = None,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        coalesce: bool = False,
    ) -> None:
        from honeyhive_ext.client.aio_sessions import AsyncSessions
        from honeyhive_ext.client.coalesce import build_events
        from honeyhive_ext.config.secrets import secret
        from honeyhive_ext.config.settings import build_settings
        from honeyhive_ext.http.sender import AsyncSender
        from honeyhive_ext.observe.hooks import Observer

        # From here on no frame holds a bare key, so a traceback with local variables shows none.
        api_key, ingestion_api_key = secret(api_key), secret(ingestion_api_key)
        settings = build_settings(
            api_key=api_key,
            ingestion_api_key=ingestion_api_key,
            base_url=base_url,
            source=source,
            timeout=timeout,
            retry=retry,
            max_concurrency=max_concurrency,
            on_unserializable=on_unserializable,
            redact=redact,
        )
        self._sender = AsyncSender(
            settings,
            http_client=http_client,
            transport=transport,
            observer=Observer(on_request, on_response, on_retry),
        )
        self.events, self._drain = build_events(self._sender, coalesce=coalesce)
        self.sessions = AsyncSessions(self._sender)

    def session(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> AsyncSpan:
        """A block, `async with`, or decorator, that is one session, as `HoneyHive.session`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh, hh.session("support chat") as session:
        ...         step = await hh.events.create("tool", event_name="search")
        ...         session.outputs = {"resolved": True}
        >>> asyncio.run(main())
        """
        from honeyhive_ext.tracing import AsyncSpan, SpanOptions, session_fields

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            retry=retry,
            timeout=timeout,
        )
        return AsyncSpan(
            self.events.create, self._sender.settings.events, name, session_fields(fields), options
        )

    def span(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> AsyncSpan:
        """A block, `async with`, or decorator, that is one step, as `HoneyHive.span`.

        It decorates coroutine functions and async generator functions; a plain function cannot wait for
        its event to be sent, and is refused with ConfigError.
        """
        from honeyhive_ext.tracing import AsyncSpan, SpanOptions

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            retry=retry,
            timeout=timeout,
        )
        return AsyncSpan(self.events.create, self._sender.settings.events, name, fields, options)

    async def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        await self._drain()
        await self._sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        sender = getattr(self, "_sender", None)  # a traceback may show a client that was never finished
        return f"{type(self).__name__}(base_url={sender and sender.settings.base_url!r})"
