"""The limits of one batch request: the defaults, the caller's choice, and the size that the service accepts.

It stays free of other imports, because a client needs these names at its start.
"""

from __future__ import annotations

import os
import threading

MAX_EVENTS = 500
"""Events in one request, at most, by default. The service publishes no limit. Past a few hundred events the
round trip no longer matters, and a refused request takes more requests to split."""

MAX_BYTES = 5_000_000
"""Bytes of one request's body, at most, by default. The service publishes no limit; a 413 lowers this one."""

MARGIN = 0.9
"""After a 413, requests are planned with this part of the size that was refused."""


class ObservedSizeLimit:
    """The largest body that the service accepts, as observed from its 413 answers.

    All batches of a client share it. Thread-safe.

    Attributes:
        value: Bytes to plan a body with, or None before the first 413.

    >>> limit = ObservedSizeLimit()
    >>> limit.observe(1000); limit.observe(5000); limit.value
    900
    """

    def __init__(self) -> None:
        # A signal handler may send a batch in the middle of `observe`, and so may the child of a fork there.
        self._locks: dict[int, threading.RLock] = {}  # by process
        self.value: int | None = None

    def observe(self, refused: int) -> None:
        """Note that a body of `refused` bytes was too large."""
        value = max(1, int(refused * MARGIN))
        with self._locks.setdefault(os.getpid(), threading.RLock()):
            if self.value is None or value < self.value:
                self.value = value


class RequestLimits:
    """How much one request may hold: the caller's limits, and the one observed from the service.

    >>> limits = RequestLimits(max_bytes=500)
    >>> limits.observed.observe(400); limits.size
    360
    """

    __slots__ = ("max_bytes", "max_events", "observed")

    def __init__(
        self,
        max_events: int = MAX_EVENTS,
        max_bytes: int = MAX_BYTES,
        observed: ObservedSizeLimit | None = None,
    ) -> None:
        self.max_events = max_events
        self.max_bytes = max_bytes
        self.observed = ObservedSizeLimit() if observed is None else observed

    @property
    def size(self) -> int:
        """The largest body to send now, in bytes."""
        observed = self.observed.value
        return self.max_bytes if observed is None else min(self.max_bytes, observed)
