"""Send what waits, one request after another, whatever thread asks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from honeyhive_ext.background.attempts import Attempts
from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.deliver import Sent, send_entries
from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.losses import Complaints, cause
from honeyhive_ext.background.pace import Pace
from honeyhive_ext.background.spilling import SpillingQueue
from honeyhive_ext.background.spool.trouble import SpoolError
from honeyhive_ext.errors import ConfigError, HoneyHiveError
from honeyhive_ext.http.retry import jitter

if TYPE_CHECKING:
    from honeyhive_ext.background.keeping import Keeper
    from honeyhive_ext.batch.options import BatchOptions
    from honeyhive_ext.batch.run import BatchSender


class Sending:
    """Sends the entries of one queue. One thread at a time sends a request.

    Args:
        queue: What waits.
        keeper: The spool; None for none.
        sender: What sends.
        batch: The options of each request.
        options: See `Background`.

    Attributes:
        pace: When the next request is due.
        complaints: Says what goes wrong and is no loss.
        error: Why the last request failed.
    """

    def __init__(
        self,
        queue: SpillingQueue,
        keeper: Keeper | None,
        sender: BatchSender,
        batch: BatchOptions,
        options: Background,
    ) -> None:
        self._queue, self._keeper, self._sender, self._batch = queue, keeper, sender, batch
        self._max_age = options.max_age
        self.pace = Pace(options.flush_events, options.flush_bytes, options.flush_seconds, batch.policy)
        self.complaints = Complaints()
        self.error: HoneyHiveError | None = None
        self._turn: dict[None, list[int]] = {}  # the thread that sends a request now
        self._turns = 0

    @property
    def is_in_this_thread(self) -> bool:
        """Whether the calling code runs while this thread sends a request."""
        return threading.get_ident() in self._turn.get(None, ())

    def due(self, *, awaited: bool) -> float | None:
        """Return the seconds until the next request; None if nothing waits."""
        count, size, since = self._queue.waits()
        awaited = awaited or self._queue.closed is not None
        return self.pace.due(now=time.monotonic(), count=count, size=size, since=since, awaited=awaited)

    def until(self, seconds: float | None) -> float | None:
        """Return the seconds until there is something to do again."""
        if self._keeper is None:
            return seconds
        look = max(self._keeper.seconds_to_next_look, self.pace.rest(time.monotonic()))
        return look if seconds is None else min(seconds, look)

    def refill(self) -> None:
        """Read back what did not fit into memory."""
        if self._keeper is None:
            return
        while True:
            count, after = self._queue.unread
            if not count:
                return
            accepted = self._queue.accepted
            try:
                entries, expired, last, end = self._keeper.read(after)
            except SpoolError:
                if self._queue.closed is None:
                    raise
                return  # it was closed meanwhile, and the next process reads it
            self._queue.refill(entries, expired, last, end=accepted if end else None)

    def drop_all(self, reason: str) -> None:
        """Drop what waits in memory only. What is on disk too stays there, if the files are still there."""
        if self._keeper is not None:
            self._queue.forget(self._keeper.vanished())
        self._queue.drop_all(reason)

    def own(self, end: float | None = None) -> bool:
        """Send what waits here. Return False if there is nothing to send, or another thread sends.

        Args:
            end: Until when it may take, on the monotonic clock; None for no end.
        """
        return self._deliver(end, self._taken)

    def left_by_others(self, *, live: bool) -> bool:
        """Send something that a process which ended has left. Return whether there was something.

        Args:
            live: Whether entries of this process wait too: then only every fourth request is for others.
        """
        if self._keeper is None or self._queue.closed or self.pace.rest(time.monotonic()) > 0:
            return False
        self._turns += 1
        if (live and self._turns % 4) or self._keeper.seconds_to_next_look > 0:
            return False
        return self._deliver(None, partial(self._adopted, self._keeper))

    def _adopted(self, keeper: Keeper) -> list[Entry]:
        entries = keeper.left_by_others(self._batch.limits.max_events)
        return entries if entries and self._queue.adopt(entries) else []

    def _taken(self) -> list[Entry]:
        limits = self._batch.limits
        return self._queue.take(limits.max_events, limits.size, time.monotonic() - self._max_age)

    def _deliver(self, end: float | None, entries_from: Callable[[], list[Entry]]) -> bool:
        """Send one request's worth of the entries that a function returns, which are in flight then."""
        mine = [threading.get_ident()]
        try:
            # No lock is held: an interrupt between its taking and what follows would leave it taken.
            if self._turn.setdefault(None, mine) is not mine:
                return False
            sent = Sent()
            entries: list[Entry] = []
            try:
                entries = entries_from()
                if entries:
                    self._send_entries(entries, end, sent)
            finally:
                self._note(sent, tried=bool(entries))
            return bool(entries)
        finally:
            if self._turn.get(None) is mine:
                del self._turn[None]

    def _send_entries(self, entries: list[Entry], end: float | None, sent: Sent) -> None:
        self.pace.begun()
        sender = Attempts(self._sender, end, lambda: self._queue.closed is not None)
        try:
            send_entries(sender, entries, self._batch, sent)
        except ConfigError as error:  # no attempt can succeed
            self.complaints.say("events cannot be sent: %s", error)
            over = {entry.number for entry in chain(sent.delivered, (one for one, _ in sent.rejected))}
            sent.rejected += [(entry, "config") for entry in entries if entry.number not in over]
        except HoneyHiveError as error:
            sent.error = error

    def _note(self, sent: Sent, *, tried: bool) -> None:
        """Note what became of the entries in flight."""
        try:
            if self._keeper is not None:  # first: who waits for an empty queue may close the spool
                gone = [self._queue.gone.popleft() for _ in range(len(self._queue.gone))]
                self._keeper.settle(sent.delivered, sent.rejected, gone)
        finally:
            self._queue.settle(sent.delivered, sent.rejected)
        if not tried:
            return
        self.error = sent.error
        self._queue.last_error = None if sent.error is None else cause(sent.error)
        if sent.error is None:
            self.pace.succeeded()
        else:
            self.pace.failed(sent.error, time.monotonic(), jitter)
            if self._queue.closed is not None:
                self.drop_all(self._queue.closed)
