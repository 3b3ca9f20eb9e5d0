"""Take events and updates to send them later: `BackgroundSender`.

To hand an event over waits for nothing but a few steps in memory. `worker.py` sends, over the path of
`create_batch`.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty
from typing import TYPE_CHECKING, Any

from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.entry import Entry, fitted
from honeyhive_ext.background.losses import log
from honeyhive_ext.background.spool.trouble import SpoolError
from honeyhive_ext.background.stats import BackgroundStats, FlushReport
from honeyhive_ext.background.worker import Worker
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.errors import ConfigError, QueueFullError
from honeyhive_ext.payload.process_id import process_id
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from honeyhive_ext.background.keeping import Keeper
    from honeyhive_ext.batch.options import BatchOptions
    from honeyhive_ext.batch.run import BatchSender
    from honeyhive_ext.payload.events import WireEvent

OF_THIS_MACHINE = 5.0  # seconds
NOTHING = FlushReport(delivered=0, lost=0, waiting=0, seconds=0.0)

beginnings: list[Callable[[], object]] = []  # are called where a process begins to send

ends: dict[int, float] = {}  # until when the end of a process may take, on the monotonic clock, by process

late: dict[int, float] = {}  # seconds that remain for what comes after that, by process

# Those of this process. A WeakSet cannot be read while another thread makes a client.
_live: dict[int, weakref.ref[BackgroundSender]] = {}


def live() -> list[BackgroundSender]:
    """Return the background senders of all clients of this process."""
    return [sender for known in [*_live.values()] if (sender := known()) is not None]


class BackgroundSender(Unpicklable):
    """Takes events and updates of one client, and sends them later.

    Args:
        connect: Makes what sends, in this process, out of a function that waits some seconds.
        batch: The options of each request.
        options: See `Background`.
        seen: Is called where an event is handed over; None for nothing.
        disconnect: Closes the connections that are only for this sender; None for nothing.
        base_url: Where it sends; "" if a client or transport that was given decides that.
        keep: Makes the spool, in this process; None for none.
    """

    def __init__(
        self,
        connect: Callable[[Callable[[float], None]], BatchSender],
        batch: BatchOptions,
        options: Background,
        seen: Callable[[], None] | None = None,
        disconnect: Callable[[], None] | None = None,
        base_url: str = "",
        keep: Callable[[], Keeper] | None = None,
    ) -> None:
        self.base_url = base_url
        self.options = options
        self._batch = batch
        self._connect = connect
        self._seen = seen
        self._disconnect = disconnect
        self._keep = keep
        self._closed = False
        self._abandoned = False
        self._workers: dict[int, Worker] = {}  # by process: a forked child begins with nothing
        if keep is not None:
            self._begin(keep())
        key = id(self)
        _live[key] = weakref.ref(self, lambda _: _live.pop(key, None))

    def _here(self) -> Worker:
        """Return the worker of this process. What waits in the parent of a forked child is the parent's."""
        worker = self._workers.get(process_id())
        return self._begin() if worker is None else worker

    def _begin(self, keeper: Keeper | None = None) -> Worker:
        for tell in beginnings:
            tell()
        if self._keep is not None and keeper is None:
            try:
                keeper = self._keep()
            except SpoolError as error:
                log.error("events are in memory only, and lost if the process is killed: %s", error)
        made = Worker(self._connect, self._batch, self.options, keeper)
        made.owner, made.abandoned = self, self._abandoned
        made.queue.closed = "closed" if self._closed else None
        worker = self._workers.setdefault(process_id(), made)
        if worker is made:
            if keeper is not None:
                made.wake()  # it looks for what other processes have left
        elif keeper is not None:
            keeper.close()
        return worker

    @property
    def worker(self) -> Worker | None:
        """The worker of this process, if anything was handed over."""
        return self._workers.get(process_id())

    def forget(self) -> None:
        """Forget what a forked child inherited."""
        pid = process_id()
        self._workers = {known: worker for known, worker in self._workers.items() if known == pid}

    def enqueue(self, wire: WireEvent | Entry) -> None:
        """Take an event.

        Raises:
            QueueFullError: There is no room, and `overflow` is "raise".
            ConfigError: The client is closed.
        """
        self._put(wire if isinstance(wire, Entry) else Entry(wire.event_id, fitted(wire.content)))

    def enqueue_update(self, event_id: str, content: bytes) -> None:
        """Take an update. It is sent after everything that was taken before for the same event."""
        self._put(Entry(event_id, fitted(content), update=True))

    def enqueue_span(self, make: Callable[[dict[str, Any]], Entry], fields: dict[str, Any]) -> None:
        """Take the event of a span. What cannot be taken counts as dropped, and raises nothing.

        Args:
            make: Makes an entry of the event's fields.
            fields: With `event_id`.

        Raises:
            BaseException: Only what is the application's, such as a Ctrl-C.
        """
        try:
            self._put(make(fields))
        except Exception as error:  # a redact hook may raise anything
            if from_a_signal_handler(error):
                raise
            self._not_taken(fields["event_id"], error)

    def enqueue_later(self, make: Callable[[dict[str, Any]], Entry], fields: dict[str, Any]) -> None:
        """Take the event of a span where no code may run: the thread makes it."""
        worker = self._here()
        worker.late.append(partial(self.enqueue_span, make, fields))
        worker.wake()

    def _not_taken(self, event_id: str, error: Exception) -> None:
        if isinstance(error, QueueFullError):
            reason = "overflow"
        elif isinstance(error, ConfigError):
            reason = "closed"
        else:
            reason = "invalid"
            complaints = self._here().sending.complaints
            complaints.say("the event of a span cannot be made: %s", type_name(error))
        worker = self._here()
        if worker.queue.refuse(event_id, reason):
            worker.wake()

    def _put(self, entry: Entry) -> None:
        worker = self._workers.get(process_id()) or self._begin()
        if self._seen is not None:
            self._seen()
        if worker.queue.closed is not None:
            raise ConfigError("the client is closed: make a new one, or close it later")
        overflow = self.options.overflow
        if not worker.queue.put(entry, overflow):
            if overflow == "raise":
                raise QueueFullError(
                    f"{worker.queue.stats().queued:,} events wait, and there is no room for another one: "
                    "give Background(max_bytes=, max_events=) more room, or another overflow="
                )
            self._block(worker, entry)
        if ends and process_id() in ends and not worker.is_this_thread:  # the process ends
            self._exit_late(process_id())

    def _exit_late(self, pid: int) -> None:
        """Send what came at the end of the process, in the rest of its time, or in a little more in all."""
        started = time.monotonic()
        if started < ends[pid]:
            self.exit(ends[pid])
            return
        left = late.setdefault(pid, self.options.exit_seconds / 4)
        self.exit(started + left)
        late[pid] = max(0.0, left - (time.monotonic() - started))

    def _block(self, worker: Worker, entry: Entry) -> None:
        """Wait for room. The thread that sends waits for nothing: nobody else makes room."""
        end = time.monotonic() + self.options.block_seconds
        while not worker.is_this_thread and (left := end - time.monotonic()) > 0:
            room = worker.queue.room()
            try:
                if worker.queue.put(entry, "block"):
                    return
                worker.hurry()
                with suppress(Empty):
                    room.get(timeout=left)
            finally:
                worker.queue.no_room_needed(room)
        worker.queue.put(entry, "drop_newest")

    def flush(self, timeout: float) -> FlushReport:
        """Send what waits, and wait until it is delivered or lost, but no longer than this many seconds."""
        started = time.monotonic()
        worker = self.worker
        if worker is None:
            return NOTHING
        before = worker.queue.stats()
        worker.wait_for_all(started + timeout)
        return _report(worker, before, started)

    def close(self, timeout: float) -> FlushReport:
        """Take nothing more, flush, and drop what is left then, except for what is on disk."""
        end = time.monotonic() + timeout
        self._closed = True
        worker = self.worker
        if worker is not None:
            worker.queue.closed = "closed"
        try:
            return self._finish(end, "closed")
        finally:
            if self._disconnect is not None:
                self._disconnect()

    def exit(self, end: float) -> FlushReport:
        """Flush until this time, on the monotonic clock, and drop what is left then.

        Events may still come, from what ends later. They get what is left of the time.
        """
        return self._finish(end, "exit")

    def _finish(self, end: float, reason: str) -> FlushReport:
        worker = self.worker
        if worker is None:
            return NOTHING
        started = time.monotonic()
        before = worker.queue.stats()
        try:
            worker.wait_for_all(end)
        finally:  # of a wait that Ctrl-C ends too
            worker.finish(reason)
        return _report(worker, before, started)

    def hurry(self) -> None:
        """Begin to send what waits now, and do not wait for it."""
        if (worker := self.worker) is not None:
            worker.hurry()

    def abandon(self) -> None:
        """Let the thread end when nothing waits any more: the client is gone."""
        self._abandoned = True
        if (worker := self.worker) is not None:
            worker.abandoned = True
            worker.wake()

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        worker = self.worker
        return worker is None or worker.idle

    def stats(self) -> BackgroundStats:
        """Return what became of everything that was taken in this process."""
        worker = self.worker
        return BackgroundStats() if worker is None else worker.queue.stats()


def _report(worker: Worker, before: BackgroundStats, started: float) -> FlushReport:
    after = worker.queue.stats()
    lost = after.lost - before.lost
    return FlushReport(
        delivered=after.delivered - before.delivered,
        lost=lost,
        waiting=after.waiting,
        seconds=time.monotonic() - started,
        error=after.last_error if after.waiting or lost else None,
    )


def flush_all_for(urls: Sequence[str]) -> None:
    """Let the clients of this process send what they hold for a server of this process, before it is asked.

    Args:
        urls: The server's URLs. Clients whose transport was given are asked too.
    """
    for sender in live():
        if not sender.idle and (not sender.base_url or sender.base_url.startswith(tuple(urls))):
            sender.flush(OF_THIS_MACHINE)


def discard_all_for(urls: Sequence[str]) -> None:
    """Drop what the clients of this process hold for addresses that do not take it any more."""
    for sender in live():
        if sender.base_url.startswith(tuple(urls)) and (worker := sender.worker) is not None:
            worker.queue.drop_all("closed")
