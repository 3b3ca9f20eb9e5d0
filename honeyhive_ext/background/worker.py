"""The thread that sends what waits. Where no thread can run, `send_here` does its work."""

from __future__ import annotations

import _thread
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from attrs import evolve

from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.deliver import Sent, send_entries
from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.losses import LossLog, cause, log
from honeyhive_ext.background.pace import Pace
from honeyhive_ext.background.spilling import SpillingQueue
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import ConfigError, HoneyHiveError
from honeyhive_ext.http.retry import jitter
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from honeyhive_ext.background.keeping import Keeper
    from honeyhive_ext.batch.options import BatchOptions
    from honeyhive_ext.batch.run import BatchSender

NOTICE = 0.5  # seconds after which a wait looks whether the thread still runs
SHORTEST = 0.01  # seconds of an attempt
AFTER_A_BUG = 5.0  # seconds until the thread goes on after an error that nothing expected


class Worker:
    """Sends the entries of one queue, in one process, one request after another.

    Args:
        connect: Makes what sends out of a function that waits some seconds.
        batch: The options of each request.
        options: See `Background`.
        keeper: The spool; None for none.

    Attributes:
        queue: What waits.
        late: Makes entries that could not be made where they were handed over.
        closed: Why what waits is dropped if it cannot be sent now; None while it is sent again.
        abandoned: Whether the thread ends when nothing waits.
        owner: Lives as long as the thread runs, so that the end of the process finds it.
    """

    def __init__(
        self,
        connect: Callable[[Callable[[float], None]], BatchSender],
        batch: BatchOptions,
        options: Background,
        keeper: Keeper | None = None,
    ) -> None:
        self._keeper = keeper
        self.queue = SpillingQueue(
            options.max_events,
            options.max_bytes,
            self.wake,
            options.flush_events,
            options.flush_bytes,
            keep_losses=options.on_drop is not None,
            keep=None if keeper is None else keeper.keep,
        )
        self.late: deque[Callable[[], None]] = deque()
        self.closed: str | None = None
        self.abandoned = False
        self.owner: object = None
        self._batch = batch
        self._options = options
        self._pace = Pace(options.flush_events, options.flush_bytes, options.flush_seconds, batch.policy)
        self._sender = connect(self._pause)
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._flushes: deque[tuple[int, SimpleQueue[None]]] = deque()
        self._running = threading.Lock()  # held by the thread as long as it runs
        self._turn = threading.Lock()  # held while a request is sent
        self._thread = 0
        self._turns = 0
        self._losses = LossLog()
        self._error: HoneyHiveError | None = None  # why the last request failed

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return self.queue.empty and not self.late

    @property
    def is_this_thread(self) -> bool:
        """Whether this is the thread that sends, which must not wait for itself."""
        return threading.get_ident() == self._thread

    def wake(self) -> bool:
        """Let the thread look, and start it if need be. Return whether one runs."""
        if self._running.acquire(blocking=False):
            # `threading` would not do: to start a thread with it could wait for a lock of that module.
            try:
                _thread.start_new_thread(self._run, ())
            except RuntimeError:  # none can be started
                self._running.release()
                return False
        self._wake.put(None)
        return True

    def hurry(self) -> None:
        """Begin to send what waits now, and do not wait for it."""
        self._pace.hurry()
        if not self.idle:
            self.wake()

    def wait_for_all(self, end: float) -> None:
        """Wait until all that waits now is delivered or lost, or until this time, on the monotonic clock."""
        if self.is_this_thread:
            return
        self.make_late()
        done: SimpleQueue[None] = SimpleQueue()
        self._flushes.append((self.queue.last_number(), done))
        self._pace.hurry()
        while not self.queue.empty and (left := end - time.monotonic()) > 0:
            if not self.wake():
                self._send_here(end)
                return
            with suppress(Empty):
                done.get(timeout=min(left, NOTICE))
                return

    def finish(self, reason: str) -> None:
        """Drop what is left in memory only, leave what is on disk to others, and say what is lost."""
        self.queue.drop_all(reason)
        self.wake()
        if self._keeper is not None:
            self._keeper.close()
        if not self.is_this_thread:
            self.announce(last=True)

    def make_late(self) -> None:
        """Make the entries that could not be made where they were handed over."""
        with suppress(IndexError):
            while True:
                self.late.popleft()()

    def announce(self, *, last: bool = False) -> None:
        """Tell `on_drop` and the log what is lost so far."""
        losses, on_drop = self.queue.losses, self._options.on_drop
        for _ in range(len(losses)):
            try:
                event_id, reason = losses.popleft()
            except IndexError:  # another thread was first
                break
            if on_drop is not None:
                try:
                    on_drop(event_id, reason)
                except Exception as error:  # of the application's function
                    if from_a_signal_handler(error):
                        raise
                    log.error("on_drop raises %s", type_name(error))
        kept = self._keeper is not None
        self._losses.say(time.monotonic(), self.queue.stats(), self._error, last=last, kept=kept)

    def _run(self) -> None:
        """Run the thread. An error that nothing expected is logged, and does not end the sending."""
        self._thread = threading.get_ident()
        try:
            while True:
                try:
                    self._work()
                except Exception as error:  # noqa: BLE001 - a bug, or a hook of the application
                    log.error("the background sender goes on after %s", type_name(error))
                    self._sleep(AFTER_A_BUG)
                else:
                    return
        finally:
            self._thread = 0
            self._running.release()

    def _work(self) -> None:
        """Send until the client is closed and nothing waits."""
        while True:
            self.make_late()
            self.announce()
            self._tell_flushes()
            self._refill()
            seconds = self._due()
            if seconds == 0 and not self._send_left_by_others(live=True):
                self._send(None)
            elif (self.closed or self.abandoned) and self.queue.empty:
                if self._keeper is not None:
                    self._keeper.close()
                return
            elif seconds != 0 and not self._send_left_by_others(live=False):
                self._sleep(self._until(seconds))

    def _sleep(self, seconds: float | None) -> None:
        with suppress(Empty):
            self._wake.get(timeout=seconds)
            while True:
                self._wake.get_nowait()

    def _due(self) -> float | None:
        count, size, since = self.queue.waits()
        awaited = bool(self._flushes) or self.closed is not None or self.abandoned
        return self._pace.due(now=time.monotonic(), count=count, size=size, since=since, awaited=awaited)

    def _refill(self) -> None:
        """Read back what did not fit into memory."""
        if self._keeper is None:
            return
        while True:
            count, after = self.queue.unread
            if not count:
                return
            accepted = self.queue.stats().accepted
            entries, expired, last, end = self._keeper.read(after)
            still = end and self.queue.stats().accepted == accepted
            self.queue.refill(entries, expired, last, end=still)

    def _until(self, seconds: float | None) -> float | None:
        """Return the seconds until there is something to do again."""
        if self._keeper is None:
            return seconds
        look = max(self._keeper.seconds_to_next_look, self._pace.rest(time.monotonic()))
        return look if seconds is None else min(seconds, look)

    def _send_left_by_others(self, *, live: bool) -> bool:
        """Send something that a process which ended has left. Return whether there was something."""
        if self._keeper is None or self.closed or self._pace.rest(time.monotonic()) > 0:
            return False
        self._turns += 1
        # While entries of this process wait too, only every fourth request is for others.
        if (live and self._turns % 4) or self._keeper.seconds_to_next_look > 0:
            return False
        with self._turn:
            entries = self._keeper.left_by_others(self._batch.limits.max_events)
            if not entries or not self.queue.adopt(entries):
                return False
            self._deliver(entries, self._batch)
        return True

    def _send(self, end: float | None) -> None:
        """Send one request's worth of what waits; with an end, it takes no longer."""
        batch = self._batch
        limits = batch.limits
        with self._turn:
            now = time.monotonic()
            entries = self.queue.take(limits.max_events, limits.size, now - self._options.max_age)
            if not entries:
                return
            if end is not None:
                left = max(SHORTEST, end - now)
                batch = evolve(batch, timeout=left if batch.timeout is None else min(batch.timeout, left))
            self._deliver(entries, batch)

    def _deliver(self, entries: list[Entry], batch: BatchOptions) -> None:
        self._pace.begun()
        sent = Sent()
        try:
            sent = send_entries(self._sender, entries, batch)
        except ConfigError as error:  # no attempt can succeed
            log.error("events cannot be sent: %s", error)
            sent.rejected += [(entry, "config") for entry in entries]
        except HoneyHiveError as error:
            sent.error = error
        finally:
            self._note(sent)

    def _note(self, sent: Sent) -> None:
        self._error = sent.error
        self.queue.last_error = None if sent.error is None else cause(sent.error)
        if sent.error is None:
            self._pace.succeeded()
        else:
            self._pace.failed(sent.error, time.monotonic(), jitter)
        # On disk first: who waits for the queue may close the spool next.
        if self._keeper is not None:
            self._keeper.settle(sent.delivered, sent.rejected, ())
        self.queue.settle(sent.delivered, sent.rejected)
        if self.closed is not None and sent.error is not None:
            self.queue.drop_all(self.closed)
        if self._keeper is not None and self.queue.gone:
            gone = [self.queue.gone.popleft() for _ in range(len(self.queue.gone))]
            self._keeper.settle((), (), gone)

    def _send_here(self, end: float) -> None:
        """Send in this thread until nothing waits or the time is over."""
        while time.monotonic() < end:
            seconds = self._due()
            if seconds is None or time.monotonic() + seconds > end:
                return
            self._pause(seconds)
            self._send(end)

    def _pause(self, seconds: float) -> None:
        """Wait, also inside the delivery of a batch. Closing ends it."""
        end = time.monotonic() + seconds
        while self.closed is None and (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                self._wake.get(timeout=left)

    def _tell_flushes(self) -> None:
        for _ in range(len(self._flushes)):
            number, done = self._flushes.popleft()
            if self.queue.settled(number):
                done.put(None)
            else:
                self._flushes.append((number, done))
