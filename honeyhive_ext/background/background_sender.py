"""Take events and updates to send them later: `BackgroundSender`.

To hand an event over waits for nothing but a few steps in memory. `worker.py` sends, over the path of
`create_batch`.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty
from typing import TYPE_CHECKING

from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.losses import log
from honeyhive_ext.background.queue import Entry
from honeyhive_ext.background.stats import BackgroundStats, FlushReport
from honeyhive_ext.background.worker import Worker
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.errors import ConfigError, QueueFullError
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from honeyhive_ext.batch.options import BatchOptions
    from honeyhive_ext.batch.run import BatchSender
    from honeyhive_ext.payload.events import WireEvent

OF_THIS_MACHINE = 5.0  # seconds

live: weakref.WeakSet[BackgroundSender] = weakref.WeakSet()  # those of this process, see process_end.py


class BackgroundSender(Unpicklable):
    """Takes events and updates of one client, and sends them later.

    Args:
        connect: Makes what sends, in this process, out of a function that waits some seconds.
        batch: The options of each request.
        options: See `Background`.
        seen: Is called where an event is handed over; None for nothing.
        disconnect: Closes the connections that are only for this sender; None for nothing.
        base_url: Where it sends; "" if a client or transport that was given decides that.
    """

    def __init__(
        self,
        connect: Callable[[Callable[[float], None]], BatchSender],
        batch: BatchOptions,
        options: Background,
        seen: Callable[[], None] | None = None,
        disconnect: Callable[[], None] | None = None,
        base_url: str = "",
    ) -> None:
        self.base_url = base_url
        self.options = options
        self._batch = batch
        self._connect = connect
        self._seen = seen
        self._disconnect = disconnect
        self.begin()
        live.add(self)

    def begin(self) -> None:
        """Begin with nothing, in a new process too: what waits in the parent is the parent's."""
        self._pid = os.getpid()
        self._exit_end: float | None = None  # the process may take so long, on the monotonic clock
        self._worker = Worker(self._connect, self._batch, self.options)
        self._worker.owner = self
        self.queue = self._worker.queue

    def enqueue(self, wire: WireEvent) -> None:
        """Take an event.

        Raises:
            QueueFullError: There is no room, and `overflow` is "raise".
            ConfigError: The client is closed.
        """
        self._put(Entry(wire.event_id, wire.content))

    def enqueue_update(self, event_id: str, content: bytes) -> None:
        """Take an update. It is sent after everything that was taken before for the same event."""
        self._put(Entry(event_id, content, update=True))

    def enqueue_span(self, make: Callable[[], WireEvent], event_id: str) -> None:
        """Take the event of a span. What cannot be taken counts as dropped, and raises nothing.

        Raises:
            BaseException: Only what is the application's, such as a Ctrl-C.
        """
        try:
            wire = make()
            self._put(Entry(wire.event_id, wire.content))
        except Exception as error:  # a redact hook may raise anything
            if from_a_signal_handler(error):
                raise
            self._not_taken(event_id, error)

    def enqueue_later(self, make: Callable[[], WireEvent], event_id: str) -> None:
        """Take the event of a span where no code may run: the thread makes it."""
        worker = self._worker
        worker.late.append(partial(self.enqueue_span, make, event_id))
        worker.wake()

    def _not_taken(self, event_id: str, error: Exception) -> None:
        if isinstance(error, QueueFullError):
            reason = "overflow"
        elif isinstance(error, ConfigError):
            reason = "closed"
        else:
            reason = "invalid"
            log.error("the event %s of a span cannot be made: %s", event_id, type_name(error))
        self.queue.refuse(event_id, reason)
        self._worker.wake()

    def _put(self, entry: Entry) -> None:
        if self._pid != os.getpid():
            self.begin()
        if self._seen is not None:
            self._seen()
        if self._worker.closed is not None:
            raise ConfigError("the client is closed: make a new one, or close it later")
        overflow = self.options.overflow
        if not self.queue.put(entry, overflow):
            if overflow == "raise":
                raise QueueFullError(
                    f"{self.queue.stats().queued:,} events wait, and there is no room for another one: "
                    "give Background(max_bytes=, max_events=) more room, or another overflow="
                )
            self._block(entry)
        if self._exit_end is not None:
            self.exit(self._exit_end)

    def _block(self, entry: Entry) -> None:
        """Wait for room. The thread that sends waits for nothing: nobody else makes room."""
        end = time.monotonic() + self.options.block_seconds
        while not self._worker.is_this_thread and (left := end - time.monotonic()) > 0:
            room = self.queue.room()
            if self.queue.put(entry, "block"):
                return
            self._worker.hurry()
            with suppress(Empty):
                room.get(timeout=left)
        self.queue.put(entry, "drop_newest")

    def flush(self, timeout: float) -> FlushReport:
        """Send what waits, and wait until it is delivered or lost, but no longer than this many seconds."""
        if self._pid != os.getpid():
            self.begin()
        started = time.monotonic()
        before = self.queue.stats()
        if not self._worker.is_this_thread and not self._worker.idle:
            self._worker.wait_for_all(started + timeout)
        return self._report(before, started)

    def close(self, timeout: float) -> FlushReport:
        """Take nothing more, flush, and drop what is left then."""
        end = time.monotonic() + timeout
        self._worker.closed = "closed"
        try:
            return self._finish(end, "closed")
        finally:
            if self._disconnect is not None:
                self._disconnect()

    def exit(self, end: float) -> FlushReport:
        """Flush until this time, on the monotonic clock, and drop what is left then.

        Events may still come, from what ends later. They get what is left of the time.
        """
        self._exit_end = end
        return self._finish(end, "exit")

    def hurry(self) -> None:
        """Begin to send what waits now, and do not wait for it."""
        self._worker.hurry()

    def abandon(self) -> None:
        """Let the thread end when nothing waits any more: the client is gone."""
        self._worker.abandoned = True
        self._worker.wake()

    def _finish(self, end: float, reason: str) -> FlushReport:
        started = time.monotonic()
        before = self.queue.stats()
        self.flush(max(0.0, end - started))
        if self.queue.drop_all(reason) or self._worker.closed:
            self._worker.wake()
        if not self._worker.is_this_thread:
            self._worker.announce(last=True)
        return self._report(before, started)

    def _report(self, before: BackgroundStats, started: float) -> FlushReport:
        after = self.queue.stats()
        lost = after.lost - before.lost
        return FlushReport(
            delivered=after.delivered - before.delivered,
            lost=lost,
            waiting=after.waiting,
            seconds=time.monotonic() - started,
            error=after.last_error if after.waiting or lost else None,
        )

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return self._worker.idle

    def stats(self) -> BackgroundStats:
        """Return what became of everything that was taken in this process."""
        return self.queue.stats()


def flush_all_for(url: str) -> None:
    """Let the clients of this process send what they hold for a server of this process, before it is asked.

    Args:
        url: The server's URL; "" if it does not listen.
    """
    for sender in [*live]:
        if not sender.idle and (not sender.base_url or (url and sender.base_url.startswith(url))):
            sender.flush(OF_THIS_MACHINE)
