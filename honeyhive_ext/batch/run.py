"""The sync driver of batches: it does the steps of `pipeline.py` and `dispatch.py` in threads."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from honeyhive_ext.batch.concurrency import Concurrency
from honeyhive_ext.batch.dispatch import Dispatch
from honeyhive_ext.batch.intake import BatchEvent
from honeyhive_ext.batch.options import BatchOptions
from honeyhive_ext.batch.pipeline import BatchStep, Pipeline, iterator
from honeyhive_ext.batch.plan import Chunk, plan_prepared
from honeyhive_ext.batch.reconcile import Backoff, DeliveryOutcome, DeliveryStep
from honeyhive_ext.batch.report import BatchReport
from honeyhive_ext.batch.requests import accepts
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIError, APIStatusError, BatchError
from honeyhive_ext.http.drive import drive
from honeyhive_ext.http.exchange import Accept, Call, Reply
from honeyhive_ext.http.operations import DELIVERED
from honeyhive_ext.http.sender import Sender
from honeyhive_ext.http.workers import Workers
from honeyhive_ext.observe.progress import Progress
from honeyhive_ext.payload.events import WireEvent

GRACE = 2.0
"""Seconds that requests in flight have to end after Ctrl-C: the report says what happened to them."""


class BatchSender(Protocol):
    """What a delivery needs of a sender."""

    @property
    def sleep(self) -> Callable[[float], None]: ...
    def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        accept: Accept = (),
    ) -> Reply: ...
    def pause(self, retry: int, asked: float | None, policy: RetryPolicy) -> float: ...
    def error(self, call: Call, reply: Reply, /) -> APIStatusError: ...


def create_batch(
    sender: Sender, events: Iterable[BatchEvent], options: BatchOptions, progress: bool | Progress
) -> BatchReport:
    """Deliver all events, in as many threads as help, at most `options.concurrency`; see `Concurrency`.

    This thread sends where only one request may be in flight, or no thread can be started.

    Raises:
        BatchError: See `Pipeline.finish`.
        EventError: `events` is not iterable.
    """
    pipeline = Pipeline(events, iterator(events), options, sender.settings, progress)
    dispatch = pipeline.dispatch
    workers = Workers("honeyhive-batch")
    cpu = _CPU()
    concurrency = Concurrency(options.concurrency, time.perf_counter(), cpu.seconds())

    def deliver_one(chunk: Chunk) -> None:
        begun = time.perf_counter()
        _deliver_chunk(sender, dispatch, chunk, concurrency.accept())
        now = time.perf_counter()
        concurrency.answered(now - begun, now, cpu.seconds())

    def do(step: BatchStep) -> Reply | APIError | bool | None:
        if isinstance(step, Chunk):
            cpu.seconds()  # notes what it took to make the chunk
            while workers.busy >= concurrency.limit:
                if not workers.wait(concurrency.patience):
                    concurrency.waited()
            if concurrency.here:
                deliver_one(step)
            else:
                workers.start(partial(deliver_one, step))
            return None
        if isinstance(step, Call):
            return _send(sender, options, step, DELIVERED)
        return workers.wait()

    try:
        drive(pipeline.steps(), do)
        workers.dismiss()
        return pipeline.finish()
    except BatchError:
        raise
    except BaseException as error:
        cause = _ctrl_c(error) or error
        pipeline.halt(cause)
        with contextlib.suppress(KeyboardInterrupt):  # a second Ctrl-C: do not wait
            workers.linger(GRACE)
        workers.dismiss()
        pipeline.interrupt(cause)
        if cause is not error:
            raise cause from None
        raise


class _CPU:
    """The CPU that the threads of one batch use. Other threads of the process do not count."""

    def __init__(self) -> None:
        self._threads: dict[int, float] = {}

    def seconds(self) -> float:
        """Note what this thread has used, and return what is known of all."""
        self._threads[threading.get_ident()] = time.thread_time()
        return sum([*self._threads.values()])


def deliver(sender: BatchSender, events: Sequence[WireEvent], options: BatchOptions) -> BatchReport:
    """Deliver prepared events, one request after another, in this thread.

    Args:
        sender: The client's sender.
        events: The events. No two of them have the same id.
        options: Limits, policy and timeout; `on_error` as for `create_batch`.

    Raises:
        BatchError: Events are missing, and `options.on_error` is "raise".
    """
    dispatch = Dispatch(options)
    for chunk in plan_prepared(events, options.limits):
        dispatch.plan(chunk)
        _deliver_chunk(sender, dispatch, chunk)
    return dispatch.finish(read=len(events))


def _ctrl_c(error: BaseException) -> KeyboardInterrupt | None:
    """Return the Ctrl-C that became a RuntimeError, as it can while a thread is being started."""
    behind = error.__context__
    return behind if isinstance(error, RuntimeError) and isinstance(behind, KeyboardInterrupt) else None


def _deliver_chunk(sender: BatchSender, dispatch: Dispatch, chunk: Chunk, accept: Accept = accepts) -> None:
    options = dispatch.options

    def do(step: DeliveryStep) -> DeliveryOutcome:
        if isinstance(step, Backoff):
            sender.sleep(sender.pause(step.retry, step.asked, options.policy))
            return None
        call = dispatch.call(step)
        return dispatch.answer(step, call, _send(sender, options, call, accept), sender.error)

    drive(dispatch.steps(chunk), do)


def _send(sender: BatchSender, options: BatchOptions, call: Call, accept: Accept) -> Reply | APIError:
    try:
        return sender.send(call, retry=options.policy, timeout=options.timeout, accept=accept)
    except APIError as error:
        return error
