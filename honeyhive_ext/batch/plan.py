"""Planning: how events become requests, by count and by bytes. Pure, but for one learnt number."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from attrs import field, frozen

MAX_EVENTS = 500
"""Events in one request by default. The service publishes no limit; past a few hundred the round trip
no longer shows, and a refused request costs more to take apart."""

MAX_BYTES = 5_000_000
"""Bytes of one request's body by default. The service publishes no limit; what it refuses is learnt."""

LEARN = 0.9
"""What is planned with after a 413: this part of the size that was refused."""

_HEAD, _TAIL = b'{"events":[', b"]}"
_FRAME = len(_HEAD) + len(_TAIL)


class Entry(NamedTuple):
    """One event on its way: where it stands in the input, its id, its JSON."""

    position: int
    event_id: str
    content: bytes


def body(entries: Iterable[Entry]) -> bytes:
    """The request body of these events, from bytes that were made once.

    >>> body([Entry(0, "a", b'{"x":1}'), Entry(1, "b", b'{"y":2}')])
    b'{"events":[{"x":1},{"y":2}]}'
    """
    return _HEAD + b",".join([entry.content for entry in entries]) + _TAIL


def body_size(entries: Sequence[Entry]) -> int:
    """How long `body` is, in bytes.

    >>> entries = [Entry(0, "a", b'{"x":1}'), Entry(1, "b", b'{"y":2}')]
    >>> body_size(entries) == len(body(entries))
    True
    """
    return _FRAME + sum([len(entry.content) for entry in entries]) + max(0, len(entries) - 1)


class SizeLimit:
    """The largest body to plan with, learnt from 413 answers; shared by everything that is in flight.

    >>> limit = SizeLimit()
    >>> limit.learn(1000); limit.learn(5000); limit.value
    900
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value: int | None = None  # None until a 413 came

    def learn(self, refused: int) -> None:
        """Note that a body of `refused` bytes was too large."""
        with self._lock:
            value = max(1, int(refused * LEARN))
            self.value = value if self.value is None else min(self.value, value)


@frozen
class Limits:
    """What one request may hold: the caller's settings, and what was learnt."""

    max_events: int = MAX_EVENTS
    max_bytes: int = MAX_BYTES
    learnt: SizeLimit = field(factory=SizeLimit)

    @property
    def size(self) -> int:
        """The largest body to send, in bytes, as known now."""
        learnt = self.learnt.value
        return self.max_bytes if learnt is None else min(self.max_bytes, learnt)


class Planner:
    """Events in, chunks out: each within the limits, in the order of the input.

    An event that is larger than the limit by itself becomes a chunk of its own: only the service can say
    that it is too large.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entries: list[Entry] = []
        self._size = _FRAME

    def add(self, entry: Entry) -> Sequence[Entry]:
        """Take one event; a chunk when one is complete, else ()."""
        size = len(entry.content) + 1
        full: Sequence[Entry] = ()
        # the comma after the last event is not sent
        if self._entries and self._size + size - 1 > self._limits.size:
            full = self.flush()
        self._entries.append(entry)
        self._size += size
        if not full and len(self._entries) >= self._limits.max_events:
            return self.flush()
        return full

    def flush(self) -> Sequence[Entry]:
        """What is left, perhaps ()."""
        entries, self._entries, self._size = self._entries, [], _FRAME
        return entries

    @property
    def waiting(self) -> Sequence[Entry]:
        """The events that are in no chunk yet."""
        return self._entries


def fitting(entries: Sequence[Entry], most: int) -> int:
    """How many of the first events fit a body of `most` bytes; at least one.

    >>> fitting([Entry(i, str(i), b"12345") for i in range(10)], 13 + 17)
    3
    """
    total = _FRAME - 1
    for number, entry in enumerate(entries):
        total += len(entry.content) + 1
        if total > most:
            return max(1, number)
    return len(entries)


def half_of_bytes(entries: Sequence[Entry]) -> int:
    """Where to cut two or more events so that both sides have about half of the bytes.

    >>> half_of_bytes([Entry(0, "a", b"x" * 100), Entry(1, "b", b"x"), Entry(2, "c", b"x")])
    1
    """
    sums = list(accumulate(len(entry.content) for entry in entries))
    half = sums[-1] / 2
    for number, total in enumerate(sums, 1):
        if total >= half:
            # the event that crosses the middle goes to the side that is smaller without it
            before = sums[number - 2] if number > 1 else 0
            cut = number if half - before >= total - half else number - 1
            return min(max(1, cut), len(entries) - 1)
    return len(entries) - 1
