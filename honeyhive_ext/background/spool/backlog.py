"""The segments of one owner: read in windows, acknowledged, deleted when nothing of them is left."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Self

from honeyhive_ext.background.spool.header import Header, Owns
from honeyhive_ext.background.spool.layout import Spooled
from honeyhive_ext.background.spool.owner import OwnerLock
from honeyhive_ext.background.spool.ranges import Ranges, ranges_of
from honeyhive_ext.background.spool.rejected import append_line, rejected_line
from honeyhive_ext.background.spool.segment import Found, Segment
from honeyhive_ext.background.spool.trouble import SpoolError

WINDOW = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """A window of a backlog.

    Attributes:
        records: Records that nobody acknowledged, in the order of their positions.
        expired: Records that are older than `max_age`. They stay until they are dropped or acknowledged.
        after: What to give `read` for the next window.
        end: Whether there was nothing more. A window that is empty is not the end.
    """

    records: list[Spooled]
    expired: list[Spooled]
    after: int
    end: bool


class Backlog:
    """What one owner left on the disk, while this process holds the owner's lock. Thread-safe.

    Read windows until one is the end, and acknowledge each position once it need not be sent any more. The
    files are deleted when everything in them is acknowledged.

    Attributes:
        folder: The folder of the spool.
        owner: The owner's UUID.
        counts: What was counted so far: `acknowledged`, `rejected`, `rejected_unwritten` (they are not in
            `rejected.jsonl`), `dropped_REASON`, `damaged_bytes`, `damaged_records` (at least so many),
            `elsewhere` (segments whose header says another destination), `unreadable_segments`,
            `unreadable_records`, `failed_acknowledgements`, `failed_syncs`.
    """

    def __init__(
        self,
        lock: OwnerLock,
        segments: Iterable[Segment],
        *,
        destination: Owns | None = None,
        max_age: float | None = None,
    ) -> None:
        self.folder: Path = lock.folder
        self._max_age, self._destination = max_age, destination
        self._become(lock)
        self._segments.update((segment.number, segment) for segment in segments)

    def _become(self, lock: OwnerLock) -> None:
        """Hold the lock of an owner that has nothing yet."""
        self.owner = lock.owner
        self.counts: Counter[str] = Counter()
        self._owner_lock: OwnerLock | None = lock
        self._goes_to = lock.header.goes_to if lock.header else ""
        self._segments: dict[int, Segment] = {}
        self._io = RLock()
        self._at = self._after = self._floor = -1
        self._left = False  # whether something stays that is no part of it any more
        self._unreadable = Ranges()  # what that holds
        self._pid = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, after: int = -1, max_bytes: int = WINDOW) -> Reading:
        """Return the next window of what is not acknowledged.

        Args:
            after: Only records of larger positions: -1 for all, then `after` of the window before.
            max_bytes: The size of the window in bytes; a record that is larger is alone in one.

        Raises:
            SpoolError: The backlog is closed, or a file cannot be read.
        """
        self._look()
        with self._io:
            self._check()
            if after < self._after:
                self._rewind()
            if after != self._after:
                self._floor = after
            for number in sorted(self._segments):
                segment = self._segments[number]
                if number < self._at or (
                    not segment.growing and segment.end is not None and segment.known.last <= after
                ):
                    continue
                self._at = number
                try:
                    found = segment.read(max_bytes)
                except OSError as error:
                    self._leave(
                        segment, "unreadable_segments", there=not isinstance(error, FileNotFoundError)
                    )
                    continue
                if segment.header is not None and not self._owns(segment.header):
                    self._leave(segment, "elsewhere", there=True)
                    continue
                return self._reading(segment, found, after)
            self._after = max(after, self._after)
            return Reading([], [], self._after, end=True)

    def age(self, record: Spooled) -> float:
        """Return the seconds since a record was appended; 0 if it seems to come from the future."""
        return max(0.0, time.time() - record.written_at)

    def acknowledge(self, positions: Iterable[int]) -> None:
        """Note that these positions need not be sent any more; those that are gone already are left alone."""
        self._acknowledge(positions, "acknowledged")

    def drop(self, positions: Iterable[int], reason: str) -> None:
        """Give up these positions for a reason, which is counted."""
        self._acknowledge(positions, f"dropped_{reason}")

    def reject(self, record: Spooled, reason: str) -> None:
        """Write a record that the service refused to `rejected.jsonl`, and acknowledge it."""
        self._look()
        with self._io:
            self._check()
            line = rejected_line(record, reason, self._goes_to, int(time.time()))
            if not append_line(self.folder, line):
                self.counts["rejected_unwritten"] += 1
        self._acknowledge([record.position], "rejected")

    def close(self) -> None:
        """Leave what is not acknowledged to the next process that adopts it."""
        with self._io:
            lock, self._owner_lock = self._owner_lock, None
            if lock is None:
                return
            for segment in self._segments.values() if self._pid == os.getpid() else ():
                with self._counted("failed_acknowledgements"):
                    segment.acks.add(Ranges())  # what a full disk did not take before
            if self._segments or self._left or self._pid != os.getpid():
                lock.close()
            else:
                lock.remove()

    def forget(self) -> None:
        """Close what a forked child inherited, and leave the files to the parent."""
        self._io = RLock()
        self._segments = {}
        lock, self._owner_lock = self._owner_lock, None
        if lock is not None:
            lock.close()

    def _look(self) -> None:
        """Ask for what `_check` needs; called without the lock."""

    def _check(self) -> None:
        if self._pid != os.getpid():
            self.forget()
        if self._owner_lock is None:
            raise SpoolError("closed", self.folder)

    def _reading(self, segment: Segment, found: Found, after: int) -> Reading:
        floor, acknowledged = self._floor, segment.acks.ranges
        done = Ranges([(0, floor)] if floor >= 0 else [])
        self.counts["damaged_bytes"] += found.damaged
        self.counts["damaged_records"] += len(found.lost.without(acknowledged).without(done))
        self._after = max([after, *(one.position for one in found.records)])
        end = found.end
        if found.end and not segment.growing:
            self._at = segment.number + 1
            end = not any(number >= self._at for number in self._segments)
            self._sweep()
        left = [one for one in found.records if one.position > floor and one.position not in acknowledged]
        expired = [one for one in left if self._max_age is not None and self.age(one) > self._max_age]
        gone = {one.position for one in expired}
        fresh = [one for one in left if one.position not in gone]
        return Reading(fresh, expired, self._after, end)

    def _rewind(self) -> None:
        self._at = self._after = self._floor = -1
        for segment in self._segments.values():
            segment.rewind()

    def _leave(self, segment: Segment, counter: str, *, there: bool) -> None:
        """Leave a segment on the disk, if it is there, and have nothing more to do with it."""
        self.counts[counter] += 1
        self.counts["unreadable_records"] += len(segment.known.without(segment.acks.ranges))
        self._segments.pop(segment.number, None)
        if there:
            self._left = True
            for first, last in segment.known:
                self._unreadable.add(first, last)

    def _acknowledge(self, positions: Iterable[int], counter: str) -> None:
        ranges = ranges_of(positions)
        self._look()
        with self._io:
            self._check()
            self._note(ranges, counter)
            self._sweep()

    def _owns(self, header: Header) -> bool:
        return self._destination is None or self._destination.owns(header)

    def _note(self, ranges: Ranges, counter: str) -> None:
        older: list[Segment] = []
        for _, segment in sorted(self._segments.items()):
            known = segment.known
            if ranges.last < known.first or known.last < ranges.first:
                older.append(segment)
                continue
            part = ranges.within(known).without(segment.acks.ranges)
            if len(part):
                self._log(older, segment, part)
                self.counts[counter] += len(part)
            older.append(segment)

    def _log(self, older: list[Segment], segment: Segment, part: Ranges) -> None:
        """Write to a segment's log after those of older segments are on the disk.

        Else a power cut could keep this acknowledgement and lose one of them: what is older would be sent
        again, after what is newer.
        """
        for one in older:
            if one.acks.dirty:
                with self._counted("failed_acknowledgements"):
                    one.acks.sync()
        with self._counted("failed_acknowledgements"):
            segment.acks.add(part)

    @contextlib.contextmanager
    def _counted(self, counter: str) -> Generator[None, None, None]:
        try:
            yield
        except OSError:
            self.counts[counter] += 1

    def _sweep(self) -> None:
        """Delete the segments that are finished."""
        for segment in [one for one in self._segments.values() if one.finished]:
            with contextlib.suppress(OSError):
                segment.delete()
            self._segments.pop(segment.number, None)  # a signal handler may have come first
