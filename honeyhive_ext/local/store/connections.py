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


class Connections:
    """Connections that are each lent to one user at a time, and used again.

    Args:
        connect: Opens a connection.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._idle: list[sqlite3.Connection] = []
        self._used: list[sqlite3.Connection] = []
        self._connecting = 0
        self._closed = False

    def take(self) -> sqlite3.Connection:
        """Return a connection that nobody else uses.

        Raises:
            StoreClosedError: The connections are closed.
        """
        with self._changed:
            if self._closed:
                raise StoreClosedError
            if self._idle:
                connection = self._idle.pop()
                self._used.append(connection)
                return connection
            self._connecting += 1
        try:
            connection = self._connect()
        except BaseException:
            with self._changed:
                self._connecting -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._connecting -= 1
            self._used.append(connection)
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Return what `take` gave, for the next user."""
        with self._changed:
            self._used.remove(connection)
            self._idle.append(connection)
            self._changed.notify_all()

    @contextmanager
    def lend(self) -> Generator[sqlite3.Connection]:
        """Lend a connection for as long as the block runs. Its open transaction is rolled back at the end.

        Raises:
            StoreClosedError: The connections are closed, or were closed while the block ran.
        """
        connection = self.take()
        try:
            yield connection
        except sqlite3.OperationalError as problem:
            if self._closed:  # what was running has been interrupted
                raise StoreClosedError from problem
            raise
        finally:
            connection.rollback()
            self.give_back(connection)

    def close(self) -> None:
        """Interrupt what runs, wait for its end, and close every connection. A second call does nothing."""
        with self._changed:
            self._closed = True
            while self._used or self._connecting:
                for connection in self._used:
                    connection.interrupt()
                # A statement that begins after the interrupt needs another interrupt.
                self._changed.wait(0.05)
            while self._idle:
                self._idle.pop().close()
