"""The store: one SQLite file, or memory. It has one writer at a time, and many readers.

In a file, readers have their own connections, and a write-ahead log, so that neither side waits for the
other. In memory there is one connection for all.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import shown
from honeyhive_ext.files.side_file import check_beside, make_private
from honeyhive_ext.local.filters.functions import register
from honeyhive_ext.local.store import indexes
from honeyhive_ext.local.store.columns import ColumnKind
from honeyhive_ext.local.store.connections import Connections
from honeyhive_ext.local.store.counts import Counts
from honeyhive_ext.local.store.group_commit import GroupCommit
from honeyhive_ext.local.store.packed_row import PackedRows
from honeyhive_ext.local.store.paths import Paths
from honeyhive_ext.local.store.same_file import SameFile
from honeyhive_ext.local.store.schema import check, prepare
from honeyhive_ext.local.store.store_errors import (
    DAMAGE,
    InterruptedReadError,
    SlowReadError,
    StoreClosedError,
    failed,
)
from honeyhive_ext.local.store.transaction import Transaction
from honeyhive_ext.local.store.watch import Watch, WatchedConnection, watched
from honeyhive_ext.local.store.write_ahead_log import WriteAheadLog

T = TypeVar("T")
PATIENCE = 2.0  # seconds that `close` waits for a write before it ends it
_ASK = 100  # ms between two looks whether another program still writes
BESIDE = ("-wal", "-shm", "-journal")  # how SQLite's own files next to a database end
_MAPPED = 2**40  # bytes of the file that readers map; SQLite itself caps this at 2 GB


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
        self.name = "the memory" if path is None else shown(path)
        self.max_size = max_size
        self.paths = Paths()
        self.counts = Counts()
        self._lock = threading.Lock()
        self._reading = False  # whether a reader uses the writer's connection, which only happens in memory
        self._interrupting = threading.Lock()  # guards `_reading`
        self._ending = threading.Event()
        self._open: list[WatchedConnection] = []  # the writer's connection, until it is closed
        self._readers = Connections(partial(_reader, path, max_size))
        self._finalizer = weakref.finalize(self, _close, self._lock, self._open, self._readers)
        try:
            if path is not None:
                make_private(path)
                check_beside(path, BESIDE)
            self._writer = _connect(path, max_size)
            self._open.append(self._writer)
            self.rows: PackedRows = prepare(self._writer, kinds, str(path))
            self.paths.load(self._writer)
            self.indexes = indexes.load_indexes(self._writer, index, self.rows.kinds)
            if path is not None:
                self._writer.execute(f"PRAGMA busy_timeout = {_ASK}")
                # While too many files are open, readers share the connection that there is.
                with self._readers.lend():
                    pass
        except ConfigError:
            self.close()
            raise
        except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError) as problem:
            # A damaged file may hold anything where the store has its own notes.
            self.close()
            reason = failed(problem, self.name)
            raise ConfigError(f"{self.name} cannot be opened as a store: {reason}") from problem
        except BaseException:
            self.close()
            raise
        self._writing = GroupCommit(
            self._writer,
            self._lock,
            self.name,
            self.rows,
            self.paths,
            self.indexes,
            max_size,
            None if path is None else WriteAheadLog(path, self._ending),
            self._ending,
            self._open,
            None if path is None else SameFile(path, self.name),
        )

    @contextmanager
    def reading(self, seconds: float | None = None) -> Generator[sqlite3.Connection]:
        """Lend a connection with one unchanging view of the store. It reads text as bytes.

        Args:
            seconds: How long a statement of the block may run from now; None for any time.

        Raises:
            StoreClosedError: The store is closed, or was closed while the block ran.
            InterruptedReadError: `interrupt` was called while the block ran.
            SlowReadError: A statement took longer than `seconds`.
            StoreFailedError: SQLite failed.
        """
        lent = self._memory(seconds) if self.path is None else self._readers.lend(seconds)
        try:
            with lent as connection:
                try:
                    if self.path is not None:
                        self._begin_reading(connection)
                    yield connection
                except (sqlite3.Error, *DAMAGE) as problem:
                    raise self._failure(problem, connection.watch, seconds) from problem
        except sqlite3.Error as problem:  # no connection could be opened
            raise failed(problem, self.name) from problem

    def _failure(self, problem: Exception, watch: Watch, seconds: float | None) -> Exception:
        if self._ending.is_set():
            return StoreClosedError()
        code = getattr(problem, "sqlite_errorcode", None)
        # A function of ours that notices the end first raises; SQLite has one sentence for that.
        ended = watch.late() and str(problem) == "user-defined function raised exception"
        if code != sqlite3.SQLITE_INTERRUPT and not ended:
            return failed(problem, self.name)
        # SQLite may notice an interrupt only in the next statement, which may be the next reader's.
        slow = watch.late() and not watch.ended
        return SlowReadError(seconds or 0) if slow else InterruptedReadError()

    @contextmanager
    def _memory(self, seconds: float | None) -> Generator[WatchedConnection]:
        """Lend the one connection of a store in memory."""
        with self._lock:
            self._check_open()
            with self._interrupting:
                self._reading = True
                self._writer.watch.start(seconds)
            try:
                yield self._writer
            finally:
                with self._interrupting:
                    self._reading = False
                    self._writer.watch.start(None)

    def _begin_reading(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        # The first read fixes the view. So whatever is looked up in `paths` later covers the view.
        if self.paths.last(connection) > self.paths.saved:
            with self._lock:  # another process has written
                if self.paths.last(connection) > self.paths.saved:
                    self.paths.load(connection)

    def interrupt(self) -> None:
        """End every read that runs now: it raises InterruptedReadError. Writes and later reads go on.

        A server that stops calls this, so that its requests end soon.
        """
        self._readers.interrupt()
        with self._interrupting:
            if self._reading:
                self._writer.end()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do `work` in a transaction and return its result once the result is committed.

        What `work` raises is raised here too, and what it wrote is undone.

        Raises:
            StoreClosedError: The store is closed.
            StoreFailedError: SQLite failed; nothing of this work is stored.
        """
        return self._writing.write(work)

    def _check_open(self) -> None:
        """Raise StoreClosedError if the store is closed. The caller holds the lock."""
        if not self._open:
            raise StoreClosedError

    def close(self) -> None:
        """End the readers, wait for the writer, and close every connection.

        A write that takes long is ended. The store cannot be used afterwards: every call raises
        StoreClosedError.
        """
        self._ending.set()
        self.interrupt()
        if self._lock.acquire(timeout=PATIENCE):
            self._lock.release()
        else:
            for connection in list(self._open):
                connection.end()
        self._finalizer()


def _connect(path: Path | None, max_size: int | None) -> WatchedConnection:
    name = ":memory:" if path is None else str(path)
    connection = watched(name)
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
        register(connection, connection.watch.late)
    except BaseException:
        connection.close()
        raise
    return connection


def _reader(path: Path | None, max_size: int | None) -> WatchedConnection:
    connection = _connect(path, max_size)
    # Readers read pages from the system's memory, without a copy. A filter over every event is faster so.
    connection.execute(f"PRAGMA mmap_size = {_MAPPED}")
    connection.execute("PRAGMA cache_size = -8192")
    return connection


def _close(lock: threading.Lock, opened: list[WatchedConnection], readers: Connections) -> None:
    with lock:
        while opened:
            opened.pop().close()
    readers.close()
