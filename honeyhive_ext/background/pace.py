"""When to send what waits. Pure: the clock and the randomness are arguments."""

from __future__ import annotations

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIStatusError, HoneyHiveError
from honeyhive_ext.http.retry import Decision, Uniform, classify, wait

MOST_ASKED = 3600.0  # seconds of a Retry-After that are kept
PAUSE = 30.0  # seconds until the next attempt with a key that was refused
MOST_DOUBLINGS = 30


class Pace:
    """Decides when the next request is due.

    Args:
        flush_events, flush_bytes, flush_seconds: See `Background`.
        policy: How long to wait after a failure.

    >>> pace = Pace(500, 1_000_000, 0.5, RetryPolicy())
    >>> pace.due(now=10.0, count=3, size=300, since=9.75), pace.due(now=10.0, count=0, size=0, since=0.0)
    (0.25, None)
    """

    def __init__(
        self, flush_events: int, flush_bytes: int, flush_seconds: float, policy: RetryPolicy
    ) -> None:
        self._flush_events, self._flush_bytes, self._flush_seconds = flush_events, flush_bytes, flush_seconds
        self._policy = policy
        self._failures = 0
        self._resume = 0.0  # a retry is not made before
        self._asked = 0.0  # the service asked for no request before
        self._hurry = False

    def hurry(self) -> None:
        """Send at once, without the wait after a failure. What the service asks for still holds."""
        self._hurry = True

    def due(self, *, now: float, count: int, size: int, since: float, awaited: bool = False) -> float | None:
        """Return the seconds until the next request; None if nothing waits.

        Args:
            now: The monotonic clock, in seconds.
            count, size: The entries that wait, and their bytes.
            since: When the first of them came.
            awaited: Whether a flush waits for them.
        """
        if not count:
            self._hurry = False
            return None
        start = self._asked
        if not self._hurry:
            full = awaited or count >= self._flush_events or size >= self._flush_bytes
            start = max(start, self._resume, now if full else since + self._flush_seconds)
        return max(0.0, start - now)

    def rest(self, now: float) -> float:
        """Return the seconds until a request may be made that nobody waits for."""
        return max(0.0, self._resume - now, self._asked - now)

    def begun(self) -> None:
        """Note that a request is being sent."""
        self._hurry = False

    def succeeded(self) -> None:
        """Note that the service answers."""
        self._failures = 0
        self._resume = self._asked = 0.0

    def failed(self, error: HoneyHiveError, now: float, uniform: Uniform) -> None:
        """Note that a request failed in a way that may pass."""
        asked = error.retry_after if isinstance(error, APIStatusError) else None
        if asked is not None:
            asked = min(asked, MOST_ASKED)
            self._asked = now + asked
        seconds = wait(min(self._failures, MOST_DOUBLINGS), asked, self._policy, uniform)
        if isinstance(error, APIStatusError) and classify(error.status) is Decision.DENIED:
            seconds = max(seconds, PAUSE)
        self._failures += 1
        self._resume = now + seconds
