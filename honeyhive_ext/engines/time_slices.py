"""A range of time as slices with about equally many events, planned with a few requests. Pure.

An event belongs to the one slice (after, until] that holds its start_time. So slices need no memory of ids,
and what they hold is disjoint, whatever arrives or goes. The API orders events by start_time and has offset
pages: page k of pages of one event is the k-th newest event, and its time is a border.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable
from itertools import pairwise
from typing import TypeAlias

from attrs import evolve, frozen

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.cursor import judge_count
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE, Row, iso, read_rows, times
from honeyhive_ext.search.query import OPEN_START, Query
from honeyhive_ext.search.walk.overlap import OVERLAPS

Planning: TypeAlias = Generator[Ask, Page, "list[TimeSlice]"]

COARSE = OVERLAPS[1]  # ms; a service that cuts times to a larger unit cuts off at least as much
HALVINGS = 5  # requests that narrow down how many events there are, if the service does not say it


@frozen
class TimeSlice:
    """The events with after < start_time <= until, both in Unix ms.

    Attributes:
        timeless: Whether the events without a start_time belong to it too.
    """

    after: float
    until: float
    timeless: bool = False

    @property
    def asked(self) -> tuple[int, int]:
        """The range to ask for, in whole ms. It overlaps both neighbours, as services may round times."""
        return max(YEAR_ONE, math.floor(self.after)), min(YEAR_9999, math.ceil(self.until) + 1)

    def own(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows whose own time lies in the slice."""
        return [row for row in rows if row.time is not None and self.after < row.time <= self.until]


def plan_slices(
    query: Query, now_ms: float, *, wanted: int | None, usual: int, after: float | None = None
) -> Planning:
    """Yield the requests that look where the events are, and return the slices, newest first.

    Args:
        query: The search. A range without an end ends now, or with the newest event if that is later.
        now_ms: The present in Unix ms.
        wanted: How many slices to make; None for `usual`, but not more than there are pages of events.
        usual: See `wanted`.
        after: Where the range begins, exclusive, in Unix ms; None for the start of the search, inclusive.
    """
    at = query.position()
    size, most = query.page_size, usual if wanted is None else wanted
    first = yield Ask(at.lo, at.hi, size)
    known = sorted(times(read_rows(first.events)), reverse=True)
    whole = TimeSlice(
        after=math.nextafter((yield from _lowest(query)), -math.inf) if after is None else after,
        until=float(max([now_ms, *known[:1]]) if query.end is None else query.end),
        timeless=at.open,
    )
    if whole.until > YEAR_9999:
        raise PaginationIncomplete(
            f"An event lies beyond the year 9999 (start_time {whole.until}), where no date range reaches. "
            "Its time is probably not in milliseconds. Set an end."
        )
    more = len(first.events) >= size or (first.count or 0) > len(first.events)
    if most == 1 or len(known) < 2 or (wanted is None and not more):
        return [whole]
    count = (yield from _how_many(query, first)) if more else len(known)
    exact = yield from _reads_milliseconds(known, size)
    if more and not exact:  # the newest events may be too crowded to tell
        page = yield Ask(at.lo, at.hi, size, page=1 + count // (2 * size))
        exact = yield from _reads_milliseconds(times(read_rows(page.events)), size)
    if not exact:
        return [whole]
    if not more:
        return _cut(whole, [known[number * count // most] for number in range(1, most)])
    borders: list[float] = []
    parts = most if wanted is not None else min(most, math.ceil(count / size))
    for number in range(1, parts):
        page = yield Ask(at.lo, at.hi, 1, page=1 + number * count // parts)
        borders += times(read_rows(page.events))
    return _cut(whole, borders)


def _lowest(query: Query) -> Generator[Ask, Page, int]:
    """Return the start of the range in Unix ms."""
    if query.start is not None or query.end is not None:
        return OPEN_START if query.start is None else query.start
    earlier = {"field": "start_time", "operator": "before", "value": iso(OPEN_START), "type": "datetime"}
    page = yield Ask(None, None, 1, extra=(earlier,))
    return YEAR_ONE if page.events else OPEN_START


def _cut(whole: TimeSlice, borders: Iterable[float]) -> list[TimeSlice]:
    """Return the range cut at these times. A border belongs to the slice below it."""
    inside = {math.floor(time) for time in borders if whole.after < math.floor(time) < whole.until}
    edges = [whole.until, *sorted(inside, reverse=True), whole.after]
    cut = [TimeSlice(low, high) for high, low in pairwise(edges)]
    cut[-1] = evolve(cut[-1], timeless=whole.timeless)
    return cut


def _reads_milliseconds(known: Iterable[float], size: int) -> Generator[Ask, Page, bool]:
    """Return whether the service reads the ends of a range to the millisecond.

    The range begins right above an event, at no multiple of 10 ms. If the service cut times to a larger unit,
    the answer would hold that event.
    """
    ordered = sorted(time for time in known if YEAR_ONE <= time < YEAR_9999)
    ranges: dict[tuple[int, int], int] = {}
    for below, above in pairwise(ordered):
        low, high = math.floor(below) + 1, math.ceil(above)
        if low <= above and low % COARSE:
            ranges[low, high] = bisect_right(ordered, high) - bisect_left(ordered, low)
    if not ranges:
        return False
    low, high = min(ranges, key=ranges.__getitem__)  # few events, as the answer must not be full
    page = yield Ask(low, high, size)
    seen = times(read_rows(page.events))
    return len(page.events) < size and bool(seen) and min(seen) >= low


def _how_many(query: Query, first: Page) -> Generator[Ask, Page, int]:
    """Return about how many events match, of which the first page is full."""
    counted = judge_count(first, query.page_size)
    if counted is not None:
        return int(counted)
    at = query.position()
    there, missing = query.page_size, 0
    while not missing:  # the service counts the page alone: look for the end
        page = yield Ask(at.lo, at.hi, 1, page=2 * there)
        there, missing = (2 * there, 0) if page.events else (there, 2 * there)
    for _ in range(HALVINGS):
        middle = (there + missing) // 2
        page = yield Ask(at.lo, at.hi, 1, page=middle)
        there, missing = (middle, missing) if page.events else (there, middle)
    return there
