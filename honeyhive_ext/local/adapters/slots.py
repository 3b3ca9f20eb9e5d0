"""The open connections of a server, each on its own thread, and how many there may be.

Where no slot, descriptor or thread is free, a new connection waits for another to end, and the connection
whose client is silent for longest is closed for it; else the one whose request or answer takes longest.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from honeyhive_ext.local.adapters.channel import Channel, Serving, SocketHandler, answer_head
from honeyhive_ext.local.message import error_response

CONNECTIONS = 1000  # the most open connections, if the process may have enough descriptors
RESERVED = 50  # descriptors that are left to Python and to the store with all its readers
SILENT = 1.0  # seconds of silence after which a connection may be closed for the sake of a new one
SLOW = 5.0  # seconds that a request or an answer may take on its way before that
PATIENCE = 5.0  # seconds that a new connection waits for another to end; then it is answered with 503
_RETRY = 0.1  # seconds between two tries


class Slots:
    """The connections and their threads.

    Args:
        serving: What all connections share.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._most = most_connections()
        self._channels: dict[Channel, threading.Thread] = {}
        self._changed = threading.Condition()

    def admit(self, connection: socket.socket, handle: SocketHandler) -> None:
        """Answer a connection on a new thread; without room for it in time, with 503."""
        until = time.monotonic() + PATIENCE
        with self._changed:  # `shut` sees both the connection and its thread, or neither
            while not self._serving.stopped.is_set():
                if len(self._channels) < self._most and self._start(connection, handle):
                    return
                if time.monotonic() > until:
                    _refuse(connection)
                    return
                self._make_room()
        connection.close()

    def _start(self, connection: socket.socket, handle: SocketHandler) -> bool:
        channel = Channel(connection, handle, self._serving)
        thread = threading.Thread(target=self._serve, args=(channel,), daemon=True)
        self._channels[channel] = thread
        try:
            thread.start()
        except (RuntimeError, MemoryError):  # the system has no thread to spare
            del self._channels[channel]
            return False
        return True

    def _serve(self, channel: Channel) -> None:
        try:
            channel.run()
        finally:
            with self._changed:
                self._channels.pop(channel, None)
                self._changed.notify_all()

    def wait_for_room(self) -> None:
        """Close a silent connection, and wait a moment for one to end."""
        with self._changed:
            if not self._serving.stopped.is_set():
                self._make_room()

    def _make_room(self) -> None:
        now = time.monotonic()
        silent = min(self._channels, key=lambda channel: channel.silent_since, default=None)
        slow = min(self._channels, key=lambda channel: channel.slow_since, default=None)
        if silent is not None and now - silent.silent_since > SILENT:
            silent.shut()
        elif slow is not None and now - slow.slow_since > SLOW:
            slow.shut()
        self._changed.wait(_RETRY)

    def shut(self) -> None:
        """Admit no connection any more and shut all that there are. Requests that run continue."""
        with self._changed:
            self._serving.stopped.set()
            self._changed.notify_all()
            channels = list(self._channels)
        for channel in channels:
            channel.shut()

    def join(self, seconds: float) -> bool:
        """Wait so long for the threads of the connections; return whether all have ended."""
        until = time.monotonic() + seconds
        with self._changed:
            threads = list(self._channels.values())
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)


def most_connections() -> int:
    """Return how many connections there may be, so that descriptors are left for the store."""
    try:
        import resource
    except ImportError:  # Windows
        return CONNECTIONS
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS
    return min(CONNECTIONS, max(8, soft - RESERVED))


def _refuse(connection: socket.socket) -> None:
    """Answer 503 without waiting for anything, and close the connection."""
    response = error_response(
        503, "the local server has too many connections", "UNAVAILABLE", headers=[("retry-after", "1")]
    )
    with contextlib.suppress(OSError), connection:
        connection.setblocking(False)
        connection.send(answer_head(response, closes=True) + response.body)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1 << 16)  # unread bytes would make the close a reset, which can destroy the answer
