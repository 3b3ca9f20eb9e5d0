"""Something happens at a chosen line of the code of the client: what a signal handler or a finaliser does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

WATCHED = ("/httpx/", "/httpcore/", "/honeyhive_ext/")


@contextmanager
def at_line(number: int, do: Callable[[], None]) -> Iterator[list[int]]:
    """Do something when this thread comes to its `number`-th line inside of the code of the client."""
    seen = [0]

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            seen[0] += 1
            if seen[0] == number:
                sys.settrace(None)
                do()
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if any(part in frame.f_code.co_filename for part in WATCHED) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield seen
    finally:
        sys.settrace(before)
