"""Makes the spans and sessions of a client, and gives each the ways on which its event is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.client.deferring import SpanEvents
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.http import operations as calls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from honeyhive_ext.client.deferring import DeferringSender
    from honeyhive_ext.client.later import Later
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.http.sender import AsyncSender, Sender
    from honeyhive_ext.tracing import AsyncSpan, Span, SpanOptions


class Spans(Unpicklable):
    """Makes the spans of `HoneyHive`."""

    def __init__(self, sender: DeferringSender, create: Callable[..., Any], later: Later) -> None:
        self._settings = sender.settings.events
        self._later = later
        self._create = SpanEvents(sender, create).create
        self._resume = SpanEvents(sender, Resuming(sender).create).create

    def made(self, name: str | None, fields: Mapping[str, Any], options: SpanOptions) -> Span:
        """Return a span."""
        from honeyhive_ext.client.elsewhere import SpanElsewhere
        from honeyhive_ext.tracing import Span

        if options.resume:
            return Span(self._resume, self._settings, name, fields, options, None, self._later.resumptions)
        return Span(self._create, self._settings, name, fields, options, SpanElsewhere, self._later.spans)


class AsyncSpans(Unpicklable):
    """Makes the spans of `AsyncHoneyHive`."""

    def __init__(self, sender: AsyncSender, create: Callable[..., Any], later: Later) -> None:
        self._settings = sender.settings.events
        self._later = later
        self._create = create
        self._resume = AsyncResuming(sender).create

    def made(self, name: str | None, fields: Mapping[str, Any], options: SpanOptions) -> AsyncSpan:
        """Return a span."""
        from honeyhive_ext.client.elsewhere import AsyncSpanElsewhere
        from honeyhive_ext.tracing import AsyncSpan

        settings, later = self._settings, self._later
        if options.resume:
            return AsyncSpan(self._resume, settings, name, fields, options, None, later.resumptions)
        return AsyncSpan(self._create, settings, name, fields, options, AsyncSpanElsewhere, later.spans)


class Resuming(Unpicklable):
    """Sends the two requests that resume a session, and waits; see `payload/resumption.py`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self, *, retry: RetryPolicy | bool | None = None, timeout: float | None = None, **fields: Any
    ) -> None:
        """Start or continue the session of a block that has ended."""
        content, call = calls.resumption(fields, self._sender.settings)
        reply = self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        self._sender.send(calls.resumed(content, reply), retry=retry, timeout=timeout)


class AsyncResuming(Unpicklable):
    """The same for `AsyncHoneyHive`."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def create(
        self,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Any,
    ) -> None:
        """Start or continue the session of a block that has ended."""
        content, call = calls.resumption(fields, self._sender.settings)
        reply = await self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        await self._sender.send(calls.resumed(content, reply), retry=retry, timeout=timeout)
