"""Decide what to do about one call, step by step. Pure: `sender.py` sends and waits.

`exchange` is a generator. It yields the next step (an attempt or a wait), receives the outcome, and returns
the reply or raises the error. It reads no clock itself, opens nothing and never sleeps.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Mapping
from typing import Any, NamedTuple

import attrs
import httpx

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.scrub import NO_KEYS, Scrub
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.errors import APIError, APIStatusError, ResponseError
from honeyhive_ext.http.bounds import SHORTEST_ATTEMPT, About, AnswerError
from honeyhive_ext.http.failures import (
    answer_not_usable,
    connection_error,
    hide_keys,
    redirect_hint,
    status_error,
)
from honeyhive_ext.http.redirects import origin_of, same_origin
from honeyhive_ext.http.retry import Bucket, Decision, Uniform, classify, retry_after, wait
from honeyhive_ext.observe.hooks import Observer

Accept = Container[int] | Callable[[int, bytes], bool]
"""The answers that are replies like a 2xx: their statuses, or a function of status and body."""

BODY_KEPT = 1_000_000  # bytes of an answer's body that an error keeps at most
MAX_REDIRECTS = 5
SAME_METHOD_REDIRECTS = (307, 308)  # RFC 9110, 15.4.8 and 15.4.9: the method and the body stay
NEVER_AGAIN = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)  # nothing can send such a request


# Each call makes several of these, so they are named tuples, or classes that attrs does not freeze: both are
# made faster than frozen ones. Answers are no tuples and do not show what came, because tracebacks can show
# variables, and a server can repeat the key.


class Call(NamedTuple):
    """One operation, ready to send.

    Attributes:
        operation: Its operationId in the API document.
        request: The result of the generated `build_request`: method, url and, for a body, content (bytes).
        write: Whether the ingestion key may be used.
        about: The event or the session that a success must be about; None for any.
    """

    operation: str
    request: Mapping[str, Any]
    write: bool = False
    about: About | None = None


@attrs.define
class Reply:
    """An answer that the caller wanted, as it came.

    Attributes:
        status: The HTTP status.
        headers: The answer's headers.
        content: The answer's body.
        attempts: How many attempts were made, 1 without a retry.
        bytes_sent: Bytes of body that all attempts together may have sent.
        scrub: Takes the keys out of an error about it.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)
    attempts: int
    bytes_sent: int
    scrub: Scrub = attrs.field(default=NO_KEYS, eq=False)

    def unusable(self, reason: str, *, maybe_stored: bool = False) -> ResponseError:
        """Return the error of a success that is not what was asked for; see it for `maybe_stored`."""
        body = self.content[:BODY_KEPT]
        error = ResponseError(reason, status=self.status, body=body, maybe_stored=maybe_stored)
        error.attempts = self.attempts
        self.scrub.clean(error)
        return error


class Attempt(NamedTuple):
    """A step: send the request to this URL, within this many seconds."""

    url: httpx.URL
    limit: float


class Wait(NamedTuple):
    """A step: wait this many seconds."""

    seconds: float


@attrs.define
class Answer:
    """An outcome: the attempt brought an answer, of any status."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)


ExchangeStep = Attempt | Wait
AttemptOutcome = Answer | httpx.RequestError | None  # None after a Wait


class CallLimits(NamedTuple):
    """What one call may do, the clocks, the randomness and the key that it uses, and all keys to hide."""

    policy: RetryPolicy
    timeout: float
    accept: Accept
    bucket: Bucket
    clock: Callable[[], float]
    wall: Callable[[], float]
    uniform: Uniform
    key: Secret
    scrub: Scrub = NO_KEYS


class _Failure(NamedTuple):
    """Why an attempt did not succeed, and whether another one may."""

    error: APIError
    reason: str  # for logs and hooks
    again: bool
    asked: float | None = None  # seconds that the service asked to wait
    cause: httpx.RequestError | None = None


def exchange(
    call: Call, url: httpx.URL, limits: CallLimits, observer: Observer
) -> Generator[ExchangeStep, AttemptOutcome, Reply]:
    """Decide, step by step, what to do about one call; docs/failures.md has the rules.

    Yields:
        The next step. Send the outcome of an `Attempt`, and None after a `Wait`.

    Returns:
        The reply: a 2xx, or an answer that `limits.accept` wants.

    Raises:
        APIError: No such answer came.
    """
    clock, bucket = limits.clock, limits.bucket
    operation, method = call.operation, call.request["method"]
    size = len(call.request.get("content") or b"")
    path = url.path  # kept, because httpx builds it again each time
    sent_at = clock()
    end = sent_at + limits.policy.deadline
    sends = redirects = 0
    attempt = 1
    taken = 0  # tokens of the budget, which this call has not given back
    limit = limits.timeout
    try:
        while True:
            sends += 1
            observer.request(operation, method, path, attempt)
            outcome = yield Attempt(url, limit)
            now = clock()
            if isinstance(outcome, Answer):
                status, seconds = outcome.status, now - sent_at
                observer.response(
                    operation,
                    method,
                    path,
                    attempt,
                    seconds,
                    status=status,
                    answer=outcome,
                    scrub=limits.scrub,
                )
                success = 200 <= status < 300
                if success or _accepted(limits.accept, status, outcome.content):
                    if success or taken:
                        given, taken = taken, 0
                        bucket.give(given)
                    size *= sends
                    return Reply(status, outcome.headers, outcome.content, attempt, size, limits.scrub)
                target = _followed(outcome, url, limits.scrub)
                if target is not None and redirects < MAX_REDIRECTS:
                    redirects += 1
                    url, path = target, target.path
                    sent_at, limit = now, _limit(limits.timeout, end - now)
                    continue
                failure = _not_successful(outcome, url, attempt, limits)
                if taken and not failure.again:
                    given, taken = taken, 0
                    bucket.give(given)
            elif outcome is not None:
                hide_keys(outcome, limits.scrub)
                failure = _lost(outcome, attempt, limit, call)
                observer.response(operation, method, path, attempt, now - sent_at, error=failure.reason)
            else:
                raise TypeError("an attempt is answered with its outcome")
            pause = _pause(failure, attempt, end - now, limits)
            taken += 1
            try:
                observer.retry(operation, method, path, attempt, wait=pause, reason=failure.reason)
                yield Wait(pause)
            except BaseException:  # the caller gives up, and this retry is not made
                taken -= 1
                bucket.give_back(1)
                raise
            attempt += 1
            sent_at = clock()
            limit = _limit(limits.timeout, end - sent_at)
    finally:
        if taken:
            bucket.lose(taken)


def _followed(answer: Answer, url: httpx.URL, scrub: Scrub) -> httpx.URL | None:
    """Return the URL of a redirect that may be followed, or None. A URL with a key would be in logs."""
    location = answer.headers.get("location", "")
    if answer.status not in SAME_METHOD_REDIRECTS or scrub.shows(location):
        return None
    return same_origin(url, location)


def _not_successful(answer: Answer, url: httpx.URL, attempt: int, limits: CallLimits) -> _Failure:
    """Return the failure that an answer is, for a status that the caller did not want."""
    decision, hint = classify(answer.status), ""
    if decision is Decision.REDIRECT:
        hint = redirect_hint(answer.headers.get("location", ""), origin_of(url))
    asked = retry_after(answer.headers, limits.wall())
    error = answer_error(answer, attempts=attempt, asked=asked, hint=hint, scrub=limits.scrub)
    return _Failure(error, str(answer.status), decision is Decision.RETRY, asked)


def _lost(lost: httpx.RequestError, attempt: int, limit: float, call: Call) -> _Failure:
    """Return the failure of an attempt without an answer that can be used."""
    if isinstance(lost, AnswerError):
        again = classify(lost.status) is Decision.RETRY
        unusable = answer_not_usable(
            str(lost), lost.status, lost.body, attempts=attempt, maybe_stored=call.write
        )
        return _Failure(unusable, type(lost).__name__, again, cause=lost)
    error = connection_error(lost, attempts=attempt, timeout=limit)
    return _Failure(error, type(lost).__name__, not isinstance(lost, NEVER_AGAIN), cause=lost)


def _pause(failure: _Failure, attempt: int, left: float, limits: CallLimits) -> float:
    """Return the seconds until the next attempt; raise the failure's error if there is none.

    Takes a token of the client's budget of retries for that attempt.
    """
    if failure.again and attempt < limits.policy.attempts:
        pause = wait(attempt - 1, failure.asked, limits.policy, limits.uniform)
        if (obstacle := _obstacle(pause, left, limits.bucket)) is None:
            return pause
        failure.error.add_note(f"not tried again: {obstacle}")
    raise failure.error from failure.cause


def _obstacle(pause: float, left: float, bucket: Bucket) -> str | None:
    """Return why another attempt is not allowed, in words for the error; take a token if it is allowed."""
    if pause >= left:
        return f"a wait of {pause:.1f} s would end after the call's deadline (RetryPolicy(deadline=))"
    if not bucket.take():
        return "the client's budget of retries is used up until calls succeed again (RetryPolicy(budget=))"
    return None


def answer_error(
    answer: Answer | Reply,
    *,
    attempts: int,
    asked: float | None,
    hint: str = "",
    scrub: Scrub = NO_KEYS,
) -> APIStatusError:
    """Return the typed error of an answer that is not a success, without the keys."""
    content = scrub.content(answer.content[:BODY_KEPT])  # whole, before a message is cut from it
    error = status_error(
        answer.status, answer.headers, content, attempts=attempts, retry_after=asked, hint=hint
    )
    scrub.clean(error)
    return error


def _accepted(accept: Accept, status: int, content: bytes) -> bool:
    return accept(status, content) if callable(accept) else status in accept


def _limit(timeout: float, left: float) -> float:
    return max(SHORTEST_ATTEMPT, min(timeout, left))
