"""The spool of this process: a record is appended in microseconds, and outlives the process."""

from __future__ import annotations

import contextlib
import os
import time
import weakref
from collections import deque
from collections.abc import Callable
from os import getpid
from pathlib import Path
from threading import RLock
from typing import TypedDict

from honeyhive_ext.background.spool.backlog import Backlog
from honeyhive_ext.background.spool.header import Destination
from honeyhive_ext.background.spool.layout import Spooled
from honeyhive_ext.background.spool.owner import OwnerLock, new_owner, require_locks
from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.spool.secure import is_gone, make_folder
from honeyhive_ext.background.spool.supply import Supply, Told
from honeyhive_ext.background.spool.tail import Sync, Tail
from honeyhive_ext.background.spool.trouble import SpoolError, trouble

SEGMENT_BYTES = 16 * 1024 * 1024
MAX_BYTES = 1024 * 1024 * 1024

_live: weakref.WeakSet[Spool] = weakref.WeakSet()


class _Bounds(TypedDict):
    segment_bytes: int
    max_bytes: int


class Spool(Backlog):
    """Records of this process, on disk until they are acknowledged. Thread-safe; a forked child has another.

    Args:
        folder: Where the files are; it is made if it is not there. Several processes may share it.
        destination: Where the events go.
        sync: What a record survives once `append` returned. "os": the end of the process, also by SIGKILL.
            "interval": a power cut too, except for the last 100 ms if the disk keeps up.
            "always": a power cut; each append waits for the disk.
        segment_bytes: How large a segment becomes, in bytes; a larger record is alone in one.
        max_bytes: How large the segments in the folder may become together, in bytes; 64 KiB at least.
        max_age: After how many seconds `read` returns a record as expired; None for never.

    Raises:
        SpoolError: The folder cannot be used, or has no locks. `reason` says which, the message what helps.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        destination: Destination,
        *,
        sync: Sync = "os",
        segment_bytes: int = SEGMENT_BYTES,
        max_bytes: int = MAX_BYTES,
        max_age: float | None = None,
    ) -> None:
        path = Path(folder).expanduser().absolute()
        require_locks(path)
        try:
            make_folder(path)
        except OSError as error:
            raise trouble(error, path) from error
        self._to = destination
        self._sync: Sync = sync
        self._bounds = _Bounds(segment_bytes=segment_bytes, max_bytes=max_bytes)
        self._forking = RLock()
        self._told: deque[Told] = deque()
        lock = OwnerLock.make(path, destination, new_owner())
        super().__init__(lock, (), destination=destination, max_age=max_age)
        self._tail = self._new_tail(lock, 0)
        self._made = time.monotonic()
        _live.add(self)

    def append(self, kind: int, payload: bytes) -> int:
        """Append a record; return its position, which is larger than those of earlier appends.

        Args:
            kind: A `RecordKind`.
            payload: JSON without line ends: no byte of it is below 0x20.

        Raises:
            SpoolError: The record is not in the spool; `reason` says why. Nothing else is raised.
        """
        if self._pid != getpid():
            self._begin_again()
        return self._append(kind, payload)

    def age(self, record: Spooled) -> float:
        """Return the seconds since a record was appended, at most the age of this spool.

        So a wall clock that is set forward, such as at the start of a machine, makes no record too old.
        """
        return min(super().age(record), time.monotonic() - self._made)

    @property
    def append_here(self) -> Callable[[int, bytes], int]:
        """The same as `append`, for who knows that this process made the spool: the look costs a tenth."""
        return self._append

    @property
    def appended(self) -> int:
        """Return the position that the next record gets."""
        return self._tail.next

    def sync(self) -> None:
        """Wait until everything that was appended survives a power cut.

        Raises:
            SpoolError: The disk failed. The segment is sealed, and the next append begins another.
        """
        if self._pid == getpid():
            self._tail.sync()

    def vanished(self) -> Ranges:
        """Return the positions whose files are not there any more, such as with a folder that was deleted."""
        if self._pid != getpid() or self._owner_lock is None:  # what is closed is another process's
            return Ranges()
        upto = self._tail.next
        self._told.append(self._tail.told())
        found = Ranges()
        with self._io:
            self._hear()
            for segment in self._segments.values():
                if not is_gone(segment.path):
                    for first, last in segment.known:
                        found.add(first, last)
        here = Ranges([(self._begin, upto - 1)] if upto > self._begin else [])
        return here.without(found).without(self._unreadable)

    def close(self) -> None:
        """Seal the files. What is not acknowledged is left to the next process that adopts it."""
        if self._pid != getpid():
            self.forget()
            return
        self._tail.close()
        self._told.append(self._tail.told())
        with self._io:
            if self._owner_lock is not None:
                self._hear()
                self._sweep()
                super().close()

    def forget(self) -> None:
        """Close what a forked child inherited; the next use begins its own."""
        self._forking = RLock()
        self._tail.abandon()

    def _look(self) -> None:
        if self._pid != getpid():
            self._begin_again()
        self._told.append(
            self._tail.told()
        )  # without `_io`, which a signal handler may wait for in an append

    def _check(self) -> None:
        super()._check()
        self._hear()

    def _hear(self) -> None:
        """Take over what the tail told about its segments."""
        while self._told:
            told = self._told.popleft()
            for part, end, first, following in told.segments:
                segment = self._segments.setdefault(part.segment.number, part.segment)
                segment.grow(first, following, end, growing=part is told.growing)
            if len(told.withdrawn):
                self._note(told.withdrawn, "withdrawn")
        self.counts["failed_syncs"] = self._tail.failed_syncs

    def _new_tail(self, lock: OwnerLock, position: int) -> Tail:
        self._begin = position
        header = lock.header.to_bytes() if lock.header else b""
        supply = Supply(self.folder, lock.owner, header, **self._bounds, durable=self._sync != "os")
        tail = Tail(self.folder, supply, sync=self._sync, position=position)
        self._append = tail.append_durably if self._sync == "always" else tail.append
        return tail

    def _begin_again(self) -> None:
        """Become another owner in a forked child. Its positions are larger than those of the parent."""
        with self._forking:
            inherited = self._owner_lock
            if inherited is None:
                raise SpoolError("closed", self.folder)
            if self._pid == getpid():
                return
            self._tail.abandon()
            inherited.close()
            lock = OwnerLock.make(self.folder, self._to, new_owner())
            self._tail = self._new_tail(lock, self._tail.next)
            self._told.clear()
            self._become(lock)


def _forked() -> None:
    for spool in list(_live):
        spool.forget()


with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_forked)
