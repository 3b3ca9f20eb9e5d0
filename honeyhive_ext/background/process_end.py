"""What happens to background senders at a fork, at SIGTERM and at the end of the process."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from honeyhive_ext.background.background_sender import beginnings, ends, live
from honeyhive_ext.background.losses import log
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.serialize.encoders import type_name
from honeyhive_ext.tracing.open_spans import send_unfinished

PATIENCE = 0.5  # seconds
SOON = 0.001  # seconds


def at_exit() -> None:
    """Send the events of open spans and what waits in all clients of this process, within their bounds."""
    send_unfinished()
    senders = live()
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


def _flush() -> None:
    """Flush all clients of this process, within their bounds, and let them go on."""
    senders = live()
    end = time.monotonic() + max([0.0, *(sender.options.exit_seconds for sender in senders)])
    for sender in senders:
        sender.hurry()
    for sender in senders:
        sender.flush(max(0.0, end - time.monotonic()))


def _comes_again(number: int) -> bool:
    """Let a signal come again soon if it interrupts an event's way into a queue; return whether it does.

    Meanwhile no thread can take anything out of that queue, so nothing would be sent.
    """
    global _since
    now = time.monotonic()
    interrupted = any(worker.queue.is_mine for sender in live() if (worker := sender.worker) is not None)
    if not interrupted or now - (_since or now) > PATIENCE:
        _since = 0.0
        return False
    _since = _since or now
    try:
        _thread.start_new_thread(_signal_again, (_thread.get_ident(), number))
    except RuntimeError:  # none can be started
        return False
    return True


def _signal_again(thread: int, number: int) -> None:
    never = _thread.allocate_lock()
    with never:
        never.acquire(timeout=SOON)
    signal.pthread_kill(thread, number)


def _on_sigterm(number: int, frame: FrameType | None, before: Any) -> None:
    if _comes_again(number):
        return
    # A handler of the application may let the process go on, such as to answer the last requests.
    ends_now = before is not signal.SIG_IGN and not callable(before)
    try:
        at_exit() if ends_now else _flush()
    except Exception as error:  # the process ends as it would without us
        if from_a_signal_handler(error):
            raise
        log.error("not everything was sent at SIGTERM: %s", type_name(error))
    if callable(before):
        before(number, frame)
    elif ends_now:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _in_child() -> None:
    for sender in live():
        sender.forget()


_known: set[int] = set()
_since = 0.0  # when the signal came that comes again; 0 for none

beginnings.append(know_the_end)
with contextlib.suppress(AttributeError):  # Windows has no fork
    # No lock is taken for a fork: what a child inherits, it never uses.
    os.register_at_fork(after_in_child=_in_child)
