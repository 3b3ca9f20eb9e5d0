"""The addresses of a host, and the time that each of them gets."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

from honeyhive_ext.http.protocol import Origin

Info = tuple[int, int, int, str, tuple[Any, ...]]  # an item of socket.getaddrinfo


class HostAddress(NamedTuple):
    """An address to connect to.

    Attributes:
        family: Of the socket.
        kind: Of the socket.
        protocol: Of the socket.
        address: What the socket connects to.
        share: The part of the time left that it may take, because the addresses after it need some too.
    """

    family: int
    kind: int
    protocol: int
    address: tuple[Any, ...]
    share: float


def in_turn(found: Sequence[Info]) -> Generator[HostAddress]:
    """Return the addresses that `socket.getaddrinfo` found, in its order.

    >>> [one.share for one in in_turn([(2, 1, 6, "", ("127.0.0.1", 80)), (2, 1, 6, "", ("127.0.0.2", 80))])]
    [0.5, 1.0]
    """
    for number, (family, kind, protocol, _, address) in enumerate(found):
        yield HostAddress(family, kind, protocol, address, 1 / (len(found) - number))


def none_of(origin: Origin) -> OSError:
    """Return the error of a host without an address."""
    return OSError(errno.EADDRNOTAVAIL, f"{origin.host} has no address")


def name_of(origin: Origin) -> str:
    """Return the name to look up.

    Raises:
        socket.gaierror: It has an empty or too long label, which no resolver is asked for.
    """
    with contextlib.suppress(UnicodeError):
        origin.host.encode("idna")  # as socket.getaddrinfo does
        return origin.host
    raise socket.gaierror(socket.EAI_NONAME, f"{origin.host} is not the name of a host")
