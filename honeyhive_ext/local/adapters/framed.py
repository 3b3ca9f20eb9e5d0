"""An answer with its framing: the same headers and the same bytes through every adapter."""

from __future__ import annotations

from honeyhive_ext.local.message import Response

_BARE = frozenset({204, 304})  # answers with neither a body nor a length (RFC 9110, 8.6)


def answer_fields(response: Response) -> list[tuple[str, str]]:
    """Return all headers of an answer, with the length of its body."""
    length = [] if response.status in _BARE else [("content-length", str(len(response.body)))]
    return [*response.header_list(), *length]


def answer_body(response: Response, method: str) -> bytes:
    """Return the bytes that follow the headers: none in an answer to HEAD (RFC 9110, 9.3.2)."""
    return b"" if method == "HEAD" or response.status in _BARE else response.body
