"""Log records and hooks for the requests of a client. They never show a payload or a key.

The logger is `honeyhive_ext.http`: requests and answers at DEBUG, retries at WARNING. A hook gets one frozen
object. It runs in the thread or task of the call, between its steps, so it should be quick. A hook that
raises does not break the call, so that watching loses no event. Its exception is logged at ERROR, with its
traceback.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import attrs

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.scrub import NO_KEYS, Scrub
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import ConfigError

REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "x-amz-cf-id", "cf-ray")

log = logging.getLogger("honeyhive_ext.http")


@never_raising
@attrs.frozen(kw_only=True)
class RequestInfo:
    """A request that is about to be sent: the argument of `on_request`.

    Attributes:
        operation: The operationId in the API document, such as `createEvent`.
        method: The HTTP method.
        path: The URL's path.
        attempt: The number of the attempt, from 1.
    """

    __module__ = "honeyhive_ext"

    operation: str
    method: str
    path: str
    attempt: int


@never_raising
@attrs.frozen(kw_only=True)
class ResponseInfo(RequestInfo):
    """An attempt that is over: the argument of `on_response`.

    Attributes:
        status: The status of the answer; None if no answer came.
        error: The name of the transport's error, such as `ReadTimeout`; None if an answer came.
        seconds: How long the attempt took, in seconds.
        request_id: The request id from the answer's headers, or None.
    """

    __module__ = "honeyhive_ext"

    status: int | None
    error: str | None
    seconds: float
    request_id: str | None


@never_raising
@attrs.frozen(kw_only=True)
class RetryInfo(RequestInfo):
    """An attempt that failed and will be followed by another: the argument of `on_retry`.

    Attributes:
        attempt: The number of the attempt that failed, from 1.
        wait: Seconds until the next attempt.
        reason: The status or the name of the transport's error, such as `503` or `ReadTimeout`.
    """

    __module__ = "honeyhive_ext"

    wait: float
    reason: str


class _Answered(Protocol):
    """An answer. Its headers are in no variable of `response`, because tracebacks can show those."""

    @property
    def headers(self) -> Mapping[str, str]: ...


OnRequest = Callable[[RequestInfo], object]
OnResponse = Callable[[ResponseInfo], object]
OnRetry = Callable[[RetryInfo], object]
_Info = TypeVar("_Info")


class Observer:
    """Writes the log records and calls the hooks of one client. Nearly free if neither is wanted."""

    def __init__(
        self,
        on_request: OnRequest | None = None,
        on_response: OnResponse | None = None,
        on_retry: OnRetry | None = None,
    ) -> None:
        for name, hook in (("on_request", on_request), ("on_response", on_response), ("on_retry", on_retry)):
            if hook is not None and not callable(hook):
                raise ConfigError(f"{name} is not callable: give a function of one argument")
            if inspect.iscoroutinefunction(hook):
                raise ConfigError(f"{name} is a coroutine function: give a plain function")
        self._on_request = on_request
        self._on_response = on_response
        self._on_retry = on_retry

    def request(self, operation: str, method: str, path: str, attempt: int) -> None:
        """Tell of a request that is about to be sent."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s %s attempt %d", method, path, attempt)
        if self._on_request is not None:
            info = RequestInfo(operation=operation, method=method, path=path, attempt=attempt)
            _call(self._on_request, info, "on_request")

    def response(
        self,
        operation: str,
        method: str,
        path: str,
        attempt: int,
        seconds: float,
        *,
        status: int | None = None,
        error: str | None = None,
        answer: _Answered | None = None,
        scrub: Scrub = NO_KEYS,
    ) -> None:
        """Tell of an attempt that is over."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s %s attempt %d: %s in %.3f s", method, path, attempt, status or error, seconds)
        if self._on_response is not None:
            info = ResponseInfo(
                operation=operation,
                method=method,
                path=path,
                attempt=attempt,
                status=status,
                error=error,
                seconds=seconds,
                request_id=None if answer is None else _request_id(answer, scrub),
            )
            _call(self._on_response, info, "on_response")

    def retry(
        self, operation: str, method: str, path: str, attempt: int, *, wait: float, reason: str
    ) -> None:
        """Tell of an attempt that failed and will be followed by another."""
        log.warning("%s %s attempt %d: %s, next attempt in %.2f s", method, path, attempt, reason, wait)
        if self._on_retry is not None:
            info = RetryInfo(
                operation=operation, method=method, path=path, attempt=attempt, wait=wait, reason=reason
            )
            _call(self._on_retry, info, "on_retry")


def _request_id(answer: _Answered, scrub: Scrub) -> str | None:
    found = request_id(answer.headers)
    return None if found is None else scrub.text(found)


def _call(hook: Callable[[_Info], object], info: _Info, name: str) -> None:
    try:
        hook(info)
    except Exception as error:  # whatever a hook raises must neither stop the call nor stay hidden
        if from_a_signal_handler(error):
            raise
        log.exception("the %s hook raised; the call continues", name)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id under which the service, or a proxy in front of it, logged the request, or None."""
    for name in REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return value
    return None
