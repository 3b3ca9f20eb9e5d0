"""The connections of one store, closed only when no thread uses them.

SQLite crashes the process if one thread closes the connection that another thread is using. So `close` first
interrupts what runs, waits for its end, and refuses what comes later.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from attrs import define, field

from honeyhive_ext.local.store.store_errors import StoreClosedError
from honeyhive_ext.local.store.watch import WatchedConnection

MOST = 16  # connections; further readers wait for one of them


@define(eq=False)
class _Use:
    """One use of a connection, from before it is taken until after it is given back."""

    thread: int = field(factory=threading.get_ident)
    connection: WatchedConnection | None = None


class Connections:
    """Connections that are each lent to one user at a time, and used again.

    Args:
        connect: Opens a connection.
    """

    def __init__(self, connect: Callable[[], WatchedConnection]) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._idle: list[WatchedConnection] = []
        self._uses: set[_Use] = set()
        self._closed = False

    @contextmanager
    def lend(self, seconds: float | None = None) -> Generator[WatchedConnection]:
        """Lend a connection for as long as the block runs. Its open transaction is rolled back at the end.

        Args:
            seconds: How long a statement of the block may run from now; None for any time.

        Raises:
            StoreClosedError: The connections are closed, or were closed while the block ran.
        """
        use = _Use()
        try:  # Ctrl-C may come at any line from here on
            yield self._taken(use, seconds)
        except sqlite3.OperationalError as problem:
            if self._closed:  # what was running has been interrupted
                raise StoreClosedError from problem
            raise
        finally:
            self._end(use)

    def _taken(self, use: _Use, seconds: float | None) -> WatchedConnection:
        """Return a connection that nobody else uses, for statements that end within `seconds`."""
        while True:
            with self._changed:
                while not (self._closed or self._idle) and len(self._uses) >= MOST:
                    self._changed.wait()
                if self._closed:
                    raise StoreClosedError
                self._uses.add(use)
                if self._idle:
                    connection = use.connection = self._idle[-1]  # there until it is here
                    del self._idle[-1]
                    connection.watch.start(seconds)
                    return connection
            try:
                connection = self._connect()
            except sqlite3.OperationalError:
                # Too many files are open, say. One of the connections that there are will do.
                with self._changed:
                    if not (self._idle or any(one.connection for one in self._uses)):
                        raise
                    while not (self._idle or self._closed):
                        self._changed.wait()
                    self._uses.discard(use)
            else:
                with self._changed:
                    use.connection = connection
                    connection.watch.start(seconds)
                return connection

    def _end(self, use: _Use) -> None:
        connection = use.connection
        if connection is not None:
            try:
                connection.rollback()
            except sqlite3.Error:  # an interrupt may reach it; nobody else shall meet what is left of that
                connection.close()
                connection = None
        with self._changed:
            try:
                if connection is not None and connection not in self._idle:
                    self._idle.append(connection)
            finally:  # not before: `close` finds the connection wherever Ctrl-C comes
                self._uses.discard(use)
                self._changed.notify_all()

    def interrupt(self) -> None:
        """End the statements that run now. Their blocks raise sqlite3.OperationalError."""
        with self._changed:
            for use in self._uses:
                if use.connection is not None:
                    use.connection.end()

    def close(self) -> None:
        """Interrupt what runs, wait for its end, and close every connection. A second call does nothing.

        What the calling thread has begun itself cannot run now, so its connections are closed at once.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            own = threading.get_ident()
            while any(use.thread != own for use in self._uses):
                self.interrupt()
                # A statement that begins after the interrupt needs another interrupt.
                self._changed.wait(0.05)
            for connection in [*self._idle, *(use.connection for use in self._uses)]:
                if connection is not None:
                    connection.close()
            self._idle.clear()
