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

# After these instructions Python looks for signals.
LOOKS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX", "RESUME", "JUMP_BACKWARD"})
AFTER_AWAIT = 2  # RESUME of this or more follows `yield from` or `await`, and does not look


def press(frame: FrameType) -> bool:
    """Interrupt as Python's own handler of Ctrl-C does."""
    raise KeyboardInterrupt


class Pressed:
    """While it is entered, the n-th place of some modules is interrupted, in this thread.

    Args:
        at: The number of the place, from 1.
        modules: The modules, and those in them.
        apart: Modules in them that are not interrupted.
        do: What interrupts, and returns whether to try again at the next place.

    Attributes:
        where: The place, or None if there were fewer.
    """

    def __init__(
        self,
        at: int,
        modules: tuple[str, ...] = ("honeyhive_ext",),
        apart: tuple[str, ...] = (),
        do: Callable[[FrameType], bool] = press,
    ) -> None:
        self.where: str | None = None
        self._left = at
        self._again = False
        self._modules, self._apart, self._do = modules, apart, do
        self._looked: dict[int, bool] = {}  # whether Python looks after the last instruction of each frame

    def __enter__(self) -> Self:
        sys._getframe().f_trace_opcodes = True  # Python 3.12 has events of instructions only with this
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
        self._note(frame)
        frame.f_trace = self._steps  # without it Python 3.13 has no events of instructions in a first call
        frame.f_trace_opcodes = True
        return self._steps

    def _note(self, frame: FrameType) -> None:
        instruction, operand = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 2]
        name = dis.opname[instruction]
        self._looked[id(frame)] = name in LOOKS and not (name == "RESUME" and operand & 3 >= AFTER_AWAIT)

    def _steps(self, frame: FrameType, event: str, argument: object) -> Any:
        if event != "opcode":
            return self._steps
        looked = self._looked.get(id(frame), False)
        self._note(frame)
        if looked:
            self._left -= 1
            if self._left == 0:
                file = frame.f_code.co_filename.rpartition("honeyhive_ext/")[2]
                self.where = f"{file}:{frame.f_lineno}"
            if self._left == 0 or self._again:
                self._again = self._do(frame)
        return self._steps


def run_pressed(arguments: list[str], at: int) -> tuple[int, str | None]:
    """Run a command as a process does; return its status, and where Ctrl-C was pressed.

    If an exception would do harm there, it comes at the first later place where it does none. The process has
    a timer for that, which would make each run another one.
    """
    waits = False

    def wait() -> bool:
        nonlocal waits
        waits = True
        return True

    def ctrl_c(frame: FrameType) -> bool:
        nonlocal waits
        if waits:
            waits = False
            interrupts._raise(frame)
        else:
            interrupts._arrived(signal.SIGINT, frame)
        return waits

    assert interrupts.begin()
    vars(interrupts)["_try_again"] = wait
    out = io.StringIO()
    pressed = Pressed(at, ("honeyhive_ext", "contextlib"), do=ctrl_c)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), pressed:
            return main(arguments), pressed.where
    finally:
        del vars(interrupts)["_try_again"]
        interrupts.end()
