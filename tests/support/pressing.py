"""A command in which Ctrl-C is pressed at a chosen place."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from types import FrameType

from honeyhive_ext.cli import main
from honeyhive_ext.cli.interrupts import interrupts
from tests.support import lines
from tests.support.lines import AGAIN, OURS, at_signal_point

_OF_THE_TEST = (__file__, lines.__file__)


def place() -> str:
    """Return where the code is that was interrupted, as a file of the package and a line."""
    frame: FrameType | None = _through(sys._getframe())
    assert frame is not None
    return f"{frame.f_code.co_filename.rpartition('honeyhive_ext/')[2]}:{frame.f_lineno}"


def run_pressed(arguments: list[str], at: int) -> tuple[int, str | None]:
    """Run a command as a process does, and press Ctrl-C where it comes to its n-th place for signals.

    If an exception would do harm there, it comes at the first later place where it does none. A process has
    a timer for that, which would make each run another one.

    Returns:
        The status, and the place where Ctrl-C was pressed; None if there were fewer places.
    """
    where: list[str] = []
    waits: list[bool] = []

    def wait() -> bool:
        waits.append(True)
        return True

    def press() -> object:
        before = len(waits)
        if not where:
            where.append(place())
            interrupts._arrived(signal.SIGINT, _through(sys._getframe()))
        else:
            interrupts._raise(_through(sys._getframe()))
        return AGAIN if len(waits) > before else None

    assert interrupts.begin()
    vars(interrupts)["_try_again"] = wait
    out = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            at_signal_point(at, press, (*OURS, "/contextlib.py")),
        ):
            return main(arguments), where[0] if where else None
    finally:
        del vars(interrupts)["_try_again"]
        interrupts.end()


def _through(frame: FrameType | None) -> FrameType | None:
    while frame is not None and frame.f_code.co_filename in _OF_THE_TEST:
        frame = frame.f_back
    return frame
