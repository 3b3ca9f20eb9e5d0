"""Decide what a status means, whether to try again, and how long to wait. Pure.

Nothing here sleeps, reads a clock or draws a random number: times and randomness are arguments. The table
of statuses is in docs/failures.md, and a test compares the two.
"""

from __future__ import annotations

import contextlib
import enum
import itertools
import random
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from honeyhive_ext.config.retry_policy import RetryPolicy

Uniform = Callable[[float, float], float]

jitter: Uniform = random.SystemRandom().uniform  # no state: that of `random` belongs to the application

SHORTEST_WAIT = 0.05  # seconds
TENTHS = 10  # successes that give back one retry
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
    """The client's budget of retries.

    A retry takes a token. An answer gives back all tokens that its call took: the service works. A call that
    fails loses them, and each success at the first attempt gives back a tenth of one.

    A service that loses many answers has many calls between two attempts, and they can hold all tokens. So a
    call may also take a token that is not there, as long as not all of them are lost and fewer attempts in a
    row have failed than the budget has tokens. A service that is down gets no more retries for it: from its
    last answer on they are never more than the budget, and those that were begun before.

    It has no lock: a signal handler or a finaliser may use it in the middle of any of its lines, and a fork
    leaves nothing locked. Each change is one step of a deque or a counter.

    >>> bucket = Bucket(2)
    >>> bucket.take(), bucket.take(), bucket.take()
    (True, True, False)
    >>> bucket.lose(1)
    >>> bucket.give(1)
    >>> bucket.tokens
    1
    """

    def __init__(self, tokens: int) -> None:
        self._full = min(tokens, sys.maxsize - 1)
        self._taken: deque[None] = deque()  # by calls that are not over
        self._lost: deque[None] = deque(maxlen=self._full)
        self._failed: deque[None] = deque(maxlen=self._full + 1)  # attempts in a row
        self._successes = itertools.count(1)

    @property
    def tokens(self) -> int:
        """The tokens that are neither taken nor lost. 0 too if more are taken than there were."""
        return max(0, self._full - len(self._lost) - len(self._taken))

    def take(self) -> bool:
        """Take a token for the retry of an attempt that failed. Return False if there is none."""
        self._failed.append(None)
        self._taken.append(None)  # first, so that two threads never take the same one
        lost = len(self._lost)
        working = lost < self._full and len(self._failed) <= self._full
        if working or lost + len(self._taken) <= self._full:
            return True
        self._taken.pop()
        return False

    def give(self, retries: int) -> None:
        """Note an answer: give back what its call took for this many retries, or a tenth without one."""
        self._failed.clear()
        if retries:
            self.give_back(retries)
        elif self._lost and next(self._successes) % TENTHS == 0:
            with contextlib.suppress(IndexError):  # another thread was first
                self._lost.pop()

    def give_back(self, retries: int) -> None:
        """Give back what was taken for this many retries."""
        for _ in range(retries):
            self._taken.pop()

    def lose(self, retries: int) -> None:
        """Note that a call failed after this many retries."""
        self._lost.extend([None] * retries)
        self.give_back(retries)
