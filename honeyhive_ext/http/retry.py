"""Decide what a status means, whether to try again, and how long to wait. Pure.

Nothing here sleeps, reads a clock or draws a random number: times and randomness are arguments. The table
of statuses is in docs/failures.md, and a test compares the two.
"""

from __future__ import annotations

import enum
import random
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from honeyhive_ext.config.retry_policy import RetryPolicy

Uniform = Callable[[float, float], float]

jitter: Uniform = random.SystemRandom().uniform  # no state: that of `random` belongs to the application

SHORTEST_WAIT = 0.05  # seconds
TENTHS = 10  # the bucket counts tenths of a retry, so that ten successes give back exactly one
_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]*)?")


class Decision(enum.Enum):
    """What an answer's status means, for single calls and for batches."""

    DONE = "done"
    RETRY = "retry"
    DELIVERED = "delivered"  # 409: an event with this id is stored already
    SPLIT = "split"  # 413: smaller requests may pass
    REFUSED = "refused"  # the request itself is wrong; in a batch, an event in it
    DENIED = "denied"  # the key is not accepted
    REDIRECT = "redirect"
    FAIL = "fail"


_BY_STATUS = {
    **dict.fromkeys((408, 425, 429), Decision.RETRY),
    **dict.fromkeys((400, 404, 415, 422), Decision.REFUSED),
    **dict.fromkeys((401, 402, 403), Decision.DENIED),
    **dict.fromkeys((501, 505), Decision.FAIL),
    409: Decision.DELIVERED,
    413: Decision.SPLIT,
}


def classify(status: int) -> Decision:
    """Return what to do about a status, including those that no standard knows, such as 499 and 520.

    >>> [classify(s).value for s in (200, 204, 302, 400, 409, 413, 429, 499, 501, 503, 520)]
    ['done', 'done', 'redirect', 'refused', 'delivered', 'split', 'retry', 'fail', 'fail', 'retry', 'retry']
    """
    decision = _BY_STATUS.get(status)
    if decision is not None:
        return decision
    if 200 <= status < 300:
        return Decision.DONE
    if 300 <= status < 400:
        return Decision.REDIRECT
    return Decision.RETRY if status >= 500 else Decision.FAIL


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a response asks to wait (RFC 9110, 10.2.3), or None.

    Args:
        headers: The response's headers. A date in `Retry-After` is compared with their `Date`, so that a
            wrong clock of this machine does not matter.
        now: Unix seconds, used for a date if there is no `Date`.

    Returns:
        Seconds above 0. None if `Retry-After` is missing, neither a number nor a date, or not above 0.

    >>> retry_after({"retry-after": "2"}, 0.0)
    2.0
    >>> sent, until = "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:30 GMT"
    >>> retry_after({"retry-after": until, "date": sent}, 0.0)
    30.0
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        asked = float(text)
    else:
        until = _http_date(text)
        if until is None:
            return None
        sent = _http_date(headers.get("date", ""))
        asked = until - (now if sent is None else sent)
    return asked if asked > 0 else None


def _http_date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text.strip())
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def wait(retry: int, asked: float | None, policy: RetryPolicy, uniform: Uniform) -> float:
    """Return the seconds to wait before a retry: full jitter below a doubling bound.

    The wait is never shorter than `asked`, or than 0.05 s.

    Args:
        retry: 0 for the first retry.
        asked: The `Retry-After` of the response, in seconds, or None.
        policy: Its `first_wait` and `longest_wait`.
        uniform: Draws a float between two bounds.

    >>> wait(2, None, RetryPolicy(), lambda low, high: high)
    2.0
    >>> wait(0, 4.0, RetryPolicy(), lambda low, high: high)
    4.65
    """
    bound = min(policy.longest_wait, policy.first_wait * 2.0 ** min(retry, 60))
    backoff = max(SHORTEST_WAIT, uniform(0.0, bound))
    return backoff if asked is None else max(backoff, asked + uniform(0.0, 0.1 * asked + 0.25))


class Bucket:
    """The client's budget of retries. A retry costs one token, a success gives back a tenth. Thread-safe."""

    def __init__(self, tokens: int) -> None:
        self._full = self._tenths = tokens * TENTHS
        self._lock = threading.Lock()

    @property
    def tokens(self) -> float:
        """The retries that are left, such as 9.1."""
        return self._tenths / TENTHS

    def take(self) -> bool:
        """Take a token for a retry. Return False if less than one is left."""
        with self._lock:
            if self._tenths < TENTHS:
                return False
            self._tenths -= TENTHS
            return True

    def give(self) -> None:
        """Give back a tenth of a token, after a success."""
        if self._tenths < self._full:
            with self._lock:
                self._tenths = min(self._full, self._tenths + 1)
