"""Ctrl-C at the n-th place of a command where Python would look for signals."""

from __future__ import annotations

import contextlib
import dis
import io
import signal
import sys
from types import FrameType, TracebackType
from typing import Any, Self

from honeyhive_ext.cli import main
from honeyhive_ext.cli.interrupts import interrupts

LOOKS = ("CALL", "RESUME", "JUMP_BACKWARD")  # after these instructions Python looks for signals
TRACED = ("honeyhive_ext", "contextlib")


class Pressed:
    """A trace function that presses Ctrl-C once, at the n-th place in the package and in contextlib.

    Attributes:
        where: The place, or None if there were fewer.
    """

    def __init__(self, at: int) -> None:
        self.where: str | None = None
        self._left = at
        self._before: dict[int, str] = {}  # the last instruction of each frame

    def __enter__(self) -> Self:
        raise_it = interrupts._raise

        def through(frame: FrameType | None) -> None:
            while frame is not None and frame.f_code.co_filename == __file__:
                frame = frame.f_back  # a timer can strike in here, and means the place that is traced
            raise_it(frame)

        vars(interrupts)["_raise"] = through
        sys.settrace(self._enters)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(None)
        del vars(interrupts)["_raise"]

    def _enters(self, frame: FrameType, event: str, argument: object) -> Any:
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in TRACED:
            return None
        self._before.pop(id(frame), None)
        frame.f_trace_opcodes = True
        return self._steps

    def _steps(self, frame: FrameType, event: str, argument: object) -> Any:
        if event != "opcode":
            return self._steps
        before = self._before.get(id(frame), "")
        self._before[id(frame)] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        if before.startswith(LOOKS):
            self._left -= 1
            if self._left == 0:
                file = frame.f_code.co_filename.rpartition("honeyhive_ext/")[2]
                self.where = f"{file}:{frame.f_lineno}"
                interrupts._arrived(signal.SIGINT, frame)
        return self._steps


def run_pressed(arguments: list[str], at: int) -> tuple[int, str | None]:
    """Run a command as a process does; return its status, and where Ctrl-C was pressed."""
    assert interrupts.begin()
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            Pressed(at) as pressed,
        ):
            return main(arguments), pressed.where
    finally:
        interrupts.end()
