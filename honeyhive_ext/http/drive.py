"""The two drivers of generators of steps: decisions yield what to do next, a driver does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

_Step = TypeVar("_Step")
_Outcome = TypeVar("_Outcome")
_Result = TypeVar("_Result")


def drive(
    steps: Generator[_Step, _Outcome | None, _Result], do: Callable[[_Step], _Outcome | None]
) -> _Result:
    """Do each step that a generator yields, send it what came of it, and return what it returns.

    Args:
        steps: The decisions. They are closed if `do` raises.
        do: Does one step, in this thread.

    Raises:
        BaseException: Whatever `steps` or `do` raises.

    >>> def decide():
    ...     size = yield "measure"
    ...     return size * 2
    >>> drive(decide(), len)
    14
    """
    outcome: _Outcome | None = None
    try:
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as finished:
                result: _Result = finished.value
                return result
            outcome = do(step)
    finally:
        steps.close()


async def drive_async(
    steps: Generator[_Step, _Outcome | None, _Result], do: Callable[[_Step], Awaitable[_Outcome | None]]
) -> _Result:
    """Do each step as `drive` does, for code that awaits."""
    outcome: _Outcome | None = None
    try:
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as finished:
                result: _Result = finished.value
                return result
            outcome = await do(step)
    finally:
        steps.close()
