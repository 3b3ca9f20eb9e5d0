"""The entries that wait and those in flight, with their counts, changed in whole steps.

A signal handler or a finaliser may look between any two calls, and an exception may end a method there. So in
each step all but the last statement are assignments, and the last one is one call of a function in C.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import attrgetter, call

from honeyhive_ext.background.entry import Entry, Loss
from honeyhive_ext.background.stats import BackgroundStats

EVENT_ID = attrgetter("event_id")


def added(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return counts and more of them as a new dict."""
    return {**counts, **{name: counts.get(name, 0) + count for name, count in more.items() if count}}


def in_one_call(*functions: Callable[[], None]) -> Iterator[None]:
    """Return an iterator over calls of functions in C: `deque(iterator, 0)` does all of them in one call."""
    return map(call, functions)


class Waiting:
    """Entries in their order. Its methods are called by one thread at a time.

    Args:
        most, most_bytes: Entries and bytes that wait, at most.
        keep_losses: Whether each loss is kept until somebody takes it out of `losses`.

    Attributes:
        losses: What is lost and not announced yet.
        gone: Entries on disk that were dropped, and why, until somebody takes them out.
        closed: Why what waits is dropped if it cannot be sent now; None while it is sent again.
        last_error: The last failure of a request, in words; None after a success.
    """

    def __init__(self, most: int, most_bytes: int, *, keep_losses: bool) -> None:
        self.gone: deque[tuple[Entry, str]] = deque()
        self.losses: deque[Loss] = deque(maxlen=None if keep_losses else 1)
        self.closed: str | None = None
        self.last_error: str | None = None
        self._most, self._most_bytes = most, most_bytes
        self._waiting: deque[Entry] = deque()
        self._sending: list[Entry] = []
        self._bytes = 0
        self._last = 0  # the number of the entry that was accepted last
        self._spooled = 0  # entries that are on disk and not in memory
        self._after = -1  # they have larger positions
        self._released = False  # what is on disk only is left to another process
        self._accepted: int = 0
        self._delivered: int = 0
        self._dropped: dict[str, int] = {}
        self._rejected: dict[str, int] = {}

    def _full(self, size: int) -> bool:
        return len(self._waiting) >= self._most or self._bytes + size > self._most_bytes

    def _append(self, entry: Entry, size: int) -> None:
        entry.number = self._last = self._last + 1
        if entry.position >= 0:
            self._after = entry.position
        self._accepted += 1
        self._bytes += size
        self._waiting.append(entry)

    def _make_room(self, size: int) -> None:
        """Drop what waits longest, as far as an entry of this size needs it."""
        count = freed = 0
        for entry in self._waiting:
            if len(self._waiting) - count < self._most and self._bytes - freed + size <= self._most_bytes:
                break
            count += 1
            freed += len(entry.content)
        self._drop_first(count, freed, "overflow")

    def _lose(self, entry: Entry, reason: str) -> None:
        """Accept an entry and drop it."""
        dropped = added(self._dropped, {reason: 1})
        loss = entry.event_id, reason
        self._accepted += 1
        self._dropped = dropped
        self.losses.append(loss)

    def _drop_first(self, count: int, size: int, reason: str) -> None:
        """Drop the first entries that wait."""
        first = [*itertools.islice(self._waiting, count)]
        dropped = added(self._dropped, {reason: count})
        losses = zip(map(EVENT_ID, self._first(count)), itertools.repeat(reason), strict=False)
        # To drop on disk what was not dropped here yet does no harm.
        self.gone.extend([(entry, reason) for entry in first if entry.position >= 0])
        if count:
            self._dropped = dropped
            self._bytes -= size
            self.losses.extend(losses)

    def _first(self, count: int) -> Iterator[Entry]:
        """Take the first entries that wait out, while the iterator is read."""
        return itertools.starmap(self._waiting.popleft, itertools.repeat((), count))

    def _move(self, count: int) -> None:
        """Begin to send the first entries."""
        sending, first = self._sending, self._first(count)
        size = sum(len(entry.content) for entry in itertools.islice(self._waiting, count))
        self._bytes -= size
        sending.extend(first)

    def _settle(
        self, confirmed: set[int], rejected: list[tuple[Entry, str]], dropped: list[tuple[Entry, str]]
    ) -> None:
        """End the sending. What is in no list waits again, in front."""
        over = confirmed | {entry.number for entry, _ in [*rejected, *dropped]}
        again = [entry for entry in reversed(self._sending) if entry.number not in over]
        size = sum(len(entry.content) for entry in again)
        more_rejected = added(self._rejected, Counter(reason for _, reason in rejected))
        more_dropped = added(self._dropped, Counter(reason for _, reason in dropped))
        losses = [(entry.event_id, reason) for entry, reason in [*rejected, *dropped]]
        self.gone.extend([(entry, reason) for entry, reason in dropped if entry.position >= 0])
        in_c = in_one_call(partial(self._waiting.extendleft, again), partial(self.losses.extend, losses))
        self._delivered += len(confirmed)
        self._rejected = more_rejected
        self._dropped = more_dropped
        self._bytes += size
        self._sending = []
        deque(in_c, 0)

    def _drop_waiting(self, reason: str) -> None:
        """Drop what waits in memory only, and leave to another process what is on disk."""
        losses = [(entry.event_id, reason) for entry in self._waiting if entry.position < 0]
        dropped = added(self._dropped, {reason: len(losses)})
        in_c = in_one_call(self._waiting.clear, partial(self.losses.extend, losses))
        spooled = len(self._waiting) - len(losses)
        self._released = True
        self._spooled += spooled
        self._dropped = dropped
        self._bytes = 0
        deque(in_c, 0)

    def _open(self) -> Iterator[Entry]:
        return itertools.chain(self._sending, self._waiting)

    @property
    def empty(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return not (self._waiting or self._sending or self._unread)

    @property
    def _unread(self) -> int:
        """How many entries are on disk only, and come back."""
        return 0 if self._released else self._spooled

    def _stats(self) -> BackgroundStats:
        return BackgroundStats(
            accepted=self._accepted,
            delivered=self._delivered,
            rejected=self._rejected,
            dropped=self._dropped,
            queued=len(self._waiting),
            queued_bytes=self._bytes,
            in_flight=len(self._sending),
            spooled=self._spooled,
            last_error=self.last_error,
        )
