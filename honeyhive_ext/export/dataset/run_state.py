"""How far a run is that brings a set up to date. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import orjson
from attrs import asdict, evolve, frozen

from honeyhive_ext.errors import ConfigError, QueryError
from honeyhive_ext.export.dataset.intervals import Interval
from honeyhive_ext.export.dataset.partitions import PartitionStart
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.pages.rows import YEAR_9999
from honeyhive_ext.search.query import OPEN_END, OPEN_START, Query
from honeyhive_ext.search.walk.steps import Position

VERSION = 1
WHOLE = Interval(OPEN_START, YEAR_9999)  # what a search without a range asks for


@frozen
class RunState:
    """The state of a run after a page.

    Attributes:
        run: The name of the run, which the names of its files contain.
        began: When it began, in Unix ms.
        left: The intervals that are not searched to their end; the search stands in the first.
        open: Whether the search has no range, so that events without a time match too.
        refresh: Unix ms; partitions that begin at or after it are replaced. None for none.
        checkpoint: The position of the search, as JSON; None at the beginning of an interval.
        pending: The number of the file of pending events.
        size: The bytes of that file that count.
        current: The partitions of the last page, which may get more events.
        events: How many events the run has added.
        newest: The newest start_time found, in Unix ms, but for times after `began`.
    """

    run: str
    began: float
    left: tuple[Interval, ...]
    open: bool
    refresh: int | None = None
    checkpoint: str | None = None
    pending: int = 0
    size: int = 0
    current: tuple[PartitionStart, ...] = ()
    events: int = 0
    newest: float | None = None

    def to_json(self) -> bytes:
        """Return the state as JSON, which `read_run_state` reads."""
        return orjson.dumps({"version": VERSION, **asdict(self)})

    def begin_at(self, query: Query) -> Checkpoint:
        """Return where the search of the first interval begins or continues."""
        if self.checkpoint is not None:
            return Checkpoint.from_json(self.checkpoint)
        at = self.left[0]
        if not self.open:
            position = Position(at.lo, at.hi)
        elif at == WHOLE:
            position = Position(None, None, open=True)
        else:
            # Only the newest interval asks for the events without a time, which are in no range.
            position = Position(at.lo, min(at.hi, OPEN_END), open=at.hi == WHOLE.hi)
        return Checkpoint(query.fingerprint(), query.range_text, position, 0)

    def bounds(self) -> tuple[float, float]:
        """Return the first and the last time that belong to the first interval, in Unix ms.

        A service that reads times less exactly sends other events as well, which are not asked for.
        """
        at = self.left[0]
        first = self.open and at.lo == WHOLE.lo
        last = self.open and at.hi == WHOLE.hi
        return -math.inf if first else at.lo, math.inf if last else at.hi

    def file_name(self) -> str:
        """Return the name of the next file in a partition. It is the same after a kill."""
        return f"part-{self.run}-{self.pending:06}.parquet"

    def wrote(self, name: str) -> bool:
        """Return whether a file of this name is of this run."""
        return name.startswith(f"part-{self.run}-")

    def replaces(self, bucket: PartitionStart) -> bool:
        """Return whether the run replaces what a partition has."""
        return bucket is not None and self.refresh is not None and bucket >= self.refresh

    def after_interval(self) -> RunState:
        """Return the state at the beginning of the next interval."""
        return evolve(self, left=self.left[1:], checkpoint=None)

    def with_times(self, times: Iterable[float | None]) -> float | None:
        """Return the newest time, if these were found as well."""
        past = [time for time in times if time is not None and time <= self.began]
        return max([*past, *([] if self.newest is None else [self.newest])], default=None)


def read_run_state(text: bytes, where: str) -> RunState:
    """Return the state that `to_json` wrote.

    Raises:
        ConfigError: It is damaged, or of another version.
    """
    hint = f"delete {where} to search again from the beginning; nothing is written twice"
    try:
        given: dict[str, Any] = orjson.loads(text)
        if given.pop("version") != VERSION:
            raise ConfigError(f"{where} is of another version: {hint}")
        left = tuple(Interval(int(one["lo"]), int(one["hi"])) for one in given.pop("left"))
        state = RunState(left=left, current=tuple(given.pop("current")), **given)
        if state.checkpoint is not None:
            Checkpoint.from_json(state.checkpoint)
    except (ValueError, KeyError, TypeError, AttributeError, QueryError) as error:
        raise ConfigError(f"{where} is damaged ({error!r}): {hint}") from error
    return state
