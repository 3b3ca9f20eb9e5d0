"""`sessions.search`: what each session has in all, as its own event says it or as its events have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import define, evolve, field, frozen

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters.condition import FilterLike
from honeyhive_ext.filters.field import F
from honeyhive_ext.http.sender import AsyncSender, Sender
from honeyhive_ext.results.aio_result import AsyncSearchResult
from honeyhive_ext.results.result import SearchResult
from honeyhive_ext.search.pages.form import DICTS
from honeyhive_ext.search.query import Query, When, build_query
from honeyhive_ext.serialize.instants import EPOCH, MILLISECOND, time_of
from honeyhive_ext.views.figures import object_of, usage_of
from honeyhive_ext.views.formats import cost_text, count_text, duration_text
from honeyhive_ext.views.usage import error_of, number_of, shown_of, when
from honeyhive_ext.views.usage_sums import UsageSums, add_usage, usage

MOST = 100  # sessions by default: each may take a search of its own


@never_raising
@frozen(repr=False)
class SessionInfo:
    """What a session has in all. A figure that nobody knows is None.

    Attributes:
        session_id: The session.
        name: Its name.
        start_ms: When it began, in Unix ms.
        duration_ms: How long it took, in ms.
        events: How many events it has, its own included.
        model_events: How many of them are of type model.
        errors: How many events have an error.
        prompt_tokens: Tokens of inputs.
        completion_tokens: Tokens of outputs.
        total_tokens: All tokens.
        cost: USD.
        feedback: The feedback on the session.
        computed: The names of the figures that the session's own event does not have, and that were computed
            from its events.
    """

    __module__ = "honeyhive_ext"

    session_id: str
    name: str
    start_ms: float | None = None
    duration_ms: float | None = None
    events: int | None = None
    model_events: int | None = None
    errors: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None
    feedback: Mapping[str, Any] = field(factory=dict[str, Any])
    computed: frozenset[str] = frozenset()

    @property
    def started_at(self) -> datetime | None:
        """When the session began, as a datetime in UTC; None if that is unknown or no calendar has it."""
        try:
            return None if self.start_ms is None else EPOCH + self.start_ms * MILLISECOND
        except OverflowError:
            return None

    def __repr__(self) -> str:
        parts = [repr(self.name), when(self.start_ms)]
        if self.duration_ms is not None:
            parts.append(duration_text(self.duration_ms))
        counts = ((self.events, "event"), (self.errors, "error"), (self.total_tokens, "token"))
        parts += [count_text(number, word) for number, word in counts if number is not None]
        if self.cost is not None:
            parts.append(cost_text(self.cost))
        if self.computed:
            parts.append(f"computed: {', '.join(sorted(self.computed))}")
        return f"SessionInfo({', '.join(filter(None, parts))})"

    def _repr_html_(self) -> str | None:
        from honeyhive_ext.views.markup import card

        facts = [
            ("session", self.session_id),
            ("start", when(self.start_ms)),
            ("duration", None if self.duration_ms is None else duration_text(self.duration_ms)),
            ("events", self.events),
            ("errors", self.errors),
            ("tokens", self.total_tokens),
            ("cost", None if self.cost is None else cost_text(self.cost)),
            ("computed", ", ".join(sorted(self.computed))),
        ]
        return card(self.name or "(unnamed)", facts)


def build_session_search(
    filters: Sequence[FilterLike], *, start: When, end: When, limit: int | None, now_ms: float
) -> Query:
    """Return the search for the events of sessions.

    Raises:
        QueryError: The API cannot be asked for this; the message says what to write instead.
    """
    return build_query(
        (F.event_type == "session", *filters), start=start, end=end, limit=limit, now_ms=now_ms
    )


def find_sessions(
    sender: Sender,
    query: Query,
    *,
    compute: bool,
    retry: RetryPolicy | bool | None,
    timeout: float | None,
) -> list[SessionInfo]:
    """Return the sessions that a search finds, in the calling thread."""
    _check(compute)
    found = SearchResult(sender, query, DICTS, retry=retry, timeout=timeout)
    sessions = _told(found.to_list())
    if not compute:
        return sessions
    complete: list[SessionInfo] = []
    for one in sessions:
        sums = _Sums()
        for row in SearchResult(sender, _steps(one), DICTS, retry=retry, timeout=timeout):
            sums.add(row)
        complete.append(sums.completed(one))
    return complete


async def find_sessions_async(
    sender: AsyncSender,
    query: Query,
    *,
    compute: bool,
    retry: RetryPolicy | bool | None,
    timeout: float | None,  # noqa: ASYNC109 - one attempt's
) -> list[SessionInfo]:
    """Return the sessions that a search finds, for code that awaits."""
    _check(compute)
    found = AsyncSearchResult(sender, query, DICTS, retry=retry, timeout=timeout)
    sessions = _told(await found.to_list())
    if not compute:
        return sessions
    complete: list[SessionInfo] = []
    for one in sessions:
        sums = _Sums()
        async for row in AsyncSearchResult(sender, _steps(one), DICTS, retry=retry, timeout=timeout):
            sums.add(row)
        complete.append(sums.completed(one))
    return complete


def _check(compute: object) -> None:
    if not isinstance(compute, bool):
        raise QueryError(f"compute is {compute!r}: give True or False")


def _steps(session: SessionInfo) -> Query:
    """Return the search for all events of a session."""
    return Query(filters=(F.session_id == session.session_id,))


def _told(rows: Iterable[Any]) -> list[SessionInfo]:
    """Return what the events of sessions say. An event that names no session is left out."""
    return [_own(row) for row in map(object_of, rows) if isinstance(row.get("session_id"), str)]


def _own(event: Mapping[str, Any]) -> SessionInfo:
    """Return what the event of a session says. The service writes the sums over its events there."""
    shown, metadata = shown_of(event), object_of(event.get("metadata"))
    prompt, completion, total, cost = usage_of(event)
    name = event.get("event_name")
    return SessionInfo(
        event["session_id"],
        name if isinstance(name, str) else "",
        start_ms=shown.start,
        duration_ms=shown.duration,
        events=_whole(metadata.get("num_events")),
        model_events=_whole(metadata.get("num_model_events")),
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=total,
        cost=cost,
        feedback=object_of(event.get("feedback")),
    )


def _whole(value: object) -> int | None:
    number = number_of(value)
    return int(number) if number is not None and float(number).is_integer() else None


@define(eq=False)
class _Sums:
    """What the events of a session have in all. Events are not kept: a session may have a million."""

    events: int = 0
    model_events: int = 0
    errors: int = 0
    first: float | None = None
    last: float | None = None
    model: UsageSums | None = None
    other: UsageSums | None = None

    def add(self, row: Any) -> None:
        event = object_of(row)
        self.events += 1
        self.errors += error_of(event) is not None
        kind = event.get("event_type")
        if kind == "model":
            self.model_events += 1
            self.model = add_usage(self.model, event, 1)
        elif kind != "session":
            self.other = add_usage(self.other, event, 1)
        shown = shown_of(event)
        if shown.start is None:
            return
        self.first = shown.start if self.first is None else min(self.first, shown.start)
        end = number_of(time_of(event.get("end_time")))
        end = shown.start + shown.duration if end is None and shown.duration is not None else end
        if end is not None:
            self.last = end if self.last is None else max(self.last, end)

    def completed(self, session: SessionInfo) -> SessionInfo:
        """Return a session with the figures that its own event lacks."""
        found: dict[str, Any] = dict(
            zip(
                ("prompt_tokens", "completion_tokens", "total_tokens", "cost"),
                usage(self.model, self.other),
                strict=True,
            )
        )
        span = None if self.first is None or self.last is None else self.last - self.first
        found |= {
            "events": self.events,
            "model_events": self.model_events,
            "errors": self.errors,
            "duration_ms": span,
        }
        missing = {
            name: value
            for name, value in found.items()
            if value is not None and getattr(session, name) is None
        }
        return evolve(session, **missing, computed=frozenset(missing))
