"""Ctrl-C: one KeyboardInterrupt, where it harms nothing, and none while the command winds down."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType
    from typing import Any

INTERRUPTED = 130  # 128 and the number of SIGINT, as in a shell
PATIENCE = 3.0  # seconds for the end of a command; Ctrl-C after that ends the process at once
AGAIN = 0.02  # seconds until an interrupt that could not be raised is tried again
_IMPORTING = "<frozen importlib"  # how the file names of Python's import system begin


class Interrupts:
    """What Ctrl-C does while a command runs.

    The first press raises KeyboardInterrupt. It waits for the end of an import: an exception at the wrong
    line of one ends the process in libraries written in Rust or C, orjson with a segmentation fault. It waits
    for blocks under `held` too. Python drops an exception in a finalizer, so it is raised again
    then. More presses change nothing, until the command has had time to end.
    """

    def __init__(self) -> None:
        self._holds = 0
        self._pressed: float | None = None
        self._due = False
        self._before: list[tuple[signal.Signals, Any]] = []
        self._hook = sys.unraisablehook

    def begin(self) -> bool:
        """Handle Ctrl-C from now on, unless something else does; return whether it is so."""
        if self._before or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return False
        try:
            self._handle(signal.SIGINT)
        except ValueError:  # not the main thread, which Ctrl-C never interrupts
            return False
        self._hook, sys.unraisablehook = sys.unraisablehook, self._dropped
        return True

    def end(self) -> None:
        """Leave Ctrl-C to what handled it before."""
        self._pressed = None
        self.stop_waiting()
        sys.unraisablehook = self._hook
        while self._before:
            signal.signal(*self._before.pop())

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Hold Ctrl-C back until the block ends, and raise KeyboardInterrupt then."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        self.check()

    def check(self) -> None:
        """Raise the KeyboardInterrupt that has waited for the end of an import."""
        self._raise(None)

    def stop_waiting(self) -> None:
        """Raise no KeyboardInterrupt that waits: the command has ended."""
        self._due = False
        if len(self._before) > 1:  # there is a timer
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _handle(self, number: signal.Signals) -> None:
        self._before.append((number, signal.signal(number, self._arrived)))

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            now = time.monotonic()
            if self._pressed is None:
                self._pressed, self._due = now, True
            elif now - self._pressed > PATIENCE:
                os._exit(INTERRUPTED)
        self._raise(frame)

    def _raise(self, frame: FrameType | None) -> None:
        if not self._due or self._holds:
            return
        if _is_importing(frame) and self._try_again():
            return
        self.stop_waiting()
        raise KeyboardInterrupt

    def _try_again(self) -> bool:
        """Come back soon; return whether that is possible."""
        if not hasattr(signal, "setitimer"):  # Windows
            return False
        if len(self._before) == 1:
            self._handle(signal.SIGALRM)
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        return True

    def _dropped(self, found: Any) -> None:
        if issubclass(found.exc_type, KeyboardInterrupt) and self._pressed is not None:
            self._due = True
            self._try_again()
        else:
            self._hook(found)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False


interrupts = Interrupts()


def let_process_end() -> None:
    """Let Ctrl-C change nothing about the exit status from now on: the command has ended."""
    if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        return
    interrupts.stop_waiting()
    since = time.monotonic()

    def arrived(*_: object) -> None:
        if time.monotonic() - since > PATIENCE:  # a thread does not end
            os._exit(INTERRUPTED)

    import atexit

    signal.signal(signal.SIGINT, arrived)
    # Python resets handlers at its end, but leaves alone what is ignored.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
