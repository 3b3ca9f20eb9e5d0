"""Work that waits for the network, out of the event loop, in threads of this package.

The default executor of the loop belongs to the application, which may need all of its threads, or shut it
down.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

MOST_THREADS = 32  # as many as the default executor of asyncio has at most

# A loop keeps no strong reference to its tasks and asynchronous generators.
_TASKS: dict[asyncio.Task[None], AsyncGenerator[None]] = {}

_executors: dict[int, ThreadPoolExecutor] = {}  # by process: a forked child has none of its parent's threads


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of asyncio that runs in this thread, or None. It imports nothing."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.get_running_loop()  # type: ignore[no-any-return]
    except RuntimeError:
        return None


async def run_aside(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    """Do work in a thread, in a copy of this context, and wait for its end. Raise what it raises.

    The work is done to its end even if the wait is cancelled. It is done in this thread where none can start.
    """
    done = loop.create_future()

    def run() -> None:
        raised: BaseException | None = None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the loop waits
            raised = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_wake, done, raised)

    start_aside(run)
    raised = await done
    try:
        if raised is not None:
            raise raised
    finally:
        del raised  # it holds this frame


def start_aside(work: Callable[[], None]) -> None:
    """Do work in a thread, in a copy of this context; in this thread where none can start."""
    context = copy_context()
    claims = iter((work,))  # the executor keeps what it was given, even if it then cannot start a thread

    def once() -> None:
        for claimed in claims:
            context.run(claimed)

    try:
        _executor().submit(once)
    except RuntimeError:  # the interpreter ends, or the system has no thread left
        once()


def _wake(done: asyncio.Future[BaseException | None], raised: BaseException | None) -> None:
    if not done.done():
        done.set_result(raised)


def _executor() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    executor = _executors.get(os.getpid())
    if executor is None:
        made = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="honeyhive_ext")
        executor = _executors.setdefault(os.getpid(), made)
    return executor


def run_alone(make: Callable[[], Awaitable[object]]) -> None:
    """Run a coroutine in an event loop of its own that starts no thread, not even to resolve a name.

    No thread can start when the program ends.
    """
    import asyncio

    class Alone(asyncio.SelectorEventLoop):
        def run_in_executor(self, _: object, function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            done = self.create_future()
            try:
                done.set_result(function(*args))
            except Exception as error:  # noqa: BLE001 - for the one who waits
                done.set_exception(error)
            return done

    async def run() -> None:
        await make()

    loop = Alone()
    try:
        try:
            loop.run_until_complete(run())
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def until_done(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """Let an event loop do work that nobody waits for, even if the loop ends meanwhile.

    A loop that ends cancels its tasks, and then closes its asynchronous generators. One of these waits here.
    """
    task = loop.create_task(work)
    last = _wait_at_the_end(task)
    with contextlib.suppress(StopIteration):
        last.__anext__().send(None)  # now the loop knows it
    _TASKS[task] = last
    task.add_done_callback(_done)


def _done(task: asyncio.Task[None]) -> None:
    last = _TASKS.pop(task)
    with contextlib.suppress(StopIteration, RuntimeError):  # it is being closed already
        last.aclose().send(None)


async def _wait_at_the_end(task: asyncio.Task[None]) -> AsyncGenerator[None]:
    import asyncio

    try:
        yield
    finally:
        if not task.done():
            await asyncio.wait({task})
