"""The segments of a spool that grows: one gets the records, the next one is made ready before it is needed.

A thread that appends makes a segment itself only where the keeper, a thread of its own, is late, and for the
first one of a process.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from threading import Lock, RLock

from honeyhive_ext.background.spool.called_thread import CalledThread
from honeyhive_ext.background.spool.layout import LARGEST, OVERHEAD
from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.spool.secure import is_gone
from honeyhive_ext.background.spool.supply import Full, Grown, Supply
from honeyhive_ext.background.spool.trouble import SpoolError

NEVER = 1 << 62  # an offset that no segment reaches
AHEAD = 512 * 1024  # bytes that are made ready before they are written to


class Rolling:
    """The segments of one owner: the growing one, the next one, and those that are full.

    A thread may wait for `_syncing` while it has `_lock`, as a signal handler can interrupt an append. So a
    thread that has `_syncing` never waits for `_lock`.

    Args:
        folder: The folder of the spool.
        supply: Makes segments.
        durable: Whether a full segment is synced.
        position: The position of the first record.

    Attributes:
        next: The position of the next record.
        failed_syncs: How often the disk failed to sync. The segment was sealed each time.
    """

    def __init__(self, folder: Path, supply: Supply, *, durable: bool, position: int) -> None:
        self.failed_syncs = 0
        self.next = position
        self._folder, self._supply, self._durable = folder, supply, durable
        self._number = self._newest = 0
        self._first = position
        self._seed = 0
        self._lock = RLock()
        self._syncing = RLock()
        self._preparing = Lock()
        self._active: Grown | None = None
        self._spare: Grown | None = None
        self._sealing: deque[Full] = deque()
        self._news: deque[Full] = deque()
        self._end = self._limit = -1
        self._notice = self._prepare_at = NEVER  # where in the segment the keeper is called, and why
        self._resting = False  # whether the next append must call it
        self._rolling = self._closed = False
        self._keeper = CalledThread(self._keep)
        self._synced = position  # everything before it is on the disk, or is in `_unsynced`
        self._unsynced = Ranges()

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
            self._prepare_at = part.writer.start + (part.writer.size - part.writer.start) // 4
            self._set_notice(part)
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

    def _set_notice(self, part: Grown) -> None:
        """Note at which end of the growing segment the keeper is called next. The caller holds the lock."""
        ready = part.writer.ready
        more = NEVER if ready >= part.writer.size else ready - AHEAD // 2
        self._notice = 0 if self._resting else min(more, self._prepare_at)

    def _keep(self) -> None:
        """Do what appends should not wait for."""
        self._seal()
        with self._lock:
            due = self._end > self._prepare_at
            if due:
                self._prepare_at = NEVER
        if due:
            with self._preparing:
                self._prepare()
        with self._syncing:
            part, end = self._active, self._end
            if part is not None:
                part.writer.make_ready(end + AHEAD)
        vanished = part is not None and is_gone(part.writer.path)
        with self._lock:
            if vanished and self._active is part:  # somebody has deleted it: what follows would be lost
                self._limit = -1  # the next append retires it
                self._retire_spare()
            elif self._active is not None:
                self._set_notice(self._active)

    def _prepare(self) -> None:
        """Make the next segment, unless it is there."""
        with self._lock:
            if self._spare is not None or self._closed or self._rolling:
                return
            self._number = number = self._number + 1
        try:
            self._supply.measure()
            part = self._supply.make(number, 0)
            part.writer.make_ready(AHEAD)
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
                if self._durable:
                    self._sync_part(full.part, full.next)
                try:
                    full.part.writer.seal(full.end)
                except OSError:  # it keeps its free part
                    self.failed_syncs += 1
                self._sealing.popleft()

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
