"""The body of an answer, decoded as it arrives, within its bounds."""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import httpx

from honeyhive_ext.http.bounds import AnswerBounds, AnswerError, shown

if TYPE_CHECKING:
    from zlib import _Decompress  # pyright: ignore[reportPrivateUsage] - the class has no public name

PIECE = 1_048_576  # bytes decoded at a time
# Bytes given to zlib at a time: few at the beginning of a gzip member, because zlib copies what follows it.
FIRST_STEP, LARGEST_STEP = 256, 65_536

# Bytes of a body whose memory is taken at once, when its size is announced: memory that grows with it would
# be given back to the system after each answer, and taken from it again page by page.
SMALL, LARGE = 131_072, 8_388_608

_CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's wbits
_PADDING = re.compile(rb"\0*")  # zeros may follow a gzip member


class Body:
    """A body as it arrives.

    Args:
        status: The HTTP status of its answer.
        coding: Its content coding (RFC 9110, 8.4): at most one, of those that are asked for.
        bounds: What the answer may be.

    Raises:
        AnswerError: The coding was not asked for.
    """

    __slots__ = ("_between", "_bounds", "_kept", "_most", "_size", "_status", "_step", "_unpacker", "_wbits")

    def __init__(self, status: int, coding: str, bounds: AnswerBounds) -> None:
        self._status = status
        self._bounds = bounds
        self._most = bounds.most(status)
        self._size = 0
        self._kept = BytesIO()  # takes no more memory for many small pieces than for a large one
        self._unpacker: _Decompress | None = None
        self._between = False  # whether a member has ended and no other has begun
        self._step = FIRST_STEP
        self._wbits = 0
        if coding and (coding := coding.strip().lower()) not in ("", "identity"):
            self._wbits = _CODINGS.get(coding, 0)
            if not self._wbits:
                raise AnswerError(
                    f"it has the content coding {shown(coding)}, which was not asked for", status
                )

    def announce(self, size: int) -> None:
        """Take the size that the answer announces in its headers."""
        if self._wbits:
            return
        if size > self._most:
            raise self._bounds.too_large(self._status)
        if SMALL < size <= LARGE:
            self._kept.seek(size - 1)
            self._kept.write(b"\0")
            self._kept.seek(0)

    def add(self, data: bytes | bytearray) -> None:
        """Take bytes that arrived.

        Raises:
            AnswerError: The decoded body is too large.
            httpx.ReadTimeout: The time was over while it was decoded.
            httpx.DecodingError: The body is not in its coding.
        """
        if not self._wbits:
            self._keep(data)
            return
        try:
            self._decode(data)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error

    def _keep(self, data: bytes | bytearray) -> None:
        self._size += len(data)
        if self._size > self._most:
            raise self._bounds.too_large(self._status)
        self._kept.write(data)

    def _decode(self, data: bytes | bytearray) -> None:
        at = 0
        while at < len(data):
            if self._between and (padding := _PADDING.match(data, at)):
                at = padding.end()
                if at == len(data):
                    return
            unpacker = self._unpacker or self._member(data[at])
            piece = data[at : at + self._step]
            self._unpack(unpacker, piece)
            at += len(piece)
            if not unpacker.eof:
                self._step = min(2 * self._step, LARGEST_STEP)
                continue
            at -= len(unpacker.unused_data)
            self._unpacker, self._between, self._step = None, True, FIRST_STEP

    def _member(self, first: int) -> _Decompress:
        """Begin a member of a gzip stream; there is one in most bodies."""
        if self._wbits == 15 and first & 0x0F != 8:  # no zlib header: raw deflate, as some servers send it
            self._wbits = -15
        self._unpacker, self._between = zlib.decompressobj(self._wbits), False
        return self._unpacker

    def _unpack(self, unpacker: _Decompress, data: bytes | bytearray) -> None:
        while True:
            self._bounds.check_time()
            most = min(PIECE, self._most - self._size + 1)
            unpacked = unpacker.decompress(data, most)
            self._keep(unpacked)
            data = unpacker.unconsumed_tail
            if unpacker.eof or not (data or len(unpacked) == most):
                return

    def whole(self) -> bytes:
        """Return the decoded body.

        Raises:
            httpx.DecodingError: It ends early.
        """
        if self._unpacker is not None:
            raise httpx.DecodingError("the compressed answer ends early")
        self._kept.truncate(self._size)  # an answer such as 204 announces a size and has no body
        return self._kept.getvalue()
