"""The awaitable twins of `resources.py`: the same names, the same arguments, the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit
from honeyhive_ext.http import operations as calls

# Batches and searches are imported when one begins, see resources.py.
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable
    from typing import Unpack
    from uuid import UUID

    from honeyhive_client.models import (
        CreateSessionResponse,
        Event,
    )
    from honeyhive_client.typed_dicts import (
        CreateSessionRequestInput,
    )

    from honeyhive_ext.batch.intake import BatchEvent
    from honeyhive_ext.batch.options import OnError
    from honeyhive_ext.batch.report import BatchReport
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.http.sender import AsyncSender
    from honeyhive_ext.observe.progress import Progress
    from honeyhive_ext.results import TraceTree


class AsyncSessions:
    """Create sessions, the roots of traces, and read them as trees."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender
        self._observed_limit = ObservedSizeLimit()  # of the bodies of batches, by 413 answers

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

    async def events(
        self,
        session_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
    ) -> list[Event]:
        """All events of a session in tree order, as `Sessions.events` gives them."""
        tree = await self.tree(session_id, retry=retry, timeout=timeout)
        return [node.event for node in tree]

    async def tree(
        self,
        session_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
    ) -> TraceTree:
        """A session's events as a tree, as `Sessions.tree` gives it."""
        from honeyhive_ext.results import AsyncSearchResult, as_event, build_tree, session_query

        text, query = session_query(session_id)
        found = AsyncSearchResult(self._sender, query, as_event, retry=retry, timeout=timeout)
        return build_tree(await found.to_list(), text)
