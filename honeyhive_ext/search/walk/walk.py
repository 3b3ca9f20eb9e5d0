"""The pagination of a search: every event of a range exactly once, while events arrive and go. Pure.

Page numbers shift when events arrive. So the walk reads page 1 and moves the end of the range down to the
oldest row it has. (A page 2 only shows whether the service cuts pages short.) Requests overlap by `overlap`
milliseconds, and ids already seen are dropped. The walk has no clock, no socket and no state outside itself.
Its driver sends what `WalkStep.ask` says and sends back the answer:

    steps = Walk(Position(lo, hi), size=1000).run()
    step = next(steps)
    while step.ask:
        step = steps.send(answer_to(step.ask))      # step.rows: rows to yield

Promise: an event that matches during the whole walk is yielded exactly once, and an event that arrives
during the walk at most once. Otherwise the walk raises `PaginationIncomplete`.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from attrs import evolve

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused, page_of
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE, Row, newest_first, read_rows, times
from honeyhive_ext.search.walk.drain import Learned, condition, drain
from honeyhive_ext.search.walk.overlap import (
    OVERLAPS,
    coarseness,
    further_back,
    remember,
    unseen,
    wanted_overlap,
)
from honeyhive_ext.search.walk.steps import Position, WalkStep

MOST_DOUBTS = 3  # second pages with rows, after which pages count as cut short
COARSE = OVERLAPS[1]  # ms; a service that cuts times to a larger unit cuts off at least as much
MOST_WITHOUT_PROGRESS = 200  # requests that did not move the end of the range down


class Walk:
    """One walk over [at.lo, at.hi], newest first.

    Args:
        at: Where to begin: a range alone, or the position of an earlier walk.
        size: Events in a page, 1 to 1,000.
        floor: Unix ms at which a range begins that had no start, once the walk needs one.
        prove: Whether to spend a request on the question whether the service reads times to the
            millisecond, if the times of the events leave that open.

    Attributes:
        learned: What the answers have shown about the service.
        proven: Whether an answer has shown that the service reads the end of a range to the millisecond.
    """

    def __init__(self, at: Position, *, size: int, floor: int = 0, prove: bool = False) -> None:
        self._at = at
        self._floor = floor
        self._prove_by_asking = prove
        self.learned = Learned(size)
        self.proven = False

    def run(self) -> Generator[WalkStep, Page | PageRefused, None]:
        """Yield the steps of the walk, and take the answer to the request of each."""
        at: Position | None = self._at
        before = self._at
        # No variable here keeps a page, so that its memory is free before the next one is parsed.
        found: list[Sequence[Row]] = [()]
        lowest, idle = math.inf, 0
        while at is not None:
            ask = Ask(at.lo, at.hi, self.learned.size)
            answered = self._answered(at, (yield WalkStep(found.pop(), before, at, ask)), found)
            before, at = at, (yield from answered)
            if at is not None:
                end = math.inf if at.hi is None else at.hi
                lowest, idle = (end, 0) if end < lowest else (lowest, idle + 1)
                if idle > MOST_WITHOUT_PROGRESS:
                    raise PaginationIncomplete(
                        f"{idle} requests did not bring the search below {at.hi} (Unix ms): events arrive "
                        "there faster than they can be read. Set an earlier end, or a larger page_size."
                    )
        yield WalkStep(found.pop(), before, None, None)

    def _answered(
        self, at: Position, answer: Page | PageRefused, found: list[Sequence[Row]]
    ) -> Generator[WalkStep, Page | PageRefused, Position | None]:
        """Add the new rows of an answer to `found`; return where to continue."""
        asking = self._take(at, page_of(answer))
        reply: Any = None
        after: Position | None
        while True:
            try:
                ask = asking.send(reply)
            except StopIteration as stop:
                rows, after = stop.value
                found.append(rows)
                return after
            reply = yield WalkStep((), at, at, ask)

    def _take(
        self, at: Position, page: Page
    ) -> Generator[Ask, Page | PageRefused, tuple[list[Row], Position | None]]:
        """Return the new rows of an answer, and where to continue: None at the end."""
        page, rows, full = yield from self._complete(at, page, read_rows(page.events))
        known = times(rows)
        overlap = wanted_overlap(at, known)
        yield from self._prove(at, known, full=full)
        gap: list[Row] = []
        if _may_lack_rows(at, known):
            if not at.drained and at.hi != at.past:
                return [], further_back(at)
            gap = yield from self._gap(at, known, overlap)
        overlap = max(overlap, coarseness(at, rows))
        drained: list[Row] | None = None
        after: Position | None = None
        if full:
            oldest = _oldest(rows, known)
            top = _top_that_fills_a_page(at, oldest, overlap)
            if top is None:
                after = self._below(at, oldest, overlap, len(rows))
            else:
                drained, after = yield from self._drain_top(at, top, oldest, overlap)
        got = [*gap, *(drained or ()), *rows]
        new = unseen(at.seen, newest_first(got) if gap or drained is not None else rows)
        seen = remember(at, overlap, got)
        if after is None:
            return (yield from self._end(at, new, seen)), None
        return new, evolve(after, overlap=overlap, seen=seen)

    def _complete(
        self, at: Position, page: Page, rows: list[Row]
    ) -> Generator[Ask, Page | PageRefused, tuple[Page, list[Row], bool]]:
        """Return the page, its rows and whether it is full. Ask again if it contradicts its own count."""
        learned = self.learned

        def short() -> bool:
            return len(rows) < learned.size and page.count is not None and page.count > len(rows)

        if short() and not rows:
            page = page_of((yield Ask(at.lo, at.hi, learned.size)))
            rows = read_rows(page.events)
        tries = 0
        while rows and short() and learned.counts is None:
            # Either the service cuts pages shorter than asked, or its count is not about this range. An empty
            # second page shows the latter. A second page with rows may be due to an event that just arrived.
            tries += 1
            second = page_of((yield Ask(at.lo, at.hi, len(rows), page=2)))
            if not second.events:
                learned.counts = False
            elif tries == MOST_DOUBTS:
                learned.counts, learned.size = True, len(rows)
            else:
                page = page_of((yield Ask(at.lo, at.hi, learned.size)))
                rows = read_rows(page.events)
        return page, rows, learned.is_full(page, rows)

    def _prove(
        self, at: Position, known: Sequence[float], *, full: bool
    ) -> Generator[Ask, Page | PageRefused, None]:
        """Note whether an answer reaches closer to its end than a service that cuts times could reach."""
        if not self.proven and at.hi is not None:
            hi = at.hi
            top = max((time for time in known if time <= hi), default=-math.inf)
            self.proven = hi - hi % COARSE < top
        if self._prove_by_asking and full and not self.proven:
            yield from self._ask_for_proof(known)

    def _ask_for_proof(self, known: Sequence[float]) -> Generator[Ask, Page | PageRefused, None]:
        """Ask for a range that begins right above an event. Proof: the answer does not hold that event."""
        ordered = sorted(time for time in known if YEAR_ONE <= time < YEAR_9999)
        # A service that cuts times to 10 ms cuts nothing off a multiple of 10.
        low = next((low for time in ordered if (low := math.floor(time) + 1) % COARSE), None)
        above = [time for time in ordered if low is not None and time >= low]
        if low is None or not above:
            return
        self._prove_by_asking = False
        page = page_of((yield Ask(low, math.ceil(above[0]), self.learned.size)))
        seen = times(read_rows(page.events))
        self.proven = len(page.events) < self.learned.size and bool(seen) and min(seen) >= low

    def _gap(
        self, at: Position, known: Sequence[float], overlap: int
    ) -> Generator[Ask, Page | PageRefused, list[Row]]:
        """Return the rows between an answer and the drain before it, unless there can be none."""
        if not at.drained or self.proven:
            return []
        lo = at.lo
        if known and lo is not None:
            lo = max(lo, math.floor(max(known)) - overlap)
        return (yield from drain(lo, at.past, self.learned))

    def _drain_top(
        self, at: Position, top: tuple[int, int], oldest: float, overlap: int
    ) -> Generator[Ask, Page | PageRefused, tuple[list[Row], Position | None]]:
        """Return every row at the top of the range, and where to continue below them: None at the end."""
        lo, hi = top
        low: int = max(lo, min(hi - 3 * overlap, math.floor(oldest) - 1 - 2 * overlap))
        rows = yield from drain(low, hi, self.learned)
        if low == lo:
            return rows, None
        return rows, evolve(at, hi=low + 2 * overlap, reach=low, past=hi, drained=True, failed=())

    def _below(self, at: Position, oldest: float, overlap: int, size: int) -> Position | None:
        """Return where to continue below a full page; None if nothing of the range lies there."""
        end = math.ceil(oldest) + overlap
        lo = at.lo
        if lo is not None and end < lo:
            return None
        if end > YEAR_9999 or end < YEAR_ONE:
            raise PaginationIncomplete(
                f"A whole page of {size} events lies beyond the years 1 to 9999 (start_time {oldest}), "
                "where no date range reaches. Their times are probably not in milliseconds."
            )
        if lo is None:
            lo = self._floor if oldest >= self._floor else YEAR_ONE
        return evolve(at, lo=lo, hi=end, reach=oldest, past=at.hi, drained=False, failed=())

    def _end(
        self, at: Position, new: list[Row], seen: Mapping[str, float | None]
    ) -> Generator[Ask, Page | PageRefused, list[Row]]:
        """Return the last rows. A search without a date range matches events without a start_time too."""
        if at.open and at.hi is not None:
            return [*new, *unseen(seen, (yield from timeless(self.learned)))]
        return new


def _may_lack_rows(at: Position, known: Sequence[float]) -> bool:
    """Return whether no row of the overlap came again. The answer may then lack rows between the two."""
    return at.reach is not None and not any(time >= at.reach for time in known)


def _oldest(rows: Sequence[Row], known: Sequence[float]) -> float:
    """Return the oldest time of a full page."""
    if not known:
        raise PaginationIncomplete(
            f"A whole page of {len(rows)} events without a readable start_time: there is no time to continue "
            "from. A larger page_size may hold them all."
        )
    return min(known)


def _top_that_fills_a_page(at: Position, oldest: float, overlap: int) -> tuple[int, int] | None:
    """Return the range if its top alone fills a page, so that its end cannot move down."""
    if at.lo is not None and at.hi is not None and math.ceil(oldest) + overlap >= at.hi:
        return at.lo, at.hi
    return None


def timeless(learned: Learned) -> Generator[Ask, Page | PageRefused, list[Row]]:
    """Return the rows without a start_time, which are in no date range."""
    extra = (condition("start_time", "not exists"),)
    answer = yield Ask(None, None, learned.size, extra=extra)
    if isinstance(answer, PageRefused):
        return []
    rows = read_rows(answer.events)
    if learned.is_full(answer, rows):
        rows = yield from drain(None, None, learned, extra)
    return rows
