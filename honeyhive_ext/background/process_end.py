"""What happens to background senders at a fork, at SIGTERM and at the end of the process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from honeyhive_ext.background.background_sender import beginnings, ends, live
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.tracing.open_spans import send_unfinished


def at_exit() -> None:
    """Send the events of open spans and what waits in all clients of this process, within their bounds."""
    send_unfinished()
    senders = [*live]
    started = time.monotonic()
    end = max([started, *(started + sender.options.exit_seconds for sender in senders)])
    ends.setdefault(os.getpid(), end)
    for sender in senders:
        sender.hurry()
    for sender in senders:
        sender.exit(end)


def know_the_end() -> None:
    """Register with `multiprocessing`, whose processes end without `atexit`."""
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None and os.getpid() not in _known:
        _known.add(os.getpid())
        util.Finalize(None, at_exit, exitpriority=100)


def handle_sigterm() -> None:
    """Install the handler of `Background(handle_sigterm=True)`, once.

    Raises:
        ConfigError: This is not the main thread, or the interpreter is not the main one.
    """
    before = signal.getsignal(signal.SIGTERM)
    if getattr(before, "__wrapped__", None) is _on_sigterm:
        return

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        _on_sigterm(number, frame, before)

    on_sigterm.__wrapped__ = _on_sigterm  # type: ignore[attr-defined]
    try:
        signal.signal(signal.SIGTERM, on_sigterm)
    except ValueError as error:
        raise ConfigError(
            "Background(handle_sigterm=True) needs the main thread: make the client there, or call "
            "hh.close() in a handler of your own"
        ) from error


def _on_sigterm(number: int, frame: FrameType | None, before: Any) -> None:
    try:
        at_exit()
    except Exception as error:
        if from_a_signal_handler(error):
            raise
    if callable(before):
        before(number, frame)
    elif before is not signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _before_fork() -> None:
    for sender in [*live]:
        if (worker := sender.worker) is not None:
            worker.queue.lock.acquire()
            _held.append(worker.queue.lock)


def _in_parent() -> None:
    while _held:
        _held.pop().release()


def _in_child() -> None:
    _held.clear()
    for sender in [*live]:
        sender.forget()


_known: set[int] = set()
_held: list[Any] = []  # locks

beginnings.append(know_the_end)
with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
