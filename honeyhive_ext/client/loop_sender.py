"""Send from a thread what only an event loop can send: a client or transport that was given to it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING

from honeyhive_ext.errors import APITimeoutError
from honeyhive_ext.http.exchange import Accept, Call, Reply
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.tracing.aside import run_alone, running_loop

if TYPE_CHECKING:
    from honeyhive_ext.config.retry_policy import RetryPolicy

NOTICE = 0.5  # seconds after which a wait looks whether the loop still runs
GRACE = 1.0  # seconds; time for the request to end by itself first


class LoopSender:
    """Sends calls on the event loop that used the client last, and otherwise on one of its own.

    Args:
        sender: The client's sender.
        sleep: Waits in the thread that sends.
    """

    def __init__(self, sender: AsyncSender, loops: LastLoop, sleep: Callable[[float], None]) -> None:
        self._sender = sender
        self._loops = loops
        self.sleep = sleep
        self.pause = sender.pause
        self.error = sender.error

    def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        accept: Accept = (),
    ) -> Reply:
        """Send a call as `AsyncSender.send` does, and wait for it in this thread."""
        # The plain method: that of a client's sender lets what waits be sent first.
        send = partial(AsyncSender.send, self._sender)
        make = partial(send, call, retry=retry, timeout=timeout, accept=accept)
        loop = self._loops.running
        if loop is None:
            return _alone(make)
        limit = self._sender.settings.timeout if timeout is None else timeout
        return _on(loop, make(), limit + GRACE)


class LastLoop:
    """Remembers the event loop that handed over the last event."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def see(self) -> None:
        """Remember the loop that runs in this thread, if there is one."""
        loop = running_loop()
        if loop is not None:
            self._loop = loop

    @property
    def running(self) -> asyncio.AbstractEventLoop | None:
        """The loop, if it still runs."""
        loop = self._loop
        return loop if loop is not None and loop.is_running() and not loop.is_closed() else None


def _alone(make: Callable[[], Awaitable[Reply]]) -> Reply:
    """Run a coroutine in an event loop of its own, and return its result."""
    replies: list[Reply] = []

    async def run() -> None:
        replies.append(await make())

    run_alone(run)
    return replies.pop()


def _on(loop: asyncio.AbstractEventLoop, work: Coroutine[object, object, Reply], limit: float) -> Reply:
    """Run a coroutine on another thread's loop, and return its result."""
    end = time.monotonic() + limit
    try:
        future = asyncio.run_coroutine_threadsafe(work, loop)
    except RuntimeError as error:  # it was closed in this moment
        work.close()
        raise APITimeoutError("the event loop of the client has ended") from error
    while time.monotonic() < end and loop.is_running():
        try:
            return future.result(timeout=NOTICE)
        except concurrent.futures.TimeoutError:
            continue
        except concurrent.futures.CancelledError as error:  # at its end a loop cancels all tasks
            raise APITimeoutError("the event loop of the client has ended") from error
    future.cancel()
    raise APITimeoutError("the event loop of the client is busy or has ended")
