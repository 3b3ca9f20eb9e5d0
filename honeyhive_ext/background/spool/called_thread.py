"""A thread that works when it is called, and ends when it is not called for a while."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

LINGER = 1.0  # seconds


class CalledThread:
    """Does some work in a thread once it is called. To call it waits for nothing.

    It is safe in signal handlers. The thread itself takes the lock that says that it runs: an exception of a
    handler cannot leave that taken without a thread.

    Args:
        work: Is done once after each call, or once after several.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._running = threading.Lock()  # held by the thread as long as it runs
        self._ended = False

    def call(self) -> None:
        """Let the thread work. Where no thread can be started, nothing is done."""
        if not self._calls.qsize():
            self._calls.put(None)
        if not self._running.locked():
            # `threading` would wait until the thread runs.
            with suppress(RuntimeError):
                _thread.start_new_thread(self._run, ())

    def end(self) -> None:
        """Let the thread end after the work that it does."""
        self._ended = True
        self._calls.put(None)

    def _run(self) -> None:
        # Who saw the lock taken has left a call: the thread looks again after it has let go of it.
        while self._calls.qsize() and not self._ended and self._running.acquire(blocking=False):
            try:
                with suppress(Empty):
                    while True:
                        self._calls.get(timeout=LINGER)
                        if self._ended:
                            return
                        self._work()
            finally:
                self._running.release()
