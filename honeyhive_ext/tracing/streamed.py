"""The stream that a call of a model returned, such as the `Stream` of openai: its pieces are recorded.

The span of the call goes on until the stream ends, is closed or is thrown away. The application gets a
stand-in for the stream, which has its type, its attributes and its methods.
"""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import AsyncGenerator, Generator
from functools import lru_cache
from typing import Any

from honeyhive_ext.serialize.encoders import kind_of
from honeyhive_ext.tracing.outcome import quietly
from honeyhive_ext.tracing.stand_in import stand_in
from honeyhive_ext.tracing.work import Work
from honeyhive_ext.tracing.wrap import recorded_async_generator, recorded_generator

_ENDS = frozenset({"close", "aclose", "__exit__", "__aexit__"})


def streamed(run: Any, result: Any) -> Any:
    """Return a stand-in for a stream, which ends the span; None if the result is no stream of a model."""
    if run.event_type != "model" or not run.options.capture_outputs or run.off:
        return None
    with quietly:  # a type with odd code of its own is recorded as a value
        names = _names(kind_of(result))
        if "__anext__" in names or ("__next__" in names and hasattr(run, "finish")):
            return _Stream(run, result, names).made()
    return None


@lru_cache(maxsize=1_024)
def _names(kind: type) -> frozenset[str]:
    """Return the names of a type whose objects are streams, else none.

    Only dictionaries are read: to ask a type for an attribute can run code of its metaclass.
    """
    names = frozenset(name for base in type.mro(kind) for name in vars(base))
    package = str(vars(kind).get("__module__", "builtins")).partition(".")[0]
    if package in sys.stdlib_module_names or "read" in names:  # iterators of Python, and files
        return frozenset()
    is_one = names >= {"__iter__", "__next__"} or names >= {"__aiter__", "__anext__"}
    return names if is_one else frozenset()


class _Stream:
    """What the stand-in for a stream does itself."""

    def __init__(self, run: Any, result: Any, names: frozenset[str]) -> None:
        self.result, self.names = result, names
        self.work = Work(run, result)
        self.steps = recorded_generator(self.work, self.items)()
        self.async_steps = recorded_async_generator(self.work, self.async_items)()

    def items(self) -> Generator[Any]:
        yield from self.result

    async def async_items(self) -> AsyncGenerator[Any]:
        async for item in self.result:
            yield item

    def made(self) -> Any:
        """Return the stand-in."""
        target, steps, async_steps, watch = self.result, self.steps, self.async_steps, self.work.watch

        def enter() -> Any:
            entered = target.__enter__()
            return whole() if entered is target else entered

        async def enter_async() -> Any:
            entered = await target.__aenter__()
            return whole() if entered is target else entered

        own: dict[str, Any] = {
            "__iter__": lambda: watch(steps),  # a `for` statement keeps only this
            "__next__": lambda: next(steps),
            "__aiter__": lambda: watch(async_steps),
            "__anext__": lambda: async_steps.__anext__(),
            "__enter__": enter,
            "__aenter__": enter_async,
            **{name: self.ending(name) for name in _ENDS & self.names},
        }
        made = stand_in(target, {name: method for name, method in own.items() if name in self.names})
        whole = weakref.ref(made)  # a circle would keep the stream until the next collection
        return watch(made)

    def ending(self, name: str) -> Any:
        """Return a method that ends the stream and its span."""
        target, steps, async_steps = self.result, self.steps, self.async_steps

        def end(*args: Any) -> Any:
            steps.close()
            return getattr(target, name)(*args)

        async def end_async(*args: Any) -> Any:
            await async_steps.aclose()
            return await getattr(target, name)(*args)

        return end_async if inspect.iscoroutinefunction(getattr(kind_of(target), name)) else end
