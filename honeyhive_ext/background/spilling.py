"""A queue whose entries are on disk too: what does not fit into memory is read back later."""

from __future__ import annotations

from collections.abc import Iterable

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.queue import EntryQueue


class SpillingQueue(EntryQueue):
    """An `EntryQueue` that takes entries back from disk. Only the thread that sends does that."""

    @property
    def unread(self) -> tuple[int, int]:
        """How many entries are on disk only, and the position that they follow; 0 if there is no room."""
        room = len(self._waiting) < self._most // 2 + 1 and self._bytes <= self._most_bytes // 2
        return (self._unread if room else 0), self._after

    def refill(self, entries: Iterable[Entry], expired: Iterable[Entry], after: int, *, end: bool) -> None:
        """Take back entries that were on disk only.

        Args:
            entries, expired: What was read, in its order; the expired ones are dropped.
            after: The last position that was read.
            end: Whether there is nothing more: then what still counts as on disk is damaged.
        """
        with self.lock:
            for entry in entries:
                self._append(entry, len(entry.content))
                self._accepted -= 1
                self._spooled -= 1
            for entry in expired:
                self._spooled -= 1
                self._drop(entry, "max_age")
            self._after = max(self._after, after)
            if end and self._spooled > 0:
                self._dropped["damaged"] += self._spooled
                self._spooled = 0

    def adopt(self, entries: list[Entry]) -> bool:
        """Take entries of another process, in flight at once. Return False if something is in flight."""
        with self.lock:
            if self._inside or self._sending:
                return False
            for entry in entries:
                entry.number = next(self._numbers)
            self._accepted += len(entries)
            self._sending = entries
            return True
