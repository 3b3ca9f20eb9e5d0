"""The syncs of `sync="interval"`: a power cut loses what was appended in the last tenth of a second.

It may lose more where the disk takes longer than 70 ms for a sync, or no thread gets to run.

A record waits for the next sync to begin, and then for that sync. The first wait is the longer one: a thread
that has slept needs the interpreter's lock, and gets it late next to busy threads, now and then by a tenth of
a second. So several threads take turns, and more of them where one is late or a sync takes long. Whichever
comes first does the next sync, which may begin while the last one still runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from time import monotonic

from honeyhive_ext.background.spool.called_thread import CalledThread

BOUND = 0.1  # seconds after which a record is on the disk
USUAL, SHORTEST = 0.025, 0.005  # seconds from the begin of a sync to that of the next one
RESERVE = 0.03  # seconds, for what is later or takes longer than it did
LATE = 0.005  # seconds after which one more thread takes turns
FIRST, MOST = 2, 5  # threads
REST = 2.0  # seconds without an append, after which the threads end
FADING = 0.9  # what is left of a measure after each sync


def pause_after(took: float, late: float) -> float:
    """Return the seconds from the begin of a sync to that of the next one.

    Args:
        took: How long syncs take, in seconds.
        late: How late they begin, in seconds.

    >>> pause_after(0.002, 0.001), pause_after(0.05, 0.005), pause_after(0.3, 0.1)
    (0.025, 0.015, 0.005)
    """
    return round(max(SHORTEST, min(USUAL, BOUND - RESERVE - took - late)), 6)


class IntervalSyncs:
    """Syncs while there are appends.

    Args:
        appended: Returns a number that rises with each append.
        sync: Waits until everything that was appended is on the disk. Several threads call it at once.
        resting: Is called before the threads end, with the last number of `appended`. It returns whether
            there was no append since, and lets the next one call `begin`.
    """

    def __init__(
        self, appended: Callable[[], int], sync: Callable[[], None], resting: Callable[[int], bool]
    ) -> None:
        self._appended, self._sync, self._resting = appended, sync, resting
        self._threads = [CalledThread(partial(self._work, number)) for number in range(MOST)]
        self._working: set[int] = set()
        self._stopping = threading.Lock()  # is let go of at the end
        self._stopping.acquire()
        self._seen = -1
        self._began = self._news = 0.0
        self._took = self._late = 0.0

    def begin(self) -> None:
        """Sync from now on until there was no append for a while."""
        for thread in self._threads[:FIRST]:
            thread.call()

    def end(self) -> None:
        """Let the threads end, once."""
        for thread in self._threads:
            thread.end()
        self._stopping.release()

    def _work(self, number: int) -> None:
        """Take turns with the other threads until there is nothing more to sync."""
        self._working.add(number)
        try:
            self._take_turns(number)
        finally:
            self._working.discard(number)

    def _take_turns(self, number: int) -> None:
        while True:
            now, pause = monotonic(), pause_after(self._took, self._late)
            wait = self._began + pause - now
            if wait <= 0:
                seen = self._appended()
                if seen != self._seen:
                    self._seen, self._began, self._news = seen, now, now
                    self._sync()
                    self._took = max(monotonic() - now, self._took * FADING)
                    if self._took > pause:
                        self._help()
                    continue
                if now - self._news > REST and (number or self._resting(seen)):
                    return
                wait = pause
            if self._stopping.acquire(timeout=wait):
                self._stopping.release()
                return
            late = monotonic() - now - wait
            self._late = max(late, self._late * FADING)
            if late > LATE:
                self._help()

    def _help(self) -> None:
        """Let one more thread take turns."""
        for number, thread in enumerate(self._threads):
            if number not in self._working:
                thread.call()
                return
