"""The bytes of a record, and how records are found again in bytes that may be damaged. Pure.

A record begins with a mark that no JSON holds, as compact JSON has no byte below 0x20. Its head has its own
check, so that false marks cost nothing. Both checks begin with a number of the segment's owner, so that bytes
of an older file, which a power cut may bring back, are not records.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

MARK = b"\x1e\x00"
HEAD = struct.Struct("<2sBxIQII")  # mark, kind, length, position, Unix s, check of the payload
CHECK = struct.Struct("<I")
OVERHEAD = HEAD.size + CHECK.size
LARGEST = 256 * 1024 * 1024  # bytes of a payload

_BEGIN = re.compile(rb"\x1e\x00[\x01\x02]\x00")


class RecordKind(IntEnum):
    """What a record asks for. The id of the event is inside the payload."""

    CREATE = 1
    UPDATE = 2


class Spooled(NamedTuple):
    """A record that was read back.

    Attributes:
        position: Its number, counted by its owner; it rises in the order of the appends.
        kind: What it asks for.
        payload: The bytes that were appended.
        written_at: When it was appended, in Unix seconds.
    """

    position: int
    kind: RecordKind
    payload: bytes
    written_at: int


def seed_of(owner: str) -> int:
    """Return the number that the checks of an owner's records begin with."""
    return zlib.crc32(owner.encode())


def head_of(kind: int, position: int, written_at: int, payload: bytes, seed: int) -> bytes:
    """Return what stands before the payload of a record."""
    head = HEAD.pack(MARK, kind, len(payload), position, written_at, zlib.crc32(payload, seed))
    return head + CHECK.pack(zlib.crc32(head, seed))


@dataclass(slots=True)
class Scan:
    """Find the records of a file, a chunk at a time; say what of it is damaged.

    A gap before a record is damage, whatever it holds: records follow one another without space. Zeros
    at the end of the file are its free part.

    Attributes:
        offset: Where the next chunk begins.
        need: How many bytes the next chunk must have at least.
        damaged: Bytes that belong to no record.
    """

    seed: int
    offset: int = 0
    need: int = OVERHEAD
    damaged: int = 0
    position: int = -1  # of the last record found
    _gap: int = 0  # where the last record ended
    _filled: int = 0  # after the last byte in the gap that is not zero

    def __post_init__(self) -> None:
        self._gap = self._filled = self.offset

    def feed(self, chunk: bytes, more: int) -> list[Spooled]:
        """Return the records of a chunk that begins at `offset`.

        Args:
            chunk: Bytes of the file; `need` of them or the rest of the file.
            more: How many bytes of the file follow the chunk.
        """
        found: list[Spooled] = []
        start, at, end = self.offset, 0, len(chunk)
        self.need = OVERHEAD
        while True:
            match = _BEGIN.search(chunk, at)
            if match is None:
                stop = max(at, end - 3) if more else end  # a mark may be cut in two
                break
            begin = match.start()
            if begin + OVERHEAD > end:
                stop = begin if more else end
                break
            _, kind, length, position, written_at, check = HEAD.unpack_from(chunk, begin)
            payload_at = begin + OVERHEAD
            if (
                CHECK.unpack_from(chunk, begin + HEAD.size)[0]
                != zlib.crc32(chunk[begin : begin + HEAD.size], self.seed)
                or position <= self.position
                or payload_at + length > end + more
            ):
                at = begin + 1
                continue
            if payload_at + length > end:
                self.need, stop = OVERHEAD + length, begin
                break
            payload = chunk[payload_at : payload_at + length]
            if zlib.crc32(payload, self.seed) != check:
                at = begin + 1
                continue
            found.append(Spooled(position, RecordKind(kind), payload, written_at))
            self.position = position
            self.damaged += start + begin - self._gap
            at = payload_at + length
            self._gap = self._filled = start + at
        rest = chunk[max(0, self._gap - start) : stop].rstrip(b"\0")
        if rest:
            self._filled = start + max(0, self._gap - start) + len(rest)
        self.offset = start + stop
        return found

    def finish(self) -> int:
        """Count what is damaged after the last record; return where the free part of the file begins."""
        self.damaged += self._filled - self._gap
        self._gap = self._filled
        return self._filled
