"""What the core takes and returns: one request, one response. It knows no socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import orjson
from attrs import field, frozen

from honeyhive_ext.config.reprs import never_raising

JSON = "application/json"

WireKind = Literal["reset", "empty", "truncate", "garbage", "hang", "dribble"]


@never_raising
@frozen
class Request:
    """One HTTP request for the core.

    Args:
        method: GET, POST, PUT, ...
        path: The path without the query, percent-decoded.
        body: The body's bytes, without any transfer encoding.
        headers: Header names in lower case.
        query: The text after the question mark.
        size: The size of the body in bytes, where an adapter did not keep the body because it was too large.
    """

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    query: str = ""
    size: int = 0


@frozen
class Wire:
    """How an adapter damages the answer while it sends it.

    Args:
        kind: reset (the connection is reset), empty (closed without a byte), truncate (cut within the
            body), garbage (bytes that are not HTTP), hang (no answer for `seconds`, then closed),
            dribble (the body in small pieces over `seconds`).
        seconds: For hang and dribble, in seconds.
        at: For truncate: how many bytes of the body arrive; None for half.
    """

    kind: WireKind
    seconds: float = 0.0
    at: int | None = None


@never_raising
@frozen
class Response:
    """One HTTP response from the core.

    Args:
        status: The HTTP status.
        body: The body's bytes.
        headers: Headers besides the content type; the adapters add content-length.
        media_type: The content type; None for an answer without a body.
        delay: Seconds that the adapter waits before it answers.
        wire: How the adapter damages the answer; None for no damage.
        fault: The fault that made or changed this answer, for the request log.
        rest: Yields what follows `body`, where the whole is too large for memory. The length is not known
            then. What it raises breaks the connection off.
        wait: Seconds for which the adapter may ask again, until an answer has no `wait`. It sends the last
            answer.
    """

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    media_type: str | None = JSON
    delay: float = 0.0
    wire: Wire | None = None
    fault: str | None = None
    rest: Iterator[bytes] | None = None
    wait: float = 0.0

    def header_list(self) -> list[tuple[str, str]]:
        """Return all headers except content-length."""
        kind = [("content-type", self.media_type)] if self.media_type is not None else []
        return [*kind, *self.headers]


@frozen
class Failure:
    """One thing that is wrong with a request: where it is, and what was expected."""

    path: str
    message: str


class RequestRefused(Exception):  # noqa: N818 - it is an answer, not a failure of the server
    """A request that the server answers with an error."""

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
        """Return the error body of the API document, with every failing path in `errors`."""
        return error_response(self.status, self.message, self.code, self.failures, self.headers)


def json_response(value: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(status, orjson.dumps(value))


def error_response(
    status: int,
    message: str,
    code: str,
    failures: Sequence[Failure] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> Response:
    """Return an answer with the service's error body."""
    body: dict[str, object] = {"statusCode": status, "message": message, "success": False, "errorCode": code}
    if failures:
        body["errors"] = [{"path": f.path, "message": f.message} for f in failures]
    return Response(status, orjson.dumps(body), headers)


def bad_request(failures: Sequence[Failure]) -> RequestRefused:
    """Return the refusal with status 400 and every failing path."""
    shown = "; ".join(f"{f.path}: {f.message}" if f.path else f.message for f in failures[:20])
    more = f"; and {len(failures) - 20} more" if len(failures) > 20 else ""
    return RequestRefused(400, shown + more, "BAD_REQUEST", failures)
