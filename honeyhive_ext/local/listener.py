"""Where a server listens: its owner's port, and a port for each lease."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection
from functools import partial

from attrs import define, field

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.adapters.channel import SocketHandler
from honeyhive_ext.local.adapters.security import is_loopback
from honeyhive_ext.local.adapters.sockets import SocketServer
from honeyhive_ext.local.leases import Lease, Leases

STOPPING = 2.0  # seconds that `stop` waits for requests that run
_ASK = 0.1  # seconds between two interrupts: a read can begin after one
OPEN = 100  # ended leases whose ports stay open, so that what still sends there is refused and named


@define(eq=False)
class Listener:
    """The ports of one server.

    Args:
        host: The address to listen on.
        port: The port of the owner; 0 lets the system choose a free one.
        allowed: The names that requests may have in their Host header.
        max_body: Returns the largest body in bytes.
        handle: The core.
        leases: Decides whether a request under a lease is answered.
        keyed: Whether the server asks for a key.
    """

    host: str
    port: int
    allowed: Collection[str]
    max_body: Callable[[], int]
    handle: SocketHandler
    leases: Leases
    keyed: bool
    _socket: SocketServer | None = field(default=None, init=False)
    _ports: dict[Lease, int] = field(factory=dict[Lease, int], init=False)
    _addresses: set[str] = field(factory=set[str], init=False)  # present and former ones, as in a URL

    def start(self, lease: Lease | None) -> None:
        """Start to listen, if the server does not, and open the port of a lease.

        Raises:
            ConfigError: The address cannot be listened on.
        """
        try:
            self._socket = self._socket or self._opened()
            if lease is not None and lease not in self._ports:
                self._ports[lease] = self._socket.listen(partial(self.leases.answer, lease, self.handle))
                if len(self._ports) > OPEN + 1:
                    self._socket.close(self._ports.pop(next(iter(self._ports))))
        except (OSError, TypeError, UnicodeError) as problem:  # or a name that no host has
            raise ConfigError(f"cannot listen on {self.host} port {self.port}: {problem}") from problem
        self._addresses.update(self.urls(None), self.urls(lease))

    def _opened(self) -> SocketServer:
        if not is_loopback(self.host):
            warnings.warn(
                f"the local server listens on {self.host}, which other machines may reach, and it has "
                "no TLS: use a loopback address" + ("" if self.keyed else ", or set api_key"),
                stacklevel=4,
            )
        return SocketServer(
            self.handle, host=self.host, port=self.port, allowed=self.allowed, max_body=self.max_body
        )

    def stop(self, interrupt: Callable[[], None]) -> None:
        """Close all ports and every connection.

        Args:
            interrupt: Ends the reads that run. It is called until all requests have ended, for 2 s at most.
        """
        listening, self._socket = self._socket, None
        self._ports.clear()
        if listening is None:
            return
        listening.shut()
        until = time.monotonic() + STOPPING
        while not listening.join(_ASK) and time.monotonic() < until:
            interrupt()

    def serves(self, url: str) -> bool:
        """Return whether a URL is that of the owner or of a lease, present or former."""
        return "/".join(url.split("/", 3)[:3]) in self._addresses

    def urls(self, lease: Lease | None) -> list[str]:
        """Return the base URL for the holder of a lease, or for the owner, if the server listens."""
        return [self.url(lease)] if self._socket and (lease is None or lease in self._ports) else []

    def urls_of_leases(self) -> list[str]:
        """Return the base URLs of all leases that are open."""
        return [self.url(lease) for lease in self._ports]

    def url(self, lease: Lease | None) -> str:
        """Return the base URL for the holder of a lease, or for the owner.

        Raises:
            ConfigError: The server does not listen.
        """
        port = self._ports.get(lease) if lease is not None else self._socket and self._socket.port
        if port is None:
            raise ConfigError("the server does not listen: use it as a context manager, or call start()")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{port}"
