"""Connections that wait for their next request."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

# Events come in bursts with pauses. A connection that is kept for 30 s saves TLS handshakes, and 30 s is
# shorter than the idle timeouts of common load balancers (60 s and more).
KEEPALIVE = 30.0  # seconds


class Closable(Protocol):
    """A connection; `idle_since` is the time of the clock that its `Idle` was given."""

    idle_since: float

    def close(self) -> None:
        """Close the connection."""


C = TypeVar("C", bound=Closable)


class Idle(Generic[C]):
    """Connections that no request uses, the last one first. Thread-safe without a lock.

    A forked child never takes what its parent kept, and never closes it.

    Args:
        clock: Seconds, such as `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[int, deque[C]] = {}  # by process

    def _own(self) -> deque[C]:
        return self._kept.setdefault(os.getpid(), deque())

    def take(self, usable: Callable[[C], bool]) -> C | None:
        """Take a connection that can still be used, and close those that cannot."""
        kept = self._own()
        while True:
            try:
                connection = kept.pop()
            except IndexError:
                return None
            if self._clock() - connection.idle_since < KEEPALIVE and usable(connection):
                return connection
            connection.close()

    def keep(self, connection: C) -> None:
        """Keep a connection, and close one that was idle for too long."""
        kept = self._own()
        connection.idle_since = self._clock()
        kept.append(connection)
        with contextlib.suppress(IndexError):  # another thread may take it meanwhile
            if connection.idle_since - kept[0].idle_since > KEEPALIVE:
                kept.popleft().close()

    def close(self) -> None:
        """Close all connections that this process kept."""
        kept = self._own()
        with contextlib.suppress(IndexError):
            while True:
                kept.pop().close()
