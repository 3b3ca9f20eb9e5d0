"""A connection that ends a statement at a deadline, or when the server stops."""

from __future__ import annotations

import sqlite3
import time

from attrs import define

_STEPS = 2000  # instructions of SQLite between two looks at the clock; a row of a search takes 20 or more
_NEVER = float("inf")
_ENDED = float("-inf")


@define
class Watch:
    """How long the statements of one connection may run. Times are those of `time.monotonic`, in seconds."""

    until: float = _NEVER

    def start(self, seconds: float | None) -> None:
        """Allow statements to run for this long from now; None for any time."""
        self.until = time.monotonic() + seconds if seconds else _NEVER

    def late(self) -> bool:
        """Return whether a statement has to end. SQLite asks this while a statement runs."""
        return time.monotonic() > self.until

    @property
    def ended(self) -> bool:
        """Whether the statements were ended before their time."""
        return self.until == _ENDED


class WatchedConnection(sqlite3.Connection):
    """A connection with its watch."""

    watch: Watch

    def end(self) -> None:
        """End the statement that runs, and those that follow until the watch is started again."""
        self.watch.until = _ENDED
        self.interrupt()


def watched(name: str) -> WatchedConnection:
    """Open a connection in autocommit mode that any thread may use."""
    connection = sqlite3.connect(
        name, isolation_level=None, check_same_thread=False, timeout=30.0, factory=WatchedConnection
    )
    connection.watch = Watch()
    connection.set_progress_handler(connection.watch.late, _STEPS)
    return connection
