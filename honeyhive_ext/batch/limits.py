"""What one request may hold, and what was learnt about it.

Apart from the planning, because a client needs these at its start, and that one only when a batch begins.
"""

from __future__ import annotations

import threading

MAX_EVENTS = 500
"""Events in one request by default. The service publishes no limit; past a few hundred the round trip
no longer shows, and a refused request costs more to take apart."""

MAX_BYTES = 5_000_000
"""Bytes of one request's body by default. The service publishes no limit; what it refuses is learnt."""

LEARN = 0.9
"""What is planned with after a 413: this part of the size that was refused."""


class SizeLimit:
    """The largest body to plan with, learnt from 413 answers; shared by everything that is in flight.

    >>> limit = SizeLimit()
    >>> limit.learn(1000); limit.learn(5000); limit.value
    900
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value: int | None = None  # None until a 413 came

    def learn(self, refused: int) -> None:
        """Note that a body of `refused` bytes was too large."""
        with self._lock:
            value = max(1, int(refused * LEARN))
            self.value = value if self.value is None else min(self.value, value)
