"""The socket adapter: it listens on ports and accepts connections, for as long as the server runs."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import threading
from collections.abc import Callable, Collection

from honeyhive_ext.local.adapters.channel import Serving, SocketHandler
from honeyhive_ext.local.adapters.slots import Slots

_END = 0.5  # seconds that `shut` gives the accepting thread
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class SocketServer:
    """Listens on one port or more, and answers each connection on its own thread.

    Args:
        handle: Answers the requests of the first port.
        host: The address to listen on.
        port: The first port; 0 lets the system choose a free one.
        allowed: The names that requests may have in their Host header.
        max_body: Returns the largest body in bytes; called for every request.
    """

    def __init__(
        self,
        handle: SocketHandler,
        *,
        host: str,
        port: int,
        allowed: Collection[str],
        max_body: Callable[[], int],
    ) -> None:
        self._stopped = threading.Event()
        self._slots = Slots(Serving(allowed, max_body, self._stopped))
        self._lock = threading.Lock()
        self._host = host
        self._used: set[int] = set()
        self._accepting = threading.Thread(target=self._accept, name="honeyhive-local", daemon=True)
        with contextlib.ExitStack() as undo:
            first = undo.enter_context(self._bound(port))
            self.port: int = first.getsockname()[1]
            self._listening = {self.port: first}
            self._selector = undo.enter_context(selectors.DefaultSelector())
            self._wakes, self._woken = map(undo.enter_context, socket.socketpair())
            self._selector.register(self._woken, selectors.EVENT_READ)
            self._selector.register(first, selectors.EVENT_READ, handle)
            try:
                self._accepting.start()
            except RuntimeError as problem:  # the system has no thread to spare
                raise OSError(errno.EAGAIN, str(problem)) from problem
            undo.pop_all()

    def _bound(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, port), family=family, backlog=256)
        if (given := listening.getsockname()[1]) in self._used:
            with listening:  # closed only when another port has been found
                return self._bound(port)
        self._used.add(given)
        listening.setblocking(False)  # a connection may be closed before it is accepted
        return listening

    def listen(self, handle: SocketHandler) -> int:
        """Listen on one more port, which was never given before, and return it; `handle` answers there."""
        listening = self._bound(0)
        port: int = listening.getsockname()[1]
        with self._lock:
            self._listening[port] = listening
            self._selector.register(listening, selectors.EVENT_READ, handle)
        self._wakes.send(b"+")
        return port

    def close(self, port: int) -> None:
        """Stop listening on one port. Connections to it stay open."""
        with self._lock:
            listening = self._listening.pop(port)
            self._selector.unregister(listening)
            listening.close()

    def _accept(self) -> None:
        with self._selector, self._woken:
            while not self._stopped.is_set():
                for key, _ in self._selector.select():
                    if key.data is None:
                        self._woken.recv(1)
                    else:
                        self._accept_from(key.fileobj, key.data)  # type: ignore[arg-type]

    def _accept_from(self, listening: socket.socket, handle: SocketHandler) -> None:
        try:
            connection, _ = listening.accept()
        except OSError as problem:
            if problem.errno in _EXHAUSTED:
                self._slots.wait_for_room()
            return  # otherwise the connection was closed before it was accepted, or the server has stopped
        self._slots.admit(connection, handle)

    def shut(self) -> None:
        """Close the listening sockets and shut every connection. Requests that run continue."""
        with self._lock:
            self._stopped.set()
            self._wakes.close()  # this wakes the accepting thread
            for listening in self._listening.values():
                listening.close()
        self._slots.shut()
        self._accepting.join(_END)

    def join(self, seconds: float) -> bool:
        """Wait so long for the connections to end; return whether all have."""
        return self._slots.join(seconds)
