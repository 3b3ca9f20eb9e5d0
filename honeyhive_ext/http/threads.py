"""Threads of our own. Where none can be started, the calling thread does the work."""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
R = TypeVar("R")


def start_thread(run: Callable[[], object], name: str) -> bool:
    """Start a daemon thread. Return False where none can be started.

    That is so at the end of the interpreter from Python 3.12 on, in a process at its limit of threads, and in
    some subinterpreters. Python 3.11 starts a thread at its very end that never runs, and waits for it.
    """
    if sys.is_finalizing():
        return False
    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except RuntimeError as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # it came inside a lock, and became this error
            raise
        return False
    return True


async def in_thread(function: Callable[P, R], /, *args: P.args, **keywords: P.kwargs) -> R:
    """Run a function in a thread of its own, with the caller's context variables, and return its result.

    The default executor of the event loop is not used: it is the application's, who may have closed it, or
    filled it with work. Where no thread can be started, the function runs here. A cancelled task waits for
    the thread, since the thread uses what the task closes.

    Raises:
        BaseException: What the function raises.
    """
    import asyncio  # here, because a program without an event loop starts faster without it

    begun = _begin(partial(function, *args, **keywords))
    if begun is None:
        return function(*args, **keywords)
    ended, result = begun
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        await asyncio.wait([ended])
        raise
    return result()


async def in_free_thread(function: Callable[P, R], /, *args: P.args, **keywords: P.kwargs) -> R:
    """Do what `in_thread` does, but let a cancelled task continue, and leave the thread to itself."""
    begun = _begin(partial(function, *args, **keywords))
    if begun is None:
        return function(*args, **keywords)
    ended, result = begun
    await ended
    return result()


def _begin(work: Callable[[], R]) -> tuple[asyncio.Future[None], Callable[[], R]] | None:
    """Begin some work in a thread. Return what tells its end, and what returns or raises its result then."""
    import asyncio

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    context = contextvars.copy_context()
    results: list[R] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(context.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again in the task
            errors.append(error)
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(_end, ended)

    def result() -> R:
        if errors:
            raise errors.pop()
        return results.pop()

    return (ended, result) if start_thread(run, "honeyhive") else None


def _end(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
