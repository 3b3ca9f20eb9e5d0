"""The connections of one store, closed only when no thread uses them.

SQLite crashes the process if one thread closes the connection that another thread is using. So `close` first
interrupts what runs, waits for its end, and refuses what comes later.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from honeyhive_ext.local.store.store_errors import StoreClosedError
from honeyhive_ext.local.store.watch import WatchedConnection

MOST = 16  # connections; further readers wait for one of them


class Connections:
    """Connections that are each lent to one user at a time, and used again.

    Args:
        connect: Opens a connection.
    """

    def __init__(self, connect: Callable[[], WatchedConnection]) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._idle: list[WatchedConnection] = []
        self._used: list[WatchedConnection] = []
        self._connecting = 0
        self._closed = False

    def take(self, seconds: float | None = None) -> WatchedConnection:
        """Return a connection that nobody else uses, for statements that end within `seconds`.

        Raises:
            StoreClosedError: The connections are closed.
        """
        while True:
            with self._changed:
                while not (self._closed or self._idle) and len(self._used) + self._connecting >= MOST:
                    self._changed.wait()
                if self._closed:
                    raise StoreClosedError
                if self._idle:
                    connection = self._idle.pop()
                    self._lend(connection, seconds)
                    return connection
                self._connecting += 1
            opened: WatchedConnection | None = None
            try:
                opened = self._connect()
            except sqlite3.OperationalError:
                # Too many files are open, say. One of the connections that there are will do.
                with self._changed:
                    if not (self._idle or self._used):
                        raise
                    while not (self._idle or self._closed):
                        self._changed.wait()
            finally:
                with self._changed:
                    self._connecting -= 1
                    if opened is not None:
                        self._lend(opened, seconds)
                    self._changed.notify_all()
            if opened is not None:
                return opened

    def _lend(self, connection: WatchedConnection, seconds: float | None) -> None:
        connection.watch.start(seconds)
        self._used.append(connection)

    def give_back(self, connection: WatchedConnection) -> None:
        """Return what `take` gave, for the next user."""
        with self._changed:
            self._used.remove(connection)
            self._idle.append(connection)
            self._changed.notify_all()

    def _drop(self, connection: WatchedConnection) -> None:
        with self._changed:
            self._used.remove(connection)
            connection.close()
            self._changed.notify_all()

    @contextmanager
    def lend(self, seconds: float | None = None) -> Generator[WatchedConnection]:
        """Lend a connection for as long as the block runs. Its open transaction is rolled back at the end.

        Args:
            seconds: How long a statement of the block may run from now; None for any time.

        Raises:
            StoreClosedError: The connections are closed, or were closed while the block ran.
        """
        connection = self.take(seconds)
        try:
            yield connection
        except sqlite3.OperationalError as problem:
            if self._closed:  # what was running has been interrupted
                raise StoreClosedError from problem
            raise
        finally:
            try:
                connection.rollback()
            except sqlite3.Error:  # an interrupt may reach it; nobody else shall meet what is left of that
                self._drop(connection)
            else:
                self.give_back(connection)

    def interrupt(self) -> None:
        """End the statements that run now. Their blocks raise sqlite3.OperationalError."""
        with self._changed:
            for connection in self._used:
                connection.end()

    def close(self) -> None:
        """Interrupt what runs, wait for its end, and close every connection. A second call does nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            while self._used or self._connecting:
                for connection in self._used:
                    connection.end()
                # A statement that begins after the interrupt needs another interrupt.
                self._changed.wait(0.05)
            while self._idle:
                self._idle.pop().close()
