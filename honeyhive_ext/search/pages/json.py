"""JSON as services write it. Pure."""

from __future__ import annotations

import gc
import json
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import chain, compress
from operator import call
from typing import Any

import orjson


def loads(content: bytes) -> object:
    """Return the value of a page. NaN and infinities are read as well.

    Raises:
        ValueError: The content is not JSON, or is nested too deeply.
    """
    try:
        return _loads(content)
    except orjson.JSONDecodeError:
        return _loads_tolerant(content)


def parsed(value: Any) -> Any:
    """Return the value of a row that may still be its JSON text."""
    if type(value) is not bytes:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return _loads_tolerant(value)


def _loads_tolerant(content: bytes) -> Any:
    """Read JSON with NaN, which some services write: one such number must not hide the other events."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested deeper than can be read") from None


class _Resume:
    """Turns the garbage collector on when it is dropped."""

    __slots__ = ()
    __del__ = staticmethod(gc.enable)


def _loads_without_collections(content: bytes) -> object:
    """Parse a page while the garbage collector is off.

    CPython 3.11 collects in the middle of a parse, again and again, although a page holds no garbage.
    The collector belongs to the whole process. So it is off within one call of `deque`, and everything that
    this call runs is written in C: no other thread, no signal handler and no fork comes in between.
    """
    steps: tuple[Callable[[], object], ...] = (_Resume, gc.disable, partial(orjson.loads, content))
    # The first two steps are left out if the application itself has turned the collector off.
    wanted = chain(map(call, (gc.isenabled, gc.isenabled)), (True,))
    # With space for two results, the third drops `_Resume`. An error drops all of them.
    return deque(map(call, compress(steps, wanted)), maxlen=2).pop()


# CPython 3.12 and later collect between bytecodes, so never within a parse.
_loads = orjson.loads if sys.version_info >= (3, 12) else _loads_without_collections
