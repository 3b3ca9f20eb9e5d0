"""What a plain function returned: its event is that of the work, and not of the making.

A function that returns a coroutine, an awaitable, a generator or an async generator has only made it. So its
span goes on while that is awaited or iterated. If that never happens, the event is sent when the thing is
thrown away: it has the duration of the call, and the repr of what was returned.
"""

from __future__ import annotations

import inspect
import types
import weakref
from collections.abc import Callable, Coroutine, Generator
from functools import lru_cache
from typing import Any

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.payload.scope import CURRENT
from honeyhive_ext.serialize.encoders import kind_of
from honeyhive_ext.tracing.stand_in import stand_in
from honeyhive_ext.tracing.streamed import streamed
from honeyhive_ext.tracing.work import Work, unused
from honeyhive_ext.tracing.wrap import (
    Begin,
    Function,
    SyncSpan,
    keep_result,
    recorded_async_generator,
    recorded_coroutine,
    recorded_generator,
)

_FUTURE = ("add_done_callback", "cancelled", "exception", "result")


def recorded_call(start: Begin, function: Function) -> Function:
    """Return a function that records each call, and the work of what it returns."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        run = start(args, kwargs)
        try:
            result = function(*args, **kwargs)
            if result is not None:  # the usual case is quicker
                if follower(kind_of(result)) is not None:
                    return followed(run, result)
                stream = streamed(run, result)
                if stream is not None:
                    return stream
            keep_result(run, result)
        except BaseException as error:
            run.finish(error)
            raise
        run.finish(None)
        return result

    return wrapper


def followed(run: SyncSpan, result: Any) -> Any:
    """Return the result, or what acts as it does and records its work."""
    follow = follower(kind_of(result))
    if follow is not None:
        try:
            return follow(run, result)
        except Exception as error:  # a type with odd code of its own is recorded as a value
            if from_a_signal_handler(error):
                raise
    keep_result(run, result)
    run.finish(None)
    return result


def follower(kind: type) -> Callable[[Any, Any], Any] | None:
    """Return the function that follows the results of a type, or None if they are values."""
    try:
        return _follower(kind)
    except TypeError:  # a metaclass can make types that have no hash
        return None


@lru_cache(maxsize=1_024)
def _follower(kind: type) -> Callable[[Any, Any], Any] | None:
    if kind in _FOLLOWERS:
        return _FOLLOWERS[kind]
    # Only dictionaries are read: to ask a type for an attribute can run code of its metaclass.
    names = {name for base in type.mro(kind) for name in vars(base)}
    if names.issuperset(_FUTURE):
        return _future
    return _awaitable if "__await__" in names else None


async def _in_its_scope(work: Work) -> Any:
    outside = CURRENT.get()
    try:
        return await recorded_coroutine(work, work.function, streamed)()
    finally:
        CURRENT.set(outside)


@types.coroutine
def _iterable_coroutine(work: Work) -> Generator[Any, Any, Any]:
    steps: Any = _in_its_scope(work)
    return (yield from steps)  # pyright: ignore[reportUnknownVariableType]


def _generator(run: SyncSpan, result: Any) -> Any:
    work = Work(run, result)
    if result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE:
        return work.watch(_named(_iterable_coroutine(work), result))
    return work.watch(_named(recorded_generator(work, work.function)(), result))


def _async_generator(run: SyncSpan, result: Any) -> Any:
    work = Work(run, result)
    return work.watch(_named(recorded_async_generator(work, work.function)(), result))


def _named(made: Any, result: Any) -> Any:
    made.__name__, made.__qualname__ = result.__name__, result.__qualname__
    return made


def _future(run: SyncSpan, result: Any) -> Any:
    """Return the future itself, also a task: it tells when it is done."""

    def done(future: Any) -> None:
        watch.detach()
        error = _error_of(future)
        if error is None:
            keep_result(run, future.result())
        run.finish_aside(error)

    run.suspend()
    watch = weakref.finalize(result, unused, run)
    result.add_done_callback(done)
    return result


def _error_of(future: Any) -> BaseException | None:
    if future.cancelled():
        from asyncio import CancelledError  # who has such a future has loaded it

        return CancelledError()
    if hasattr(future, "_exception"):  # to ask a task for its exception hides that nobody else did
        error: BaseException | None = future._exception
        return error
    return future.exception()  # type: ignore[no-any-return]


def _awaitable(run: SyncSpan, result: Any) -> Any:
    """Return a stand-in for a coroutine or another object with `__await__`; its first await is recorded.

    A second coroutine around it would not do: Python warns of each that is not awaited, closed or not.
    """
    work = Work(run, result)
    only_once = isinstance(result, types.CoroutineType)
    driver: list[Coroutine[Any, Any, Any]] = []

    def drive() -> Coroutine[Any, Any, Any]:
        if not driver:
            driver.append(work.watch(_in_its_scope(work)))  # which may outlive the stand-in
        return driver[0]

    def awaited() -> Any:
        if driver and not only_once:
            return result.__await__()
        if inspect.getcoroutinestate(drive()) in (inspect.CORO_RUNNING, inspect.CORO_SUSPENDED):
            raise RuntimeError("coroutine is being awaited already")  # as Python says it
        return drive().__await__()

    def send(value: Any) -> Any:
        return drive().send(value)

    def throw(*error: Any) -> Any:
        return (driver[0] if driver else result).throw(*error)

    def close() -> None:
        (driver[0] if driver else result).close()

    own: dict[str, Any] = {"__await__": awaited}
    if isinstance(result, Coroutine):
        own.update(send=send, throw=throw, close=close)
    return work.watch(stand_in(result, own))


_FOLLOWERS: dict[type, Callable[[Any, Any], Any]] = {
    types.CoroutineType: _awaitable,
    types.GeneratorType: _generator,
    types.AsyncGeneratorType: _async_generator,
}
