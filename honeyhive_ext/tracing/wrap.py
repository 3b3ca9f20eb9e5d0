"""Recorded coroutines, generators and async generators.

Between two steps of a generator, the code that consumes it runs in the same context. So the scope is set for
each step and removed after it. No other context variable is touched: those behave as without the decorator.

The functions here name no object of this module that cannot be pickled: `cloudpickle` takes them by value.
"""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol, Self, cast

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.payload.scope import CURRENT
from honeyhive_ext.tracing.capture import Arguments, Yielded, captured_result, model_result
from honeyhive_ext.tracing.model_outputs import Fields
from honeyhive_ext.tracing.outcome import quietly
from honeyhive_ext.tracing.reduced import reduced_fields
from honeyhive_ext.tracing.span_options import SpanOptions

Function = Callable[..., Any]
Args = tuple[Any, ...]
Kwargs = dict[str, Any]


class AnySpan(Protocol):
    """What a decorator needs of a span."""

    options: SpanOptions
    mode: OnUnserializable
    yielded: Yielded | None

    @property
    def off(self) -> bool: ...
    @property
    def event_id(self) -> str: ...
    @property
    def event_type(self) -> str: ...
    def fresh(self, default_name: str | None = None) -> Self: ...
    def begin_call(self, arguments: Arguments, args: Args, kwargs: Kwargs) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...
    def unused(self) -> None: ...
    def keep(self, field: str, value: Any) -> None: ...
    def fill(self, found: Fields) -> None: ...
    def has(self, field: str) -> bool: ...
    def not_captured(self, field: str, failure: Exception) -> None: ...
    async def afinish(self, error: BaseException | None) -> None: ...
    def closed(self, error: GeneratorExit) -> None: ...


class SyncSpan(AnySpan, Protocol):
    """What a decorator of a plain function needs of a span."""

    def finish(self, error: BaseException | None) -> None: ...
    def finish_aside(self, error: BaseException | None) -> None: ...


Begin = Callable[[Args, Kwargs], Any]


class Start:
    """Begins a span for each call of one function."""

    def __init__(self, span: AnySpan, function: Function) -> None:
        self.span = span
        self.function = function
        self.arguments = Arguments(function, span.options.capture_inputs)
        self.name = _name_of(function)

    def __call__(self, args: Args, kwargs: Kwargs) -> Any:
        """Begin the span of this call, with the arguments as its inputs, and return it."""
        run = self.span.fresh(self.name)
        run.begin_call(self.arguments, args, kwargs)
        return run

    def __reduce__(self) -> tuple[Any, ...]:
        return Start, (self.span, self.function)


def _name_of(function: Function) -> str:
    while isinstance(function, partial):
        function = function.func
    name: object = None
    with quietly:
        name = function.__qualname__
    if not isinstance(name, str):
        name = type(function).__qualname__
    return name.rpartition("<locals>.")[2]


def keep_result(run: AnySpan, result: Any) -> None:
    """Keep a copy of the result as the outputs, unless the body has set them, and what a model says."""
    if run.off or not run.options.capture_outputs:
        return
    of_a_model = run.event_type == "model"
    if of_a_model or not run.has("outputs"):
        try:
            if of_a_model:
                run.fill(model_result(result, run.mode))
            else:
                run.keep("outputs", captured_result(result, run.mode))
        except Exception as failure:  # noqa: BLE001 - it decides what to raise
            run.not_captured("outputs", failure)


def recorded_coroutine(
    start: Begin, function: Callable[..., Awaitable[Any]], follow: Callable[[AnySpan, Any], Any] | None = None
) -> Function:
    """Return a coroutine function that records each call, from its first step to its result.

    Args:
        start: Begins the span of a call.
        function: The coroutine function.
        follow: Returns what the application gets instead of a result that ends the span later, or None.
    """

    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        run = start(args, kwargs)
        try:
            result = await function(*args, **kwargs)
            followed = None if follow is None else follow(run, result)
            if followed is None:
                keep_result(run, result)
        except GeneratorExit as error:  # a coroutine that is closed may not await
            run.closed(error)
            raise
        except BaseException as error:
            await run.afinish(error)
            raise
        if followed is not None:
            return followed
        await run.afinish(None)
        return result

    return wrapper


def recorded_iterable_coroutine(start: Begin, function: Function) -> Function:
    """Return the same for a function that `types.coroutine` made from a generator function."""
    coroutine = recorded_coroutine(start, function)

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps: Any = coroutine(*args, **kwargs)
        return (yield from steps)  # pyright: ignore[reportUnknownVariableType]

    return types.coroutine(wrapper)


class Steps:
    """Runs the steps of one generator inside its scope, and the code between them outside of it."""

    def __init__(self, start: Begin, args: Args, kwargs: Kwargs) -> None:
        outside = CURRENT.get()
        self.run = start(args, kwargs)
        self.scope = CURRENT.get()
        CURRENT.set(outside)
        reduce = self.run.options.reduce
        of_a_model = self.run.event_type == "model"
        self.yielded = Yielded(self.run.mode, of_a_model=of_a_model, live=reduce is not None)
        if self.run.options.capture_outputs:
            self.run.yielded = self.yielded

    @contextmanager
    def inside(self) -> Generator[None]:
        """Set the scope as the body left it at its last step, which may be inside a span of the body."""
        outside = CURRENT.get()
        CURRENT.set(self.scope)
        try:
            yield
        finally:
            self.scope = CURRENT.get()
            CURRENT.set(outside)

    def take(self, step: Callable[..., Any], *args: Any) -> Any:
        """Take one step of a generator."""
        with self.inside():
            return self.keep(step(*args))

    async def atake(self, step: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Take one step of an async generator."""
        with self.inside():
            return self.keep(await step(*args))

    def keep(self, item: Any) -> Any:
        """Record an item that was yielded."""
        if self.run.options.capture_outputs:
            try:
                self.yielded.add(item)
            except Exception as failure:  # noqa: BLE001 - it decides what to raise
                self.run.not_captured("outputs", failure)
        return item

    def ended(self, returned: Any = None) -> None:
        """Record the items, or what they amount to, as the outputs, unless the body has set them."""
        options = self.run.options
        if options.capture_outputs:
            try:
                if options.reduce is not None and not self.run.has("outputs"):
                    self.run.fill(reduced_fields(self.run, options.reduce, self.yielded.live, self.inside))
                self.run.fill(self.yielded.fields(returned))
            except Exception as failure:  # noqa: BLE001 - it decides what to raise
                self.run.not_captured("outputs", failure)


def recorded_generator(start: Begin, function: Callable[..., Generator[Any, Any, Any]]) -> Function:
    """Return a generator function that records each call, from its first step to its end or its closing."""

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps = Steps(start, args, kwargs)
        try:
            generator = function(*args, **kwargs)
            item = steps.take(generator.__next__)
            while True:
                try:
                    sent = yield item
                except GeneratorExit as closing:
                    with steps.inside():
                        value = cast(Any, generator).close()
                    if value is None:
                        raise
                    steps.ended(value)  # the body ended by itself, and since Python 3.13 `close` returns this
                    steps.run.finish(closing)
                    return value
                except BaseException as thrown:  # noqa: BLE001 - the body decides about it
                    item = steps.take(generator.throw, thrown)
                else:
                    item = steps.take(generator.send, sent)
        except StopIteration as stop:  # of a step: one that is thrown in leaves a generator as RuntimeError
            returned = stop.value
        except BaseException as error:
            steps.ended()
            steps.run.finish(error)
            raise
        steps.ended(returned)
        steps.run.finish(None)
        return returned

    return wrapper


def recorded_async_generator(start: Begin, function: Callable[..., AsyncGenerator[Any, Any]]) -> Function:
    """Return an async generator function that records each call, as `recorded_generator` does."""

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = Steps(start, args, kwargs)
        try:
            generator = function(*args, **kwargs)
            item = await steps.atake(partial(_first, generator))
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    with steps.inside():
                        await generator.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - the body decides about it
                    item = await steps.atake(generator.athrow, thrown)
                else:
                    item = await steps.atake(generator.asend, sent)
        except StopAsyncIteration:
            pass
        except BaseException as error:
            steps.ended()
            await steps.run.afinish(error)
            raise
        steps.ended()
        await steps.run.afinish(None)

    return wrapper


def _first(generator: AsyncGenerator[Any, Any]) -> Awaitable[Any]:
    """Begin the first step of a generator that the decorated one closes.

    An event loop that ends closes every async generator that it saw begin, all of them at once. It would
    close this one while the decorated one closes it too, which is an error.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=None, finalizer=_left)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _left(_: object) -> None:
    """Leave a generator alone whose event loop has ended, as that loop would."""
