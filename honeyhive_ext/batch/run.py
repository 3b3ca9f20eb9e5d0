"""The two drivers of a batch: they send and wait as the pure parts say, in threads or in tasks."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from functools import partial
from typing import Any, cast

from honeyhive_ext.batch.intake import Batch, BatchEvent, accepts
from honeyhive_ext.batch.options import BatchOptions
from honeyhive_ext.batch.plan import Chunk
from honeyhive_ext.batch.reconcile import Backoff, DeliveryOutcome, DeliveryStep
from honeyhive_ext.batch.report import BatchReport
from honeyhive_ext.errors import APIError, EventError
from honeyhive_ext.http.exchange import Accept, Call, Reply
from honeyhive_ext.http.operations import DELIVERED
from honeyhive_ext.http.sender import AsyncSender, Sender
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.payload.events import WireEvent
from honeyhive_ext.serialize.encoders import type_name

GRACE = 2.0
"""Seconds that requests in flight have to end after Ctrl-C, so that the report knows what became of them."""

NOTICE = 0.5
"""Seconds after which a wait looks for a Ctrl-C that it may have missed."""


class Workers:
    """Threads that live as long as one call and do at most `most` pieces of work at a time.

    They are daemons: after Ctrl-C a request that hangs does not keep the process alive. Each takes one piece
    of work after the other: to start a thread for every request of 500 events is 7% of the CPU of a batch.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads = self._busy = self._begun = 0  # counted in the calling thread alone
        self._over: list[None] = []  # one for each piece of work that is over, by the threads themselves
        # A Ctrl-C inside of a threading.Condition can turn into a RuntimeError of its lock; a SimpleQueue is
        # one step for a signal.
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def start(self, work: Callable[[], None]) -> None:
        """Begin a piece of work as soon as there is room; with room for one, do it here."""
        if self._most == 1:
            work()
            return
        if self._busy >= self._most:
            self.wait()
        if self._threads == self._busy:  # none of them is free
            self._threads += 1
            threading.Thread(target=self._run, name="honeyhive-batch", daemon=True).start()
        self._busy += 1
        self._begun += 1
        # a context of its own for each piece: hooks see the caller's context variables
        self._work.put(partial(contextvars.copy_context().run, work))

    def wait(self) -> bool:
        """Wait for some work to end; False when none is left."""
        if not self._busy:
            return False
        crash = self._next()
        self._busy -= 1
        if crash is not None:
            raise crash
        return True

    def _next(self) -> BaseException | None:
        # A Ctrl-C in the moment before the wait begins does not end it: Python sees it at the next step.
        while True:
            with contextlib.suppress(queue.Empty):
                return self._ended.get(timeout=NOTICE)

    def linger(self, seconds: float) -> None:
        """Wait for all work to end, but not for longer than this."""
        end = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            # not by what comes out of the queue: a Ctrl-C may have taken the place of what `get` returned
            while len(self._over) < self._begun:
                self._ended.get(timeout=max(0.0, end - time.monotonic()))

    def dismiss(self) -> None:
        """Let the threads end, each after the work it has."""
        for _ in range(self._threads):
            self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            crash: BaseException | None = None
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                crash = error
            del work  # it holds the body of a request, and the next one may be long in coming
            self._over.append(None)
            self._ended.put(crash)
            del crash


def create_batch(
    sender: Sender, events: Iterable[BatchEvent], options: BatchOptions, progress: bool | Progress
) -> BatchReport:
    """Deliver all events, in this thread and up to `options.concurrency` more."""
    source = _iterator(events)
    batch = Batch(events, options, sender.settings, progress)
    crew = Workers(options.concurrency)
    try:
        for chunk in _chunks(batch, source):
            if (call := batch.opening()) is not None:
                batch.opened(call, _send(sender, options, call, DELIVERED))
            crew.start(partial(_drive, sender, batch, chunk))
            batch.tell()
        while crew.wait():
            batch.tell()
        batch.tell()
    except BaseException as error:
        cause = _ctrl_c(error) or error
        batch.halt(cause)
        with contextlib.suppress(KeyboardInterrupt):  # a second Ctrl-C: do not wait
            crew.linger(GRACE)
        batch.interrupt(cause)
        if cause is not error:
            raise cause from None
        raise
    finally:
        crew.dismiss()
    return batch.finish(source)


def _ctrl_c(error: BaseException) -> KeyboardInterrupt | None:
    """The Ctrl-C that became a RuntimeError, as one does that comes while a thread is being started."""
    behind = error.__context__
    return behind if isinstance(error, RuntimeError) and isinstance(behind, KeyboardInterrupt) else None


def _chunks(batch: Batch, source: Iterator[object]) -> Iterator[Chunk]:
    yield from batch.take_ahead(source)
    while not batch.over:
        try:
            event = next(source)
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001 - the caller's generator; the report's error comes from it
            batch.blame(error)
            break
        if chunk := batch.take(event):
            yield chunk
    if chunk := batch.rest():
        yield chunk


def _drive(sender: Sender, batch: Batch, chunk: Chunk) -> None:
    steps = batch.delivery(chunk).steps()
    outcome: DeliveryOutcome = None
    while (step := _next(steps, outcome)) is not None:
        if isinstance(step, Backoff):
            sender.sleep(sender.pause(step.retry, step.asked, batch.options.policy))
            outcome = None
        else:
            call = batch.call(step)
            outcome = batch.outcome(step, call, _send(sender, batch.options, call, accepts), sender.error)
    batch.done(chunk)


def _send(sender: Sender, options: BatchOptions, call: Call, accept: Accept) -> Reply | APIError:
    try:
        return sender.send(call, retry=options.policy, timeout=options.timeout, accept=accept)
    except APIError as error:
        return error


async def create_batch_async(
    sender: AsyncSender,
    events: Iterable[BatchEvent] | AsyncIterable[BatchEvent],
    options: BatchOptions,
    progress: bool | Progress,
) -> BatchReport:
    """Deliver all events, in up to `options.concurrency` tasks."""
    source = aiter(events) if isinstance(events, AsyncIterable) else _iterator(events)
    batch = Batch(events, options, sender.settings, progress)
    tasks: set[asyncio.Task[None]] = set()
    try:
        async with contextlib.aclosing(_chunks_async(batch, source)) as chunks:
            async for chunk in chunks:
                if (call := batch.opening()) is not None:
                    batch.opened(call, await _send_async(sender, options, call, DELIVERED))
                tasks.add(asyncio.create_task(_drive_async(sender, batch, chunk)))
                # with room left, still let the tasks run: the caller's iterable may never wait itself
                tasks = await _some(tasks, wait=len(tasks) >= options.concurrency)
                batch.tell()
        while tasks:
            tasks = await _some(tasks, wait=True)
            batch.tell()
        batch.tell()
    except BaseException as error:
        batch.halt(error)
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            batch.interrupt(error)
        raise
    return batch.finish(source if isinstance(source, Iterator) else ())


async def deliver_async(
    sender: AsyncSender, events: Sequence[WireEvent], options: BatchOptions
) -> BatchReport:
    """Deliver events that are ready, one request after the other, in the caller's task."""
    source = iter(events)
    batch = Batch(events, options, sender.settings, progress=False)
    for chunk in _chunks(batch, source):
        await _drive_async(sender, batch, chunk)
    return batch.finish(source)


async def _some(tasks: set[asyncio.Task[None]], *, wait: bool) -> set[asyncio.Task[None]]:
    """The tasks that are still running after some time; raises what one of the others raised."""
    if wait:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.sleep(0)
    for task in tasks:
        if task.done():
            task.result()
    return {task for task in tasks if not task.done()}


async def _chunks_async(
    batch: Batch, source: Iterator[object] | AsyncIterator[object]
) -> AsyncGenerator[Chunk]:
    if isinstance(source, Iterator):
        for complete in batch.take_ahead(source):
            yield complete
    while not batch.over:
        try:
            event = await anext(source) if isinstance(source, AsyncIterator) else next(source)
        except (StopIteration, StopAsyncIteration):
            break
        except Exception as error:  # noqa: BLE001 - the caller's generator; the report's error comes from it
            batch.blame(error)
            break
        if chunk := batch.take(event):
            yield chunk
    if chunk := batch.rest():
        yield chunk


async def _drive_async(sender: AsyncSender, batch: Batch, chunk: Chunk) -> None:
    steps = batch.delivery(chunk).steps()
    outcome: DeliveryOutcome = None
    while (step := _next(steps, outcome)) is not None:
        if isinstance(step, Backoff):
            await sender.sleep(sender.pause(step.retry, step.asked, batch.options.policy))
            outcome = None
        else:
            call = batch.call(step)
            reply = await _send_async(sender, batch.options, call, accepts)
            outcome = batch.outcome(step, call, reply, sender.error)
    batch.done(chunk)


async def _send_async(
    sender: AsyncSender, options: BatchOptions, call: Call, accept: Accept
) -> Reply | APIError:
    try:
        return await sender.send(call, retry=options.policy, timeout=options.timeout, accept=accept)
    except APIError as error:
        return error


def _next(
    steps: Generator[DeliveryStep, DeliveryOutcome, None], outcome: DeliveryOutcome
) -> DeliveryStep | None:
    try:
        return steps.send(outcome)
    except StopIteration:
        return None


def _iterator(events: object) -> Iterator[object]:
    if isinstance(events, (str, bytes, Mapping)) or not isinstance(events, Iterable):
        kind = type_name(cast("Any", events))
        raise EventError(f"give an iterable of events, such as a list or a generator, not one {kind}")
    return iter(cast("Iterable[object]", events))
