"""Following new events: which range to ask for, which of its events are new, and the two loops that ask."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, cast

from attrs import define, evolve, field
from honeyhive_client.models import Event

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import QueryError
from honeyhive_ext.http.sender import AsyncSender, Sender
from honeyhive_ext.results.aio_result import AsyncSearchResult
from honeyhive_ext.results.result import SearchResult
from honeyhive_ext.search.pages.event import as_event, as_it_came
from honeyhive_ext.search.pages.rows import newest_first, read_rows
from honeyhive_ext.search.query import Query

LONGEST_POLL = 3600.0  # seconds
MILLISECOND = timedelta(milliseconds=1)


def _no_times() -> dict[str, float | None]:
    return {}


@define
class Follow:
    """What was handed out, and what to ask for next.

    Attributes:
        query: The filters; its start, if it has one, is where the following begins.
        began: Unix ms at which the following began.
        overlap: Milliseconds by which an event may be older than the moment it arrives.
        poll: Seconds from one request to the next.
        idle: Seconds without a new event after which the following ends; None for never.
    """

    query: Query
    began: float
    overlap: float
    poll: float
    idle: float | None
    _seen: dict[str, float | None] = field(factory=_no_times)
    _primed: bool = False

    def next_query(self, now_ms: float) -> Query:
        """The search for what may be new."""
        low = math.floor(now_ms - self.overlap)
        if self.query.start is None:
            low = max(low, math.floor(self.began - self.overlap))
        elif not self._primed:
            low = self.query.start
        else:
            low = max(low, self.query.start)
        self._seen = {key: time for key, time in self._seen.items() if time is None or time >= low}
        return evolve(self.query, start=low)

    def new(self, values: Iterable[Any]) -> list[Event]:
        """The events that were not handed out before, oldest first.

        Without a start, what is there at the first look is not new.
        """
        rows = [row for row in read_rows(list(values)) if row.key not in self._seen]
        self._seen.update((row.key, row.time) for row in rows)
        known = not self._primed and self.query.start is None
        self._primed = True
        return [] if known else [as_event(row.value) for row in reversed(newest_first(rows))]


def build_follow(
    query: Query, *, poll: float, overlap: timedelta, idle: float | None, now_ms: float
) -> Follow:
    """The arguments of `tail`, checked.

    Raises:
        QueryError: An argument that makes no sense.
    """
    _seconds(poll, "poll", 0.01, LONGEST_POLL)
    if idle is not None:
        _seconds(idle, "idle", 0, math.inf)
    if not isinstance(cast("object", overlap), timedelta) or overlap < timedelta(0):
        raise QueryError(f"overlap is a timedelta, zero or longer, not {overlap!r}")
    return Follow(query, began=now_ms, overlap=overlap / MILLISECOND, poll=poll, idle=idle)


def _seconds(value: object, name: str, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise QueryError(f"{name} is a number of seconds, {least} to {most}, not {value!r}")


def follow_events(
    sender: Sender,
    follow: Follow,
    now_ms: Callable[[], float],
    *,
    retry: RetryPolicy | bool | None,
    timeout: float | None,
) -> Iterator[Event]:
    """New events as they arrive, in the calling thread."""
    last = sender.clock()
    while True:
        query = follow.next_query(now_ms())
        found = SearchResult(sender, query, as_it_came, retry=retry, timeout=timeout)
        for event in follow.new(found):
            yield event
            last = sender.clock()
        if follow.idle is not None and sender.clock() - last >= follow.idle:
            return
        sender.sleep(follow.poll)


async def follow_events_async(
    sender: AsyncSender,
    follow: Follow,
    now_ms: Callable[[], float],
    *,
    retry: RetryPolicy | bool | None,
    timeout: float | None,  # noqa: ASYNC109 - one attempt's
) -> AsyncIterator[Event]:
    """New events as they arrive, for code that awaits."""
    last = sender.clock()
    while True:
        query = follow.next_query(now_ms())
        found = AsyncSearchResult(sender, query, as_it_came, retry=retry, timeout=timeout)
        for event in follow.new(await found.to_list()):
            yield event
            last = sender.clock()
        if follow.idle is not None and sender.clock() - last >= follow.idle:
            return
        await sender.sleep(follow.poll)
