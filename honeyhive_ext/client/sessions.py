"""`hh.sessions`: the operations on sessions, for code that waits for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.http import operations as calls
from honeyhive_ext.payload.times import now_ms

# Batches and searches are imported when one begins, so that a program that creates events starts sooner.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack
    from uuid import UUID

    from honeyhive_client.models import CreateSessionResponse
    from honeyhive_client.typed_dicts import CreateSessionRequestInput

    from honeyhive_ext.batch.intake import BatchEvent
    from honeyhive_ext.batch.options import OnError
    from honeyhive_ext.batch.report import BatchReport
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.filters.condition import FilterLike
    from honeyhive_ext.http.sender import Sender
    from honeyhive_ext.observe.progress import Progress
    from honeyhive_ext.payload.ids import InSession
    from honeyhive_ext.reading.event import Event
    from honeyhive_ext.results import SessionInfo, TraceTree, When


class Sessions(Unpicklable):
    """Create sessions, which are the roots of traces, and read their events as trees."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._observed_limit = ObservedSizeLimit()  # of the bodies of batches, from 413 answers

    def create(
        self,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateSessionRequestInput],
    ) -> CreateSessionResponse:
        """Start a session, or add to the session that has this `session_id`.

        Args:
            retry: False for one attempt, True for the standard policy, or a policy. Default: the client's.
            timeout: Seconds for one attempt, at most 3600. Default: the client's.
            **fields: The fields of CreateSessionRequest in the API document. Without `session_id`, an id is
                made before the first attempt, so a retry is the same session. A second call with the same id
                merges `metadata` and `user_properties`, and returns the session that exists.

        Returns:
            The session's own event, with `session_id`.

        Raises:
            EventError: The input cannot become a session; `error.path` names the value. Nothing was sent.
            ConfigError: `retry` or `timeout` is malformed. Nothing was sent.
            APIError: The service did not confirm the session; see docs/failures.md.

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
        """Record any number of events in one session, in few requests.

        Args:
            session_id: The session. All events are stored with it, whatever `session_id` they have.
            events: Mappings, `CreateEventRequest`s or `Event`s that were read: any iterable.
            max_events: Events in one request, at least 1. Default 500.
            max_bytes: Bytes in the body of one request. Default 5,000,000. A larger event is sent alone.
            max_concurrency: Requests in flight, at most, 1 to 64; 1 uses no threads. Default: the client's.
            on_error: "raise" (default) or "collect", as for `Events.create_batch`.
            progress: True for a progress bar, or a function, as for `Events.create_batch`.
            retry, timeout: As for `create`, for each request.

        Returns:
            What happened to each event. The service confirms these requests without ids, so a success counts
            for all events of a request.

        Raises:
            BatchError: An event was not delivered; `error.report` has the rest.
            ConfigError: An option is malformed. Nothing was sent.
            EventError: `session_id` is not a UUID, or `events` is not iterable. Nothing was sent.

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

    def search(
        self,
        *filters: FilterLike,
        start: When = None,
        end: When = None,
        limit: int | None = 100,
        compute: bool = True,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> list[SessionInfo]:
        """Return sessions with what each has in all, the newest first.

        Only sessions whose own event is stored are found. `session` spans and `create` make that event.

        Args:
            *filters: Conditions on the session's own event, as for `Events.search`.
            start, end: The range of the session's start, as for `Events.search`.
            limit: The most sessions. Default 100; None for all.
            compute: Whether to compute what the session's own event does not say, with one search for each
                session. `SessionInfo.computed` names those figures. False leaves them None.
            retry, timeout: As for `create`, for each request.

        Raises:
            QueryError: The API cannot be asked for this; the message says what to write instead.
            APIError: A request did not succeed; see docs/failures.md.
            PaginationIncomplete: It is not certain that these are all events.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     with hh.session("weekly report") as session:
        ...         sent = hh.events.create("model", metadata={"cost": 0.02, "total_tokens": 900})
        ...     (found,) = hh.sessions.search("event_name is 'weekly report'", start="1h")
        ...     print(found.events, found.errors, found.total_tokens, found.cost, sorted(found.computed))
        2 0 900 0.02 ['cost', 'errors', 'events', 'model_events', 'total_tokens']
        """
        from honeyhive_ext.results import build_session_search, find_sessions

        query = build_session_search(filters, start=start, end=end, limit=limit, now_ms=now_ms())
        return find_sessions(self._sender, query, compute=compute, retry=retry, timeout=timeout)

    def events(
        self,
        session: InSession | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> list[Event]:
        """Return all events of a session: parents before their steps, siblings by start_time.

        Args:
            session: The session's id, as `uuid.UUID` or str; or something that belongs to it: a session or
                span, an event, the answer of `create`.
            retry, timeout: As for `create`, for each request.

        Returns:
            The events; an empty list if no event has this session_id.

        Raises:
            EventError: `session` has no session_id, or is not a UUID. Nothing was sent.
            APIError: A request did not succeed; see docs/failures.md.
            PaginationIncomplete: It is not certain that these are all events.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     with hh.session("nightly") as session:
        ...         sent = hh.events.create("tool", event_name="load")
        ...     print([event.event_name for event in hh.sessions.events(session.session_id)])
        ['nightly', 'load']
        """
        tree = self.tree(session, retry=retry, timeout=timeout)
        return [node.event for node in tree]

    def tree(
        self,
        session: InSession | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> TraceTree:
        """Return a session's events as a tree, which `print` draws with durations and errors.

        See docs/traces.md.

        Args:
            session: The session's id, as `uuid.UUID` or str; or something that belongs to it: a session or
                span, an event, the answer of `create`.
            retry, timeout: As for `create`, for each request.

        Returns:
            The tree; it is empty if no event has this session_id.

        Raises:
            EventError: `session` has no session_id, or is not a UUID. Nothing was sent.
            APIError: A request did not succeed; see docs/failures.md.
            PaginationIncomplete: It is not certain that these are all events.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     began = 1767225600000
        ...     session = hh.sessions.create(session_name="nightly", start_time=began, duration=900)
        ...     sent = hh.events.create(
        ...         "model", event_name="plan", session_id=session.session_id, parent_id=session.session_id,
        ...         start_time=began + 40, duration=820, error="the answer was cut",
        ...         config={"model": "gpt-4o"}, metadata={"total_tokens": 1240, "cost": 0.0042},
        ...     )
        ...     print(hh.sessions.tree(session.session_id))
        session nightly          900 ms  in all 1,240 tokens, $0.0042
        └── model plan   +40 ms  820 ms  gpt-4o  1,240 tokens  $0.0042  error: the answer was cut
        """
        from honeyhive_ext.results import EVENTS, SearchResult, build_tree, session_query

        text, query = session_query(session)
        found = SearchResult(self._sender, query, EVENTS, retry=retry, timeout=timeout)
        return build_tree(found.to_list(), text)
