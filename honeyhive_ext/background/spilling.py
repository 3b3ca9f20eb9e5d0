"""A queue whose entries are on disk too: what does not fit into memory is read back later."""

from __future__ import annotations

from collections.abc import Iterable

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.queue import EntryQueue
from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.waiting import added


class SpillingQueue(EntryQueue):
    """An `EntryQueue` that takes entries back from disk. Only the thread that sends does that."""

    _adopted = 0  # the number of the last entry of another process

    @property
    def unread(self) -> tuple[int, int]:
        """How many entries are on disk only, and the position that they follow; 0 if there is no room."""
        room = len(self._waiting) < self._most // 2 + 1 and self._bytes <= self._most_bytes // 2
        return (self._unread if room else 0), self._after

    def refill(
        self, entries: Iterable[Entry], expired: Iterable[Entry], after: int, *, end: int | None
    ) -> None:
        """Take back entries that were on disk only.

        Args:
            entries, expired: What was read, in its order; the expired ones are dropped.
            after: The last position that was read.
            end: How much was accepted before the reading, if it found the end. If that is still so, what
                counts as on disk is damaged.
        """
        with self.lock:
            if self._released or self._inside:
                return
            self._inside = True
            try:
                for entry in entries:
                    self._take_back()
                    self._append(entry, len(entry.content))
                for entry in expired:
                    self._take_back()
                    self.gone.append((entry, "max_age"))
                    self._lose(entry, "max_age")
                self._after = max(self._after, after)
                if end == self._accepted and self._spooled > 0:
                    dropped = added(self._dropped, {"damaged": self._spooled})
                    self._dropped = dropped
                    self._spooled = 0
            finally:
                self._inside = False

    def forget(self, vanished: Ranges) -> None:
        """Note that these positions are on disk no more: no other process will find the entries there."""
        with self.lock:
            for entry in [*self._sending, *self._waiting]:
                if entry.number > 0 and entry.position in vanished:
                    entry.position = -1
            in_memory = Ranges([(0, self._after)] if self._after >= 0 else [])
            lost = min(self._spooled, len(vanished.without(in_memory)))
            if lost:
                self._dropped = added(self._dropped, {"damaged": lost})
                self._spooled -= lost

    def _take_back(self) -> None:
        # An interrupt may have come between the writing of a record and its count: then it counts now.
        if self._spooled > 0:
            self._accepted -= 1
            self._spooled -= 1

    @property
    def accepted(self) -> int:
        """How many entries were accepted."""
        return self._accepted

    def adopt(self, entries: list[Entry]) -> bool:
        """Take entries of another process, in flight at once. Return False if something is in flight.

        No flush waits for them: their numbers are negative.
        """
        with self.lock:
            if self._inside or self._sending:
                return False
            for entry in entries:
                entry.number = self._adopted = self._adopted - 1
            self._accepted += len(entries)
            self._sending = entries
            return True
