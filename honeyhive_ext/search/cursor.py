"""What the sync and the async search share: the walk, the limit, the number of events yielded. Pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from attrs import evolve

from honeyhive_ext.errors import ResultCountError
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.pages.form import Form
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.rows import Row, content_of, iso, read_rows
from honeyhive_ext.search.query import OPEN_START, Query
from honeyhive_ext.search.walk.steps import Position, WalkStep
from honeyhive_ext.search.walk.walk import Walk
from honeyhive_ext.search.walk.windows import Windows

if TYPE_CHECKING:
    from honeyhive_ext.views.formats import Cell

T = TypeVar("T")
PREVIEWED = 10  # rows that a notebook shows


class Cursor:
    """One pass over a search: rows to yield, the next request, and the position.

    Attributes:
        rows: New rows, newest first.
        ask: The next request to send; None at the end.
        taken: How many of `rows` were yielded.
    """

    def __init__(self, query: Query, resume: Checkpoint | None) -> None:
        self._query = query
        self._range = resume.range if resume else query.range_text
        self._base = resume.handed_out if resume else 0
        position = query.position() if resume is None else resume.position
        self._walk: Walk | None = None
        self._steps: Generator[WalkStep, Page | PageRefused, None] | None = None
        if position is not None:
            prove = query.parallel > 1
            self._walk = Walk(position, size=query.page_size, floor=OPEN_START, prove=prove)
            self._steps = self._walk.run()
        self.rows: Sequence[Row] = ()
        self._first: list[list[Cell]] = []
        self.ask: Ask | None = None
        self.taken = 0
        self._step = WalkStep((), Position(None, None), position, None)
        if self._steps is not None and not self._limit_reached(self._base):
            self._accept(next(self._steps))

    def shown(self, form: Form[T]) -> Iterator[T]:
        """Yield what the search yields for `rows`, each made when it is needed."""
        return map(form.show, self.rows)

    def release(self) -> None:
        """Drop `rows`, all of which were yielded."""
        self._keep_first()
        self._base += len(self.rows)
        self.rows, self.taken = (), 0
        self._step = evolve(self._step, rows=())

    def feed(self, answer: Page | PageRefused) -> None:
        """Take the answer to `ask`. All of `rows` must have been yielded."""
        self._keep_first()
        self._base += len(self.rows)
        if self._steps is not None:
            self._accept(self._steps.send(answer))

    def windows(self) -> Windows | None:
        """Return the rest of the range as windows, if parallel requests are wanted and safe; else None."""
        at, ask, walk = self._step.after, self.ask, self._walk
        if self._query.parallel == 1 or at is None or ask is None or walk is None or not walk.proven:
            return None
        if ask.extra or ask.page != 1 or (ask.lo, ask.hi) != (at.lo, at.hi) or at.failed or at.overlap != 1:
            return None
        return Windows(at, walk.learned, self._query.parallel)

    def show(self, step: WalkStep) -> None:
        """Take a step of `windows()` instead of a step of the walk."""
        self._keep_first()
        self._base += len(self.rows)
        self._accept(step)

    @property
    def finished(self) -> bool:
        """Whether `limit` is reached."""
        return self._limit_reached(self._base + len(self.rows))

    def _accept(self, step: WalkStep) -> None:
        self._step, self.rows, self.ask, self.taken = step, step.rows, step.ask, 0
        limit = self._query.limit
        if limit is not None and self._limit_reached(self._base + len(self.rows)):
            self.rows, self.ask = self.rows[: limit - self._base], None

    def preview(self) -> list[list[Cell]]:
        """Return the first rows as a notebook shows them. They outlive the rows themselves."""
        self._keep_first()
        return self._first

    def _keep_first(self) -> None:
        if self.rows and not self._first:
            from honeyhive_ext.views.event_row import row_of

            self._first = [row_of(content_of(row)) for row in self.rows[:PREVIEWED]]

    @property
    def yielded(self) -> int:
        """How many rows were yielded."""
        return self._base + self.taken

    @property
    def ended(self) -> bool:
        """Whether every row was yielded."""
        return self.ask is None and self.taken >= len(self.rows)

    def _limit_reached(self, yielded: int) -> bool:
        return self._query.limit is not None and yielded >= self._query.limit

    def checkpoint(self) -> Checkpoint:
        """Return the position of the search after the rows that were yielded."""
        step = self._step
        position: Position | None
        if self.taken >= len(step.rows):
            position = step.after
        else:
            yielded = {row.key: row.time for row in step.rows[: self.taken]}
            position = evolve(step.before, seen={**step.before.seen, **yielded})
        if self._steps is None:
            position = None
        return Checkpoint(self._query.fingerprint(), self._range, position, self._base + self.taken)


class Count(int):
    """A number of events, and who counted them.

    Attributes:
        by: "service" if the service counted them, "walk" if every event was fetched and counted here.
        is_total: True if the service sends the number of all matches with a page, False if it sends the
            number of events in the page, None if the answers do not tell.
    """

    __module__ = "honeyhive_ext"

    by: Literal["service", "walk"]
    is_total: bool | None

    def __new__(cls, value: int, *, by: Literal["service", "walk"], is_total: bool | None) -> Count:
        count = super().__new__(cls, value)
        count.by, count.is_total = by, is_total
        return count

    def __repr__(self) -> str:
        return f"Count({int(self)}, by={self.by!r}, is_total={self.is_total})"


def probe(query: Query, rows: int) -> Ask:
    """Return a request for the newest rows only."""
    at = query.position()
    return Ask(at.lo, at.hi, rows)


def unlimited(query: Query) -> Query:
    """Return the same search without its limit."""
    return evolve(query, limit=None)


def described(query: Query) -> str:
    """Return the search as the text of its arguments, for a repr."""
    parts = list(map(repr, query.filters))
    parts += [
        f"{name}={iso(ms)}" for name, ms in (("start", query.start), ("end", query.end)) if ms is not None
    ]
    parts += [f"evaluation_id={query.evaluation_id!r}"] if query.evaluation_id is not None else []
    parts += [f"limit={query.limit}"] if query.limit is not None else []
    return ", ".join(parts)


def judge_count(page: Page, asked: int) -> Count | None:
    """Return the number of all matches, or None if an answer with few rows does not tell it."""
    rows, count = len(page.events), page.count
    if count is not None and count > rows:
        return Count(int(count), by="service", is_total=True)
    if rows < asked:
        return Count(rows, by="service", is_total=None)
    return None


def only(page: Page) -> Row:
    """Return the only row of the answer to a request for two.

    Raises:
        ResultCountError: The answer has no event, or more than one.
    """
    rows = {row.key: row for row in read_rows(page.events)}
    if len(rows) != 1:
        found = "none" if not rows else "several: the two newest are " + " and ".join(rows)
        raise ResultCountError(
            f"one() needs a search that matches exactly one event; this one matches {found}"
        )
    return next(iter(rows.values()))
