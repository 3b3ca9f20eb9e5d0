"""A segment on the disk as its owner sees it: its records, and which of them are acknowledged."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from honeyhive_ext.background.spool.acks import AckLog
from honeyhive_ext.background.spool.header import LONGEST, Header, read_header
from honeyhive_ext.background.spool.layout import Scan, Spooled, seed_of
from honeyhive_ext.background.spool.ranges import Ranges, ranges_of
from honeyhive_ext.background.spool.secure import read_around, read_at, remove, reopen
from honeyhive_ext.files.whole import sync_folder

SEGMENT = ".segment"
ACKS = ".acks"


def segment_path(folder: Path, owner: str, number: int) -> Path:
    """Return the file of an owner's segment."""
    return folder / f"{owner}-{number:08d}{SEGMENT}"


def split_name(name: str) -> tuple[str, int] | None:
    """Return the owner and the number of a segment, by the name of its file.

    >>> split_name("018f-4ed2-00000007.segment")
    ('018f-4ed2', 7)
    """
    owner, dash, number = name.removesuffix(SEGMENT).rpartition("-")
    if not name.endswith(SEGMENT) or not dash or not (number.isascii() and number.isdigit()):
        return None
    return owner, int(number)


@dataclass(slots=True)
class Found:
    """What a window of a segment holds.

    Attributes:
        records: The records that were read, acknowledged ones included.
        damaged: Bytes that belong to no record, if they were not counted before.
        lost: Positions that are missing between others, if they were not counted before.
        end: Whether the segment has nothing more.
    """

    records: list[Spooled]
    damaged: int
    lost: Ranges
    end: bool


class Segment:
    """One segment of an owner whose lock this process holds. The caller locks.

    Attributes:
        number: Its place among the segments of its owner.
        seed: What the checks of its records begin with.
        acks: What of it is acknowledged.
        known: The positions that are in it: those that were read, or that this process appended.
        growing: Whether this process still appends to it.
        end: Where its records end, in bytes; None for one that another process left.
        header: What it says about itself, once it was read; None if that is damaged.
    """

    def __init__(self, folder: Path, owner: str, number: int, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self.number = number
        self.path = segment_path(folder, owner, number)
        self.seed = seed_of(self.path.stem)
        self.acks = AckLog(self.path.with_suffix(ACKS), self.seed)
        self.known = Ranges()
        self.growing = False
        self.header: Header | None = None
        self.end: int | None = None
        self._scan: Scan | None = None
        self._ended = False
        self._flawed = False  # the device did not read all of it: it stays, as another time it may
        self._damaged = 0
        self._lost = Ranges()

    @property
    def finished(self) -> bool:
        """Whether everything in it is acknowledged, and nothing more comes."""
        complete = not self.growing if self.end is not None else self._ended
        if len(self.acks.ranges) + len(self._lost) < len(self.known):
            return False
        return (
            complete
            and not self._flawed
            and not len(self.known.without(self.acks.ranges).without(self._lost))
        )

    def grow(self, first: int, following: int, end: int, *, growing: bool) -> None:
        """Take over that this process appended to it: the positions, and where they end."""
        if self.end is None or end >= self.end:  # threads may tell it out of order
            self.end = end
            if first < following:
                self.known.add(first, following - 1)
        self.growing = self.growing and growing

    def rewind(self) -> None:
        """Read from the start again."""
        self._scan = None

    def read(self, max_bytes: int) -> Found:
        """Return the records of the next window; one that is larger makes it larger.

        Raises:
            OSError: The file cannot be opened.
        """
        if self._scan is None:
            begun = read_header(read_around(self.path, 0, LONGEST)[0])
            self.header = begun[0] if begun else None
            self._scan = Scan(self.seed, begun[1] if begun else 0)
        scan, before = self._scan, self._scan.position
        size = self.end
        if size is None:
            size = os.stat(self.path, follow_symlinks=False).st_size
        left = max(0, size - scan.offset)
        wanted = min(max(max_bytes, scan.need), left)
        chunk, whole = read_around(self.path, scan.offset, wanted)
        if len(chunk) < wanted:  # the file is shorter than it should be
            size, left = scan.offset + len(chunk), len(chunk)
        self._flawed = self._flawed or not whole
        records = scan.feed(chunk, left - len(chunk), partial(read_at, self.path))
        end = not chunk or scan.offset >= size
        if end and not self.growing:
            self._end(scan.finish(), size)
        seen = ranges_of(record.position for record in records)
        found = Found(records, max(0, scan.damaged - self._damaged), self._missing(before, seen, end), end)
        self._damaged += found.damaged
        for first, last in seen:
            self.known.add(first, last)
        for first, last in found.lost:
            self._lost.add(first, last)
        return found

    def _missing(self, before: int, seen: Ranges, end: bool) -> Ranges:
        """Return the positions that should be where a window was read and are not."""
        own = self.end is not None
        if before < 0 and own and len(self.known):
            before = self.known.first - 1
        last = self.known.last if own and end and not self.growing else seen.last
        first = before + 1 if before >= 0 or own else seen.first
        expected = Ranges([(first, last)] if 0 <= first <= last else [])
        return expected.without(seen).without(self._lost)

    def _end(self, free: int, size: int) -> None:
        """Give back the free part of a file that a killed process left."""
        self._ended = True
        if self.end is None and free < size and not self._read_only and not self._flawed:
            with contextlib.suppress(OSError):
                descriptor = reopen(self.path, os.O_RDWR)
                try:
                    os.ftruncate(descriptor, free)
                finally:
                    os.close(descriptor)

    def delete(self) -> None:
        """Remove it from the disk: the segment before its log, as a log alone means nothing."""
        remove(self.path)
        remove(self.acks.path)
        sync_folder(self.path.parent)
