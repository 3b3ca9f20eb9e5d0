"""Connections of sync httpx and httpx2 whose requests end in time.

httpcore gives each read and write the same timeout, so a server that sends one byte at a time, or one
informational answer after the other, would delay a request forever. The handshake with a SOCKS proxy has no
timeout at all.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterable
from typing import Any

import httpcore

from honeyhive_ext.http.request import PhaseTimeout

ONE_WRITE = 16_384  # bytes; the time is looked at before each


def end_in_time(transport: object) -> None:
    """Make requests over an `HTTPTransport` end in time, if their connections are made from now on.

    Requests of the application keep the timeouts that it gives them. httpx has no public name for what is
    replaced here.
    """
    pool = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    cores = [sys.modules[name] for name in ("httpcore", "httpcore2") if name in sys.modules]
    kinds = tuple(core.NetworkBackend for core in cores)
    if isinstance(backend, kinds) and not isinstance(backend, TimedBackend):
        pool._network_backend = TimedBackend(backend)  # type: ignore[union-attr]


class TimedBackend(httpcore.NetworkBackend):
    """Makes connections that look at the time before each read and write.

    Args:
        backend: Makes the connections themselves.
    """

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a host."""
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return TimedStream(stream, timeout)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a Unix socket."""
        return TimedStream(self._backend.connect_unix_socket(path, timeout, socket_options), timeout)

    def sleep(self, seconds: float) -> None:
        """Wait before another attempt to connect."""
        self._backend.sleep(seconds)


class TimedStream(httpcore.NetworkStream):
    """A connection that looks at the time before each read and write.

    Args:
        stream: The connection itself.
        first: The timeout of what comes before the first read or write that has a timeout: a handshake.
    """

    def __init__(self, stream: httpcore.NetworkStream, first: float | None) -> None:
        self._stream = stream
        self._first = first

    def _left(self, timeout: float | None) -> float | None:
        if timeout is None:
            timeout = self._first
        else:
            self._first = None
        return timeout.left() if isinstance(timeout, PhaseTimeout) else timeout

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write everything."""
        rest = memoryview(buffer)
        for start in range(0, len(rest), ONE_WRITE):
            self._stream.write(bytes(rest[start : start + ONE_WRITE]), self._left(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Begin TLS."""
        left = self._left(timeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._first)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known about the connection."""
        return self._stream.get_extra_info(info)
