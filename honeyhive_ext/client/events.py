"""`hh.events`: the operations on events, for code that waits for each answer."""

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
    from collections.abc import Iterable, Iterator, Mapping
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
    from honeyhive_ext.http.sender import Sender
    from honeyhive_ext.observe.progress import Progress
    from honeyhive_ext.payload.ids import HasEventId
    from honeyhive_ext.reading.event import Event
    from honeyhive_ext.results import Checkpoint, SearchResult, When


class Events(Enqueuing):
    """Create, read, search, follow and update events."""

    def __init__(self, sender: Sender) -> None:
        super().__init__()
        self._sender = sender

    def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | Event | None = None,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> CreateEventResponse:
        """Record one event and wait until the service has it.

        The event gets its id before the first attempt, so a retry never stores it twice. A 409 (conflict) for
        this id means that an earlier attempt arrived, and counts as success.

        Args:
            event: The event's type, such as "model"; or its fields, as a mapping or a `CreateEventRequest`;
                or an `Event` that was read, in part replaced by `fields`; or None.
            retry: False for one attempt, True for the standard policy, or a policy. Default: the client's.
            timeout: Seconds for one attempt, at most 3600. Default: the client's.
            **fields: The fields of CreateEventRequest in the API document, added to those of `event`. Times
                are Unix ms or aware datetimes, durations ms or timedeltas. Defaults: `inputs` {},
                `start_time` now, `source` the client's, and the ids of the surrounding `session` or `span`.

        Returns:
            The service's answer, with `event_id`.

        Raises:
            EventError: The input cannot become an event; `error.path` names the value. Nothing was sent.
            ConfigError: `retry` or `timeout` is malformed. Nothing was sent.
            APIError: The service did not confirm the event; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("tool", event_name="search", inputs={"query": "traces"})
        >>> sent.success
        True
        """
        event_id, call = calls.creation(event, fields, self._sender.settings)
        reply = self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.created(event_id, reply)

    def get(
        self,
        event_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> Event:
        """Read one event by its id.

        Args:
            event_id: The event's id, as `uuid.UUID` or str.
            retry, timeout: As for `create`.

        Raises:
            EventError: The id is not a UUID. Nothing was sent.
            NotFoundError: No event has this id. A new event may take seconds to appear.
            APIError: The service did not answer with the event; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("tool", event_name="search")
        ...     print(hh.events.get(sent.event_id).event_name)
        search
        """
        return calls.read(self._sender.send(calls.reading(event_id), retry=retry, timeout=timeout))

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
    ) -> SearchResult[Event]:
        """Find events, newest first, each exactly once even while others arrive.

        Nothing is sent before you use the result: iterate over it, or call `.first()`, `.one()`, `.count()`,
        `.pages()`, `.to_list()` or `.raw()`. See docs/searching.md.

        Args:
            *filters: Conditions that must all hold: `F.error.exists()`, "error exists", dicts, `EventFilter`.
            start: The earliest start_time, inclusive: an aware datetime, Unix ms, a negative timedelta, or a
                str such as "24h" (ago), "2026-01-02T09:00Z" or "2026-01-02Z". Default: no limit.
            end: The latest start_time, inclusive, likewise; a day is meant to its end. Default: no limit.
            evaluation_id: Only events of this experiment run.
            limit: The largest number of events to yield. Default: all.
            page_size: Events in one request, 1 to 1,000. Default 1,000, the largest that the API allows.
            parallel: Requests at the same time, 1 to 64. The order stays. Default 1. See docs/exporting.md.
            resume: The `checkpoint()` of an earlier result of the same search, or its `to_json()`.
            retry, timeout: As for `create`, for each request.

        Returns:
            A lazy result. If it cannot be complete, its iteration raises `PaginationIncomplete`.

        Raises:
            QueryError: The API cannot be asked for this; the message says what to write instead.

        >>> from honeyhive_ext import F, HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("tool", event_name="search", metadata={"cost": 0.02})
        ...     found = hh.events.search(F.event_name == "search", F("metadata.cost") > 0.01)
        ...     print([event.event_name for event in found])
        ['search']
        """
        from honeyhive_ext.results import EVENTS, SearchResult, as_checkpoint, build_query

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
        return SearchResult(self._sender, query, EVENTS, resume=at, retry=retry, timeout=timeout)

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
    ) -> Iterator[Event]:
        """Yield new events as they arrive, oldest first, each once, until you stop.

        Args:
            *filters, evaluation_id, retry, timeout: As for `search`.
            start: Begin with the events since this time. Default: only events that arrive from now on.
            poll: Seconds from one request to the next, 0.01 to 3600. Default 2.
            overlap: How long after its start_time an event may arrive. A step that takes longer, or is sent
                later, is not seen. Default 5 minutes.
            idle: Stop after this many seconds without a new event. Default: never; stop with `break`.

        Raises:
            QueryError: The API cannot be asked for this; the message says what to write instead.
            APIError: A request did not succeed; see docs/failures.md.

        >>> from honeyhive_ext import F, HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("tool", event_name="fetch")
        ...     for event in hh.events.tail(F.event_name == "fetch", start=timedelta(minutes=-1), idle=0):
        ...         print(event.event_name)
        fetch
        """
        from honeyhive_ext.results import build_follow, build_query, follow_events

        now = now_ms()
        query = build_query(filters, start=start, evaluation_id=evaluation_id, now_ms=now)
        follow = build_follow(query, poll=poll, overlap=overlap, idle=idle, now_ms=now)
        return follow_events(self._sender, follow, now_ms, retry=retry, timeout=timeout)

    def update(
        self,
        event: Event | CreateEventResponse | HasEventId | Mapping[str, Any] | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[UpdateEventRequestInput],
    ) -> None:
        """Add fields to an event that exists.

        Args:
            event: The event or a mapping of it; a span; the answer of `create`; or the id.
            retry, timeout: As for `create`.
            **fields: The fields of UpdateEventRequest in the API document. The service merges `metadata`,
                `feedback`, `metrics`, `config` and `user_properties` into its own, and replaces the rest.

        Raises:
            EventError: There is no field, or one that the service would ignore. Nothing was sent.
            NotFoundError: No event has this id.
            APIError: The service did not confirm the update; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("model", outputs={"answer": "42"})
        ...     hh.events.update(sent, feedback={"rating": 5})
        ...     print(hh.events.get(sent.event_id).feedback)
        {'rating': 5}
        """
        self._sender.send(calls.changing(event, fields, self._sender.settings), retry=retry, timeout=timeout)

    def create_batch(
        self,
        events: Iterable[BatchEvent],
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
        timeout: float | None = None,
    ) -> BatchReport:
        """Record any number of events in few requests, in constant memory.

        An event that the service confirms is never sent again; one that it leaves out is. An event that it
        refuses is found and reported, and a request that is too large is split. See docs/batches.md.

        Args:
            events: Mappings, `CreateEventRequest`s or `Event`s that were read: any iterable.
            single_session: Put all events into one new session, which is made first, by its own request.
            session_properties: The fields of that session: `session_name` and others of CreateSessionRequest.
            max_events: Events in one request, at least 1. Default 500.
            max_bytes: Bytes in the body of one request. Default 5,000,000. A larger event is sent alone. If
                the service refuses a size (413), later batches of the client use a smaller one.
            max_concurrency: Requests in flight, at most, 1 to 64; 1 uses no threads. Default: the client's.
            on_error: "raise" (default) raises a `BatchError` if an event is not delivered; "collect": none.
            progress: True for a progress bar (extra `progress`), or a function of the number of events that
                are done (delivered or failed) and of all events (None for a generator).
            retry, timeout: As for `create`, for each request.

        Returns:
            What happened to each event.

        Raises:
            BatchError: An event was not delivered, or `events` or `progress` raised. `error.report` has the
                report; after Ctrl-C, `report_of(error)` finds it on the KeyboardInterrupt.
            ConfigError: An option is malformed, or two contradict each other. Nothing was sent.
            EventError: `events` is not iterable, or a session property is wrong. Nothing was sent.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     report = hh.events.create_batch({"event_type": "tool"} for _ in range(900))
        >>> len(report.event_ids), report.requests, report.success
        (900, 2, True)
        """
        from honeyhive_ext.batch.options import build_options
        from honeyhive_ext.batch.run import create_batch as run_batch

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
        return run_batch(self._sender, events, options, progress)
