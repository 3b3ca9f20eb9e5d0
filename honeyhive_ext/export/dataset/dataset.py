"""The driver of an export to a set of Parquet files.

A run may be killed at any time, so the order of its steps is what makes it exact. A page is on disk before
the state that counts it. The state says which partitions are complete before their files are made, and the
names of the files follow from it. So a file that is there already, after a kill, is complete and is not made
again. Events that a search brings a second time are known by the ids in the files.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from uuid import uuid4

from attrs import evolve

from honeyhive_ext.config.checks import is_one_of
from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.errors import ConfigError, QueryError
from honeyhive_ext.export.arrow import BatchMaker
from honeyhive_ext.export.dataset.folder import DatasetFolder
from honeyhive_ext.export.dataset.freshness import first_refreshed, overlap_ms
from honeyhive_ext.export.dataset.intervals import Interval, joined, missing, searched_until, settled
from honeyhive_ext.export.dataset.manifest import Manifest, read_manifest
from honeyhive_ext.export.dataset.partitions import (
    PARTITIONS,
    Partition,
    PartitionStart,
    by_bucket,
    folder_of,
)
from honeyhive_ext.export.dataset.pending import Pending
from honeyhive_ext.export.dataset.run_state import WHOLE, RunState, read_run_state
from honeyhive_ext.export.dataset.stored_events import events_outside, identity_of, known_ids
from honeyhive_ext.export.nested_columns import NestedColumns, decided, read_columns
from honeyhive_ext.export.parquet import GROUP_ROWS, checked_compression, write_row_groups
from honeyhive_ext.files.names import PathLike, shown
from honeyhive_ext.files.side_file import named_errors, read_side
from honeyhive_ext.observe.progress import Progress, Watcher
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.pages.form import TEXT_ROWS
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.query import OPEN_END, OPEN_START, Query, When


class ParquetDataset:
    """A set of Parquet files that is brought up to date. One process at a time writes it.

    Args:
        path: The folder.
        query: The search.
        progress: As for `to_jsonl`.
        partition: The length of time of a partition.
        columns: More columns, of values inside objects.
        overlap: How long before the end of what was searched is searched again.
        refresh: From when on whole partitions are replaced; None for none.
        compression: As for `to_parquet`.
        resume: The position that the search was given, which must be None.
        now: The present, in Unix ms.

    Raises:
        ConfigError: The folder or an argument cannot be used. The message says why.
        QueryError: The search cannot be that of a set.
    """

    rows = TEXT_ROWS

    def __init__(
        self,
        path: PathLike,
        query: Query,
        progress: bool | Progress = False,
        *,
        partition: Partition,
        columns: NestedColumns,
        overlap: timedelta | str,
        refresh: When,
        compression: str,
        resume: Checkpoint | None,
        now: float,
    ) -> None:
        if query.limit is not None:
            raise QueryError(f"limit is {query.limit}: a set has all events of its range, so leave limit out")
        if resume is not None:
            raise QueryError("resume= has no use here: a set continues by itself, so leave it out")
        if not is_one_of(partition, PARTITIONS):
            raise ConfigError(f"partition is {repr_of(partition)}: give one of {', '.join(PARTITIONS)}")
        self._query = query
        self._partition: Partition = partition
        self._given = read_columns(columns)
        self._compression = checked_compression(compression)
        self._overlap = overlap_ms(overlap)
        self._refresh = first_refreshed(refresh, partition, now)
        self._now = now
        self._open = query.start is None and query.end is None
        self._folder = DatasetFolder(path)
        self._watcher = Watcher(progress, None)
        self._manifest = Manifest.of(query, partition)
        self._state: RunState | None = None
        self._pending: Pending | None = None
        self._known: dict[PartitionStart, frozenset[str]] = {}
        self._planned = False
        self._events = 0  # of the runs of this call that have ended

    def begin(self) -> None:
        """Open the folder, and read what it holds.

        Raises:
            QueryError: The set is of another search.
            ConfigError: Another process is writing the set, it is damaged, or it cannot be written.
        """
        self._folder.open()
        where = shown(self._folder.path)
        text = self._folder.manifest()
        asked = evolve(self._manifest, nested=self._given)
        if text is None:
            self._manifest = asked
        else:
            stored = read_manifest(text, f"the manifest of {where}")
            self._manifest = stored.for_search(asked, where)

    def ask(self) -> Generator[Ask, Page, None]:
        """Ask for the types of the columns that have none."""
        nested = yield from decided(self._manifest.nested, self._query)
        self._manifest = evolve(self._manifest, nested=nested)

    def take_up(self) -> None:
        """Take up what a run has left unfinished.

        Raises:
            ConfigError: It is damaged.
        """
        self._folder.write_manifest(self._manifest.to_json())
        text = read_side(self._folder.state)
        if text is None:
            self._folder.clean(None)
            return
        state = read_run_state(text, shown(self._folder.state))
        self._folder.clean(self._folder.pending(state.pending))
        self._start(state)

    def next(self) -> Checkpoint | None:
        """Return where the next search begins or continues; None if the set is up to date."""
        if self._state is None and not self._planned:
            self._plan()
        return None if self._state is None else self._state.begin_at(self._query)

    def write(self, rows: Sequence[Row], checkpoint: Checkpoint) -> None:
        """Take a page; `checkpoint` is the position of the search after it."""
        state, pending = self._running()
        low, high = state.bounds()
        rows = [row for row in rows if row.time is None or low <= row.time <= high]
        parts = by_bucket(rows, self._partition)
        self._known = {bucket: self._known_ids(bucket) for bucket in parts}
        new = {bucket: self._new_texts(bucket, part) for bucket, part in parts.items()}
        new = {bucket: texts for bucket, texts in new.items() if texts}
        with named_errors(pending.path):
            if new:
                pending.add(new)
        self._state = evolve(
            state,
            checkpoint=checkpoint.to_json(),
            size=pending.size,
            current=tuple(parts),
            events=state.events + sum(map(len, new.values())),
            newest=state.with_times(row.time for row in rows),
        )
        self._folder.write_state(self._state.to_json())
        self._make_files()

    def end_interval(self) -> None:
        """Note that the search has come to its end."""
        state, pending = self._running()
        state = self._state = evolve(state, current=())
        self._folder.write_state(state.to_json())
        self._make_files()
        newest, manifest = state.newest, self._manifest
        if newest is not None:
            until = searched_until(state.left[0], [state.began, newest])
            manifest = evolve(manifest, searched=joined([*manifest.searched, *until]), newest=newest)
        self._manifest = manifest
        self._folder.write_manifest(manifest.to_json())
        state, pending = self._running()
        self._known = {}
        if len(state.left) > 1:
            self._state = state.after_interval()
            self._folder.write_state(self._state.to_json())
            return
        self._folder.end_run()
        pending.close(delete=True)
        self._events += state.events
        self._state = self._pending = None

    def tell(self) -> None:
        """Report the number of events so far to the progress function, in the thread of the caller."""
        self._watcher.tell(self.events)

    @property
    def events(self) -> int:
        """How many events were added, those before an interruption included."""
        return self._events + (0 if self._state is None else self._state.events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.close()
        if self._pending is not None:
            self._pending.close()
        self._folder.close()

    def _plan(self) -> None:
        """Begin a run over what is missing."""
        self._planned = True
        asked = WHOLE
        if not self._open:
            start, end = self._query.start, self._query.end
            asked = Interval(OPEN_START if start is None else start, OPEN_END if end is None else end)
        known = settled(self._manifest.searched, self._overlap, self._refresh)
        left = missing(asked, known, self._overlap)
        if left:
            state = RunState(
                uuid4().hex[:12],
                self._now,
                tuple(left),
                self._open,
                refresh=self._refresh,
                newest=self._manifest.newest,
            )
            self._start(state)
            self._folder.write_state(state.to_json())

    def _start(self, state: RunState) -> None:
        self._state = state
        if state.refresh is not None and self._refresh is not None and state.refresh <= self._refresh:
            self._refresh = None  # this run does it
        maker = BatchMaker(self._manifest.nested)
        self._pending = Pending(self._folder.pending(state.pending), state.size, maker)
        self._make_files()

    def _running(self) -> tuple[RunState, Pending]:
        if self._state is None or self._pending is None:
            raise ConfigError("the set is not open")
        return self._state, self._pending

    def _new_texts(self, bucket: PartitionStart, rows: Sequence[Row]) -> list[bytes]:
        known = self._known[bucket]
        return [row.value for row in rows if not known or identity_of(row) not in known]

    def _known_ids(self, bucket: PartitionStart) -> frozenset[str]:
        """Return the ids of the events of a partition that the interval may bring again."""
        if bucket in self._known:
            return self._known[bucket]
        state, _ = self._running()
        files = self._folder.files(folder_of(bucket, self._partition))
        if state.replaces(bucket):
            files = [path for path in files if state.wrote(path.name)]
        return known_ids(files, *state.bounds())

    def _make_files(self) -> None:
        """Make the files of the partitions that get no more events of this page or the next."""
        state, pending = self._running()
        waiting = {*state.current, None} if state.current else set[PartitionStart]()
        # Events without a time may come with any page. What waits is copied below, so many do not wait.
        if pending.rows[None] >= GROUP_ROWS:
            waiting.discard(None)
        complete = [bucket for bucket in pending.rows if bucket not in waiting]
        if not complete:
            return
        for bucket in complete:
            self._make_file(bucket, state, pending)
        number = state.pending + 1
        path = self._folder.pending(number)
        rest = Pending(path, 0, BatchMaker(self._manifest.nested))
        try:
            with named_errors(path):
                rest.take(pending, [bucket for bucket in pending.rows if bucket in waiting])
            state = evolve(state, pending=number, size=rest.size)
            self._folder.write_state(state.to_json(), sync=True)
        except BaseException:
            rest.close()
            raise
        self._state, self._pending = state, rest
        pending.close(delete=True)

    def _make_file(self, bucket: PartitionStart, state: RunState, pending: Pending) -> None:
        partition = folder_of(bucket, self._partition)
        target = self._folder.target(partition, state.file_name())
        old: list[Path] = []
        if state.replaces(bucket):
            old = [path for path in self._folder.files(partition) if not state.wrote(path.name)]
        if not target.exists():  # a run that was killed may have made it

            def write(file: IO[bytes]) -> None:
                kept = events_outside(old, *state.bounds())
                batches = (pending.conform(batch) for batch in chain(pending.batches(bucket), kept))
                write_row_groups(file, batches, self._manifest.nested, self._compression)

            self._folder.put(target, write)
        for path in old:
            path.unlink()
