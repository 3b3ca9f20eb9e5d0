"""The awaitable twins of `resources.py`: the same names, the same arguments, the same answers."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Unpack
from uuid import UUID

from honeyhive_client.models import (
    CreateEventRequest,
    CreateEventResponse,
    CreateSessionResponse,
    Event,
    EventType,
    SessionProperties,
)
from honeyhive_client.typed_dicts import (
    CreateEventRequestInput,
    CreateSessionRequestInput,
    SessionPropertiesInput,
    UpdateEventRequestInput,
)

from honeyhive_ext import calls
from honeyhive_ext.batch.intake import BatchEvent
from honeyhive_ext.batch.options import OnError, build_options
from honeyhive_ext.batch.plan import MAX_BYTES, MAX_EVENTS, SizeLimit
from honeyhive_ext.batch.report import BatchReport, Progress
from honeyhive_ext.batch.run import create_batch_async as run_batch_async
from honeyhive_ext.retry import RetryPolicy
from honeyhive_ext.transport import AsyncSender


class AsyncEvents:
    """Create, update and read events."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
        self._learnt = SizeLimit()  # of the bodies of batches, by 413 answers

    async def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | None = None,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Unpack[CreateEventRequestInput],
    ) -> CreateEventResponse:
        """Record one event, as `Events.create` does.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         return await hh.events.create("tool", event_name="search", inputs={"query": "traces"})
        >>> asyncio.run(main()).success
        True
        """
        event_id, call = calls.creation(event, fields, self._sender.settings)
        reply = await self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.created(event_id, reply)

    async def get(
        self,
        event_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
    ) -> Event:
        """Read one event by its id, as `Events.get` does."""
        return calls.read(await self._sender.send(calls.reading(event_id), retry=retry, timeout=timeout))

    async def update(
        self,
        event: Event | CreateEventResponse | Mapping[str, Any] | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Unpack[UpdateEventRequestInput],
    ) -> None:
        """Add to an event that exists, as `Events.update` does."""
        await self._sender.send(
            calls.changing(event, fields, self._sender.settings), retry=retry, timeout=timeout
        )

    async def create_batch(
        self,
        events: Iterable[BatchEvent] | AsyncIterable[BatchEvent],
        /,
        *,
        single_session: bool = False,
        session_properties: SessionPropertiesInput | SessionProperties | Mapping[str, Any] | None = None,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        max_concurrency: int | None = None,
        on_error: OnError = "raise",
        progress: bool | Progress = False,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
    ) -> BatchReport:
        """Record any number of events in few requests, as `Events.create_batch` does.

        `events` may be an async iterable too. Cancelling leaves the report on the `CancelledError`, where
        `batch.report_of` finds it.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         return await hh.events.create_batch({"event_type": "tool"} for _ in range(3))
        >>> len(asyncio.run(main()).event_ids)
        3
        """
        options = build_options(
            self._sender.settings,
            self._learnt,
            single_session=single_session,
            session_properties=session_properties,
            max_events=max_events,
            max_bytes=max_bytes,
            max_concurrency=max_concurrency,
            on_error=on_error,
            retry=retry,
            timeout=timeout,
        )
        return await run_batch_async(self._sender, events, options, progress)


class AsyncSessions:
    """Create sessions, the roots of traces."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
        self._learnt = SizeLimit()  # of the bodies of batches, by 413 answers

    async def create(
        self,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Unpack[CreateSessionRequestInput],
    ) -> CreateSessionResponse:
        """Start a session, or add to the one that has this `session_id`, as `Sessions.create` does."""
        session_id, call = calls.session_creation(fields, self._sender.settings)
        reply = await self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.session_created(session_id, reply)

    async def create_event_batch(
        self,
        session_id: str | UUID,
        events: Iterable[BatchEvent] | AsyncIterable[BatchEvent],
        /,
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        max_concurrency: int | None = None,
        on_error: OnError = "raise",
        progress: bool | Progress = False,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
    ) -> BatchReport:
        """Record any number of events in one session, as `Sessions.create_event_batch` does."""
        options = build_options(
            self._sender.settings,
            self._learnt,
            session_id=session_id,
            max_events=max_events,
            max_bytes=max_bytes,
            max_concurrency=max_concurrency,
            on_error=on_error,
            retry=retry,
            timeout=timeout,
        )
        return await run_batch_async(self._sender, events, options, progress)
