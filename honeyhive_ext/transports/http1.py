"""Pure: one HTTP/1.1 answer (RFC 9112) out of the bytes of a connection, however they are cut into pieces."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from honeyhive_ext.exchange import Answer

MOST_HEAD = 100 * 1024  # bytes of a head, of a chunk's own line or of the trailers; as many as httpx takes
CHUNKED, TO_THE_END = -1, -2  # in place of a length

# The "+" after a repetition: no way back, which halves the time of a match.
_HEAD = re.compile(
    rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [^\r\n\0]*+)?\r?\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[^\r\n\0]*+\r?\n)*+)\r?\n"
)
_FIELD = re.compile(r"([^:]+):([^\r\n]*)\r?\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_TRAILERS = re.compile(rb"(?:[^\r\n]+\r?\n)*\r?\n")


class AnswerReader:
    """Is fed what arrives, and says when the answer is complete.

    What is not HTTP/1.1 raises httpx.RemoteProtocolError, and a body that does not decode DecodingError.

    >>> reader = AnswerReader()
    >>> reader.feed(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{")
    >>> reader.feed(b"}")
    Answer(status=200, headers={'content-length': '2'}, content=b'{}')
    >>> reader.reusable
    True
    """

    __slots__ = ("_buffer", "_chunks", "_headers", "_keep", "_length", "_status", "_wanted")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = 1  # bytes in the buffer before another look pays
        self._status = 0  # until the head is read
        self._headers: dict[str, str] = {}
        self._length = 0
        self._chunks: list[bytes] = []
        self._keep = False

    @property
    def reusable(self) -> bool:
        """Whether, after this answer, the connection may carry another request."""
        return self._keep and not self._buffer

    def feed(self, data: bytes) -> Answer | None:
        """The answer, if these bytes complete it."""
        self._buffer += data
        if len(self._buffer) < self._wanted or not (self._status or self._read_head()):
            return None
        if self._length == CHUNKED:
            return self._read_chunks()
        if self._length == TO_THE_END or len(self._buffer) < self._length:
            self._wanted = max(self._length, 0)
            return None
        return self._complete(self._cut(self._length))

    def end(self) -> Answer:
        """The answer, now that the other side has closed: that completes a body without a length."""
        if not self._status or self._length != TO_THE_END:
            raise _unlike("the server closed the connection before the answer was complete")
        return self._complete(self._cut(len(self._buffer)))

    def _cut(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:
            content = bytes(view[:size])
        del self._buffer[:size]
        return content

    def _read_head(self) -> bool:
        while (head := _HEAD.match(self._buffer)) is not None:
            minor, status, fields = head[1], int(head[2]), head[3].decode("latin-1")
            del self._buffer[: head.end()]
            if status == 101:
                raise _unlike("the server switches to another protocol")
            if status >= 200:
                self._frame(minor, status, fields)
                return True
        if len(self._buffer) > MOST_HEAD or _BLANK_LINE.search(self._buffer):
            raise _unlike("the answer does not begin as one of HTTP/1.1 does")
        return False

    def _frame(self, minor: bytes, status: int, fields: str) -> None:
        """Where the body ends (RFC 9112, 6.3), and whether the connection stays (9.3)."""
        headers = self._headers
        for name, value in _FIELD.findall(fields):
            lower, text = name.lower(), value.strip(" \t")
            headers[lower] = f"{headers[lower]}, {text}" if lower in headers else text
        coding = headers.get("transfer-encoding")
        if status in (204, 304):
            self._length = 0
        elif coding is not None:
            if coding.lower() != "chunked":
                raise _unlike(f"the transfer coding {coding[:40]!r} is not known")
            self._length = CHUNKED
        else:
            self._length = _content_length(headers)
        self._keep = (
            minor != b"0"
            and self._length != TO_THE_END
            and not (coding is not None and "content-length" in headers)
            and "close" not in headers.get("connection", "").lower()
        )
        self._status = status

    def _read_chunks(self) -> Answer | None:
        """Take the chunks that are complete (RFC 9112, 7.1); the answer, after the last one."""
        buffer = self._buffer
        while (line := _CHUNK.match(buffer)) is not None:
            start, end = line.end(), line.end() + int(line[1], 16)
            if start == end:
                if (trailers := _TRAILERS.match(buffer, start)) is None:
                    return self._more(len(buffer) + 1, well_formed=len(buffer) - start <= MOST_HEAD)
                del buffer[: trailers.end()]
                return self._complete(b"".join(self._chunks))
            if (after := _LINE_END.match(buffer, end)) is None:
                return self._more(max(end, len(buffer)) + 1, well_formed=len(buffer) <= end + 1)
            del buffer[:start]
            self._chunks.append(self._cut(end - start))
            del buffer[: after.end() - end]
        return self._more(len(buffer) + 1, well_formed=len(buffer) <= MOST_HEAD and b"\n" not in buffer)

    def _more(self, wanted: int, *, well_formed: bool) -> Answer | None:
        """Go on with so many bytes, if what there is can still become what it must."""
        if not well_formed:
            raise _unlike("the answer's chunks are not well formed")
        self._wanted = wanted
        return None

    def _complete(self, content: bytes) -> Answer:
        coding = self._headers.get("content-encoding")
        if coding and content:
            content = httpx.Response(200, headers={"Content-Encoding": coding}, content=content).content
        return Answer(self._status, self._headers, content)


def _content_length(headers: Mapping[str, str]) -> int:
    given = headers.get("content-length")
    if given is None:
        return TO_THE_END
    if not _LENGTH.fullmatch(given):
        values = {value.strip() for value in given.split(",")}  # sent twice, with one value: RFC 9110, 8.6
        given = values.pop()
        if values or not _LENGTH.fullmatch(given):
            raise _unlike("the answer's Content-Length is not a length")
    return int(given)


def _unlike(reason: str) -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError(reason)
