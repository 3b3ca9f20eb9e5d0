"""An answer with its framing: the same headers and the same bytes through every adapter."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from honeyhive_ext.local.message import Response

logger = logging.getLogger("honeyhive_ext.local")

AGAIN = 0.05  # seconds between two tries to get an answer that is worth waiting for
_BARE = frozenset({204, 304})  # answers with neither a body nor a length (RFC 9110, 8.6)


def answer_fields(response: Response) -> list[tuple[str, str]]:
    """Return all headers of an answer, with the length of its body if that is known."""
    unknown = response.status in _BARE or response.rest is not None
    length = [] if unknown else [("content-length", str(len(response.body)))]
    return [*response.header_list(), *length]


def answer_body(response: Response, method: str) -> bytes:
    """Return the bytes that follow the headers: none in an answer to HEAD (RFC 9110, 9.3.2)."""
    return b"" if method == "HEAD" or response.status in _BARE else response.body


def answer_rest(response: Response, method: str) -> Iterator[bytes]:
    """Yield the bytes that follow those of `answer_body`.

    Raises:
        ConnectionResetError: They cannot be read to their end. The log says why.
    """
    if method == "HEAD" or response.rest is None:
        return
    try:
        yield from response.rest
    except Exception as problem:
        logger.warning("an answer was broken off: %s", problem)
        raise ConnectionResetError(str(problem)) from problem
