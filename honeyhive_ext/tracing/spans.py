"""The spans of the two clients, for `with`, `async with` and as decorators: begin, end, send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.serialize.encoders import kind_of
from honeyhive_ext.tracing import wrap
from honeyhive_ext.tracing.record import Recording

F = TypeVar("F", bound=Callable[..., Any])
AF = TypeVar("AF", bound=Callable[..., Awaitable[Any] | AsyncIterator[Any]])


class Span(Recording):
    """A span or session of `HoneyHive`: `with hh.span(...) as span:`, or a decorator of any function."""

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)

    def finish(self, error: BaseException | None) -> None:
        """End the span and send its event. An exception of the application is never replaced."""
        self._send(self.end(error), error)

    async def afinish(self, error: BaseException | None) -> None:
        """Do the same for a decorated coroutine; a thread waits for the network, not the event loop."""
        import asyncio  # here, since a program without coroutines does not need it

        fields = self.end(error)
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # another event loop, such as trio's
            self._send(fields, error)
        else:
            await asyncio.to_thread(self._send, fields, error)

    def _send(self, fields: dict[str, Any], error: BaseException | None) -> None:
        try:
            self._create(**self.sending(error), **fields)
        except BaseException as failure:  # noqa: BLE001 - `not_sent` decides what to raise
            self.not_sent(failure, error)

    def __call__(self, function: F) -> F:
        """Decorate a function, a coroutine function, a generator function or an async generator function."""
        target: Any = function
        kind = kind_of(target)
        if kind is staticmethod or kind is classmethod:
            return cast(F, kind(self(target.__func__)))
        if isasyncgenfunction(target):
            return cast(F, wrap.async_generator_function(self, target))
        if iscoroutinefunction(target):
            return cast(F, wrap.coroutine_function(self, target))
        if isgeneratorfunction(target):
            return cast(F, wrap.generator_function(self, target))
        return cast(F, wrap.plain_function(self, target))


class AsyncSpan(Recording):
    """A span or session of `AsyncHoneyHive`: `async with hh.span(...)`, or a decorator of async functions."""

    async def __aenter__(self) -> Self:
        self.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.afinish(error)

    async def afinish(self, error: BaseException | None) -> None:
        """End the span and send its event. An exception of the application is never replaced."""
        fields = self.end(error)
        try:
            await self._create(**self.sending(error), **fields)
        except BaseException as failure:  # noqa: BLE001 - `not_sent` decides what to raise
            self.not_sent(failure, error)

    def __call__(self, function: AF) -> AF:
        """Decorate a coroutine function or an async generator function."""
        target: Any = function
        kind = kind_of(target)
        if kind is staticmethod or kind is classmethod:
            return cast(AF, kind(self(target.__func__)))
        if isasyncgenfunction(target):
            return cast(AF, wrap.async_generator_function(self, target))
        if iscoroutinefunction(target):
            return cast(AF, wrap.coroutine_function(self, target))
        raise ConfigError(
            f"{getattr(target, '__qualname__', target)!r} is not async, and AsyncHoneyHive must be awaited "
            "to send: make the function async, or decorate it with a span of HoneyHive"
        )
