"""The sockets of this process."""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Iterator


def connections_to(url: str) -> int:
    """Return how many sockets of this process are connected to this address."""
    return len(_connected_to(url))


def listening() -> set[int]:
    """Return the ports of this machine's loopback address on which sockets of this process listen."""
    found: set[int] = set()
    for _, sock in _sockets():
        if sock.family == socket.AF_INET and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.add(sock.getsockname()[1])
    return found


@contextlib.contextmanager
def refusing() -> Iterator[int]:
    """Lend a port of 127.0.0.1 that refuses connections: it is taken, and nothing listens on it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def wait_until_readable(url: str) -> None:
    """Block until each socket that is connected to this address has something to read, such as its end."""
    for number in _connected_to(url):
        select.select([number], [], [], 60)


def _connected_to(url: str) -> list[int]:
    """Return the descriptors of this process that are connected to this address."""
    port = int(url.rpartition(":")[2])
    found: list[int] = []
    for number, sock in _sockets():
        with contextlib.suppress(OSError):  # it is not connected
            peer = sock.getpeername()
            if isinstance(peer, tuple) and peer[1] == port:
                found.append(number)
    return found


def _sockets() -> Iterator[tuple[int, socket.socket]]:
    """Yield the descriptors of this process that are sockets, each with a copy that is closed afterwards."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # it was closed meanwhile
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                with socket.socket(fileno=os.dup(int(name))) as sock:
                    yield int(name), sock
