"""The connections of a sync client: one for each request that is in flight, kept between requests."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable

from honeyhive_ext.http.bounds import AnswerBounds
from honeyhive_ext.http.connection import Connection
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.idle import Idle
from honeyhive_ext.http.protocol import target_of


class SocketExchanger:
    """Sends whole requests over sockets. Thread-safe; a forked child makes connections of its own.

    A request has its connection to itself, and no lock is shared between threads. So neither a finaliser or a
    signal handler that sends in the middle of a request, nor an exception that ends one, can stop another
    request.

    Args:
        clock: Seconds that only go up.

    Attributes:
        tls: The TLS context for https://; None until a request needs one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.tls: ssl.SSLContext | None = None
        self._idle: Idle[Connection] = Idle(clock)
        self._closed = False

    def exchange(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        bounds: AnswerBounds,
    ) -> Answer:
        """Send a request and return its whole answer.

        Raises:
            httpx.RequestError: No answer came, or none within `bounds`.
        """
        target = target_of(url)
        connection = self._idle.take(lambda kept: kept.origin == target.origin and kept.usable)
        if connection is None:
            connection = Connection(target.origin, self.tls, bounds)
        answer = connection.exchange(method, target, headers, content, bounds)
        if self._closed:
            connection.close()
        elif connection.open:
            self._idle.keep(connection)
        return answer

    def close(self) -> None:
        """Close the connections. Those of requests in flight are closed when these end."""
        self._closed = True
        self._idle.close()
