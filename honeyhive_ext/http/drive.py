"""The two drivers of generators of steps: the generator decides what to do next, the driver does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

_Step = TypeVar("_Step")
_Outcome = TypeVar("_Outcome")
_Result = TypeVar("_Result")


# No local variable holds an outcome: an answer can repeat the API key, and tracebacks can show variables.


def drive(steps: Generator[_Step, _Outcome, _Result], do: Callable[[_Step], _Outcome]) -> _Result:
    """Do each step that a generator yields, send it the outcome, and return what the generator returns.

    Args:
        steps: The decisions. The generator is closed if `do` raises.
        do: Does one step in this thread and returns its outcome.

    Raises:
        BaseException: Whatever `steps` or `do` raises.

    >>> def decide():
    ...     size = yield "measure"
    ...     return size * 2
    >>> drive(decide(), len)
    14
    """
    try:
        step = next(steps)
        while True:
            step = steps.send(do(step))
    except StopIteration as finished:
        if getattr(steps, "gi_frame", None) is not None:  # `do` raised it: the generator has not ended
            steps.close()
            raise
        result: _Result = finished.value
        return result
    except BaseException:
        steps.close()
        raise


async def drive_async(
    steps: Generator[_Step, _Outcome, _Result], do: Callable[[_Step], Awaitable[_Outcome]]
) -> _Result:
    """Do each step as `drive` does, for code that awaits."""
    try:
        step = next(steps)
        while True:
            step = steps.send(await do(step))
    except StopIteration as finished:
        if getattr(steps, "gi_frame", None) is not None:  # `do` raised it: the generator has not ended
            steps.close()
            raise
        result: _Result = finished.value
        return result
    except BaseException:
        steps.close()
        raise
