"""The log of a segment's acknowledgements: which of its records need not be sent any more."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

from honeyhive_ext.background.spool.ranges import Ranges
from honeyhive_ext.background.spool.secure import create, read_at, reopen, sync_file, write_whole

_SLOT = struct.Struct("<QQI")  # first, last, check; the check begins with the slot's number
SLOT = _SLOT.size


def encode_slots(ranges: Ranges, number: int, seed: int) -> bytes:
    """Return ranges as slots; `number` is that of the first."""
    parts: list[bytes] = []
    for first, last in ranges:
        body = struct.pack("<QQ", first, last)
        parts.append(body + struct.pack("<I", zlib.crc32(body, seed ^ number)))
        number += 1
    return b"".join(parts)


def decode_slots(data: bytes, seed: int) -> tuple[Ranges, int]:
    """Return what a log acknowledges and how many of its slots count.

    A damaged slot ends the log. An acknowledgement after it may be newer than one that was lost, and what
    the lost one acknowledged would be sent again, after what is newer: so both are sent again, in order.
    """
    found, number = Ranges(), 0
    for at in range(0, len(data) - SLOT + 1, SLOT):
        first, last, check = _SLOT.unpack_from(data, at)
        if zlib.crc32(data[at : at + 16], seed ^ number) != check or first > last:
            break
        found.add(first, last)
        number += 1
    return found, number


class AckLog:
    """The acknowledgements of a segment, in memory and in its log. The caller locks.

    Attributes:
        dirty: Whether something of the log may not be on the disk yet.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.dirty = False
        self._seed = seed
        self._unwritten = Ranges()
        self._ranges: Ranges | None = None
        self._slots = 0

    @property
    def ranges(self) -> Ranges:
        """Return the positions that are acknowledged; the log is read when they are first asked for."""
        if self._ranges is None:
            try:
                data = read_at(self.path, 0, os.stat(self.path, follow_symlinks=False).st_size)
            except (
                OSError
            ):  # nothing is acknowledged, or nobody knows: records are sent again, by the same id
                data = b""
            self._ranges, self._slots = decode_slots(data, self._seed)
        return self._ranges

    def add(self, ranges: Ranges) -> None:
        """Acknowledge positions, and write them to the log.

        Raises:
            OSError: The log could not be written. They are acknowledged all the same, and the next call
                writes them too.
        """
        for first, last in ranges:
            self.ranges.add(first, last)
            self._unwritten.add(first, last)
        if not len(self._unwritten):
            return
        try:
            descriptor = reopen(self.path, os.O_RDWR)
        except FileNotFoundError:
            descriptor = create(self.path)
        try:
            # A slot that was written in part before is written over.
            data = encode_slots(self._unwritten, self._slots, self._seed)
            write_whole(descriptor, data, self._slots * SLOT)
        finally:
            os.close(descriptor)
        self._slots += len(data) // SLOT
        self._unwritten = Ranges()
        self.dirty = True

    def sync(self) -> None:
        """Wait until the log is on the disk."""
        if self.dirty:
            descriptor = reopen(self.path)
            try:
                sync_file(descriptor)
            finally:
                os.close(descriptor)
            self.dirty = False
