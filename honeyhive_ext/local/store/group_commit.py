"""The writer of a store: what threads want written, committed together.

A thread that writes puts its work into a queue and takes the lock. The thread that has the lock commits
everything in the queue in one transaction (group commit).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from attrs import define, field

from honeyhive_ext.local.store import prune
from honeyhive_ext.local.store.indexes import Indexes
from honeyhive_ext.local.store.packed_row import PackedRows
from honeyhive_ext.local.store.paths import Paths
from honeyhive_ext.local.store.same_file import SameFile
from honeyhive_ext.local.store.store_errors import DAMAGE, RepeatedIdError, StoreClosedError, failed
from honeyhive_ext.local.store.transaction import Transaction
from honeyhive_ext.local.store.watch import WatchedConnection
from honeyhive_ext.local.store.write_ahead_log import WriteAheadLog

logger = logging.getLogger("honeyhive_ext.local")

T = TypeVar("T")
PER_COMMIT = 256  # pieces of work that one transaction takes at most
BUSY = 30.0  # seconds that a write waits while another program writes


@define
class _Job(Generic[T]):
    """One piece of work: it commits as a whole or not at all."""

    work: Callable[[Transaction], T]
    done: bool = False
    failure: BaseException | None = None
    results: list[T] = field(factory=list[T])


@define(eq=False)
class GroupCommit:
    """Writes through one connection.

    Args:
        connection: The connection. Whoever uses it has the lock.
        lock: The lock.
        name: The name of the file, for messages.
        rows: The format of the rows.
        paths: The dictionary of paths.
        indexes: The indexed paths.
        max_size: The size in bytes above which the oldest sessions are deleted; None for no limit.
        log: Keeps the write-ahead log small; None for a store in memory.
        ending: Is set when the store begins to close.
        opened: Holds the connection until it is closed. Whoever looks has the lock.
        file: The file; None for a store in memory.
    """

    connection: WatchedConnection
    lock: threading.Lock
    name: str
    rows: PackedRows
    paths: Paths
    indexes: Indexes
    max_size: int | None
    log: WriteAheadLog | None
    ending: threading.Event
    opened: Sequence[WatchedConnection]
    file: SameFile | None
    _queue: deque[_Job[Any]] = field(factory=deque["_Job[Any]"], init=False)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do `work` in a transaction and return its result once it is committed. See `Store.write`."""
        job = _Job(work)
        self._queue.append(job)
        while not job.done:
            with self.lock:
                if not job.done:
                    if not self.opened:
                        raise StoreClosedError
                    self._commit(job)
        if job.failure is not None:
            raise job.failure
        return job.results[0]

    def _commit(self, own: _Job[Any]) -> None:
        """Commit everything in the queue. The caller, whose own work is one of it, holds the lock."""
        jobs = [self._queue[at] for at in range(min(len(self._queue), PER_COMMIT))]
        try:
            self._together(jobs)
        finally:
            for _ in jobs:
                job = self._queue.popleft()
                job.done = job is own or bool(job.results) or job.failure is not None
                if not job.done:  # Ctrl-C ended this thread's write; the other threads' have yet to be done
                    self._queue.append(job)
        try:
            if self.max_size is not None:
                prune.prune(self.connection, self.max_size)
            if self.log is not None:
                self.log.after_commit(self.connection)
        except sqlite3.Error as problem:  # the jobs are committed; a later write tries this again
            self.connection.rollback()
            logger.warning("the store was not made smaller: %s", failed(problem, self.name))

    def _together(self, jobs: list[_Job[Any]]) -> None:
        """Commit all jobs in one transaction, or if one of them fails, each in its own.

        Savepoints would separate the jobs too. But SQLite then copies every page that it is about to
        change, and with ids spread over the whole index that costs more than the write itself.
        """
        try:
            self._transaction(jobs)
        except Exception as problem:  # noqa: BLE001 - it is raised again where the work came from
            if len(jobs) == 1:
                jobs[0].failure = self._failure(problem)
                return
            for job in jobs:
                self._together([job])

    def _failure(self, problem: Exception) -> Exception:
        if not isinstance(problem, (sqlite3.Error, *DAMAGE)):
            return problem
        found = StoreClosedError() if self.ending.is_set() else failed(problem, self.name)
        found.__cause__ = problem
        return found

    def _begin(self) -> None:
        """Begin a transaction. Wait while another program writes, but not while the store closes."""
        until = time.monotonic() + BUSY
        while True:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as problem:
                busy = problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or self.ending.is_set() or time.monotonic() > until:
                    raise
            else:
                return

    def _transaction(self, jobs: list[_Job[Any]], *, careful: bool = False) -> None:
        transaction = Transaction(self.connection, self.rows, self.paths, self.indexes, careful)
        try:
            self._begin()
            if self.file is not None:
                self.file.check()
            if self.paths.last(self.connection) != self.paths.saved:
                self.paths.load(self.connection)
            results = [job.work(transaction) for job in jobs]
            transaction.finish()
            self.connection.execute("COMMIT")
        except BaseException as problem:
            self.connection.rollback()
            if transaction.paths_changed:
                self.paths.load(self.connection)
            if not isinstance(problem, RepeatedIdError):
                raise
        else:
            for job, result in zip(jobs, results, strict=True):
                job.results = [result]
            return
        self._transaction(jobs, careful=True)
