"""New segments of an owner, within the bounds of the disk and of the spool."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from honeyhive_ext.background.spool.growing import SegmentWriter, make_writer
from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.spool.segment import SEGMENT, Segment, segment_path
from honeyhive_ext.background.spool.trouble import SpoolError, SpoolReason, trouble

FIRST_SEGMENT = 4 * 1024 * 1024  # bytes; the next ones are four times as large each, up to the limit
SMALLEST = 64 * 1024
LOOKING = 0.02  # seconds for the sizes of files
AGAIN = 0.25  # seconds until the disk is asked again after it was full
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Grown(NamedTuple):
    """A segment, and the file that it grows in."""

    segment: Segment
    writer: SegmentWriter


class Full(NamedTuple):
    """A segment that gets no more records: where they end, and their positions."""

    part: Grown
    end: int
    first: int
    next: int


class Told(NamedTuple):
    """What segments hold at one moment: the full ones that were not told yet, then the growing one."""

    segments: list[Full]
    growing: Grown | None
    withdrawn: Ranges


class Supply:
    """Make the segments of one owner; a short program does not take the space of a long one.

    Args:
        folder: The folder of the spool.
        owner: The owner's UUID.
        header: What each segment begins with.
        durable: Whether a segment must survive a power cut before it is used.
        segment_bytes: How large a segment becomes, in bytes.
        max_bytes: How large the segments in the folder may become together, in bytes.
    """

    def __init__(
        self, folder: Path, owner: str, header: bytes, *, durable: bool, segment_bytes: int, max_bytes: int
    ) -> None:
        self._folder, self._owner, self._header, self._durable = folder, owner, header, durable
        self._max_bytes = max_bytes
        self._most = max(SMALLEST, min(segment_bytes, max_bytes // 8))
        self._size = min(FIRST_SEGMENT, self._most)
        self._used = folder_bytes(folder)  # in the folder, as far as is known
        self._refusal: tuple[float, int, SpoolReason] | None = None

    def measure(self) -> None:
        """Look at what is in the folder by now."""
        self._used = folder_bytes(self._folder)

    def make(self, number: int, need: int) -> Grown:
        """Return a new segment with room for a record of so many bytes.

        Raises:
            SpoolError: There is no room for it, or the file cannot be made.
        """
        if self._refusal is not None:
            until, refused, reason = self._refusal
            if need >= refused and monotonic() < until:
                raise SpoolError(reason, self._folder, f"not asked again for {AGAIN} s")
        least = len(self._header) + need
        try:
            writer = self._writer(segment_path(self._folder, self._owner, number), least)
        except OSError as error:
            raise self._refuse(trouble(error, self._folder), need) from error
        if writer is None:
            raise self._refuse(
                SpoolError("max_bytes", self._folder, f"{self._max_bytes} bytes are used"), need
            )
        segment = Segment(self._folder, self._owner, number)
        segment.growing, segment.end = True, writer.start
        return Grown(segment, writer)

    def _writer(self, path: Path, least: int) -> SegmentWriter | None:
        size, small = max(self._size, least), max(SMALLEST, least)
        if self._used + size > self._max_bytes:
            self.measure()
            size = size if self._used + size <= self._max_bytes else small
            if self._used + size > self._max_bytes:
                return None
        try:
            writer = make_writer(path, self._header, size, durable=self._durable)
        except OSError as error:
            if error.errno not in _FULL or size <= small:
                raise
            writer = make_writer(path, self._header, small, durable=self._durable)
        self._size = min(self._size * 4, self._most)
        self._used += writer.size
        return writer

    def _refuse(self, error: SpoolError, need: int) -> SpoolError:
        self._refusal = (monotonic() + AGAIN, need, error.reason)
        return error


def folder_bytes(folder: Path) -> int:
    """Return how large the segments in a folder are together; of very many files an estimate."""
    names = [name for name in os.listdir(folder) if name.endswith(SEGMENT)]
    total, until = 0, monotonic() + LOOKING
    for seen, name in enumerate(names, 1):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            total += (folder / name).stat(follow_symlinks=False).st_size
        if monotonic() > until:
            return total * len(names) // seen
    return total
