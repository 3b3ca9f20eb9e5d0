"""The growing end of a spool: records are put into a segment that was made ready before.

An append takes one lock, which nobody holds while the disk works.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from threading import get_ident
from time import time
from typing import Literal
from zlib import crc32

from honeyhive_ext.background.spool.interval import IntervalSyncs
from honeyhive_ext.background.spool.layout import CHECK, HEAD, MARK, OVERHEAD
from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.spool.rolling import NEVER, Rolling
from honeyhive_ext.background.spool.supply import Full, Grown, Supply, Told
from honeyhive_ext.background.spool.trouble import SpoolError, trouble

Sync = Literal["os", "interval", "always"]


class Tail(Rolling):
    """Append records to segments of one owner. Thread-safe, and safe in a signal handler."""

    def __init__(self, folder: Path, supply: Supply, *, sync: Sync, position: int) -> None:
        super().__init__(folder, supply, durable=sync != "os", position=position)
        self._appending: set[int] = set()
        self._withdrawn: deque[int] = deque()
        self._interval: IntervalSyncs | None = None
        if sync == "interval":
            self._interval = IntervalSyncs(self._appended, self._sync_now, self._rest)
            self._resting = True

    def append(self, kind: int, payload: bytes) -> int:
        """Append a record and return its position.

        Raises:
            SpoolError: The record is not in the spool.
        """
        size = len(payload)
        need = OVERHEAD + size
        check = crc32(payload)
        with self._lock:
            # No call stands between reading `_end` and the last assignment. So no signal handler can run
            # there, append, and get the same place.
            while True:
                at = self._end
                end = at + need
                if end <= self._limit:
                    self._end = end
                    position = self.next
                    self.next = position + 1
                    break
                self._roll(need)
            try:
                head = HEAD.pack(MARK, kind, size, position, int(time()), at, check)
                self._put(at, head + CHECK.pack(crc32(head, self._seed)), payload)
            except BaseException as error:
                if self._end == end:
                    self._end = at
                self._withdrawn.append(position)
                if isinstance(error, OSError):
                    raise trouble(error, self._folder) from error
                if isinstance(error, ValueError):  # closed by a signal handler
                    raise SpoolError("closed", self._folder) from error
                raise
        if end > self._notice:
            self._call()
        return position

    def append_durably(self, kind: int, payload: bytes) -> int:
        """Append a record, wait until it is on the disk, and return its position.

        Raises:
            SpoolError: The record is not in the spool, or will not be sent from it.
        """
        me = get_ident()
        nested = me in self._appending  # a signal handler: the append that it interrupts may hold the lock
        self._appending.add(me)
        try:
            position = self.append(kind, payload)
        finally:
            if not nested:
                self._appending.discard(me)
        self._sync_all(position, mark=not nested)
        if position in self._unsynced:
            self._withdrawn.append(position)
            raise SpoolError("disk", self._folder, "it did not sync")
        return position

    def told(self) -> Told:
        """Return what is new about the segments."""
        withdrawn = Ranges()
        with self._lock:
            full = [*self._news]
            self._news.clear()
            if self._active is not None:
                full.append(Full(self._active, self._end, self._first, self.next))
            while self._withdrawn:
                position = self._withdrawn.popleft()
                withdrawn.add(position, position)
            return Told(full, self._active, withdrawn)

    def sync(self) -> None:
        """Wait until everything that was appended is on the disk.

        Raises:
            SpoolError: The disk failed. The segment is sealed, and the next append begins a new one.
        """
        before = self.failed_syncs
        self._sync_all(self.next)
        if self.failed_syncs > before:
            raise SpoolError("disk", self._folder, "it did not sync")

    def close(self) -> None:
        """Seal the last segment."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._keeper.end()
            if self._interval is not None:
                self._interval.end()
            self._retire_active()
            self._retire_spare()
        if self._preparing.acquire(timeout=1):  # the keeper removes what it has just made
            self._preparing.release()
        self._seal()

    def abandon(self) -> None:
        """Close what a forked child inherited, without a change to the files of its parent."""
        parts = [self._active, self._spare, *(full.part for full in self._sealing)]
        for part in parts:
            if part is not None:
                part.writer.abandon()

    def _call(self) -> None:
        """Call the threads that do what appends should not wait for."""
        with self._lock:
            if self._end <= self._notice or self._closed:  # another thread was first
                return
            resting = self._resting
            self._resting, self._notice = False, NEVER
        if resting and self._interval is not None:
            self._interval.begin()
        self._keeper.call()

    def _appended(self) -> int:
        with self._lock:  # no append is in the midst of it
            return self.next

    def _rest(self, seen: int) -> bool:
        """Let the next append call the threads again; return False if there was one meanwhile."""
        with self._lock:
            if self.next != seen:
                return False
            self._resting, self._notice = True, 0
            return True

    def _sync_now(self) -> None:
        """Sync what was appended. Several threads may do so at once."""
        for part in self._parts():
            self._sync_part(part, self._synced)

    def _parts(self) -> list[Grown]:
        with self._lock:
            parts = [full.part for full in self._sealing]
            return parts if self._active is None else [*parts, self._active]

    def _sync_all(self, position: int, *, mark: bool = True) -> None:
        """Sync what was appended, unless that was done up to this position: threads that wait share one sync.

        Args:
            position: What must be on the disk.
            mark: Whether other threads may rely on it. Not in a signal handler: what it interrupts may be an
                append that has a position, and is not written.
        """
        with self._lock:
            upto, parts = self.next, self._parts()
        with self._syncing:
            if mark and self._synced > position:
                return
            if mark and self._lock.acquire(blocking=False):  # others have appended while this one waited
                upto = self.next if self._active in parts else upto
                self._lock.release()
            for part in parts:
                self._sync_part(part, upto)
            if mark:
                self._synced = max(self._synced, upto)
