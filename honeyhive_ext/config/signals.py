"""Exceptions that a signal handler of the application raises while the code of this package runs."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import CO_VARARGS
from itertools import pairwise
from types import FrameType, TracebackType
from typing import Any


def from_a_signal_handler(error: BaseException) -> bool:
    """Return whether a signal handler raised this exception.

    A handler that enforces a time limit, such as celery's, raises an Exception wherever the main thread is.
    What this package catches for another reason, such as an error of a value's own code, must not be such a
    time limit.

    A handler is known by its arguments: the number of the signal, and the frame that it interrupted. To ask
    which handlers are installed would not do: some remove themselves, and `signal.getsignal` takes the repr
    of each, which may run code of the application.
    """
    return any(
        type(number) is int and type(frame) is FrameType
        for traceback in tracebacks(error)
        for number, frame in pairwise(arguments(traceback))
    )


def tracebacks(error: BaseException) -> Iterator[TracebackType]:
    """Yield the entries of an exception's traceback, outermost first."""
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def arguments(traceback: TracebackType) -> list[Any]:
    """Return the positional arguments that the function of an entry was called with."""
    code, variables = traceback.tb_frame.f_code, traceback.tb_frame.f_locals
    found = [variables.get(name) for name in code.co_varnames[: code.co_argcount]]
    if code.co_flags & CO_VARARGS:
        found += variables.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], ())
    return found
