"""The store: one SQLite file, or memory. It has one writer at a time, and many readers.

A thread that writes puts its work into a queue and takes the writer's lock. The thread that has the lock
commits everything in the queue in one transaction (group commit). In a file, readers have their own
connections, and a write-ahead log, so that neither side waits for the other. In memory there is one
connection for all.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from attrs import define, field

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.filters.functions import register
from honeyhive_ext.local.store import indexes, prune
from honeyhive_ext.local.store.columns import ColumnKind
from honeyhive_ext.local.store.connections import Connections
from honeyhive_ext.local.store.packed_row import PackedRows
from honeyhive_ext.local.store.paths import Paths
from honeyhive_ext.local.store.schema import check, prepare
from honeyhive_ext.local.store.store_errors import RepeatedIdError, StoreClosedError
from honeyhive_ext.local.store.transaction import Transaction

T = TypeVar("T")
PER_COMMIT = 256  # pieces of work that one transaction takes at most
_MAPPED = 2**40  # bytes of the file that readers map; SQLite itself caps this at 2 GB


@define
class _Job(Generic[T]):
    """One piece of work: it commits as a whole or not at all."""

    work: Callable[[Transaction], T]
    done: bool = False
    failure: BaseException | None = None
    results: list[T] = field(factory=list[T])


class Store:
    """Events on disk or in memory.

    Args:
        path: The file; None for memory.
        kinds: The fields of the API document and how each is stored.
        index: Dotted paths to index, such as `metadata.tag`.
        max_size: The size in bytes above which the oldest sessions are deleted; None for no limit.

    Raises:
        ConfigError: The file cannot be opened, belongs to another program or to a newer version.
    """

    def __init__(
        self,
        path: Path | None,
        kinds: Mapping[str, ColumnKind],
        *,
        index: Sequence[str] = (),
        max_size: int | None = None,
    ) -> None:
        self.path = path
        self.max_size = max_size
        self.paths = Paths()
        self._lock = threading.Lock()
        self._queue: deque[_Job[Any]] = deque()
        self._open: list[sqlite3.Connection] = []  # the writer's connection, until it is closed
        self._readers = Connections(partial(_reader, path, max_size))
        self._finalizer = weakref.finalize(self, _close, self._lock, self._open, self._readers)
        try:
            self._writer = _connect(path, max_size)
            self._open.append(self._writer)
            self.rows: PackedRows = prepare(self._writer, kinds, str(path))
        except sqlite3.Error as problem:
            self.close()
            raise ConfigError(f"{path} cannot be opened as a store: {problem}") from problem
        except ConfigError:
            self.close()
            raise
        self.paths.load(self._writer)
        self.indexes = indexes.load_indexes(self._writer, index)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Lend a connection with one unchanging view of the store. It reads text as bytes.

        Raises:
            StoreClosedError: The store is closed, or was closed while the block ran.
        """
        if self.path is None:
            with self._lock:
                self._check_open()
                yield self._writer
            return
        with self._readers.lend() as connection:
            connection.execute("BEGIN")
            # The first read fixes the view. So whatever is looked up in `paths` later covers the view.
            if self.paths.last(connection) > self.paths.saved:
                with self._lock:  # another process has written
                    if self.paths.last(connection) > self.paths.saved:
                        self.paths.load(connection)
            yield connection

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do `work` in a transaction and return its result once the result is committed.

        What `work` raises is raised here too, and what it wrote is undone.

        Raises:
            StoreClosedError: The store is closed.
        """
        job = _Job(work)
        self._queue.append(job)
        while not job.done:
            with self._lock:
                if not job.done:
                    self._check_open()
                    self._commit()
        if job.failure is not None:
            raise job.failure
        return job.results[0]

    def _commit(self) -> None:
        """Commit everything in the queue. The caller holds the lock."""
        jobs: list[_Job[Any]] = []
        while self._queue and len(jobs) < PER_COMMIT:
            jobs.append(self._queue.popleft())
        try:
            self._together(jobs)
        finally:
            for job in jobs:
                job.done = True
        if self.max_size is not None:
            prune.prune(self._writer, self.max_size)

    def _together(self, jobs: list[_Job[Any]]) -> None:
        """Commit all jobs in one transaction, or if one of them fails, each in its own.

        Savepoints would separate the jobs too. But SQLite then copies every page that it is about to
        change, and with ids spread over the whole index that costs more than the write itself.
        """
        try:
            self._transaction(jobs)
        except Exception as problem:  # noqa: BLE001 - it is raised again where the work came from
            if len(jobs) == 1:
                jobs[0].failure = problem
                return
            for job in jobs:
                self._together([job])

    def _transaction(self, jobs: list[_Job[Any]], *, careful: bool = False) -> None:
        transaction = Transaction(self._writer, self.rows, self.paths, self.indexes, careful)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            if self.paths.last(self._writer) != self.paths.saved:
                self.paths.load(self._writer)
            results = [job.work(transaction) for job in jobs]
            transaction.finish()
            self._writer.execute("COMMIT")
        except BaseException as problem:
            self._writer.rollback()
            if transaction.paths_changed:
                self.paths.load(self._writer)
            if not isinstance(problem, RepeatedIdError):
                raise
        else:
            for job, result in zip(jobs, results, strict=True):
                job.results = [result]
            return
        self._transaction(jobs, careful=True)

    def _check_open(self) -> None:
        """Raise StoreClosedError if the store is closed. The caller holds the lock."""
        if not self._open:
            raise StoreClosedError

    def close(self) -> None:
        """Wait for the writer, stop the readers, and close every connection.

        The store cannot be used afterwards: every call raises StoreClosedError.
        """
        self._finalizer()


def _connect(path: Path | None, max_size: int | None) -> sqlite3.Connection:
    name = ":memory:" if path is None else str(path)
    connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=30.0)
    try:
        connection.text_factory = bytes
        if path is not None:
            check(connection, name)  # first, so that a file of another program is not changed
            if max_size is not None:  # it costs every write a little
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            # A killed process loses nothing; a power cut may lose the last commits.
            connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -65536")
        register(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _reader(path: Path | None, max_size: int | None) -> sqlite3.Connection:
    connection = _connect(path, max_size)
    # Readers read pages from the system's memory, without a copy. A filter over every event is faster so.
    connection.execute(f"PRAGMA mmap_size = {_MAPPED}")
    return connection


def _close(lock: threading.Lock, opened: list[sqlite3.Connection], readers: Connections) -> None:
    with lock:
        while opened:
            opened.pop().close()
    readers.close()
