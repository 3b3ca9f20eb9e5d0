"""Following new events: the range to ask for, the events that are new, and the two loops that ask."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from typing import cast

from attrs import define, evolve, field

from honeyhive_ext.config.checks import seconds
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import QueryError
from honeyhive_ext.http.sender import AsyncSender, Sender
from honeyhive_ext.reading.event import Event
from honeyhive_ext.results.aio_result import AsyncSearchResult
from honeyhive_ext.results.result import SearchResult
from honeyhive_ext.search.pages.form import ROWS
from honeyhive_ext.search.pages.rows import Row, newest_first
from honeyhive_ext.search.query import Query

LONGEST_POLL = 3600.0  # seconds
MILLISECOND = timedelta(milliseconds=1)


def _no_times() -> dict[str, float | None]:
    return {}


@define
class Follow:
    """The events yielded so far, and what to ask for next.

    Attributes:
        query: The filters. Its start, if it has one, is where to begin.
        began: When the caller began to follow, in Unix ms.
        overlap: How much older than its arrival an event's start_time may be, in ms.
        poll: Seconds from one request to the next.
        idle: Seconds without a new event after which to end; None for never.
    """

    query: Query
    began: float
    overlap: float
    poll: float
    idle: float | None
    _seen: dict[str, float | None] = field(factory=_no_times)
    _primed: bool = False

    def next_query(self, now_ms: float) -> Query:
        """Return the search for events that may be new."""
        low = math.floor(now_ms - self.overlap)
        if self.query.start is None:
            low = max(low, math.floor(self.began - self.overlap))
        elif not self._primed:
            low = self.query.start
        else:
            low = max(low, self.query.start)
        self._seen = {key: time for key, time in self._seen.items() if time is None or time >= low}
        return evolve(self.query, start=low)

    def new(self, found: Iterable[Row]) -> list[Event]:
        """Return the events that were not yielded before, oldest first.

        Without a start, the events of the first request are not new.
        """
        rows = [row for row in found if row.key not in self._seen]
        self._seen.update((row.key, row.time) for row in rows)
        known = not self._primed and self.query.start is None
        self._primed = True
        return [] if known else [row.value for row in reversed(newest_first(rows))]


def build_follow(
    query: Query, *, poll: float, overlap: timedelta, idle: float | None, now_ms: float
) -> Follow:
    """Return the checked arguments of `tail`.

    Raises:
        QueryError: An argument that makes no sense. The message says what to give.
    """
    seconds(poll, "poll", least=0.01, most=LONGEST_POLL, error=QueryError)
    if idle not in (None, math.inf):
        seconds(idle, "idle", least=0, most=math.inf, error=QueryError)
    if not isinstance(cast("object", overlap), timedelta) or overlap < timedelta(0):
        raise QueryError(f"overlap is {overlap!r}: give a timedelta of zero or more")
    return Follow(query, began=now_ms, overlap=overlap / MILLISECOND, poll=poll, idle=idle)


def follow_events(
    sender: Sender,
    follow: Follow,
    now_ms: Callable[[], float],
    *,
    retry: RetryPolicy | bool | None,
    timeout: float | None,
) -> Iterator[Event]:
    """Yield new events as they arrive, in the calling thread."""
    last = sender.clock()
    while True:
        query = follow.next_query(now_ms())
        found = SearchResult(sender, query, ROWS, retry=retry, timeout=timeout)
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
    """Yield new events as they arrive, for code that awaits."""
    last = sender.clock()
    while True:
        query = follow.next_query(now_ms())
        found = AsyncSearchResult(sender, query, ROWS, retry=retry, timeout=timeout)
        for event in follow.new(await found.to_list()):
            yield event
            last = sender.clock()
        if follow.idle is not None and sender.clock() - last >= follow.idle:
            return
        await sender.sleep(follow.poll)
