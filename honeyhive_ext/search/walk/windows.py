"""The rest of a range, cut into windows that are requested at the same time. Pure.

A walk comes first, until the service has shown that it reads times to the millisecond. Then every event
belongs to exactly one window (a, b], the one that holds its start_time. So windows need no memory of ids, and
their results are disjoint, whatever arrives or goes. If a page is full, its rows above its oldest millisecond
are kept, and the rest of its window is requested again. Windows are cut off the newest end of the rest of the
range, each a few pages long by the density seen last. Their rows are yielded in order of time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Literal

from attrs import define, evolve, field

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused, page_of
from honeyhive_ext.search.pages.rows import Row, newest_first, read_rows, times
from honeyhive_ext.search.walk.drain import Learned, drain
from honeyhive_ext.search.walk.steps import Position, WalkStep
from honeyhive_ext.search.walk.walk import timeless

PIECE = 4.7  # pages in a window by the density seen last, so that its last page is only a little short
FADING = 0.7  # the weight of the density of earlier windows
AHEAD = 6  # pages for each worker that are in flight or not yet yielded: an interruption loses them


def _no_rows() -> list[Row]:
    return []


@define(eq=False)
class Window:
    """The events with a < start_time <= b.

    Attributes:
        state: waiting, asked or done; dense is waiting, with more events in one millisecond than in a page.
        rows: Its events, once it is done.
        full: Whether its last page was full.
    """

    a: int
    b: int
    state: Literal["waiting", "dense", "asked", "done"] = "waiting"
    rows: list[Row] = field(factory=_no_rows)
    full: bool = False

    def holds(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that belong to the window, each once."""
        own = {row.key: row for row in rows if row.time is not None and self.a < row.time <= self.b}
        return newest_first(own.values())


class Windows:
    """The windows of a range, newest first.

    Args:
        at: The position of the walk that came first. Every event at or above `at.reach` was yielded.
        learned: What that walk has learned about the service.
        workers: The most requests at the same time.
    """

    def __init__(self, at: Position, learned: Learned, workers: int) -> None:
        if at.lo is None or at.hi is None:
            raise PaginationIncomplete("Windows need a range with two ends.")
        self._at = self._stands = at
        self._lo = -math.inf if at.open else at.lo
        self._learned = learned
        self._workers = workers
        self._now = float(min(2, workers))  # requests at the same time, adapted to the service
        top = at.hi if at.reach is None else min(at.hi, math.ceil(at.reach))
        self._left = [Window(at.lo - 1, top)] if at.lo <= top else []
        known = [time for time in at.seen.values() if time is not None]
        # The density seen last: events, and the milliseconds that hold them. Newer windows weigh more.
        self._events = float(len(known))
        self._span = max(1.0, max(known) - min(known)) if known else 1.0
        self._sparse = False  # hardly any events where many were expected: smaller windows only cost requests

    def next(self) -> Window | None:
        """Return a window to request now; None if enough are in flight, or too much waits to be yielded."""
        states = Counter(one.state for one in self._left)
        if states["asked"] >= int(self._now):
            return None
        for place, one in enumerate(self._left):
            # The first is requested however much waits, because all of it waits for the first.
            if place and states["asked"] + states["done"] >= AHEAD * self._workers:
                return None
            if one.state == "waiting":
                return self._cut(place)
            if one.state == "dense":
                one.state = "asked"
                return one
        return None

    def _cut(self, place: int) -> Window:
        window = self._left[place]
        span = max(1, math.ceil(PIECE * self._learned.size * self._span / max(1.0, self._events)))
        if not self._sparse and window.b - window.a > span + span // 2:
            self._left.insert(place + 1, Window(window.a, window.b - span))
            window.a = window.b - span
        window.state = "asked"
        return window

    def job(self, window: Window) -> Generator[Ask, Page | PageRefused, list[Row]]:
        """Yield the requests of a window, take their answers, and return its rows."""
        if window.full:
            rows = yield from drain(window.a, window.b, self._learned)
            window.full = False
            return rows
        answer = yield Ask(window.a, window.b, self._learned.size)
        page = page_of(answer)
        rows = read_rows(page.events)
        window.full = self._learned.is_full(page, rows)
        return rows

    def done(self, window: Window, rows: Sequence[Row], *, slowed: bool) -> None:
        """Take the rows of a window. `slowed` says that the service wants fewer requests."""
        self._now = max(1.0, self._now / 2) if slowed else min(float(self._workers), self._now + 1)
        place = self._left.index(window)
        known = times(rows)
        if not window.full:
            self._finish(window, rows)
            return
        if not known:
            raise PaginationIncomplete(
                f"A whole page of {len(rows)} events between {window.a} and {window.b} (Unix ms) has no "
                "readable start_time: there is no time to continue from. A larger page_size may help."
            )
        edge = math.ceil(min(known))
        if edge <= window.a:
            self._finish(window, rows)
            return
        if edge >= window.b:
            # The newest millisecond alone fills a page.
            if window.b - 1 > window.a:
                self._left.insert(place + 1, Window(window.a, window.b - 1))
            window.a, window.state = window.b - 1, "dense"
            return
        self._left.insert(place + 1, Window(window.a, edge))
        window.a = edge
        self._finish(window, rows)

    def _finish(self, window: Window, rows: Iterable[Row]) -> None:
        # The oldest window begins 1 ms before the range, because the start of that is inclusive.
        window.rows = [row for row in window.holds(rows) if row.time is not None and row.time >= self._lo]
        window.state = "done"
        width = window.b - window.a
        self._sparse = len(window.rows) < width * self._events / self._span / 4
        self._events = self._events * FADING + len(window.rows)
        self._span = self._span * FADING + width

    def released(self) -> Iterator[WalkStep]:
        """Yield the windows that are done and have no unfinished window above them, as steps."""
        while self._left and self._left[0].state == "done":
            window = self._left.pop(0)
            rows = [row for row in window.rows if row.key not in self._at.seen]
            before, after = self._position(window.b), self._position(window.a, window.rows)
            yield WalkStep(rows, before or self._at, after, None)

    def last(self) -> Generator[Ask, Page | PageRefused, list[Row]]:
        """Return the rows of no window: if the search has no range, the events without a start_time."""
        if not self._at.open:
            return []
        rows = yield from timeless(self._learned)
        return [row for row in rows if row.key not in self._at.seen]

    def end(self, rows: Sequence[Row]) -> WalkStep:
        """Return the step for the rows of `last`."""
        return WalkStep(rows, self._stands, None, None)

    @property
    def finished(self) -> bool:
        """Whether every window was released."""
        return not self._left

    def _position(self, hi: int, known: Iterable[Row] = ()) -> Position | None:
        """Return the position of a walk that has received everything above `hi`; None at the end."""
        at = self._at
        if at.lo is None or (hi < at.lo and not at.open):
            return None
        seen = {key: time for key, time in at.seen.items() if time is None or time <= hi}
        if hi < at.lo:
            hi = at.lo
            seen.update((row.key, row.time) for row in known if row.time is not None and row.time <= hi)
        return evolve(at, hi=hi, reach=None, past=None, drained=False, failed=(), seen=seen)
