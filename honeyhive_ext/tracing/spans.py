"""The spans of the two clients, for `with`, `async with` and as decorators: begin, end, send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from inspect import CO_ASYNC_GENERATOR, currentframe
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar, cast

from honeyhive_ext.tracing.aside import run_alone, run_aside, running_loop, start_aside, until_done
from honeyhive_ext.tracing.decorate import decorate
from honeyhive_ext.tracing.outcome import log_not_sent
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
        try:
            fields = self.end(error)
            if fields is not None and not self.handed_over(fields):
                self._create(**self.sending(error), **fields)
        except BaseException as failure:  # noqa: BLE001 - `not_sent` decides what to raise
            self.not_sent(failure, error)

    async def afinish(self, error: BaseException | None) -> None:
        """Do the same for a decorated coroutine; a thread waits for the network, not the event loop."""
        loop = running_loop() if self.waits else None
        if loop is None:  # or another event loop, such as trio's
            self.finish(error)
        else:
            self.leave()
            await run_aside(loop, partial(self.finish, error))

    def finish_aside(self, error: BaseException | None) -> None:
        """Do the same in the callback of a future, which must not wait for the network if there is a loop."""
        self.leave()
        if not self.waits or running_loop() is None:
            self.finish(error)
        else:
            start_aside(partial(self.finish, error))

    def closed(self, error: GeneratorExit) -> None:
        """Do the same for a decorated coroutine that is closed, and may not await anything."""
        self.finish(error)

    def dropped(self) -> None:
        """Send the event of a span that nothing can end any more."""
        self.send_unfinished({}, None)

    def send_last(self, fields: dict[str, Any]) -> None:
        """Send the event of a span that is left when the program ends."""
        self._create(**self.sending(None) | {"retry": False}, **fields)

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
        if isinstance(error, GeneratorExit) and not _in_async_generator(currentframe()):
            self.closed(error)
        else:
            await self.afinish(error)

    async def afinish(self, error: BaseException | None) -> None:
        """End the span and send its event. An exception of the application is never replaced."""
        if isinstance(error, GeneratorExit) and self.waits and running_loop() is None:
            self.closed(error)
            return
        fields = None
        try:
            fields = self.end(error)
            if fields is not None and not self.handed_over(fields):
                await self._create(**self.sending(error), **fields)
        except GeneratorExit:  # what awaits this is closed
            if fields is not None:
                self._hand_over(fields)
            raise
        except BaseException as failure:  # noqa: BLE001 - `not_sent` decides what to raise
            self.not_sent(failure, error)

    def closed(self, error: GeneratorExit) -> None:
        """End the span of a coroutine that is closed, and may not await anything."""
        try:
            fields = self.end(error)
            if fields is not None:
                self._hand_over(fields)
        except BaseException as failure:  # noqa: BLE001 - `not_sent` decides what to raise
            self.not_sent(failure, error)

    def dropped(self) -> None:
        """Send the event of a span that nothing can end any more."""
        self._hand_over(self.unfinished())

    def _hand_over(self, fields: dict[str, Any]) -> None:
        """Let a task of the running event loop send an event that cannot be sent later."""
        if self.handed_over(fields):
            return
        loop = running_loop()
        if loop is None:
            log_not_sent(self.event_id, self.event_type, "its event loop has ended")
            return
        until_done(loop, self._send_by_itself(fields))

    async def _send_by_itself(self, fields: dict[str, Any]) -> None:
        from asyncio import CancelledError

        options = self.sending(None)
        try:
            try:
                await self._create(**options, **fields)
            except CancelledError:  # the loop ends: one more attempt, which stores the same event
                await self._create(**options | {"retry": False}, **fields)
        except BaseException as failure:
            log_not_sent(self.event_id, self.event_type, failure)
            if not isinstance(failure, Exception):
                raise

    def send_last(self, fields: dict[str, Any]) -> None:
        """Send the event of a span that is left when the program ends, in its own event loop."""
        run_alone(partial(self._create, **self.sending(None) | {"retry": False}, **fields))

    def __call__(self, function: AF) -> AF:
        """Decorate a coroutine function or an async generator function, or a callable that is one.

        Raises:
            ConfigError: It is not async, or not a function. The message says what to write instead.
        """
        return cast(AF, decorate(self, function, only_async=True))


def _in_async_generator(frame: FrameType | None) -> bool:
    """Tell whether an async generator called: when it is closed it may await, and a coroutine may not."""
    caller = None if frame is None else frame.f_back
    return caller is not None and bool(caller.f_code.co_flags & CO_ASYNC_GENERATOR)
