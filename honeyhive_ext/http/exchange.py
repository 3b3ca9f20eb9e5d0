"""Pure: what to do, step by step, about one call. `transport.py` does as it says.

`exchange` is a generator: it yields the next step (an attempt, a wait), is sent what came of it, and
returns the reply or raises the error. It reads no clock of its own, opens nothing and never sleeps.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Mapping
from typing import Any, NamedTuple

import httpx

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.errors import APIError, APIStatusError
from honeyhive_ext.http.failures import connection_error, redirect_hint, status_error
from honeyhive_ext.http.retry import Bucket, Decision, Uniform, classify, retry_after, wait
from honeyhive_ext.observe.hooks import Observer

Accept = Container[int] | Callable[[int, bytes], bool]
"""Which answers besides 2xx to return as they are: their statuses, or a function of status and body."""

MAX_REDIRECTS = 5
SAME_METHOD_REDIRECTS = (307, 308)  # RFC 9110, 15.4.8 and 15.4.9: the method and the body stay
SHORTEST_ATTEMPT = 0.001  # seconds; a timeout of zero would mean "do not block" to a socket
NEVER_AGAIN = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)  # the request cannot be sent at all


# Named tuples: made five times for each call, and each in 0.5 instead of 0.8 to 1.5 µs.


class Call(NamedTuple):
    """One operation, ready to send.

    Attributes:
        operation: Its operationId.
        request: What the generated `build_request` made: method, url and, for a body, content (bytes).
        write: Whether the ingestion key may be used.
    """

    operation: str
    request: Mapping[str, Any]
    write: bool = False


class Reply(NamedTuple):
    """An answer that the caller wanted.

    Attributes:
        status: The HTTP status.
        headers: The answer's headers.
        content: The answer's body.
        attempts: How many attempts were made, 1 without a retry.
        bytes_sent: Bytes of body that all attempts together may have sent.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    attempts: int
    bytes_sent: int


class Attempt(NamedTuple):
    """Send the request to this URL, within this many seconds."""

    url: httpx.URL
    limit: float


class Wait(NamedTuple):
    """Wait this many seconds."""

    seconds: float


class Answer(NamedTuple):
    """An attempt brought an answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes


Step = Attempt | Wait
Outcome = Answer | httpx.RequestError | None  # None after a Wait


class Limits(NamedTuple):
    """What one call may do, and where its times and its luck come from."""

    policy: RetryPolicy
    timeout: float
    accept: Accept
    bucket: Bucket
    clock: Callable[[], float]
    wall: Callable[[], float]
    uniform: Uniform
    key: Secret


def exchange(
    call: Call, url: httpx.URL, limits: Limits, observer: Observer
) -> Generator[Step, Outcome, Reply]:
    """Decide, step by step, what to do about one call (DESIGN: "Outcomes"; ALGORITHMS: "Waiting").

    Yields:
        The next step. An `Attempt` is to be answered with its outcome, a `Wait` with None.

    Returns:
        The reply: a 2xx, or a status in `limits.accept`.

    Raises:
        APIError: Whatever else came of it.
    """
    clock, policy = limits.clock, limits.policy
    operation, method = call.operation, call.request["method"]
    size = len(call.request.get("content") or b"")
    path = url.path  # httpx puts it together anew each time
    sent_at = clock()
    end = sent_at + policy.deadline
    sends = redirects = 0
    attempt = 1
    limit = limits.timeout
    while True:
        sends += 1
        observer.request(operation, method, path, attempt)
        outcome = yield Attempt(url, limit)
        now = clock()
        asked: float | None = None
        error: APIError
        cause: httpx.RequestError | None = None
        if isinstance(outcome, Answer):
            status = outcome.status
            reason = str(status)
            observer.response(
                operation, method, path, attempt, now - sent_at, status=status, headers=outcome.headers
            )
            if 200 <= status < 300:
                limits.bucket.give()
                if not outcome.content.startswith(b"{"):  # a page before the API, and soon a ResponseError
                    outcome = without_key(outcome, limits.key)
                return Reply(status, outcome.headers, outcome.content, attempt, sends * size)
            # From here on no local variable holds a key that the body repeats: tracebacks can show those.
            outcome = without_key(outcome, limits.key)
            if _accepted(limits.accept, status, outcome.content):
                return Reply(status, outcome.headers, outcome.content, attempt, sends * size)
            decision, hint = classify(status), ""
            if decision is Decision.REDIRECT:
                target = same_origin(url, outcome.headers.get("location", ""))
                if target is not None and status in SAME_METHOD_REDIRECTS and redirects < MAX_REDIRECTS:
                    redirects += 1
                    url, path = target, target.path
                    sent_at, limit = now, _limit(limits.timeout, end - now)
                    continue
                hint = redirect_hint(outcome.headers.get("location", ""), _origin(url))
            asked = retry_after(outcome.headers, limits.wall())
            error = answer_error(outcome, attempts=attempt, asked=asked, hint=hint)
            again = decision is Decision.RETRY
        elif outcome is not None:
            cause, reason = outcome, type(outcome).__name__
            observer.response(operation, method, path, attempt, now - sent_at, error=reason)
            error = connection_error(outcome, attempts=attempt, timeout=limit)
            again = not isinstance(outcome, NEVER_AGAIN)
        else:
            raise TypeError("an attempt is answered with its outcome")
        pause = wait(attempt - 1, asked, policy, limits.uniform)
        if not again or attempt >= policy.attempts:
            raise error from cause
        if (against := _against(pause, end - now, limits)) is not None:
            error.add_note(f"not tried again: {against}")
            raise error from cause
        observer.retry(operation, method, path, attempt, wait=pause, reason=reason)
        yield Wait(pause)
        attempt += 1
        sent_at = clock()
        limit = _limit(limits.timeout, end - sent_at)


def _against(pause: float, left: float, limits: Limits) -> str | None:
    """What speaks against another attempt, in words for the error; takes a token if nothing does."""
    if pause >= left:
        return f"a wait of {pause:.1f} s would end after the call's deadline (RetryPolicy(deadline=))"
    if not limits.bucket.take():
        return "the client's budget of retries is used up until calls succeed again (RetryPolicy(budget=))"
    return None


def without_key(answer: Answer, key: Secret) -> Answer:
    """The answer, cleaned of a key that its body repeats, as some proxies' error pages do."""
    if (bare := key.reveal().encode()) not in answer.content:
        return answer
    return answer._replace(content=answer.content.replace(bare, b"[key]"))


def answer_error(
    answer: Answer | Reply, *, attempts: int, asked: float | None, hint: str = ""
) -> APIStatusError:
    """The typed error of an answer that is not a success."""
    return status_error(
        answer.status, answer.headers, answer.content, attempts=attempts, retry_after=asked, hint=hint
    )


def _accepted(accept: Accept, status: int, content: bytes) -> bool:
    return accept(status, content) if callable(accept) else status in accept


def same_origin(url: httpx.URL, location: str) -> httpx.URL | None:
    """Where a redirect leads, if that is the same scheme, host and port; else None.

    >>> same_origin(httpx.URL("https://a.example/v1"), "/v1/")
    URL('https://a.example/v1/')
    >>> same_origin(httpx.URL("https://a.example/v1"), "http://a.example/v1") is None
    True
    """
    if not location:
        return None
    try:
        target = url.join(location)
    except httpx.InvalidURL:
        return None
    return target if _origin(target) == _origin(url) and not target.userinfo else None


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"  # httpx leaves out a port that is the default


def _limit(timeout: float, left: float) -> float:
    return max(SHORTEST_ATTEMPT, min(timeout, left))
