"""The spans of the two clients, for `with`, `async with` and as decorators: begin, end, send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from honeyhive_ext.tracing.decorate import decorate
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

    def finish_aside(self, error: BaseException | None) -> None:
        """Do the same in the callback of a future, which must not wait for the network if there is a loop."""
        import asyncio

        fields = self.end(error)
        try:
            asyncio.get_running_loop().run_in_executor(None, self._send, fields, error)
        except RuntimeError:  # no event loop, or its executor is gone
            self._send(fields, error)

    def _send(self, fields: dict[str, Any], error: BaseException | None) -> None:
        try:
            self._create(**self.sending(error), **fields)
        except BaseException as failure:  # noqa: BLE001 - `not_sent` decides what to raise
            self.not_sent(failure, error)

    def __call__(self, function: F) -> F:
        """Decorate a function of any kind, or another callable.

        Raises:
            ConfigError: It is not a function but, for example, a class or a property. The message says what
                to write instead.
        """
        return cast(F, decorate(self, function, only_async=False))


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
        """Decorate a coroutine function or an async generator function, or a callable that is one.

        Raises:
            ConfigError: It is not async, or not a function. The message says what to write instead.
        """
        return cast(AF, decorate(self, function, only_async=True))
