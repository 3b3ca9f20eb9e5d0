"""`AsyncHoneyHive`: the client for asyncio, with the names of `HoneyHive`."""

from __future__ import annotations

import honeyhive_ext.config.fork_imports  # noqa: F401  # pyright: ignore[reportUnusedImport]
from honeyhive_ext.config.defaults import DEFAULT_CONCURRENCY, MAX_ANSWER_BYTES

# The rest is imported when a client is made, so that a program that only names the class starts fast.
from honeyhive_ext.config.unpicklable import Unpicklable

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self, Unpack

    from honeyhive_client.typed_dicts import CreateEventRequestInput

    from honeyhive_ext.background.background_options import Background
    from honeyhive_ext.background.stats import BackgroundStats, FlushReport
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.config.secrets import Secret
    from honeyhive_ext.config.settings import OnUnserializable, Redact
    from honeyhive_ext.http.libraries import AsyncHTTPClient, AsyncRequestTransport
    from honeyhive_ext.observe.hooks import OnRequest, OnResponse, OnRetry
    from honeyhive_ext.tracing import AsyncSpan, OnSendError, Reduce


class AsyncHoneyHive(Unpicklable):
    """A client of the HoneyHive events API, for asyncio. It has the names of `HoneyHive`, with `await`.

    A client may be shared between tasks, and used in one `asyncio.run` after another: it keeps connections
    for each event loop. Its arguments are those of `HoneyHive`, except the following. Hooks are plain
    functions, as there.

    Args:
        http_client: Your own `httpx.AsyncClient` or `httpx2.AsyncClient`, with its proxies, limits and
            headers. You close it.
        transport: An `AsyncBaseTransport` of httpx or httpx2, which the client closes;
            such as `honeyhive_ext.transports.AiohttpTransport`.
        coalesce: Let creations that run at the same time, in tasks of one event loop, share requests. Each
            still waits for its own event, and gets its own answer or error. At most `max_concurrency`
            requests are in flight. A creation with its own `retry=` or `timeout=` is sent alone. Default
            False.

    Attributes:
        events: The operations on events, see `AsyncEvents`.
        sessions: The operations on sessions, see `AsyncSessions`.

    Raises:
        ConfigError: A setting is missing or malformed; the message names it and what to write.

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
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        on_unserializable: OnUnserializable = "raise",
        redact: Redact | None = None,
        on_request: OnRequest | None = None,
        on_response: OnResponse | None = None,
        on_retry: OnRetry | None = None,
        background: Background | bool = True,
        http_client: AsyncHTTPClient | None = None,
        transport: AsyncRequestTransport | None = None,
        coalesce: bool = False,
    ) -> None:
        import weakref

        from honeyhive_ext.client.aio_sessions import AsyncSessions
        from honeyhive_ext.client.coalesce import build_events
        from honeyhive_ext.client.later_async import FlushingAsyncSender, build_later
        from honeyhive_ext.client.recording import AsyncSpans
        from honeyhive_ext.config.secrets import secret
        from honeyhive_ext.config.settings import build_settings
        from honeyhive_ext.observe.hooks import Observer

        # From here on no frame holds a bare key: a traceback with local variables cannot show one.
        api_key, ingestion_api_key = secret(api_key), secret(ingestion_api_key)
        settings = build_settings(
            api_key=api_key,
            ingestion_api_key=ingestion_api_key,
            base_url=base_url,
            source=source,
            timeout=timeout,
            retry=retry,
            max_concurrency=max_concurrency,
            max_answer_bytes=max_answer_bytes,
            on_unserializable=on_unserializable,
            redact=redact,
        )
        observer = Observer(on_request, on_response, on_retry)
        self._sender = FlushingAsyncSender(
            settings, http_client=http_client, transport=transport, observer=observer
        )
        self.events, self._finish = build_events(self._sender, coalesce=coalesce)
        self.sessions = AsyncSessions(self._sender)
        self._later = build_later(
            background,
            self._sender,
            self.events.observed_limit,
            on_its_loop=http_client is not None or transport is not None,
        )
        self._spans = AsyncSpans(self._sender, self.events.create, self._later)
        self.events.later = self._sender.later = self._later
        weakref.finalize(self, self._later.abandon).atexit = False

    def session(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        reduce: Reduce | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        resume: bool = False,
        **fields: Unpack[CreateEventRequestInput],
    ) -> AsyncSpan:
        """Make a session, for `async with` or as a decorator; see `HoneyHive.session`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh, hh.session("support chat") as session:
        ...         step = await hh.events.create("tool", event_name="search")
        ...         session.outputs = {"resolved": True}
        >>> asyncio.run(main())
        """
        from honeyhive_ext.tracing import SpanOptions, session_fields

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            reduce=reduce,
            retry=retry,
            timeout=timeout,
            resume=resume,
        )
        return self._spans.made(name, session_fields(fields, resume=resume), options)

    def span(
        self,
        name: str | None = None,
        /,
        *,
        on_error: OnSendError = "log",
        capture_inputs: bool | Collection[str] = True,
        capture_outputs: bool = True,
        reduce: Reduce | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> AsyncSpan:
        """Make a span, for `async with` or as a decorator; see `HoneyHive.span`.

        It decorates coroutine functions and async generator functions. Any other function raises ConfigError,
        since it cannot await the sending of its event.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         @hh.span(event_type="tool")
        ...         async def search(query):
        ...             return ["docs/sending.md"]
        ...         async with hh.span("answer") as span:
        ...             span.outputs = {"read": await search("sending")}
        >>> asyncio.run(main())
        """
        from honeyhive_ext.tracing import SpanOptions

        options = SpanOptions(
            on_error=on_error,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            reduce=reduce,
            retry=retry,
            timeout=timeout,
        )
        return self._spans.made(name, fields, options)

    async def flush(self, timeout: float = 30.0) -> FlushReport:  # noqa: ASYNC109 - as for `HoneyHive`
        """Send the queued events, and wait until each is delivered or lost; see `HoneyHive.flush`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         event_id = hh.events.enqueue("tool", event_name="search")
        ...         return await hh.flush()
        >>> asyncio.run(main()).success
        True
        """
        from honeyhive_ext.http.threads import in_free_thread

        return await in_free_thread(self._later.flush, timeout)

    def stats(self) -> BackgroundStats:
        """Return the counts of what became of the queued events of this client; see `HoneyHive.stats`."""
        return self._later.stats()

    async def close(self, timeout: float = 5.0) -> FlushReport:  # noqa: ASYNC109 - as for `HoneyHive`
        """Send the queued events, and close the connections; see `HoneyHive.close`."""
        from honeyhive_ext.client.later_async import close_all

        return await close_all(self._finish, self._later, self._sender, timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        sender = getattr(self, "_sender", None)  # a traceback may show a client whose __init__ raised
        return f"{type(self).__name__}(base_url={sender and sender.settings.base_url!r})"
