"""The events that wait in memory, and the count of what became of each.

All methods may be called from any thread, and from a signal handler or a finaliser that interrupts one of
them in its own thread. The lock is held for a few steps in memory, never while something is sent.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import TYPE_CHECKING

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.stats import BackgroundStats
from honeyhive_ext.background.waiting import Waiting

if TYPE_CHECKING:
    from honeyhive_ext.background.background_options import Overflow


class EntryQueue(Waiting):
    """A queue that is bounded in entries and bytes, and the counters of everything that passed through.

    Args:
        most: Entries that wait, at most.
        most_bytes: Bytes that wait, at most.
        wake: Is called when the first entry came into an empty queue, when one of the flush limits is
            reached, and at the first loss.
        flush_at, flush_bytes: The limits at which a queue wants to be sent at once.
        keep_losses: Whether each loss is kept until somebody takes it out of `losses`.
        keep: Puts an entry on disk and notes its position; None for no spool.
    """

    def __init__(
        self,
        most: int,
        most_bytes: int,
        wake: Callable[[], object],
        flush_at: int,
        flush_bytes: int,
        *,
        keep_losses: bool,
        keep: Callable[[Entry], None] | None = None,
    ) -> None:
        super().__init__(most, most_bytes, keep_losses=keep_losses)
        self.lock = threading.RLock()
        self._keep = keep
        self._inside = False
        # What came while this thread was inside: an entry, one that is lost, or that all are to be dropped.
        self._aside: deque[tuple[Entry | None, str]] = deque()
        self._wake, self._flush_at, self._flush_bytes = wake, flush_at, flush_bytes
        self._room: dict[SimpleQueue[None], None] = {}

    def put(self, entry: Entry, overflow: Overflow = "drop_newest") -> bool:
        """Take an entry. Return False if there is no room and `overflow` leaves the decision to the caller.

        With "drop_newest" and "drop_oldest" the entry is accepted in any case, and what is dropped counts.
        """
        with self.lock:
            if self._inside:
                self._aside.append((entry, ""))
                return True
            self._inside = True
            try:
                if self._aside:
                    self._take_aside()
                if self._keep is not None:
                    self._keep(entry)
                size, count = len(entry.content), len(self._waiting)
                total = self._bytes + size
                if count < self._most and total <= self._most_bytes and not self._spooled:  # the usual case
                    entry.number = self._last = self._last + 1
                    if entry.position >= 0:
                        self._after = entry.position
                    self._accepted += 1
                    self._bytes = total
                    self._waiting.append(entry)
                    full = count + 1 == self._flush_at or total >= self._flush_bytes > total - size
                    wake: bool | None = full or not count
                else:
                    wake = self._place(entry, size, overflow)
            finally:
                self._inside = False
        if wake:
            self._wake()
        return wake is not None

    def _place(self, entry: Entry, size: int, overflow: Overflow) -> bool | None:
        """Take an entry into memory, or leave it on disk, or drop it.

        Returns:
            Whether to send at once; None if there is no room.
        """
        count = len(self._waiting)
        if entry.position >= 0 and (self._spooled or self._full(size)):
            self._accepted += 1
            self._spooled += 1
            return self._spooled == 1
        if not self._full(size):
            self._append(entry, size)
            return (
                not count
                or count + 1 == self._flush_at
                or self._bytes >= self._flush_bytes > self._bytes - size
            )
        if overflow in ("block", "raise"):
            return None
        # What is on disk is not dropped for something that the disk did not take.
        if overflow == "drop_oldest" and self._keep is None and size <= self._most_bytes:
            self._make_room(size)
            self._append(entry, size)
        else:
            self._lose(entry, "overflow")
        return len(self.losses) == 1

    def _take_aside(self) -> None:
        """Take what came while this thread was inside. The caller is inside."""
        while self._aside:
            entry, reason = self._aside.popleft()
            if entry is None:
                self._drop_waiting(reason)
            elif reason:
                self._lose(entry, reason)
            else:
                if self._keep is not None:
                    self._keep(entry)
                self._place(entry, len(entry.content), "drop_newest")

    def _absorb(self) -> None:
        """Take what came while this thread was inside."""
        if self._aside and not self._inside:
            self._inside = True
            try:
                self._take_aside()
            finally:
                self._inside = False

    def take(self, most: int, most_bytes: int, oldest: float) -> list[Entry]:
        """Return the next entries for one request; they are in flight until `settle`.

        Args:
            most, most_bytes: The bounds of the request. One entry is taken even if it is larger.
            oldest: Entries from before this time are dropped, on the monotonic clock.
        """
        with self.lock:
            if self._inside or self._sending:
                return []
            self._absorb()
            self._inside = True
            try:
                expired = [*itertools.takewhile(lambda entry: entry.since < oldest, self._waiting)]
                self._drop_first(len(expired), sum(len(entry.content) for entry in expired), "max_age")
                count = size = 0
                for entry in itertools.islice(self._waiting, most):
                    more = size + len(entry.content)
                    if count and (more + count + 1 > most_bytes or entry.since < oldest):
                        break
                    count += 1
                    size = more
                self._move(count)
                self._tell_room()
                return [*self._sending]
            finally:
                self._inside = False

    def settle(
        self,
        delivered: Iterable[Entry] = (),
        rejected: Iterable[tuple[Entry, str]] = (),
        dropped: Iterable[tuple[Entry, str]] = (),
    ) -> None:
        """Note what became of entries in flight. The others wait again, in front."""
        with self.lock:
            outside, self._inside = not self._inside, True
            try:
                self._settle({entry.number for entry in delivered}, [*rejected], [*dropped])
                self._tell_room()
            finally:
                self._inside = not outside

    def room(self) -> SimpleQueue[None]:
        """Return a queue that gets an item when there may be room. Give it back with `no_room_needed`."""
        waiter: SimpleQueue[None] = SimpleQueue()
        self._room[waiter] = None
        return waiter

    def no_room_needed(self, waiter: SimpleQueue[None]) -> None:
        """Take back what `room` returned."""
        self._room.pop(waiter, None)

    def _tell_room(self) -> None:
        for waiter in [*self._room]:
            waiter.put(None)

    def drop_all(self, reason: str) -> None:
        """Drop what waits in memory only. What is on disk too stays there."""
        with self.lock:
            self._aside.append((None, reason))
            self._absorb()

    def refuse(self, event_id: str, reason: str) -> bool:
        """Count an event that is accepted and lost at once. Return whether it is the first one to be told."""
        with self.lock:
            self._aside.append((Entry(event_id, b""), reason))
            self._absorb()
            return len(self.losses) == 1

    def last_number(self) -> int:
        """Return the number of the last entry that waits; those on disk get theirs later."""
        with self.lock:
            self._absorb()
            return self._last + self._unread

    def settled(self, number: int) -> bool:
        """Return whether all entries up to this number are delivered or lost."""
        with self.lock:
            first = next((one.number for one in self._open() if one.number > 0), None)
            return not self._unread if first is None else first > number

    def waits(self) -> tuple[int, int, float]:
        """Return the entries that wait, their bytes, and the time since which the first one waits."""
        with self.lock:
            self._absorb()
            first = self._waiting[0].since if self._waiting else 0.0
            return len(self._waiting), self._bytes, first

    @property
    def empty(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        with self.lock:  # between two steps of another thread, entries may be neither here nor there
            return not self._aside and super().empty

    @property
    def is_mine(self) -> bool:
        """Whether the calling thread holds the lock, as one that a signal handler interrupts may."""
        return bool(self.lock._is_owned())  # type: ignore[attr-defined]  # as `threading.Condition` asks

    def stats(self) -> BackgroundStats:
        """Return all counters of one moment."""
        with self.lock:
            self._absorb()
            return self._stats()
