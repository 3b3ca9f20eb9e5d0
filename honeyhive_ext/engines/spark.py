"""A data source of Spark (4.1 and later): `spark.read.format("honeyhive")`. See docs/spark.md.

Nothing here holds a client or a key, because Spark pickles sources, readers and writers and sends them to its
workers: each task makes a client of its own, with the key of its machine.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from attrs import evolve, frozen

from honeyhive_ext.engines.pushdown import narrowed
from honeyhive_ext.engines.slice_tasks import own_client, planned, slice_batches
from honeyhive_ext.engines.spark_options import SourceOptions, read_options
from honeyhive_ext.engines.spark_rows import check_columns, events_of
from honeyhive_ext.engines.time_slices import TimeSlice
from honeyhive_ext.engines.worker_python import check_worker_python
from honeyhive_ext.errors import ConfigError, HoneyHiveError, QueryError
from honeyhive_ext.export.arrow import column_kinds
from honeyhive_ext.export.table import Kind
from honeyhive_ext.payload.times import MILLISECOND, now_ms
from honeyhive_ext.search.query import Query

try:
    from pyspark import TaskContext
    from pyspark.sql.datasource import (
        DataSource,
        DataSourceArrowWriter,
        DataSourceReader,
        DataSourceStreamReader,
        Filter,
        InputPartition,
        WriterCommitMessage,
    )
    from pyspark.sql.types import StructType
except ImportError as error:
    raise ConfigError(
        'the Spark data source needs pyspark 4.1: pip install "honeyhive-ext[spark]"'
    ) from error

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow
else:
    try:
        from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow
    except ImportError:  # Spark 4.1
        SupportsTriggerAvailableNow = object

Offset: TypeAlias = dict[str, Any]

PARALLELISM = 8  # tasks at the same time, if the session does not say it
STEP = 1_000  # ms; a stream begins no batch for less
MOST_REASONS = 10  # refused events that an error names
PUSHDOWN = "spark.sql.python.filterPushdown.enabled"
TYPES: dict[Kind, str] = {
    "string": "string", "json": "string", "number": "double", "integer": "long", "boolean": "boolean"
}  # fmt: skip

log = logging.getLogger("honeyhive_ext.spark")


def register(session: SparkSession) -> None:
    """Make `format("honeyhive")` known to a session of Spark, and let Spark push filters down to it.

    Args:
        session: The session. Its `spark.sql.python.filterPushdown.enabled` becomes true.

    Raises:
        ConfigError: The Python of Spark's workers is another one, and lacks this package or pyspark.
    """
    context = getattr(session, "_sc", None)  # none where the session is a connection to a server
    if context is not None:
        check_worker_python(context.pythonExec, local=context.master.startswith("local"))
    found = PARALLELISM if context is None else int(context.defaultParallelism)
    session.conf.set(PUSHDOWN, "true")
    # A class that is made here is pickled with its attributes.
    made = type("HoneyHiveDataSource", (HoneyHiveDataSource,), {"parallelism": found})
    session.dataSource.register(made)


class HoneyHiveDataSource(DataSource):
    """Events of HoneyHive as a table of Spark, to read, to stream and to write; `register` makes it known.

    Attributes:
        parallelism: Tasks at the same time, and the usual number of partitions.
    """

    parallelism = PARALLELISM

    def __init__(self, options: dict[str, str]) -> None:
        asked = read_options(options, now_ms())  # first, since it refuses keys
        super().__init__(options)
        # The tasks ask the service that the plan was made with, whatever their own environment says.
        self._asked = asked.at(os.environ.get("HH_API_URL"))

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "honeyhive"

    def schema(self) -> StructType:
        """Return the columns that the option `columns` names."""
        schema = StructType()
        for name, (_, kind) in _columns(self._asked).items():
            schema = schema.add(name, TYPES[kind])
        return schema

    def reader(self, schema: StructType) -> EventsReader:
        """Return what reads a table."""
        self._check(schema)
        return EventsReader(self._asked, self.parallelism)

    def streamReader(self, schema: StructType) -> EventsStream:  # noqa: N802 - Spark's names, here and below
        """Return what reads a stream."""
        self._check(schema)
        if self._asked.end is not None:
            raise QueryError("a stream has no end: leave the option out, or read a table")
        return EventsStream(self._asked, self.parallelism)

    def writer(self, schema: StructType, overwrite: bool) -> EventsWriter:
        """Return what writes a data frame."""
        if overwrite:
            raise ConfigError('events cannot be removed, so nothing is overwritten: write mode("append")')
        check_columns(schema.names)
        return EventsWriter(self._asked, self.parallelism)

    def _check(self, given: StructType) -> None:
        own = self.schema()
        if [(one.name, one.dataType) for one in given] != [(one.name, one.dataType) for one in own]:
            raise ConfigError(
                "the schema is not that of the events: leave out .schema(...), and name columns in the "
                'option columns, such as "event_id, metadata.cost:number"'
            )


class EventsPartition(InputPartition):
    """What one task reads, and how many tasks read at the same time, at most."""

    def __init__(self, part: TimeSlice, tasks: int) -> None:
        self.part, self.tasks = part, tasks


class _Slices:
    """What reads slices of time: a table or a batch of a stream."""

    _query: Query

    def __init__(self, asked: SourceOptions, parallelism: int) -> None:
        self._asked, self._parallelism = asked, parallelism
        self._now = now_ms()
        self._query = asked.query(self._now)

    def read(self, partition: InputPartition) -> Iterator[Any]:
        """Yield the events of a task."""
        if not isinstance(partition, EventsPartition):
            raise TypeError(f"{type(partition).__name__} is not a partition of events")
        return slice_batches(self._asked, self._query, partition.part, tasks=partition.tasks)

    def _plan(self, query: Query, now: float, after: float | None = None) -> list[EventsPartition]:
        found = planned(self._asked, query, now, usual=self._parallelism, after=after)
        tasks = min(len(found), self._parallelism)
        return [EventsPartition(part, tasks) for part in found]


class EventsReader(_Slices, DataSourceReader):
    """Reads the events of a range, in tasks that each read a slice of time."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802
        """Ask the service for less where it can, and leave every filter for Spark to apply again."""
        self._query = narrowed(self._query, filters, _columns(self._asked))
        return filters

    def partitions(self) -> Sequence[EventsPartition]:
        """Plan the tasks, with a few requests."""
        return self._plan(self._query, self._now)


class EventsStream(_Slices, DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads events as time goes on. An offset is the start_time, in Unix ms, up to which events were read."""

    def __init__(self, asked: SourceOptions, parallelism: int) -> None:
        super().__init__(asked, parallelism)
        self._last: Offset | None = None
        self._target: int | None = None

    def initialOffset(self) -> Offset:  # noqa: N802
        """Return where a new stream begins: at the option start, which is inclusive, else now."""
        start = self._query.start
        self._last = {"start_time": math.floor(self._now) if start is None else start, "inclusive": True}
        return self._last

    def latestOffset(self, start: Offset | None = None, limit: object = None) -> Offset:  # noqa: N802
        """Return where the next batch ends: `lag` ago, and at most `maxWindow` after its start."""
        begin = self._last if start is None else start  # Spark 4.1 gives none
        end = self._settled() if self._target is None else min(self._settled(), self._target)
        if begin is not None:
            low, least = begin["start_time"], STEP if self._target is None else 1
            if end < low + least:
                return begin
            window = self._asked.window
            end = end if window is None else min(end, low + math.ceil(window / MILLISECOND))
        self._last = {"start_time": end}
        return self._last

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802
        """Fix where a stream ends that reads what is there and stops."""
        self._target = self._settled()

    def partitions(self, start: Offset, end: Offset) -> Sequence[EventsPartition]:
        """Plan the tasks of one batch."""
        first, last = start["start_time"], end["start_time"]
        if self._last is None or self._last["start_time"] < last:
            self._last = end
        if start == end or first > last:
            return []
        query = evolve(self._query, start=first, end=last)
        return self._plan(query, self._now, None if start.get("inclusive") else float(first))

    def _settled(self) -> int:
        return math.floor(now_ms() - self._asked.lag / MILLISECOND)


@frozen
class WrittenEvents(WriterCommitMessage):
    """What a task has written.

    Attributes:
        delivered: Events that the service has.
        refused: Events that it refuses.
        reasons: Why, for the first few.
    """

    delivered: int
    refused: int
    reasons: tuple[str, ...]


class EventsWriter(DataSourceArrowWriter):
    """Creates an event of each row, with an id that is the same when a task runs again."""

    def __init__(self, asked: SourceOptions, parallelism: int) -> None:
        self._asked, self._parallelism = asked, parallelism
        self._job = asked.job or str(uuid4())

    def write(self, iterator: Iterator[Any]) -> WrittenEvents:
        """Create the events of one task.

        Raises:
            BatchError: The service cannot be reached, so that Spark runs the task again.
        """
        task = TaskContext.get()
        place = f"{self._job}/{0 if task is None else task.partitionId()}"
        rows = (row for batch in iterator for row in batch.to_pylist(maps_as_pydicts="strict"))
        with own_client(self._asked, self._parallelism) as client:
            report = client.events.create_batch(events_of(rows, place), on_error="collect")
        if report.stopped is not None or any(one.reason in ("failed", "not_sent") for one in report.failures):
            report.raise_for_failures()
        reasons = tuple(str(one)[:500] for one in report.failures[:MOST_REASONS])
        return WrittenEvents(len(report.event_ids), len(report.failures), reasons)

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        """Tell of the events that were refused.

        Raises:
            HoneyHiveError: There are some. The others are stored.
        """
        tasks = [one for one in messages if isinstance(one, WrittenEvents)]
        refused = sum(one.refused for one in tasks)
        if refused:
            delivered = sum(one.delivered for one in tasks)
            reasons = [reason for one in tasks for reason in one.reasons][:MOST_REASONS]
            raise HoneyHiveError(
                f"{refused} of {delivered + refused} events were refused, the others are stored: "
                + "; ".join(reasons)
            )

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:
        """Log what a job that failed leaves."""
        done = sum(one.delivered for one in messages if isinstance(one, WrittenEvents))
        log.warning(
            "the job %s failed: at least %d of its events are stored. Write the same data frame again "
            "with the option jobId=%s, and nothing is stored twice.", self._job, done, self._job
        )  # fmt: skip


def _columns(asked: SourceOptions) -> dict[str, tuple[str, Kind]]:
    """Return the path and the kind of each column, by name."""
    kinds = column_kinds(asked.nested)
    paths = {column.name: ".".join(column.keys) for column in asked.nested}
    return {name: (paths.get(name, name), kinds[name]) for name in asked.names}
