"""Pure decisions about an outcome: what it means, whether to try again, how long to wait.

Nothing here sleeps, reads a clock or rolls dice: times and randomness are arguments. The table of
statuses stands in docs/failures.md, and a test compares the two.
"""

from __future__ import annotations

import enum
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from honeyhive_ext.config.retry_policy import RetryPolicy

Uniform = Callable[[float, float], float]

SHORTEST_WAIT = 0.05  # seconds
TENTHS = 10  # the bucket counts in tenths of a retry: ten successes earn one exactly, without rounding
_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]*)?")


class Decision(enum.Enum):
    """What an answer's status means (DESIGN: one table for single calls and batches)."""

    DONE = "done"
    RETRY = "retry"
    DELIVERED = "delivered"  # 409: an event with this id is stored already
    SPLIT = "split"  # 413: smaller requests may pass
    REFUSED = "refused"  # the request as it is; in a batch, one event in it
    DENIED = "denied"  # the key
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
    """What to do about a status, 499 and 520 and others no standard knows included.

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
    """The seconds a response asks to wait (RFC 9110, 10.2.3), or None.

    A date is read against the response's own `Date`, so that a client whose clock is wrong waits
    right; without one, against `now` (Unix seconds). What is not a number or a date, and what is
    not above zero, asks for nothing.

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
        moment = parsedate_to_datetime(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def wait(retry: int, asked: float | None, policy: RetryPolicy, uniform: Uniform) -> float:
    """Seconds to wait before a retry: full jitter below a doubling bound; what the server asked is a floor.

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
    """The client's budget of retries: a retry costs one token, a success gives a tenth. Thread-safe."""

    def __init__(self, tokens: int) -> None:
        self._full = self._tenths = tokens * TENTHS
        self._lock = threading.Lock()

    @property
    def tokens(self) -> float:
        """How many retries are left, in tenths."""
        return self._tenths / TENTHS

    def take(self) -> bool:
        """Pay for a retry; False when there is less than one token."""
        with self._lock:
            if self._tenths < TENTHS:
                return False
            self._tenths -= TENTHS
            return True

    def give(self) -> None:
        """Note a success."""
        if self._tenths < self._full:
            with self._lock:
                self._tenths = min(self._full, self._tenths + 1)
