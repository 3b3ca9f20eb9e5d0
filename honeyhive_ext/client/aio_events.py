"""`hh.events` of `AsyncHoneyHive`: the names and arguments of `Events`, with `await`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS
from honeyhive_ext.client.enqueuing import Enqueuing
from honeyhive_ext.config.defaults import MOST_A_PAGE
from honeyhive_ext.http import operations as calls
from honeyhive_ext.payload.times import now_ms

# Batches and searches are imported when one begins, so that a program that creates events starts sooner.
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
    from typing import Any, Unpack
    from uuid import UUID

    from honeyhive_client.models import (
        CreateEventRequest,
        CreateEventResponse,
        EventType,
        SessionProperties,
    )
    from honeyhive_client.typed_dicts import (
        CreateEventRequestInput,
        SessionPropertiesInput,
        UpdateEventRequestInput,
    )

    from honeyhive_ext.batch.intake import BatchEvent
    from honeyhive_ext.batch.options import OnError
    from honeyhive_ext.batch.report import BatchReport
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.filters.condition import FilterLike
    from honeyhive_ext.http.sender import AsyncSender
    from honeyhive_ext.observe.progress import Progress
    from honeyhive_ext.payload.ids import HasEventId
    from honeyhive_ext.reading.event import Event
    from honeyhive_ext.results import AsyncSearchResult, Checkpoint, When


class AsyncEvents(Enqueuing):
    """Create, read, search, follow and update events."""

    def __init__(self, sender: AsyncSender) -> None:
        super().__init__()
        self._sender = sender

    async def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | Event | None = None,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
        **fields: Unpack[CreateEventRequestInput],
    ) -> CreateEventResponse:
        """Record one event and wait until the service has it; see `Events.create`.

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
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
    ) -> Event:
        """Read one event by its id; see `Events.get`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         sent = await hh.events.create("tool", event_name="search")
        ...         return await hh.events.get(sent.event_id)
        >>> asyncio.run(main()).event_name
        'search'
        """
        return calls.read(await self._sender.send(calls.reading(event_id), retry=retry, timeout=timeout))

    def search(
        self,
        *filters: FilterLike,
        start: When = None,
        end: When = None,
        evaluation_id: str | UUID | None = None,
        limit: int | None = None,
        page_size: int = MOST_A_PAGE,
        parallel: int = 1,
        resume: Checkpoint | str | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> AsyncSearchResult[Event]:
        """Find events; see `Events.search`. Iterate over the result with `async for`, or await its methods.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive, F
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         await hh.events.create("tool", event_name="look up")
        ...         found = hh.events.search(F.event_name == "look up")
        ...         return [event.event_type async for event in found]
        >>> asyncio.run(main())
        ['tool']
        """
        from honeyhive_ext.results import EVENTS, AsyncSearchResult, as_checkpoint, build_query

        query = build_query(
            filters,
            start=start,
            end=end,
            evaluation_id=evaluation_id,
            limit=limit,
            page_size=page_size,
            parallel=parallel,
            now_ms=now_ms(),
        )
        at = as_checkpoint(resume, query)
        return AsyncSearchResult(self._sender, query, EVENTS, resume=at, retry=retry, timeout=timeout)

    def tail(
        self,
        *filters: FilterLike,
        start: When = None,
        evaluation_id: str | UUID | None = None,
        poll: float = 2.0,
        overlap: timedelta = timedelta(minutes=5),
        idle: float | None = None,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Event]:
        """Yield new events as they arrive, with `async for`; see `Events.tail`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive, F
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         await hh.events.create("tool", event_name="new")
        ...         events = hh.events.tail(F.event_name == "new", start=timedelta(minutes=-1), idle=0)
        ...         return [event.event_name async for event in events]
        >>> asyncio.run(main())
        ['new']
        """
        from honeyhive_ext.results import build_follow, build_query, follow_events_async

        now = now_ms()
        query = build_query(filters, start=start, evaluation_id=evaluation_id, now_ms=now)
        follow = build_follow(query, poll=poll, overlap=overlap, idle=idle, now_ms=now)
        return follow_events_async(self._sender, follow, now_ms, retry=retry, timeout=timeout)

    async def update(
        self,
        event: Event | CreateEventResponse | HasEventId | Mapping[str, Any] | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
        **fields: Unpack[UpdateEventRequestInput],
    ) -> None:
        """Add fields to an event that exists; see `Events.update`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         sent = await hh.events.create("model", outputs={"answer": "42"})
        ...         await hh.events.update(sent, feedback={"rating": 5})
        >>> asyncio.run(main())
        """
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
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
    ) -> BatchReport:
        """Record any number of events in few requests; see `Events.create_batch`.

        `events` may also be an async iterable. If the task is cancelled, `report_of(error)` finds the report
        on the `CancelledError`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         return await hh.events.create_batch({"event_type": "tool"} for _ in range(3))
        >>> len(asyncio.run(main()).event_ids)
        3
        """
        from honeyhive_ext.batch.aio_run import create_batch_async as run_batch
        from honeyhive_ext.batch.options import build_options

        options = build_options(
            self._sender.settings,
            self.observed_limit,
            single_session=single_session,
            session_properties=session_properties,
            max_events=max_events,
            max_bytes=max_bytes,
            max_concurrency=max_concurrency,
            on_error=on_error,
            retry=retry,
            timeout=timeout,
        )
        return await run_batch(self._sender, events, options, progress)
