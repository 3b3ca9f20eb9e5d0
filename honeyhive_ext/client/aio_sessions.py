"""`hh.sessions` of `AsyncHoneyHive`: the names and arguments of `Sessions`, with `await`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.http import operations as calls
from honeyhive_ext.payload.times import now_ms

# Batches and searches are imported when one begins, so that a program that creates events starts sooner.
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable
    from typing import Unpack
    from uuid import UUID

    from honeyhive_client.models import (
        CreateSessionResponse,
    )
    from honeyhive_client.typed_dicts import (
        CreateSessionRequestInput,
    )

    from honeyhive_ext.batch.intake import BatchEvent
    from honeyhive_ext.batch.options import OnError
    from honeyhive_ext.batch.report import BatchReport
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.filters.condition import FilterLike
    from honeyhive_ext.http.sender import AsyncSender
    from honeyhive_ext.observe.progress import Progress
    from honeyhive_ext.payload.ids import InSession
    from honeyhive_ext.reading.event import Event
    from honeyhive_ext.results import SessionInfo, TraceTree, When


class AsyncSessions(Unpicklable):
    """Create sessions, which are the roots of traces, and read their events as trees."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
        self._observed_limit = ObservedSizeLimit()  # of the bodies of batches, from 413 answers

    async def create(
        self,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
        **fields: Unpack[CreateSessionRequestInput],
    ) -> CreateSessionResponse:
        """Start a session, or add to the session that has this `session_id`; see `Sessions.create`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         return await hh.sessions.create(session_name="support chat")
        >>> session = asyncio.run(main())
        >>> session.event_id == session.session_id
        True
        """
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
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
    ) -> BatchReport:
        """Record any number of events in one session; see `Sessions.create_event_batch`.

        `events` may also be an async iterable.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         session = await hh.sessions.create(session_name="nightly")
        ...         events = [{"event_type": "tool"}] * 3
        ...         return await hh.sessions.create_event_batch(session.session_id, events)
        >>> len(asyncio.run(main()).event_ids)
        3
        """
        from honeyhive_ext.batch.aio_run import create_batch_async as run_batch
        from honeyhive_ext.batch.options import build_options

        options = build_options(
            self._sender.settings,
            self._observed_limit,
            session_id=session_id,
            max_events=max_events,
            max_bytes=max_bytes,
            max_concurrency=max_concurrency,
            on_error=on_error,
            retry=retry,
            timeout=timeout,
        )
        return await run_batch(self._sender, events, options, progress)

    async def search(
        self,
        *filters: FilterLike,
        start: When = None,
        end: When = None,
        limit: int | None = 100,
        compute: bool = True,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
    ) -> list[SessionInfo]:
        """Return sessions with what each has in all, the newest first; see `Sessions.search`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         async with hh.session("monthly report"):
        ...             await hh.events.create("tool")
        ...         return await hh.sessions.search("event_name is 'monthly report'", start="1h")
        >>> [session.events for session in asyncio.run(main())]
        [2]
        """
        from honeyhive_ext.results import build_session_search, find_sessions_async

        query = build_session_search(filters, start=start, end=end, limit=limit, now_ms=now_ms())
        return await find_sessions_async(self._sender, query, compute=compute, retry=retry, timeout=timeout)

    async def events(
        self,
        session: InSession | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
    ) -> list[Event]:
        """Return all events of a session in the order of its tree; see `Sessions.events`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         async with hh.session("nightly") as session:
        ...             await hh.events.create("tool", event_name="load")
        ...         return await hh.sessions.events(session.session_id)
        >>> [event.event_name for event in asyncio.run(main())]
        ['nightly', 'load']
        """
        tree = await self.tree(session, retry=retry, timeout=timeout)
        return [node.event for node in tree]

    async def tree(
        self,
        session: InSession | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of one attempt
    ) -> TraceTree:
        """Return a session's events as a tree; see `Sessions.tree`.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         session = await hh.sessions.create(session_name="nightly", duration=900)
        ...         return await hh.sessions.tree(session.session_id)
        >>> print(asyncio.run(main()))
        session nightly  900 ms
        """
        from honeyhive_ext.results import EVENTS, AsyncSearchResult, build_tree, session_query

        text, query = session_query(session)
        found = AsyncSearchResult(self._sender, query, EVENTS, retry=retry, timeout=timeout)
        return build_tree(await found.to_list(), text)
