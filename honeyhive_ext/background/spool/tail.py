"""The growing end of a spool: records are put into a segment that was made ready before.

An append takes one lock, which nobody holds while the disk works. Another thread, the keeper, makes the
next segment, gives back what the last one did not use, and syncs. The thread that appends makes a segment
itself only where the keeper is late, and for the first one of a process.
"""

from __future__ import annotations

import _thread
from collections import deque
from pathlib import Path
from threading import Event, Lock, RLock, get_ident
from time import time
from typing import Literal
from zlib import crc32

from honeyhive_ext.background.spool.layout import CHECK, HEAD, LARGEST, MARK, OVERHEAD
from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.spool.supply import Full, Grown, Supply, Told
from honeyhive_ext.background.spool.trouble import SpoolError, trouble

Sync = Literal["os", "interval", "always"]

NEVER = 1 << 62  # an offset that no segment reaches
INTERVAL = 0.025  # seconds from a sync to the next; 75 ms are left for the sync itself, and for busy threads
IDLE = 80  # syncs without an append, after which the keeper ends


class Tail:
    """Append records to segments of one owner. Thread-safe, and safe in a signal handler.

    A thread may wait for `_syncing` while it has `_lock`, as a signal handler can interrupt an append. So a
    thread that has `_syncing` never waits for `_lock`.

    Attributes:
        next: The position of the next record.
        failed_syncs: How often the disk failed to sync. The segment was sealed each time.
    """

    def __init__(self, folder: Path, supply: Supply, *, sync: Sync, position: int) -> None:
        self.failed_syncs = 0
        self.next = position
        self._folder, self._supply = folder, supply
        self._sync_mode: Sync = sync
        self._number = self._newest = 0
        self._first = position
        self._appending: set[int] = set()
        self._seed = 0
        self._lock = RLock()
        self._syncing = RLock()
        self._preparing = Lock()
        self._active: Grown | None = None
        self._spare: Grown | None = None
        self._sealing: deque[Full] = deque()
        self._news: deque[Full] = deque()
        self._withdrawn: deque[int] = deque()
        self._end = self._limit = -1
        self._notice = NEVER  # where in the segment the keeper is called
        self._keeping = self._rolling = self._closed = False
        self._stop = Event()
        self._synced = position  # everything before it is on the disk, or is in `_unsynced`
        self._unsynced = Ranges()

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
            self._call_keeper()
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
            self._stop.set()
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

    def _roll(self, need: int) -> None:
        """Begin a segment that has room for a record. The caller holds the lock."""
        if self._closed:
            raise SpoolError("closed", self._folder)
        if need - OVERHEAD > LARGEST:
            raise SpoolError("too_large", self._folder, f"a record of {need - OVERHEAD} bytes")
        if self._rolling:  # a signal handler, or a finaliser, in the midst of what follows
            raise SpoolError("busy", self._folder)
        self._rolling = True
        try:
            if self._spare is None or self._spare.writer.start + need > self._spare.writer.size:
                self._number += 1
                made = self._supply.make(self._number, need)
                self._retire_spare()
                self._spare = made
            self._retire_active()
            part, self._spare = self._spare, None
            self._active, self._newest = part, part.segment.number
            self._first = self.next
            self._put, self._seed = part.writer.put, part.segment.seed
            self._limit = part.writer.size
            self._end = part.writer.start
            ahead = part.writer.start + (part.writer.size - part.writer.start) // 4
            self._notice = NEVER if self._keeping else 0 if self._sync_mode == "interval" else ahead
        finally:
            self._rolling = False

    def _retire_active(self) -> None:
        if self._active is not None:
            self._retire(Full(self._active, self._end, self._first, self.next))
        self._active, self._end, self._limit = None, -1, -1

    def _retire_spare(self) -> None:
        if self._spare is not None:  # it holds nothing, so it is finished
            self._retire(Full(self._spare, self._spare.writer.start, self.next, self.next))
        self._spare = None

    def _retire(self, full: Full) -> None:
        self._sealing.append(full)
        self._news.append(full)

    def _call_keeper(self) -> None:
        with self._lock:
            if self._keeping or self._closed:
                return
            self._keeping, self._notice = True, NEVER
        try:
            _thread.start_new_thread(self._keep, ())  # threading.Thread waits until it runs
        except RuntimeError:  # no more threads, or the end of the interpreter: appends do its work
            self._keeping = False

    def _keep(self) -> None:
        """Do what appends should not wait for. With "interval" go on while there are appends."""
        idle = 0
        while True:
            seen = self.next
            self._seal()
            with self._preparing:
                self._prepare()
            if self._sync_mode == "interval":
                self._sync_all(self.next)
                self._stop.wait(INTERVAL)
                idle = 0 if self.next > seen else idle + 1
            with self._lock:
                waiting = self._sync_mode == "interval" and (idle < IDLE or self._synced < self.next)
                if self._closed or not (self._sealing or waiting):
                    self._keeping = False
                    if self._sync_mode == "interval":
                        self._notice = 0
                    return

    def _prepare(self) -> None:
        """Make the next segment, unless it is there."""
        with self._lock:
            if self._spare is not None or self._closed or self._rolling:
                return
            self._number = number = self._number + 1
        try:
            self._supply.measure()
            part = self._supply.make(number, 0)
        except (SpoolError, OSError):  # the append that needs it asks again, and says so
            return
        with self._lock:
            # The order of the numbers is that of the positions.
            late = self._closed or self._spare is not None or number < self._newest
            if not late:
                self._spare = part
        if late:
            part.writer.abandon()
            part.segment.delete()

    def _seal(self) -> None:
        """Close the segments that are full."""
        with self._syncing:
            while self._sealing:
                full = self._sealing[0]
                if self._sync_mode != "os":
                    self._sync_part(full.part, full.next)
                try:
                    full.part.writer.seal(full.end)
                except OSError:  # it keeps its free part
                    self.failed_syncs += 1
                self._sealing.popleft()

    def _sync_all(self, position: int, *, mark: bool = True) -> None:
        """Sync what was appended, unless that was done up to this position: threads that wait share one sync.

        Args:
            position: What must be on the disk.
            mark: Whether other threads may rely on it. Not in a signal handler: what it interrupts may be an
                append that has a position, and is not written.
        """
        with self._lock:
            upto = self.next
            parts = [full.part for full in self._sealing]
            if self._active is not None:
                parts.append(self._active)
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

    def _sync_part(self, part: Grown, upto: int) -> None:
        """Sync a segment; if that fails, use it no more: nobody knows what of it is on the disk."""
        try:
            part.writer.sync()
        except OSError:
            self.failed_syncs += 1
            if self._active is part:
                self._limit = -1  # the next append retires it
            if upto > self._synced:
                self._unsynced.add(self._synced, upto - 1)
