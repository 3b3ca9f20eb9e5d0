"""The errors of this package: every error that it raises on purpose is a `HoneyHiveError`.

    HoneyHiveError
    ├── ConfigError                 settings that are missing or contradict each other
    ├── QueryError                  a filter or an argument of a search that cannot work; nothing was sent
    │   └── FilterTextError         conditions written as text that cannot be read; it says where
    ├── EventError                  bad input, with the path of the value; nothing was sent
    ├── APIError                    a request was made or tried
    │   ├── APIConnectionError      no complete answer: DNS, connect, TLS, reset, cut body
    │   │   └── APITimeoutError     no answer in time
    │   ├── APIStatusError          an answer that is not a success
    │   │   ├── BadRequestError         400, 415, 422 and any other 4xx
    │   │   ├── AuthenticationError     401
    │   │   ├── PermissionDeniedError   402, 403
    │   │   ├── NotFoundError           404
    │   │   ├── PayloadTooLargeError    413
    │   │   ├── RateLimitError          429
    │   │   └── ServerError             5xx
    │   └── ResponseError           an answer that cannot be used: not JSON, too large, another id
    ├── QueueFullError              no room for an event in the background queue; it was not taken
    ├── BatchError                  a part of a batch was not delivered; it carries the report
    ├── ResultCountError            `.one()` of a search that does not match exactly one event
    └── PaginationIncomplete        a search that cannot promise to be complete

No error holds the API key, the request's headers or the request's body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from honeyhive_ext.batch.report import BatchReport

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BatchError",
    "ConfigError",
    "EventError",
    "HoneyHiveError",
    "NotFoundError",
    "PaginationIncomplete",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "PickleRefusedError",
    "QueryError",
    "QueueFullError",
    "RateLimitError",
    "ResponseError",
    "ResultCountError",
    "ServerError",
]

BODY_SHOWN = 500  # characters of an answer's body that a message shows at most


class HoneyHiveError(Exception):
    """The root of all errors that this package raises on purpose.

    >>> from honeyhive_ext import HoneyHive
    >>> try:
    ...     HoneyHive(api_key="hh_...", timeout=-1)
    ... except HoneyHiveError as error:
    ...     print(error)
    timeout is -1: give seconds above 0, such as 30
    """

    __module__ = "honeyhive_ext"

    def __reduce__(self) -> Any:
        return (_rebuild, (type(self), dict(self.__dict__), self.args))


class ConfigError(HoneyHiveError):
    """Settings that are missing, malformed or contradict each other. The message names what to set."""

    __module__ = "honeyhive_ext"


class PickleRefusedError(ConfigError, TypeError):
    """A client or its settings were pickled, which would carry the API key out of the process."""


class QueryError(HoneyHiveError, ValueError):
    """A filter, or an argument of a search, that cannot work. Nothing was sent.

    The message says what to write instead.
    """

    __module__ = "honeyhive_ext"


class QueueFullError(HoneyHiveError):
    """No room for an event in the background queue, with `Background(overflow="raise")`: not taken."""

    __module__ = "honeyhive_ext"


class EventError(HoneyHiveError):
    """Input that cannot become a wire event. Nothing was sent.

    Attributes:
        path: The place of the value, such as `inputs.messages[3].score`; "" for the whole event.
        reason: What is wrong with it and what to write instead.
    """

    __module__ = "honeyhive_ext"

    def __init__(self, reason: str, *, path: str = "") -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}" if path else reason)


class APIError(HoneyHiveError):
    """A request was sent, or tried, and did not succeed.

    Attributes:
        attempts: How often the request was sent or tried, 1 without a retry.
    """

    __module__ = "honeyhive_ext"

    attempts: int = 1


class APIConnectionError(APIError):
    """No complete answer arrived: the host name, the connection, TLS or the transfer failed."""

    __module__ = "honeyhive_ext"


class APITimeoutError(APIConnectionError):
    """No complete answer arrived in time. The service may or may not have acted on the request."""

    __module__ = "honeyhive_ext"


class APIStatusError(APIError):
    """The service answered, and the answer is not a success.

    Attributes:
        status: The HTTP status, such as 429.
        message: The service's own message; the first 500 characters of the body if it is not the error body
            that the API document describes.
        error_code: The service's `errorCode`, or None.
        request_id: The request id from the answer's headers, or None.
        body: The bytes of the answer's body.
        retry_after: Seconds that the service asked to wait, or None.
        attempts: How often the request was sent, 1 without a retry.
        hint: What you can do about it; "" if there is nothing to say.
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        error_code: str | None = None,
        request_id: str | None = None,
        body: bytes = b"",
        retry_after: float | None = None,
        attempts: int = 1,
        hint: str = "",
    ) -> None:
        self.status = status
        self.message = message
        self.error_code = error_code
        self.request_id = request_id
        self.body = body
        self.retry_after = retry_after
        self.attempts = attempts
        self.hint = hint
        parts = [f"{status}: {message}" if message else str(status)]
        if error_code:
            parts.append(f"code {error_code}")
        if request_id:
            parts.append(f"request id {request_id}")
        if attempts > 1:
            parts.append(f"{attempts} attempts")
        text = ", ".join(parts)
        super().__init__(f"{text}. {hint}" if hint else text)


class BadRequestError(APIStatusError):
    """400, 415, 422 and any other 4xx without its own class: the service refuses the request."""

    __module__ = "honeyhive_ext"


class AuthenticationError(APIStatusError):
    """401: the API key is missing or not known."""

    __module__ = "honeyhive_ext"


class PermissionDeniedError(APIStatusError):
    """402 and 403: the API key is known, but it may not do this."""

    __module__ = "honeyhive_ext"


class NotFoundError(APIStatusError):
    """404: nothing is stored under this id, or base_url is not the API."""

    __module__ = "honeyhive_ext"


class PayloadTooLargeError(APIStatusError):
    """413: the body is larger than the service accepts."""

    __module__ = "honeyhive_ext"


class RateLimitError(APIStatusError):
    """429: too many requests. `retry_after` is how long to wait, in seconds, if the service said so."""

    __module__ = "honeyhive_ext"


class ServerError(APIStatusError):
    """5xx: the service, or a proxy in front of it, failed."""

    __module__ = "honeyhive_ext"


class ResponseError(APIError):
    """An answer that cannot be used: not as the API document says, about another event, too large.

    Attributes:
        status: The HTTP status, such as 200; 0 where an `http_client=` does not tell it.
        body: The bytes of the answer's body; b"" if they were not kept.
        reason: What is wrong with the answer.
        maybe_stored: Whether it answers a write that may have been carried out. To send it again is safe.
    """

    __module__ = "honeyhive_ext"

    def __init__(self, reason: str, *, status: int, body: bytes = b"", maybe_stored: bool = False) -> None:
        self.status, self.body = status, body
        self.reason, self.maybe_stored = reason, maybe_stored
        super().__init__(reason)


class BatchError(HoneyHiveError):
    """A batch of which a part was not delivered.

    Attributes:
        report: Which events were delivered and which were not, and why.
    """

    __module__ = "honeyhive_ext"

    def __init__(self, message: str, report: BatchReport) -> None:
        self.report = report
        super().__init__(message)


class ResultCountError(HoneyHiveError, LookupError):
    """`.one()` was called on a search that does not match exactly one event."""

    __module__ = "honeyhive_ext"


class PaginationIncomplete(HoneyHiveError):  # noqa: N818 - the name the design promises
    """A search that cannot promise to yield every match: it stops with this error and does not end early."""

    __module__ = "honeyhive_ext"


def _rebuild(cls: type[HoneyHiveError], state: Mapping[str, Any], args: tuple[Any, ...]) -> HoneyHiveError:
    """Unpickle an error without calling its constructor, whose arguments are keywords."""
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


STATUS_ERRORS: dict[int, type[APIStatusError]] = {
    401: AuthenticationError,
    402: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    413: PayloadTooLargeError,
    429: RateLimitError,
}


def error_class(status: int) -> type[APIStatusError]:
    """Return the class of the error for a status that is not a success.

    >>> error_class(429).__name__, error_class(520).__name__, error_class(418).__name__
    ('RateLimitError', 'ServerError', 'BadRequestError')
    >>> error_class(302).__name__
    'APIStatusError'
    """
    if status in STATUS_ERRORS:
        return STATUS_ERRORS[status]
    if status >= 500:
        return ServerError
    return BadRequestError if status >= 400 else APIStatusError
