"""The thread that sends what waits. Where no thread can run, `send_here` does its work."""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.losses import LossLog
from honeyhive_ext.background.sending import Sending
from honeyhive_ext.background.spilling import SpillingQueue
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from honeyhive_ext.background.keeping import Keeper
    from honeyhive_ext.batch.options import BatchOptions
    from honeyhive_ext.batch.run import BatchSender

NOTICE = 0.5  # seconds after which a wait looks whether the thread still runs
BUSY = 0.05  # seconds until a thread looks again whether another one has sent its request
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
        sending: Sends it.
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
        self.abandoned = False
        self.owner: object = None
        self._options = options
        self.sending = Sending(self.queue, keeper, connect(self._pause), batch, options)
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._flushes: dict[SimpleQueue[None], int] = {}
        self._running = threading.Lock()  # held by the thread as long as it runs
        self._thread = 0
        self._losses = LossLog()

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return self.queue.empty and not self.late

    @property
    def is_this_thread(self) -> bool:
        """Whether the calling code runs in the thread that sends, which must not wait for itself."""
        return threading.get_ident() == self._thread or self.sending.is_in_this_thread

    def wake(self) -> bool:
        """Let the thread look, and start it if need be. Return whether one runs."""
        if not self._wake.qsize():
            self._wake.put(None)
        # The thread itself takes the lock: an interrupt here cannot leave it taken without a thread.
        if not self._running.locked():
            if sys.is_finalizing():  # a thread would not run any more
                return False
            # `threading` would not do: to start a thread with it could wait for a lock of that module.
            try:
                _thread.start_new_thread(self._run, ())
            except RuntimeError:  # none can be started
                return False
        return True

    def hurry(self) -> None:
        """Begin to send what waits now, and do not wait for it."""
        self.sending.pace.hurry()
        if not self.idle:
            self.wake()

    def wait_for_all(self, end: float) -> None:
        """Wait until all that waits now is delivered or lost, or until this time, on the monotonic clock."""
        if self.is_this_thread:
            return
        self.make_late()
        done: SimpleQueue[None] = SimpleQueue()
        try:
            self._flushes[done] = self.queue.last_number()
            self.sending.pace.hurry()
            while not self.queue.empty and (left := end - time.monotonic()) > 0:
                if not self.wake():
                    self._send_here(end)
                    return
                with suppress(Empty):
                    done.get(timeout=min(left, NOTICE))
                    return
        finally:
            self._flushes.pop(done, None)

    def finish(self, reason: str) -> None:
        """Drop what is left in memory only, leave what is on disk to others, and say what is lost."""
        self.sending.drop_all(reason)
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
                except (Exception, SystemExit) as error:  # of the application's function
                    if from_a_signal_handler(error):
                        raise
                    self.sending.complaints.say("on_drop raises %s", type_name(error))
        kept = self._keeper is not None
        self._losses.say(time.monotonic(), self.queue.stats(), self.sending.error, last=last, kept=kept)

    def _run(self) -> None:
        """Run the thread. An error that nothing expected is logged, and does not end the sending."""
        # Who saw the lock taken has left a token: the thread looks again after it has let go of it.
        while self._wake.qsize() and self._running.acquire(blocking=False):
            self._thread = threading.get_ident()
            try:
                self._sleep(0)
                while not self._works():
                    self._sleep(AFTER_A_BUG)
            finally:
                self._thread = 0
                self._running.release()

    def _works(self) -> bool:
        """Work until there is nothing more. Return False after an error that nothing expected."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - a bug, or a hook of the application that calls sys.exit
            self.sending.complaints.say("the background sender goes on after %s", type_name(error))
            return False
        return True

    def _work(self) -> None:
        """Send until the client is closed and nothing waits."""
        while True:
            self.make_late()
            self.announce()
            self._tell_flushes()
            self.sending.refill()
            seconds = self.sending.due(awaited=self._awaited)
            if seconds == 0:
                if not self.sending.left_by_others(live=True) and not self.sending.own():
                    self._sleep(BUSY)  # another thread sends, or what waited was too old
            elif (self.queue.closed or self.abandoned) and self.queue.empty:
                if self._keeper is not None:
                    self._keeper.close()
                return
            elif not self.sending.left_by_others(live=False):
                self._sleep(self.sending.until(seconds))

    @property
    def _awaited(self) -> bool:
        return bool(self._flushes) or self.abandoned

    def _sleep(self, seconds: float | None) -> None:
        with suppress(Empty):
            self._wake.get(timeout=seconds)
            while True:
                self._wake.get_nowait()

    def _send_here(self, end: float) -> None:
        """Send in this thread until nothing waits or the time is over."""
        while not self.queue.empty and (left := end - time.monotonic()) > 0:
            seconds = self.sending.due(awaited=True)
            if seconds is None:
                seconds = BUSY  # in another thread
            elif seconds > left:
                return
            elif not seconds and not self.sending.own(end):
                seconds = BUSY
            self._sleep(min(seconds, left))

    def _pause(self, seconds: float) -> None:
        """Wait, also inside the delivery of a batch. Closing ends it."""
        end = time.monotonic() + seconds
        while self.queue.closed is None and (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                self._wake.get(timeout=left)

    def _tell_flushes(self) -> None:
        for done, number in [*self._flushes.items()]:
            if self.queue.settled(number):
                self._flushes.pop(done, None)
                done.put(None)
