"""`hh.sessions`: the operations on sessions, in the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit
from honeyhive_ext.http import operations as calls

# Batches and searches are imported when one begins, see resources.py.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack
    from uuid import UUID

    from honeyhive_client.models import CreateSessionResponse, Event
    from honeyhive_client.typed_dicts import CreateSessionRequestInput

    from honeyhive_ext.batch.intake import BatchEvent
    from honeyhive_ext.batch.options import OnError
    from honeyhive_ext.batch.report import BatchReport
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.http.sender import Sender
    from honeyhive_ext.observe.progress import Progress
    from honeyhive_ext.results import TraceTree


class Sessions:
    """Create sessions, the roots of traces, and read them as trees."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._observed_limit = ObservedSizeLimit()  # of the bodies of batches, by 413 answers

    def create(
        self,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateSessionRequestInput],
    ) -> CreateSessionResponse:
        """Start a session, or add to the one that has this `session_id`.

        Args:
            retry: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt; None for the client's.
            **fields: The fields of CreateSessionRequest. `session_id` left out is made here, so a retry
                is the same session. A second call with the same id merges `metadata` and
                `user_properties` and returns the session that exists.

        Returns:
            The session's own event, with `session_id`.

        Raises:
            EventError: The input cannot become a session; the error names the path. Nothing was sent.
            APIError: The service did not take it; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     session = hh.sessions.create(session_name="support chat")
        ...     step = hh.events.create("tool", session_id=session.session_id)
        >>> session.event_id == session.session_id
        True
        """
        session_id, call = calls.session_creation(fields, self._sender.settings)
        reply = self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.session_created(session_id, reply)

    def create_event_batch(
        self,
        session_id: str | UUID,
        events: Iterable[BatchEvent],
        /,
        *,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        max_concurrency: int | None = None,
        on_error: OnError = "raise",
        progress: bool | Progress = False,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> BatchReport:
        """Record any number of events in one session, as `Events.create_batch` does.

        Args:
            session_id: The session. The service stores every event with it, whatever the event says.
            events: Mappings or `CreateEventRequest`s: a list, a generator, any iterable.
            max_events: See `Events.create_batch`, as for all that follow.

        Returns:
            What became of every event. The service confirms such requests without ids, so a success
            counts for all events of its request.

        Raises:
            BatchError: Not everything was delivered; `error.report` says what was.
            EventError: `session_id` is not a UUID. Nothing was sent.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     session = hh.sessions.create(session_name="nightly")
        ...     report = hh.sessions.create_event_batch(session.session_id, [{"event_type": "tool"}] * 3)
        >>> len(report.event_ids), report.session_id == session.session_id
        (3, True)
        """
        from honeyhive_ext.batch.options import build_options
        from honeyhive_ext.batch.run import create_batch as run_batch

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
        return run_batch(self._sender, events, options, progress)

    def events(
        self,
        session_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> list[Event]:
        """All events of a session in tree order: each before its steps, siblings by start_time.

        Args:
            session_id: The session's id, a UUID or its text.
            retry: For each request: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt of a request; None for the client's.

        Raises:
            APIError: A request did not succeed; see docs/failures.md.
            PaginationIncomplete: It cannot be promised that these are all.
        """
        tree = self.tree(session_id, retry=retry, timeout=timeout)
        return [node.event for node in tree]

    def tree(
        self,
        session_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> TraceTree:
        """A session's events as a tree; `print` draws it with durations and errors. See docs/traces.md.

        Args:
            session_id: The session's id, a UUID or its text.
            retry: For each request: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt of a request; None for the client's.

        Returns:
            The tree; without nodes if no event has this session_id.

        Raises:
            APIError: A request did not succeed; see docs/failures.md.
            PaginationIncomplete: It cannot be promised that these are all.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     session = hh.sessions.create(session_name="nightly", duration=900)
        ...     sent = hh.events.create(
        ...         "chain", event_name="plan", session_id=session.session_id, parent_id=session.session_id,
        ...         duration=820,
        ...     )
        ...     print(hh.sessions.tree(session.session_id))
        session nightly  900 ms
        └── chain plan  820 ms
        """
        from honeyhive_ext.results import SearchResult, as_event, build_tree, session_query

        text, query = session_query(session_id)
        found = SearchResult(self._sender, query, as_event, retry=retry, timeout=timeout)
        return build_tree(found.to_list(), text)
