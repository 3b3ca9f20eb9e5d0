"""What the server's core takes and gives: one request, one response, and no socket in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import orjson
from attrs import field, frozen

JSON = "application/json"

WireKind = Literal["reset", "empty", "truncate", "garbage", "hang", "dribble"]


@frozen
class Request:
    """One HTTP request as the core sees it.

    Args:
        method: GET, POST, PUT, ...
        path: The path without the query, percent-decoded.
        body: The body's bytes, after any transfer encoding was taken off.
        headers: Header names in lower case.
        query: The text behind the question mark.
        size: Bytes of the body as announced, where an adapter did not read all of it.
    """

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    query: str = ""
    size: int = 0


@frozen
class Wire:
    """How an adapter is to damage the answer on its way out.

    Args:
        kind: reset (the connection is reset), empty (closed without a byte), truncate (cut within the
            body), garbage (bytes that are not HTTP), hang (no answer for `seconds`, then closed),
            dribble (the body in small pieces over `seconds`).
        seconds: For hang and dribble.
        at: For truncate: how many bytes of the body still arrive; None means half.
    """

    kind: WireKind
    seconds: float = 0.0
    at: int | None = None


@frozen
class Response:
    """One HTTP response as the core gives it.

    Args:
        status: The HTTP status.
        body: The body's bytes.
        headers: Further headers; the adapters add content-length.
        media_type: The content type, None for an answer without a body.
        delay: Seconds that the adapter waits before it answers.
        wire: How the adapter damages the answer, None for not at all.
        fault: The fault that made or changed this answer, for the request log.
    """

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    media_type: str | None = JSON
    delay: float = 0.0
    wire: Wire | None = None
    fault: str | None = None

    def header_list(self) -> list[tuple[str, str]]:
        """All headers but content-length."""
        kind = [("content-type", self.media_type)] if self.media_type is not None else []
        return [*kind, *self.headers]


@frozen
class Failure:
    """One thing that is wrong with a request: where, and what was expected instead."""

    path: str
    message: str


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of the server
    """A request that is answered with the error body instead of a success."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        failures: Sequence[Failure] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.status = status
        self.message = message
        self.code = code
        self.failures = failures
        self.headers = headers
        super().__init__(message)

    def response(self) -> Response:
        """The error body that the API document describes, and every failing path in `errors`."""
        return error(self.status, self.message, self.code, self.failures, self.headers)


def reply(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, orjson.dumps(value))


def error(
    status: int,
    message: str,
    code: str,
    failures: Sequence[Failure] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> Response:
    """An answer with the service's error body."""
    body: dict[str, object] = {"statusCode": status, "message": message, "success": False, "errorCode": code}
    if failures:
        body["errors"] = [{"path": f.path, "message": f.message} for f in failures]
    return Response(status, orjson.dumps(body), headers)


def bad_request(failures: Sequence[Failure]) -> Refusal:
    """400 with every failing path."""
    shown = "; ".join(f"{f.path}: {f.message}" if f.path else f.message for f in failures[:20])
    more = f"; and {len(failures) - 20} more" if len(failures) > 20 else ""
    return Refusal(400, shown + more, "BAD_REQUEST", failures)
