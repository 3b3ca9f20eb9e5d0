"""Ctrl-C at the n-th place of some code where Python would look for signals."""

from __future__ import annotations

import contextlib
import dis
import io
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from honeyhive_ext.cli import main
from honeyhive_ext.cli.interrupts import interrupts

LOOKS = ("CALL", "RESUME", "JUMP_BACKWARD")  # after these instructions Python looks for signals


def press(frame: FrameType) -> None:
    """Interrupt as Python's own handler of Ctrl-C does."""
    raise KeyboardInterrupt


class Pressed:
    """While it is entered, the n-th place of some modules is interrupted, in this thread.

    Args:
        at: The number of the place, from 1.
        modules: The modules, and those in them.
        apart: Modules in them that are not interrupted.
        do: What interrupts.

    Attributes:
        where: The place, or None if there were fewer.
    """

    def __init__(
        self,
        at: int,
        modules: tuple[str, ...] = ("honeyhive_ext",),
        apart: tuple[str, ...] = (),
        do: Callable[[FrameType], None] = press,
    ) -> None:
        self.where: str | None = None
        self._left = at
        self._modules, self._apart, self._do = modules, apart, do
        self._before: dict[int, str] = {}  # the last instruction of each frame

    def __enter__(self) -> Self:
        sys.settrace(self._enters)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(None)

    def _enters(self, frame: FrameType, event: str, argument: object) -> Any:
        name = f"{frame.f_globals.get('__name__')}."
        if not name.startswith(tuple(f"{one}." for one in self._modules)):
            return None
        if name.startswith(tuple(f"{one}." for one in self._apart)):
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
                self._do(frame)
        return self._steps


def run_pressed(arguments: list[str], at: int) -> tuple[int, str | None]:
    """Run a command as a process does; return its status, and where Ctrl-C was pressed."""
    raise_it = interrupts._raise

    def through(frame: FrameType | None) -> None:
        while frame is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back  # a timer can strike in here, and means the place that is traced
        raise_it(frame)

    def ctrl_c(frame: FrameType) -> None:
        interrupts._arrived(signal.SIGINT, frame)

    assert interrupts.begin()
    vars(interrupts)["_raise"] = through
    out = io.StringIO()
    pressed = Pressed(at, ("honeyhive_ext", "contextlib"), do=ctrl_c)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), pressed:
            return main(arguments), pressed.where
    finally:
        del vars(interrupts)["_raise"]
        interrupts.end()
