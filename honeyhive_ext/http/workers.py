"""The threads of one sync batch or search."""

from __future__ import annotations

import contextlib
import contextvars
import os
import queue
import sys
import time
from collections.abc import Callable
from functools import partial

from honeyhive_ext.errors import HoneyHiveError
from honeyhive_ext.http.threads import start_thread

NOTICE = 0.5
"""Seconds after which a wait looks for a Ctrl-C that it may have missed."""


class Workers:
    """Threads that live as long as one call, as many as tasks run at a time.

    They are daemons: after Ctrl-C, a request that hangs does not keep the process alive. A thread runs one
    task after another, because to start a thread for each request is a large part of a batch's CPU time.
    All methods are for the thread that made the object. They hold no lock, so a finaliser or a signal handler
    may have workers of its own at any time.

    Args:
        name: The name of the threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._threads = self._busy = self._begun = 0  # only the calling thread counts these
        self._over: list[None] = []  # one item for each task that is over; the threads add them
        # A Ctrl-C inside a threading.Condition can turn into a RuntimeError of its lock. A SimpleQueue is one
        # step for a signal, and may be used in the middle of its own methods.
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._pid = os.getpid()

    def start(self, task: Callable[[], None]) -> None:
        """Give a task to a thread, or run it here where none is free and none can be started.

        Raises:
            BaseException: What the task raised, if it ran here.
        """
        if not self.begin(task):
            task()

    @property
    def busy(self) -> int:
        """How many tasks have begun and are not known to have ended."""
        return self._busy

    def begin(self, task: Callable[[], None]) -> bool:
        """Give a task to a thread. Return False if none is free and none can be started."""
        if self.gone:
            return False
        if self._threads == self._busy:  # none of them is free
            self._threads += 1  # first: a Ctrl-C may come once it runs
            if not start_thread(self._run, self._name):
                self._threads -= 1
                return False
        self._busy += 1
        self._begun += 1
        # each task has its own context: hooks see the caller's context variables
        self._tasks.put(partial(contextvars.copy_context().run, task))
        return True

    @property
    def gone(self) -> bool:
        """Whether the threads do not run any more: in a forked child, and at the end of the interpreter."""
        return self._pid != os.getpid() or sys.is_finalizing()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until a task ends. Return False when none is left, or when none ended in so many seconds.

        Raises:
            BaseException: What the task raised.
            HoneyHiveError: The threads are gone; see `gone`.
        """
        if not self._busy:
            return False
        try:
            crash = self._next() if seconds is None else self._ended.get(timeout=seconds)
        except queue.Empty:
            return False
        self._busy -= 1
        if crash is not None:
            raise crash
        return True

    def _next(self) -> BaseException | None:
        # A Ctrl-C just before the wait begins does not end it: Python handles it at its next step.
        while True:
            with contextlib.suppress(queue.Empty):
                return self._ended.get(timeout=NOTICE)
            if self.gone:
                raise HoneyHiveError(
                    "threads do not run on in a forked process, nor at the end of the interpreter: begin the "
                    "search or the batch again"
                )

    def linger(self, seconds: float) -> None:
        """Wait until all tasks end, but no longer than this many seconds."""
        end = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            # The queue's items do not count: a Ctrl-C may have replaced what `get` returned.
            while len(self._over) < self._begun:
                self._ended.get(timeout=max(0.0, end - time.monotonic()))

    def dismiss(self) -> None:
        """Let each thread end after its current task."""
        for _ in range(self._threads):
            self._tasks.put(None)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            crash: BaseException | None = None
            try:
                task()
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                crash = error
            del task  # it holds the body of a request, and the next task may not come soon
            self._over.append(None)
            self._ended.put(crash)
            del crash
