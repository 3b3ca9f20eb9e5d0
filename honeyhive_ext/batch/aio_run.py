"""The async driver of batches: it does the steps of `pipeline.py` and `dispatch.py` in tasks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Coroutine, Iterable, Sequence

from honeyhive_ext.batch.concurrency import Concurrency
from honeyhive_ext.batch.dispatch import Dispatch
from honeyhive_ext.batch.intake import BatchEvent
from honeyhive_ext.batch.options import BatchOptions
from honeyhive_ext.batch.pipeline import EXHAUSTED, Await, BatchStep, EndOfEvents, Pipeline, iterator
from honeyhive_ext.batch.plan import Chunk, plan_prepared
from honeyhive_ext.batch.reconcile import Backoff, DeliveryOutcome, DeliveryStep
from honeyhive_ext.batch.report import BatchReport
from honeyhive_ext.batch.requests import accepts
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import APIError
from honeyhive_ext.http.drive import drive_async
from honeyhive_ext.http.exchange import Accept, Call, Reply
from honeyhive_ext.http.operations import DELIVERED
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.payload.events import WireEvent


async def create_batch_async(
    sender: AsyncSender,
    events: Iterable[BatchEvent] | AsyncIterable[BatchEvent],
    options: BatchOptions,
    progress: bool | Progress,
) -> BatchReport:
    """Deliver all events, in as many tasks as help, at most `options.concurrency`; see `Concurrency`."""
    stream = aiter(events) if isinstance(events, AsyncIterable) else None
    source = iterator(events) if stream is None else None
    pipeline = Pipeline(events, source, options, sender.settings, progress)
    dispatch = pipeline.dispatch
    concurrency = Concurrency(options.concurrency, time.perf_counter(), time.thread_time())
    tasks = _Tasks(concurrency)

    async def deliver_one(chunk: Chunk) -> None:
        begun = time.perf_counter()
        await _deliver_chunk(sender, dispatch, chunk, concurrency.accept())
        now = time.perf_counter()
        concurrency.answered(now - begun, now, time.thread_time())

    def do(step: BatchStep) -> Awaitable[object]:
        if stream is not None and step is Await.EVENT:
            return _next_event(stream)
        if isinstance(step, Chunk):
            return tasks.start(deliver_one(step))
        if isinstance(step, Call):
            return _send(sender, options, step, DELIVERED)
        return tasks.wait()

    try:
        await drive_async(pipeline.steps(), do)
    except BaseException as error:
        pipeline.halt(error)
        try:
            await tasks.cancel()
        finally:
            pipeline.interrupt(error)
        raise
    return pipeline.finish()


async def deliver_async(
    sender: AsyncSender, events: Sequence[WireEvent], options: BatchOptions
) -> BatchReport:
    """Deliver prepared events, one request after another, in this task; see `deliver`."""
    dispatch = Dispatch(options)
    for chunk in plan_prepared(events, options.limits):
        dispatch.plan(chunk)
        await _deliver_chunk(sender, dispatch, chunk)
    return dispatch.finish(read=len(events))


class _Tasks:
    """As many tasks at a time as help."""

    def __init__(self, concurrency: Concurrency) -> None:
        self._concurrency = concurrency
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, work: Coroutine[None, None, None]) -> None:
        """Start a task, and wait until a slot is free for the next one."""
        self._running.add(asyncio.create_task(work))
        await asyncio.sleep(0)  # let the tasks run: the caller's iterable may never wait itself
        self._collect()
        while len(self._running) >= self._concurrency.limit:
            if not await self.wait(self._concurrency.patience):
                self._concurrency.waited()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until a task ends. Return False when none is left, or when none ended in so many seconds.

        Raises:
            BaseException: What a task raised.
        """
        if not self._running:
            return False
        ended, _ = await asyncio.wait(self._running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        self._collect()
        return bool(ended)

    async def cancel(self) -> None:
        """Cancel all tasks, and wait until they have ended."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _collect(self) -> None:
        for task in self._running:
            if task.done():
                task.result()
        self._running = {task for task in self._running if not task.done()}


async def _next_event(source: AsyncIterator[object]) -> object:
    try:
        return await anext(source)
    except StopAsyncIteration:
        return EXHAUSTED
    except Exception as error:  # the caller's generator; `Pipeline.finish` raises from it
        if from_a_signal_handler(error):
            raise
        return EndOfEvents(error)


async def _deliver_chunk(
    sender: AsyncSender, dispatch: Dispatch, chunk: Chunk, accept: Accept = accepts
) -> None:
    options = dispatch.options

    async def do(step: DeliveryStep) -> DeliveryOutcome:
        if isinstance(step, Backoff):
            await sender.sleep(sender.pause(step.retry, step.asked, options.policy))
            return None
        call = dispatch.call(step)
        return dispatch.answer(step, call, await _send(sender, options, call, accept), sender.error)

    await drive_async(dispatch.steps(chunk), do)


async def _send(sender: AsyncSender, options: BatchOptions, call: Call, accept: Accept) -> Reply | APIError:
    try:
        return await sender.send(call, retry=options.policy, timeout=options.timeout, accept=accept)
    except APIError as error:
        return error
