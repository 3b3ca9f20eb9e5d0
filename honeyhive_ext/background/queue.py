"""The events that wait in memory, and the count of what became of each.

All methods may be called from any thread, and from a signal handler or a finaliser that interrupts one of
them in its own thread. The lock is held for a few steps in memory, never while something is sent.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import TYPE_CHECKING

from honeyhive_ext.background.entry import Entry, Loss
from honeyhive_ext.background.stats import BackgroundStats

if TYPE_CHECKING:
    from honeyhive_ext.background.background_options import Overflow


class EntryQueue:
    """A queue that is bounded in entries and bytes, and the counters of everything that passed through.

    Args:
        most: Entries that wait, at most.
        most_bytes: Bytes that wait, at most.
        wake: Is called when the first entry came into an empty queue, when one of the flush limits is
            reached, and at the first loss.
        flush_at, flush_bytes: The limits at which a queue wants to be sent at once.
        keep_losses: Whether each loss is kept until somebody takes it out of `losses`.
        keep: Puts an entry on disk and notes its position; None for no spool.

    Attributes:
        losses: What is lost and not announced yet.
        gone: Entries on disk that were dropped, and why, until somebody takes them out.
        last_error: The last failure of a request, in words; None after a success.
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
        self.gone: deque[tuple[Entry, str]] = deque()
        self._keep = keep
        self._spooled = 0  # entries that are on disk and not in memory
        self._after = -1  # they have larger positions
        self._released = False  # what is on disk only is left to another process
        self.lock = threading.RLock()
        self.losses: deque[Loss] = deque(maxlen=None if keep_losses else 1)
        self.last_error: str | None = None
        self._inside = False
        self._aside: deque[Entry] = deque()  # came while this thread was inside
        self._waiting: deque[Entry] = deque()
        self._sending: list[Entry] = []
        self._bytes = 0
        self._most, self._most_bytes = most, most_bytes
        self._wake, self._flush_at, self._flush_bytes = wake, flush_at, flush_bytes
        self._numbers = itertools.count(1)
        self._accepted = self._delivered = 0
        self._dropped: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._room: list[SimpleQueue[None]] = []

    def put(self, entry: Entry, overflow: Overflow = "drop_newest") -> bool:
        """Take an entry. Return False if there is no room and `overflow` leaves the decision to the caller.

        With "drop_newest" and "drop_oldest" the entry is accepted in any case, and what is dropped counts.
        """
        with self.lock:
            if self._inside:
                self._aside.append(entry)
                return True
            self._inside = True
            try:
                while self._aside:
                    self._take_in(self._aside.popleft(), "drop_newest")
                wake = self._take_in(entry, overflow)
            finally:
                self._inside = False
        if wake:
            self._wake()
        return wake is not None

    def _take_in(self, entry: Entry, overflow: Overflow) -> bool | None:
        """Take an entry. Return whether to send at once; None if there is no room."""
        size, count = len(entry.content), len(self._waiting)
        total = self._bytes + size
        if self._keep is None and count < self._most and total <= self._most_bytes:  # the usual case, inline
            entry.number = next(self._numbers)
            # Nothing is called between these steps: a signal cannot come between them.
            self._accepted += 1
            self._bytes = total
            self._waiting.append(entry)
            return not count or count + 1 == self._flush_at or total >= self._flush_bytes > total - size
        if self._keep is not None:
            self._keep(entry)
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
            while self._waiting and self._full(size):
                self._drop(self._pop(), "overflow")
            self._append(entry, size)
        else:
            self._accepted += 1
            self._drop(entry, "overflow")
        return len(self.losses) == 1

    def _full(self, size: int) -> bool:
        return len(self._waiting) >= self._most or self._bytes + size > self._most_bytes

    def _append(self, entry: Entry, size: int) -> None:
        entry.number = next(self._numbers)
        if entry.position >= 0:
            self._after = entry.position
        # Nothing is called between these steps: a signal cannot come between them.
        self._accepted += 1
        self._bytes += size
        self._waiting.append(entry)

    def _absorb(self) -> None:
        """Take what came while this thread was inside."""
        if self._aside and not self._inside:
            self._inside = True
            try:
                while self._aside:
                    self._take_in(self._aside.popleft(), "drop_newest")
            finally:
                self._inside = False

    def _pop(self) -> Entry:
        entry = self._waiting.popleft()
        self._bytes -= len(entry.content)
        return entry

    def _drop(self, entry: Entry, reason: str) -> None:
        self._dropped[reason] += 1
        if entry.position >= 0:
            self.gone.append((entry, reason))
        self.losses.append((entry.event_id, reason))

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
                taken = self._sending
                size = 0
                while self._waiting and len(taken) < most:
                    entry = self._waiting[0]
                    if entry.since < oldest:
                        self._drop(self._pop(), "max_age")
                        continue
                    size += len(entry.content) + 1
                    if taken and size > most_bytes:
                        break
                    taken.append(self._pop())
                return [*taken]
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
            losses = [*rejected], [*dropped]
            confirmed = {entry.number for entry in delivered}
            lost = {entry.number for part in losses for entry, _ in part}
            again = [
                entry for entry in self._sending if entry.number not in confirmed and entry.number not in lost
            ]
            size = sum(len(entry.content) for entry in again)
            more_rejected = self._rejected + Counter(reason for _, reason in losses[0])
            more_dropped = self._dropped + Counter(reason for _, reason in losses[1])
            self.gone.extend((entry, reason) for entry, reason in losses[1] if entry.position >= 0)
            announced = [(entry.event_id, reason) for part in losses for entry, reason in part]
            front, count = deque(reversed(again)), len(confirmed)
            # Nothing is called between these steps: a signal cannot come between them.
            self._delivered += count
            self._rejected = more_rejected
            self._dropped = more_dropped
            self._bytes += size
            self._sending = []
            self._waiting.extendleft(front)
            self.losses.extend(announced)
            room, self._room = self._room, []
        for waiter in room:
            waiter.put(None)

    def room(self) -> SimpleQueue[None]:
        """Return a queue that gets an item when there may be room."""
        waiter: SimpleQueue[None] = SimpleQueue()
        self._room.append(waiter)
        return waiter

    def drop_all(self, reason: str) -> int:
        """Drop what waits in memory only, and return how much that was. What is on disk too stays there."""
        with self.lock:
            self._absorb()
            self._released = True
            count = 0
            while self._waiting:
                entry = self._pop()
                if entry.position >= 0:
                    self._spooled += 1
                else:
                    count += 1
                    self._drop(entry, reason)
            return count

    def refuse(self, event_id: str, reason: str) -> None:
        """Count an event that is accepted and lost at once."""
        with self.lock:
            self._accepted += 1
            self._dropped[reason] += 1
            self.losses.append((event_id, reason))

    def last_number(self) -> int:
        """Return the number of the entry that was accepted last."""
        with self.lock:
            self._absorb()
            if self._unread:
                return sys.maxsize  # those get their numbers later
            last = self._waiting[-1] if self._waiting else self._sending[-1] if self._sending else None
            return 0 if last is None else last.number

    def settled(self, number: int) -> bool:
        """Return whether all entries up to this number are delivered or lost."""
        with self.lock:
            first = self._sending[0] if self._sending else self._waiting[0] if self._waiting else None
            return not self._unread if first is None else first.number > number

    def waits(self) -> tuple[int, int, float]:
        """Return the entries that wait, their bytes, and the time since which the first one waits."""
        with self.lock:
            self._absorb()
            first = self._waiting[0].since if self._waiting else 0.0
            return len(self._waiting), self._bytes, first

    @property
    def empty(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return not (self._waiting or self._sending or self._aside or self._unread)

    @property
    def _unread(self) -> int:
        """How many entries are on disk only, and come back."""
        return 0 if self._released else self._spooled

    def stats(self) -> BackgroundStats:
        """Return all counters of one moment."""
        with self.lock:
            self._absorb()
            return BackgroundStats(
                accepted=self._accepted,
                delivered=self._delivered,
                rejected=dict(self._rejected),
                dropped=dict(self._dropped),
                queued=len(self._waiting),
                queued_bytes=self._bytes,
                in_flight=len(self._sending),
                spooled=self._spooled,
                last_error=self.last_error,
            )
