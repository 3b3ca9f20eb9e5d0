"""The bytes of a record, and how records are found again in bytes that may be damaged. Pure.

A record begins with a mark that no JSON holds, as compact JSON has no byte below 0x20. Its head has its own
check, so that false marks cost nothing. That check begins with the segment's name: bytes of another file,
which a power cut or a bad disk may put there, are not records. The head says its place too: a copy is not a
second record, and records that moved are found.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

MARK = b"\x1e\x00"
HEAD = struct.Struct("<2sBxIQIII")  # mark, kind, length, position, Unix s, offset, check of the payload
CHECK = struct.Struct("<I")
OVERHEAD = HEAD.size + CHECK.size
LARGEST = 256 * 1024 * 1024  # bytes of a payload

# The mark and the kind, a length below LARGEST, a position below 2**48: what noise seldom is.
_BEGIN = re.compile(rb"\x1e\x00[\x01-\x03]\x00...[\x00-\x10]......\x00\x00", re.DOTALL)
_BEGIN_SIZE = 16


class RecordKind(IntEnum):
    """What a record asks for. The id of the event is inside the payload."""

    CREATE = 1
    UPDATE = 2
    RESUME = 3


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


def seed_of(name: str) -> int:
    """Return the number that the checks of a segment begin with.

    Args:
        name: The segment's file name without its suffix.
    """
    return zlib.crc32(name.encode())


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
    position: int = -1  # the largest that was found
    _gap: int = 0  # where the last record ended
    _filled: int = 0  # after the last byte in the gap that is not zero

    def __post_init__(self) -> None:
        self._gap = self._filled = self.offset

    def feed(self, chunk: bytes, more: int, peek: Callable[[int, int], bytes]) -> list[Spooled]:
        """Return the records of a chunk that begins at `offset`.

        Args:
            chunk: Bytes of the file; `need` of them or the rest of the file.
            more: How many bytes of the file follow the chunk.
            peek: Returns bytes of the file, by offset and count.
        """
        found: list[Spooled] = []
        start, at, end = self.offset, 0, len(chunk)
        self.need = OVERHEAD
        while True:
            match = _BEGIN.search(chunk, at)
            if match is None:
                stop = max(at, end - _BEGIN_SIZE + 1) if more else end  # a mark may be cut in two
                break
            begin = match.start()
            if begin + OVERHEAD > end:
                stop = begin if more else end
                break
            _, kind, length, position, written_at, place, check = HEAD.unpack_from(chunk, begin)
            payload_at = begin + OVERHEAD
            if (
                CHECK.unpack_from(chunk, begin + HEAD.size)[0]
                != zlib.crc32(chunk[begin : begin + HEAD.size], self.seed)
                or payload_at + length > end + more
                or (
                    place != start + begin
                    and (
                        position <= self.position
                        or peek(place, HEAD.size) == chunk[begin : begin + HEAD.size]
                    )
                )
            ):
                at = begin + 1
                continue
            if payload_at + length > end:
                self.need, stop = OVERHEAD + length, begin
                break
            payload = chunk[payload_at : payload_at + length]
            if zlib.crc32(payload) != check:
                at = begin + 1
                continue
            found.append(Spooled(position, RecordKind(kind), payload, written_at))
            self.position = max(position, self.position)
            self.damaged += start + begin - self._gap
            at = payload_at + length
            self._gap = self._filled = start + at
        rest = chunk[max(0, self._gap - start) : stop].rstrip(b"\0")
        if rest:
            self._filled = start + max(0, self._gap - start) + len(rest)
        self.offset = start + stop
        return found

    def finish(self) -> int:
        """Count what is damaged after the last record; return where the free part of the file begins.

        An append that a kill interrupted left its payload there, and counts too.
        """
        self.damaged += self._filled - self._gap
        self._gap = self._filled
        return self._filled
