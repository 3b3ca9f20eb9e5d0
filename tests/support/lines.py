"""Something happens at a chosen place of the client's code, as a signal handler or a finaliser does it."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType
from typing import Any, NoReturn

OURS = ("/honeyhive_ext/",)
WATCHED = ("/httpx/", "/httpcore/", "/httpx2/", "/httpcore2/", *OURS)


@contextmanager
def at_line(
    number: int, do: Callable[[], object], *, event: str = "line", watched: Sequence[str] = WATCHED
) -> Iterator[list[int]]:
    """Do something when this thread comes to its `number`-th line inside of the code of the client.

    Args:
        number: From 1; -1 for never.
        do: Runs there, untraced; what it raises is raised there.
        event: "opcode" counts the instructions of Python instead of lines.
        watched: Parts of the paths of the files whose lines count.

    Yields:
        A list with the number of lines so far.
    """
    seen = [0]

    def inside(frame: FrameType, what: str, _: Any) -> Any:
        if what == event:
            seen[0] += 1
            if seen[0] == number:
                sys.settrace(None)
                do()
        return inside

    def call(frame: FrameType, what: str, argument: Any) -> Any:
        if not any(part in frame.f_code.co_filename for part in watched):
            return None
        frame.f_trace = inside  # since CPython 3.12, instructions of this call are traced only if it is set
        frame.f_trace_opcodes = event == "opcode"
        return inside

    before = sys.gettrace()
    _trace(call)
    try:
        yield seen
    finally:
        sys.settrace(before)


def _trace(call: Callable[[FrameType, str, Any], Any]) -> None:
    sys._getframe().f_trace_opcodes = True  # CPython 3.12 traces instructions only if this was set before
    sys.settrace(call)


def raise_as_a_signal_handler(kind: type[BaseException]) -> NoReturn:
    """Raise an exception in a function that got what Python gives to a signal handler."""

    def handler(number: int, frame: FrameType) -> NoReturn:
        raise kind

    handler(14, sys._getframe())


AGAIN = object()  # what is done at a place is done at the next one too
_CHECKED = {"CALL", "CALL_FUNCTION_EX", "CALL_KW"}
_JUMPS = ("JUMP_BACKWARD", "POP_JUMP_BACKWARD")
_AFTER_AWAIT = 2  # the operand of RESUME after `yield from`, without flags; after `await` it is 3


def signal_points(code: CodeType) -> frozenset[int]:
    """Return the offsets of the instructions before which CPython may run a signal handler."""
    found: set[int] = set()
    looked = False
    for one in dis.get_instructions(code):
        if one.opname == "CACHE":
            continue
        if looked:
            found.add(one.offset)
        looked = one.opname in _CHECKED or (one.opname == "RESUME" and (one.arg or 0) & 3 < _AFTER_AWAIT)
        if one.opname.startswith(_JUMPS) and "NO_INTERRUPT" not in one.opname:
            found.add(one.argval)  # the check comes before the first instruction after the jump
    return frozenset(found)


@contextmanager
def at_signal_point(number: int, do: Callable[[], object], watched: Sequence[str]) -> Iterator[list[int]]:
    """Do something at the `number`-th place of this thread's code where a signal handler can run.

    Args:
        number: From 1; -1 for never.
        do: Runs there, untraced; what it raises is raised there. If it returns `AGAIN`, it runs at the next
            place too.
        watched: Parts of the paths of the files whose code counts.

    Yields:
        A list with the number of places so far.
    """
    seen, points, at = [0], cache(signal_points), number

    def inside(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal at
        if what == "opcode" and frame.f_lasti in points(frame.f_code):
            seen[0] += 1
            if seen[0] == at:
                sys.settrace(None)
                if do() is AGAIN:
                    at += 1
                    sys.settrace(call)
        return inside

    def call(frame: FrameType, what: str, argument: Any) -> Any:
        if not any(part in frame.f_code.co_filename for part in watched):
            return None
        frame.f_trace = inside
        frame.f_trace_opcodes = True
        return inside

    before = sys.gettrace()
    _trace(call)
    try:
        yield seen
    finally:
        sys.settrace(before)
