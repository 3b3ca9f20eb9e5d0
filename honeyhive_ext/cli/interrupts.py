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
_WHOLE = ("honeyhive_ext.files.side_file", "honeyhive_ext.files.whole", "honeyhive_ext.cli.opened_store")


class Interrupts:
    """What Ctrl-C does while a command runs.

    The first press raises KeyboardInterrupt. It waits for the end of an import: an exception at the wrong
    line of one ends the process in libraries written in Rust or C, orjson with a segmentation fault. It waits
    while a file of ours or a database is opened, moved or closed, and while a `with` statement begins or
    ends: what was just opened would stay behind. It waits for blocks under `held` too. Python drops an
    exception in a finalizer, so it is raised again then. More presses change nothing, until the command has
    had time to end.
    """

    def __init__(self) -> None:
        self._holds = 0
        self._pressed: float | None = None
        self._due = False
        self._before: list[tuple[signal.Signals, Any]] = []
        self._hook = sys.unraisablehook

    def begin(self) -> bool:
        """Handle Ctrl-C from now on, unless something else does; return whether it is so.

        Until `listen` it is held back.
        """
        if self._before or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return False
        self._holds = 1
        try:
            self._handle(signal.SIGINT)
        except ValueError:  # not the main thread, which Ctrl-C never interrupts
            return False
        self._hook, sys.unraisablehook = sys.unraisablehook, self._dropped
        return True

    def listen(self) -> None:
        """Let Ctrl-C raise KeyboardInterrupt: the command begins."""
        self._holds = 0
        self.check()

    def finish(self) -> None:
        """Raise no KeyboardInterrupt any more: the command has ended."""
        self._holds += 1
        self._stop_waiting()

    def end(self) -> None:
        """Leave Ctrl-C to what handled it before."""
        self.finish()
        self._pressed = None
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
        """Raise the KeyboardInterrupt that has waited."""
        self._raise(None)

    def check_whole(self) -> None:
        """Raise KeyboardInterrupt if it waits, or if some library has swallowed it."""
        if self._pressed is not None:
            self._stop_waiting()
            raise KeyboardInterrupt

    def _stop_waiting(self) -> None:
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
        if _does_harm(frame) and self._try_again():
            return
        self._stop_waiting()
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


def _does_harm(frame: FrameType | None) -> bool:
    """Return whether an exception where this frame is would do harm."""
    if frame is not None and frame.f_globals.get("__name__") == contextlib.__name__:
        return True
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING) or frame.f_globals.get("__name__") in _WHOLE:
            return True
        frame = frame.f_back
    return False


interrupts = Interrupts()


def let_process_end() -> None:
    """Let Ctrl-C change nothing about the exit status from now on: the command has ended."""
    if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        return
    interrupts.finish()
    since = time.monotonic()

    def arrived(*_: object) -> None:
        if time.monotonic() - since > PATIENCE:  # a thread does not end
            os._exit(INTERRUPTED)

    import atexit

    signal.signal(signal.SIGINT, arrived)
    # Python resets handlers at its end, but leaves alone what is ignored.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
