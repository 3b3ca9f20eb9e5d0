"""A request as it comes from a socket, by RFC 9112. This file reads, and knows no socket.

It is stricter than the RFC asks of a recipient: a line ends with CR LF alone, and no field continues on the
next line. Parsers that are more generous differ from one another, and a request that two of them understand
in two ways can smuggle a second one past the first.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping

from attrs import frozen

from honeyhive_ext.local.adapters.header_fields import (
    MAX_FIELDS,
    TOKEN,
    announced,
    header_fields,
    incomplete,
    malformed,
    request_target,
)
from honeyhive_ext.local.message import RequestRefused

MAX_LINE = 65_536  # bytes of the request line, and of one header
MAX_CHUNK_LINE = 1024  # bytes of a chunk's size and of its extensions, which have no meaning here
_EMPTY_LINES = 4  # before a request line; old clients send one after a body (RFC 9112, 2.2)

_REQUEST_LINE = re.compile(rf"({TOKEN}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t -~\x80-\xff]*)?\r\n")

ReadLine = Callable[[int], bytes]
Read = Callable[[int], bytes]


@frozen
class RequestHead:
    """A request without its body.

    Args:
        method: GET, POST, ...
        path: The path without the query, percent-decoded.
        query: The text after the question mark.
        fields: The headers, names in lower case.
        length: The length of the body in bytes; None where it comes in chunks.
        closes: Whether the connection ends after the answer.
        expects: Whether the client waits for 100 Continue before it sends the body.
        chunks: Whether the client reads an answer in chunks, which HTTP/1.0 does not know.
    """

    method: str
    path: str
    query: str
    fields: Mapping[str, str]
    length: int | None
    closes: bool
    expects: bool
    chunks: bool


def read_head(readline: ReadLine) -> RequestHead | None:
    """Read up to the empty line after the headers; None where the connection ends before a request.

    Args:
        readline: Returns the bytes up to and including the next LF, or so many bytes, or those before the
            end of the connection.

    Raises:
        RequestRefused: 400, it is not a request; 414 or 431, it is too large; 417, it expects something
            else than 100 Continue; 505, it is of another major version of HTTP.
    """
    line = readline(MAX_LINE + 1)
    for _ in range(_EMPTY_LINES):
        if line != b"\r\n":
            break
        line = readline(MAX_LINE + 1)
    if not line:
        return None
    found = _REQUEST_LINE.fullmatch(_text(line, RequestRefused(414, "the URL is too long", "URI_TOO_LONG")))
    if found is None:
        raise malformed("the request line is not a method, a URL and HTTP/1.1")
    method, target, major, minor = found.groups()
    if major != "1":
        raise RequestRefused(505, "this server speaks HTTP/1.1", "HTTP_VERSION")
    fields = header_fields(_fields(readline))
    old = minor == "0"
    if "host" not in fields and not old:
        raise malformed("the Host header is missing")
    if old and "transfer-encoding" in fields:  # RFC 9112, 6.1
        raise malformed("HTTP/1.0 has no Transfer-Encoding")
    length = announced(fields)
    asked = request_target(target)
    if asked.authority is not None:
        fields["host"] = asked.authority
    expects = fields.get("expect", "").lower() if not old else ""
    if expects not in ("", "100-continue"):
        raise RequestRefused(417, "only 100-continue can be expected", "EXPECTATION_FAILED")
    closes = old or "close" in (one.strip() for one in fields.get("connection", "").lower().split(","))
    expects_continue = bool(expects) and length != 0
    return RequestHead(
        method, asked.path, asked.query, fields, length, closes, expects_continue, chunks=not old
    )


def _text(line: bytes, too_long: RequestRefused) -> str:
    """Return a line without its end."""
    if not line.endswith(b"\r\n"):
        if len(line) > MAX_LINE:
            raise too_long
        raise malformed(
            "a line does not end with CR LF" if line.endswith(b"\n") else "the request ends early"
        )
    return line[:-2].decode("latin-1")


def _fields(readline: ReadLine) -> Iterator[tuple[str, str]]:
    """Yield names and values up to the empty line. At most one more than there may be."""
    too_long = RequestRefused(431, "a header is too long", "HEADERS_TOO_LARGE")
    for _ in range(MAX_FIELDS + 1):
        line = _text(readline(MAX_LINE + 1), too_long)
        if not line:
            return
        name, colon, value = line.partition(":")
        if not colon:
            raise malformed("a header has no colon")
        yield name, value


def read_body(head: RequestHead, read: Read, readline: ReadLine, most: int) -> tuple[bytes, int]:
    """Read the body. Return it, and 0; or, where it is larger than `most` bytes, nothing and its size so far.

    A body that is too large is not read to its end, so no other request can follow it.

    Args:
        head: What was read before.
        read: Returns so many bytes, or those before the end of the connection.
        readline: As for `read_head`.
        most: The largest body in bytes that is read.

    Raises:
        RequestRefused: 400, the body is incomplete or its chunks are malformed.
    """
    if head.length is None:
        return _chunked(read, readline, most)
    if head.length > most:
        return b"", head.length
    body = read(head.length)
    if len(body) < head.length:
        raise incomplete()
    return body, 0


def _chunked(read: Read, readline: ReadLine, most: int) -> tuple[bytes, int]:
    body = io.BytesIO()  # many small chunks cost what they hold, not an object each
    while size := _chunk_size(readline):
        if body.tell() + size > most:
            return b"", body.tell() + size
        if body.write(read(size)) < size:
            raise incomplete()
        end = read(2)
        if end != b"\r\n":
            raise malformed("a chunk does not end where it says") if len(end) == 2 else incomplete()
    header_fields(_fields(readline))  # trailers, which have no meaning here
    return body.getvalue(), 0


def _chunk_size(readline: ReadLine) -> int:
    line = readline(MAX_CHUNK_LINE)
    found = _CHUNK.fullmatch(line)
    if found is None:
        raise malformed("a chunk's size is not a number in a line of its own") if line else incomplete()
    return int(found[1], 16)
