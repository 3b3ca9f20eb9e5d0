"""The store: one SQLite file, or memory. One writer at a time, many readers beside it.

Whoever writes puts its work into a queue and takes the writer's lock; who has the lock commits everything
that has queued up in one transaction (group commit). In a file, readers have connections of their own and a
write-ahead log, so that neither side waits for the other. In memory there is one connection for all.
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
from honeyhive_ext.local.store.columns import Columns, Kind
from honeyhive_ext.local.store.connections import Connections, StoreClosedError
from honeyhive_ext.local.store.paths import Paths
from honeyhive_ext.local.store.schema import check, prepare
from honeyhive_ext.local.store.transaction import RepeatedIdError, Transaction

T = TypeVar("T")
PER_COMMIT = 256  # pieces of work that one transaction takes at most
_MAPPED = 2**40  # bytes of the file that readers map; SQLite itself allows 2 GB


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
        path: The file, None for memory.
        kinds: The fields of the API document and how each is stored.
        index: Dotted paths to index, such as `metadata.tag`.
        max_size: Bytes above which the oldest sessions are deleted; None for no bound.

    Raises:
        ConfigError: The file cannot be opened, belongs to another program or to a newer version.
    """

    def __init__(
        self,
        path: Path | None,
        kinds: Mapping[str, Kind],
        *,
        index: Sequence[str] = (),
        max_size: int | None = None,
    ) -> None:
        self.path = path
        self.max_size = max_size
        self.paths = Paths()
        self._lock = threading.Lock()
        self._queue: deque[_Job[Any]] = deque()
        self._open: list[sqlite3.Connection] = []  # the writer's, until it is closed
        self._readers = Connections(partial(_reader, path, max_size))
        self._finalizer = weakref.finalize(self, _close, self._lock, self._open, self._readers)
        try:
            self._writer = _connect(path, max_size)
            self._open.append(self._writer)
            self.columns: Columns = prepare(self._writer, kinds, str(path))
        except sqlite3.Error as problem:
            self.close()
            raise ConfigError(f"{path} cannot be opened as a store: {problem}") from problem
        except ConfigError:
            self.close()
            raise
        self.paths.load(self._writer)
        self.indexes = indexes.prepare(self._writer, index)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection with one unchanging view of the store, text read as bytes.

        Raises:
            StoreClosedError: The store is closed, or was while the block ran.
        """
        if self.path is None:
            with self._lock:
                self._check_open()
                yield self._writer
            return
        with self._readers.lend() as connection:
            connection.execute("BEGIN")
            # The view is fixed by the first read; what is looked up in `paths` after it covers the view.
            if self.paths.last(connection) > self.paths.saved:
                with self._lock:  # another process has written
                    if self.paths.last(connection) > self.paths.saved:
                        self.paths.load(connection)
            yield connection

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do `work` in a transaction and return its result once it is committed.

        Raises:
            StoreClosedError: The store is closed.
            Whatever `work` raises; what it wrote is then undone.
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
        """Commit everything that is waiting. The lock is held."""
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
        """All jobs in one transaction, or where one of them fails each in its own.

        Savepoints would keep the jobs apart too, but SQLite then copies every page that it is about to
        change: with ids spread over the whole index that costs more than the write itself.
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
        transaction = Transaction(self._writer, self.columns, self.paths, self.indexes, careful)
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
        """The lock is held."""
        if not self._open:
            raise StoreClosedError

    def close(self) -> None:
        """Wait for the writer, stop the readers, and close every connection.

        The store cannot be used afterwards: whoever asks gets a StoreClosedError.
        """
        self._finalizer()


def _connect(path: Path | None, max_size: int | None) -> sqlite3.Connection:
    name = ":memory:" if path is None else str(path)
    connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=30.0)
    try:
        connection.text_factory = bytes
        if path is not None:
            check(connection, name)  # before anything that would change a file of another program
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
    # Pages are read where the system holds them: a filter over every event costs 1.3 µs an event, not 2.0.
    connection.execute(f"PRAGMA mmap_size = {_MAPPED}")
    return connection


def _close(lock: threading.Lock, opened: list[sqlite3.Connection], readers: Connections) -> None:
    with lock:
        while opened:
            opened.pop().close()
    readers.close()
