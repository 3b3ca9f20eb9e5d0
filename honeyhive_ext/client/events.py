"""`hh.events`: the operations on events, in the calling thread."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit
from honeyhive_ext.config.defaults import MOST_A_PAGE
from honeyhive_ext.http import operations as calls
from honeyhive_ext.payload.times import now_ms

# Batches and searches are imported when one begins: a program that creates events starts 25 ms sooner.
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Unpack
    from uuid import UUID

    from honeyhive_client.models import (
        CreateEventRequest,
        CreateEventResponse,
        Event,
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
    from honeyhive_ext.results import Checkpoint, SearchResult, When


class Events:
    """Create, update and read events."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._observed_limit = ObservedSizeLimit()  # of the bodies of batches, by 413 answers

    def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | None = None,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> CreateEventResponse:
        """Record one event.

        The event gets its id here, before the first attempt, so a retry is the same event: nothing is
        lost and nothing is stored twice. A 409 about that id means that an earlier attempt arrived.

        Args:
            event: The event's type, such as "model"; or the event as a mapping or a `CreateEventRequest`;
                or nothing, with `event_type=` among the fields.
            retry: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt; None for the client's.
            **fields: The fields of CreateEventRequest, added to those of `event`. Times are Unix
                milliseconds or aware datetimes, durations milliseconds or timedeltas. What is left out:
                `inputs` becomes {}, `start_time` now, `source` the client's; `session_id` and `parent_id`
                come from the surrounding `session` or `span` block.

        Returns:
            The service's answer, with `event_id`.

        Raises:
            EventError: The input cannot become an event; the error names the path. Nothing was sent.
            APIError: The service did not take it; see docs/failures.md.

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
            event_id: The event's id, a UUID or its text.
            retry, timeout: As for `create`.

        Raises:
            EventError: The id is not a UUID.
            NotFoundError: No event has this id. A new one may take seconds to appear.
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
        """Find events, newest first, each exactly once, also while others arrive.

        Nothing is sent until the result is used: iterate it, or call `.first()`, `.one()`, `.count()`,
        `.pages()`, `.to_list()` or `.raw()` on it. See docs/searching.md.

        Args:
            *filters: Conditions that must all hold, such as `F.event_type == "model"`; also `EventFilter`
                models and dicts with field, operator, value.
            start: The earliest start_time, inclusive: an aware datetime, Unix ms, or a negative timedelta
                from now. Whole milliseconds; a finer one is rounded down. None for no start.
            end: The latest start_time, inclusive, likewise; a finer one is rounded up. None for no end.
            evaluation_id: Only events of this experiment run.
            limit: The most events to hand out. None for all.
            page_size: Events in one request, 1 to 1,000.
            parallel: The most requests at the same time, 1 to 64; the order stays. See docs/exporting.md.
            resume: What `checkpoint()` of an earlier result of the same search gave, or its `to_json()`.
            retry, timeout: As for `create`, for each request.

        Returns:
            A lazy result. Iterating it may raise `PaginationIncomplete`, never ends short in silence.

        Raises:
            QueryError: A filter or argument that cannot be asked; the message says what to write instead.

        >>> from honeyhive_ext import F, HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("tool", event_name="search", metadata={"cost": 0.02})
        ...     found = hh.events.search(F.event_name == "search", F("metadata.cost") > 0.01)
        ...     print([event.event_name for event in found])
        ['search']
        """
        from honeyhive_ext.results import SearchResult, as_checkpoint, as_event, build_query

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
        return SearchResult(self._sender, query, as_event, resume=at, retry=retry, timeout=timeout)

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
        """Follow new events as they arrive, oldest first, each once, until you stop.

        Asks every `poll` seconds. The loop ends with `break`, or after `idle` seconds without an event.

        Args:
            *filters: As for `search`.
            start: Also hand out what there is since then. None: only what arrives from now on.
            evaluation_id: Only events of this experiment run.
            poll: Seconds from one request to the next, 0.01 to 3600.
            overlap: How much older than its arrival an event's start_time may be. A step that took
                longer, or was sent later, is not seen.
            idle: Seconds without a new event after which the loop ends. None for never.
            retry, timeout: As for `create`, for each request.

        Raises:
            QueryError: A filter or argument that cannot be asked.
            APIError: A request did not succeed; see docs/failures.md.
        """
        from honeyhive_ext.results import build_follow, build_query, follow_events

        now = now_ms()
        query = build_query(filters, start=start, evaluation_id=evaluation_id, now_ms=now)
        follow = build_follow(query, poll=poll, overlap=overlap, idle=idle, now_ms=now)
        return follow_events(self._sender, follow, now_ms, retry=retry, timeout=timeout)

    def update(
        self,
        event: Event | CreateEventResponse | Mapping[str, Any] | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[UpdateEventRequestInput],
    ) -> None:
        """Add to an event that exists.

        Args:
            event: The event (also as a mapping), the answer of `create`, or the event's id.
            retry, timeout: As for `create`.
            **fields: The fields of UpdateEventRequest. `metadata`, `feedback`, `metrics`, `config` and
                `user_properties` are merged into what is stored; `outputs` replaces it; the others are set.

        Raises:
            EventError: No field, or one that cannot be updated (the service would ignore it in silence).
            NotFoundError: No event has this id.
            APIError: The service did not take it; see docs/failures.md.

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
        """Record any number of events in few requests.

        Events go out in chunks, several at a time, in constant memory. What the service says it has is
        never sent again, what it leaves out is sent again, what it refuses is found and reported alone,
        and a request that is too large is split. See docs/batches.md.

        Args:
            events: Mappings or `CreateEventRequest`s: a list, a generator, any iterable.
            single_session: Put all events into one new session, whatever `session_id` they carry. It is
                made first, by its own request, with an id made here.
            session_properties: What that session is made from: `session_name`, `start_time`, `metadata`,
                `user_properties` and the other fields of CreateSessionRequest.
            max_events: Events in one request at most. Default 500.
            max_bytes: Bytes of one request's body at most, 5,000,000 by default. An event that is larger
                is sent alone. What the service refuses (413) lowers this for the client's later batches.
            max_concurrency: Requests in flight at a time, 1 to 64; with 1 there are no threads. None for
                the client's.
            on_error: "raise" a `BatchError` with the report at the end if anything is not delivered
                (default), or "collect": return the report.
            progress: True for a bar (needs the extra `progress`), or a function of the number of events
                that are delivered or have failed, and of all events (None for a generator).
            retry, timeout: As for `create`, for each request.

        Returns:
            What became of every event.

        Raises:
            BatchError: Not everything was delivered; `error.report` says what was. Also when `events` or
                `progress` raises. After Ctrl-C, `batch.report_of` finds the report on the KeyboardInterrupt.
            ConfigError: An option is malformed, or two contradict each other.
            EventError: `events` is not iterable, or the session's properties are wrong. Nothing was sent.

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
            self._observed_limit,
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
