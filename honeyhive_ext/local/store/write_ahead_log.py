"""Keeps the write-ahead log small, whatever readers do.

SQLite moves the log into the file after every 1,000 pages. It then begins the log again only if no reader
uses it at that moment. Readers that overlap would let it grow forever. A checkpoint that truncates needs no
such moment: it waits for the readers of older views, while new readers come and go.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from pathlib import Path

from attrs import define, field

PATIENCE = 10.0  # seconds that a write waits for readers


@define
class WriteAheadLog:
    """Truncates the write-ahead log of one file.

    Args:
        path: The file.
        ending: Is set when the store begins to close.
        large: The bytes of the log from which it is truncated, if no reader is in the way for long.
        too_large: The bytes from which a write waits for the readers.
        step: The bytes that are written before a truncation that failed is tried again.
    """

    path: Path
    ending: threading.Event
    large: int = 16_000_000
    too_large: int = 64_000_000
    step: int = 4_000_000
    _next: int = field(default=0, init=False)

    def after_commit(self, connection: sqlite3.Connection) -> None:
        """Truncate the log if it has grown too large. The caller holds the writer's lock."""
        size = self._size()
        if size < max(self.large, self._next):
            return
        until = time.monotonic() + (PATIENCE if size >= self.too_large else 0)
        # One attempt waits as long as the connection waits for any lock. No attempt undoes another's work.
        while _in_the_way(connection) and time.monotonic() < until and not self.ending.is_set():
            pass
        self._next = self._size() + self.step

    def _size(self) -> int:
        with contextlib.suppress(OSError):
            return os.stat(f"{self.path}-wal").st_size
        return 0


def _in_the_way(connection: sqlite3.Connection) -> bool:
    """Try to truncate the log and return whether a reader, or another program, prevented it."""
    return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
