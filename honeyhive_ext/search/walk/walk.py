"""The stable walk: every event of a range exactly once, while events arrive and go. Pure.

Page numbers shift when events arrive, so the walk always asks for page 1 and moves the end of the range
down to the oldest row it has, overlapping by `overlap` milliseconds and dropping the ids it has seen.
Whoever drives it sends what `WalkStep.ask` says and puts the answer in; it has no clock, no socket, no state
outside itself:

    steps = Walk(Position(lo, hi), size=1000).run()
    step = next(steps)
    while step.ask:
        step = steps.send(answer_to(step.ask))      # step.rows: rows to hand out

Promise: an event that matches throughout the walk is handed out exactly once, one that arrives meanwhile
at most once, or `PaginationIncomplete` is raised.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
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

MOST_DOUBTS = 3  # second pages that are not empty, until pages are taken to be cut
COARSE = OVERLAPS[1]  # ms; whoever cuts times to more cuts off at least as much
MOST_WITHOUT_PROGRESS = 200  # requests in which the end of the range did not move down


class Walk:
    """One walk over [at.lo, at.hi], newest first.

    Args:
        at: Where to begin: a bare range, or where an earlier walk stood.
        size: Events in a page, 1 to 1,000.
        floor: Where an open range (no date range in the first request) begins once it needs an end.

        prove: Spend a request on finding out whether the service reads times to the millisecond, where
            the times of the events leave that open.

    Attributes:
        learned: What the answers have shown about the service.
        proven: Whether the service was seen to read the end of a range to the millisecond.
    """

    def __init__(self, at: Position, *, size: int, floor: int = 0, prove: bool = False) -> None:
        self._at = at
        self._floor = floor
        self._prove_by_asking = prove
        self.learned = Learned(size)
        self.proven = False

    def run(self) -> Generator[WalkStep, Page | PageRefused, None]:
        """The walk itself: yields steps, takes the answers to their requests."""
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
        """Where to go on after an answer; its new rows are added to `found`."""
        asking = self._take(at, _page(answer))
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
        """What an answer gives: the new rows, and where to go on (None: the end)."""
        rows = read_rows(page.events)
        page, rows, full = yield from self._complete(at, page, rows)
        had = times(rows)
        overlap = wanted_overlap(at, had)
        self._prove(at, had)
        if self._prove_by_asking and full and not self.proven:
            yield from self._ask_for_proof(rows)
        gap: list[Row] = []
        if at.reach is not None and not any(time >= at.reach for time in had):
            # Nothing of what was had before appears again: rows in between may be missing from this answer.
            if not at.drained:
                if at.hi != at.past:
                    return [], further_back(at)
            elif not self.proven:
                lo = at.lo
                if had and lo is not None:
                    lo = max(lo, math.floor(max(had)) - overlap)
                gap = yield from drain(lo, at.past, self.learned)
        overlap = max(overlap, coarseness(at, rows))
        new = unseen(at.seen, newest_first([*gap, *rows]) if gap else rows)
        seen = remember(at, overlap, [*gap, *rows])
        if not full:
            return (yield from self._end(at, new, seen))
        if not had:
            raise PaginationIncomplete(
                f"A whole page of {len(rows)} events without a readable start_time: there is no time to go "
                "on from. A larger page_size may hold them all."
            )
        last = min(had)
        end = math.ceil(last) + overlap
        if at.lo is not None and at.hi is not None and end >= at.hi:
            # The top of the range alone fills a page, so there is no later page to move the end to.
            low: int = max(at.lo, min(at.hi - 3 * overlap, math.floor(last) - 1 - 2 * overlap))
            drained = yield from drain(low, at.hi, self.learned)
            new = unseen(at.seen, newest_first([*gap, *drained, *rows]))
            seen = remember(at, overlap, [*gap, *drained, *rows])
            if low == at.lo:
                return (yield from self._end(at, new, seen))
            return new, evolve(
                at,
                hi=low + 2 * overlap,
                reach=low,
                past=at.hi,
                drained=True,
                failed=(),
                overlap=overlap,
                seen=seen,
            )
        if at.lo is not None and end < at.lo:
            return (yield from self._end(at, new, seen))
        if end > YEAR_9999 or end < YEAR_ONE:
            raise PaginationIncomplete(
                f"A whole page of {len(rows)} events lies beyond the years 1 to 9999 (start_time {last}), "
                "where no date range reaches. Their times are probably not in milliseconds."
            )
        lo = at.lo
        if lo is None:
            lo = self._floor if last >= self._floor else YEAR_ONE
        return new, evolve(
            at, lo=lo, hi=end, reach=last, past=at.hi, drained=False, failed=(), overlap=overlap, seen=seen
        )

    def _complete(
        self, at: Position, page: Page, rows: list[Row]
    ) -> Generator[Ask, Page | PageRefused, tuple[Page, list[Row], bool]]:
        """Whether a page is full; where it contradicts its own count, after asking once more."""
        learned = self.learned

        def short() -> bool:
            return len(rows) < learned.size and page.count is not None and page.count > len(rows)

        if short() and not rows:
            page = _page((yield Ask(at.lo, at.hi, learned.size)))
            rows = read_rows(page.events)
        tries = 0
        while rows and short() and learned.counts is None:
            # Either the service cuts pages shorter than asked, or its count is not about this range. An
            # empty second page says the latter. Another may be there because an event arrived meanwhile.
            tries += 1
            second = _page((yield Ask(at.lo, at.hi, len(rows), page=2)))
            if not second.events:
                learned.counts = False
            elif tries == MOST_DOUBTS:
                learned.counts, learned.size = True, len(rows)
            else:
                page = _page((yield Ask(at.lo, at.hi, learned.size)))
                rows = read_rows(page.events)
        return page, rows, learned.is_full(page, rows)

    def _prove(self, at: Position, had: Iterable[float]) -> None:
        """See whether an answer reaches closer to its end than a service that cuts times could."""
        if self.proven or at.hi is None:
            return
        hi = at.hi
        top = max((time for time in had if time <= hi), default=-math.inf)
        self.proven = hi - hi % COARSE < top

    def _ask_for_proof(self, rows: Sequence[Row]) -> Generator[Ask, Page | PageRefused, None]:
        """Ask for a range that begins right above an event, and see whether the event stays out of it."""
        had = sorted(times(rows))
        # A service that cuts times to 10 ms cuts nothing off a multiple of 10.
        low = next((low for time in had if (low := math.floor(time) + 1) % COARSE), None)
        above = [time for time in had if low is not None and time >= low]
        if low is None or not above:
            return
        self._prove_by_asking = False
        page = _page((yield Ask(low, math.ceil(above[0]), self.learned.size)))
        seen = times(read_rows(page.events))
        self.proven = len(page.events) < self.learned.size and bool(seen) and min(seen) >= low

    def _end(
        self, at: Position, new: list[Row], seen: Mapping[str, float | None]
    ) -> Generator[Ask, Page | PageRefused, tuple[list[Row], None]]:
        """The last rows. A search without a date range also means the events without a start_time."""
        if at.open and at.hi is not None:
            new = [*new, *unseen(seen, (yield from timeless(self.learned)))]
        return new, None


def timeless(learned: Learned) -> Generator[Ask, Page | PageRefused, list[Row]]:
    """The rows without a start_time, which no date range holds."""
    extra = (condition("start_time", "not exists"),)
    answer = yield Ask(None, None, learned.size, extra=extra)
    if isinstance(answer, PageRefused):
        return []
    rows = read_rows(answer.events)
    if learned.is_full(answer, rows):
        rows = yield from drain(None, None, learned, extra)
    return rows


def _page(answer: Page | PageRefused) -> Page:
    if isinstance(answer, PageRefused):
        raise answer.error
    return answer
