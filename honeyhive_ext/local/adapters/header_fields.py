"""The header fields of a request and what they say about its body (RFC 9110, RFC 9112).

Every adapter reads them here, so a request gets one verdict, whichever way it comes. What two readers could
understand in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from attrs import frozen

from honeyhive_ext.local.message import RequestRefused

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110, 5.6.2
MAX_FIELDS = 100

# A second one of these is a contradiction, even where both are equal. Others are lists (RFC 9110, 5.3).
_ONCE = frozenset(
    {
        "authorization",
        "content-length",
        "content-type",
        "host",
        "origin",
        "transfer-encoding",
        "x-honeyhive-local-fault",
    }
)
_NAME = re.compile(TOKEN)
_VALUE = re.compile("[\t -~\x80-\xff]*")
_LENGTH = re.compile("[0-9]{1,15}")
_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[!$&'()*+,;=\w.~%-]*))(?::(?P<port>[0-9]{0,5}))?", re.ASCII
)
_ABSOLUTE = re.compile(r"http://(?P<authority>[^/?]*)(?P<rest>.*)", re.IGNORECASE)


def malformed(message: str) -> RequestRefused:
    """Return the refusal of a request that is not HTTP, or that can be read in two ways."""
    return RequestRefused(400, message, "BAD_REQUEST")


def header_fields(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the fields of a request: the names in lower case, the values of lists joined by commas.

    Raises:
        RequestRefused: 400, a field is malformed, or there are two of one that may be there once; 431, there
            are too many.

    >>> header_fields([("Host", "localhost"), ("Accept", "text/html"), ("accept", "*/*")])
    {'host': 'localhost', 'accept': 'text/html, */*'}
    """
    fields: dict[str, str] = {}
    count = 0
    for given, text in pairs:
        name, value = given.lower(), text.strip(" \t")
        count += 1
        if _NAME.fullmatch(name) is None:
            raise malformed("a header's name is empty or holds a character that HTTP forbids")
        if _VALUE.fullmatch(value) is None:
            raise malformed(f"the value of the header {name[:80]} holds a character that HTTP forbids")
        if name not in fields:
            fields[name] = value
        elif name in _ONCE:
            raise malformed(f"there are two {name} headers")
        else:
            fields[name] = f"{fields[name]}, {value}"
    if count > MAX_FIELDS:
        raise RequestRefused(431, f"there are more than {MAX_FIELDS} headers", "HEADERS_TOO_LARGE")
    if "host" in fields:
        host_name(fields["host"])
    return fields


def announced(fields: Mapping[str, str]) -> int | None:
    """Return the length of the body in bytes; None where it comes in chunks.

    Raises:
        RequestRefused: 400, the length is contradictory or unknown (RFC 9112, 6.3).

    >>> announced({"content-length": "12"}), announced({}), announced({"transfer-encoding": "chunked"})
    (12, 0, None)
    """
    length = fields.get("content-length")
    if "transfer-encoding" in fields:
        if length is not None or fields["transfer-encoding"].lower() != "chunked":
            raise malformed("Transfer-Encoding must be chunked, without a Content-Length")
        return None
    if length is None:
        return 0
    if _LENGTH.fullmatch(length) is None:
        raise malformed("Content-Length must be a number")
    return int(length)


def check_complete(fields: Mapping[str, str], size: int) -> None:
    """Check that a body has the length that was announced, if one was.

    Raises:
        RequestRefused: 400, there is more or less.
    """
    length = announced(fields)
    if "content-length" in fields and length != size:
        raise incomplete()


def incomplete() -> RequestRefused:
    """Return the refusal of a request that ends too early. Nothing of it is carried out (RFC 9112, 8)."""
    return malformed("the request is incomplete: its body is not as long as it says")


def host_name(value: str) -> str:
    """Return the name in a Host header, in lower case and without the port.

    Raises:
        RequestRefused: 400, it is not a host and perhaps a port (RFC 9110, 7.2).

    >>> host_name("127.0.0.1:8080"), host_name("[::1]:8080"), host_name("LOCALHOST")
    ('127.0.0.1', '::1', 'localhost')
    """
    found = _HOST.fullmatch(value)
    if found is None or int(found["port"] or 0) > 65_535:
        raise malformed("the Host header is not a name and a port")
    return (found["v6"] or found["name"] or "").lower()


@frozen
class RequestTarget:
    """What a request asks for.

    Args:
        path: The path, percent-decoded.
        query: The text after the question mark.
        authority: The host and port of the absolute form. They replace the Host header (RFC 9112, 3.2.2).
    """

    path: str
    query: str
    authority: str | None = None


def request_target(text: str) -> RequestTarget:
    """Take the target of a request line apart (RFC 9112, 3.2).

    Raises:
        RequestRefused: 400, it is neither a path nor a URL with the scheme http.

    >>> request_target("http://localhost:80/v1/events?page=2")
    RequestTarget(path='/v1/events', query='page=2', authority='localhost:80')
    """
    authority = None
    if not text.startswith("/") and text != "*":
        absolute = _ABSOLUTE.fullmatch(text)
        if absolute is None:
            raise malformed("the request line names neither a path nor an http:// URL")
        authority, text = absolute["authority"], absolute["rest"]
        if not host_name(authority):
            raise malformed("the URL in the request line has no host")
        text = text if text.startswith("/") else f"/{text}"
    if "#" in text:
        raise malformed("the request line holds a fragment")
    path, _, query = text.partition("?")
    return RequestTarget(unquote(path), query, authority)
