"""The head of a request as bytes, and the heads of usual answers. Pure: h11 reads every other answer.

An answer is usual if its head came in one piece, in printable ASCII, and Content-Length alone says where its
body ends. To read such a head costs a tenth of what h11 takes for it (benchmarks/README.md); a test compares
both, for any bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from honeyhive_ext.config.secrets import Unshown
from honeyhive_ext.http.bounds import MAX_HEAD

# RFC 9110, 5.1 and 5.5; RFC 9112, 3 and 4. No quantifier gives back what it took, so the time is linear.
_NAME = rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]++"
_REQUEST = re.compile(
    rb"[A-Z]++ [!-~]++ HTTP/1\.1\r\n(?:%b: (?:[!-~]++(?:[ \t]++[!-~]++)*+)?\r\n)*+\r\n" % _NAME
)
_ANSWER = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [\t -~]*+)?\r\n((?:%b:[\t -~]*+\r\n)++)\r\n" % _NAME)
_LENGTH = re.compile(r"[0-9]{1,18}+")
_WITHOUT_BODY = frozenset({204, 304})  # RFC 9112, 6.3
_ONCE = frozenset({"content-length", "transfer-encoding", "connection"})


class AnswerHead(NamedTuple):
    """The head of a usual answer.

    Attributes:
        status: The HTTP status.
        headers: The headers, by their names in lower case.
        length: Bytes of the body.
        size: Bytes of the head.
    """

    status: int
    headers: Mapping[str, str]
    length: int
    size: int


def request_head(
    method: str, path: bytes, headers: Iterable[tuple[str, str]], length: int | None
) -> bytes | None:
    """Return the head of a request, or None if HTTP forbids a character in it.

    Args:
        method: The HTTP method.
        path: The path with its query.
        headers: All headers but Content-Length.
        length: Bytes of the body; None for no Content-Length.

    >>> request_head("POST", b"/v1/events", [("Host", "a.example")], 2)
    b'POST /v1/events HTTP/1.1\\r\\nHost: a.example\\r\\nContent-Length: 2\\r\\n\\r\\n'
    >>> request_head("GET", b"/", [("Host", "a.example\\r\\nOther: header")], None) is None
    True
    """
    lines = Unshown([f"{name}: {value}\r\n" for name, value in headers])
    if length is not None:
        lines.append(f"Content-Length: {length}\r\n")
    try:
        head = b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode(), path, "".join([*lines]).encode("ascii"))
    except UnicodeEncodeError:
        return None
    # As many lines as there should be: no header holds another one.
    allowed = _REQUEST.fullmatch(head) is not None and head.count(b"\n") == len(lines) + 2
    return head if allowed else None


def usual_head(data: bytes) -> AnswerHead | None:
    """Return the head with which the bytes of an answer begin, or None where h11 must read them.

    >>> usual_head(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    AnswerHead(status=200, headers={'content-length': '2'}, length=2, size=38)
    >>> usual_head(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n2\\r\\n{}") is None
    True
    """
    found = _ANSWER.match(data)
    if found is None or found.end() > MAX_HEAD:
        return None
    status, headers = int(found[1]), dict[str, str]()
    for line in found[2].decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if name in headers:
            if name in _ONCE:
                return None
            value = f"{headers[name]}, {value}"
        headers[name] = value
    length = headers.get("content-length", "")
    if status in _WITHOUT_BODY or not _LENGTH.fullmatch(length) or "transfer-encoding" in headers:
        return None
    if headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    return AnswerHead(status, headers, int(length), found.end())
