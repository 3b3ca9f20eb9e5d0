"""`AsyncHoneyHive(coalesce=True)`: creations that run at once share requests, and each gets its own result.

Each creation still waits for its own event. The events that the tasks of an event loop create in one turn of
the loop go out together as one batch. So do those that they create while as many requests as allowed are in
flight. A batch reconciles by id, splits what is too large, and finds the event that is refused.
"""

from __future__ import annotations

import asyncio
import copy
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from honeyhive_client.models import CreateEventRequest, CreateEventResponse, EventType

from honeyhive_ext.client.aio_events import AsyncEvents
from honeyhive_ext.errors import APIError, APITimeoutError, HoneyHiveError
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.payload.events import WireEvent, prepare_event
from honeyhive_ext.payload.times import now_ms

if TYPE_CHECKING:  # batches are imported when events do share requests
    from honeyhive_client.typed_dicts import CreateEventRequestInput

    from honeyhive_ext.batch.options import BatchOptions
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.reading.event import Event

_Result = asyncio.Future[CreateEventResponse]
GRACE = 0.5  # seconds; time for requests that are cancelled to end
Finish = Callable[[float], Awaitable[None]]


class CoalescingEvents(AsyncEvents):
    """`AsyncEvents` whose creations share requests. Not thread-safe: made for the tasks of event loops."""

    def __init__(self, sender: AsyncSender) -> None:
        from honeyhive_ext.batch.options import build_options

        super().__init__(sender)
        self._options = build_options(
            sender.settings, self.observed_limit, on_error="collect", max_concurrency=1
        )
        self._queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopQueue]
        self._queues = weakref.WeakKeyDictionary()

    async def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | Event | None = None,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Unpack[CreateEventRequestInput],
    ) -> CreateEventResponse:
        """Record one event, as `AsyncEvents.create` does, in a request that others may share."""
        if retry is not None or timeout is not None:
            return await super().create(event, retry=retry, timeout=timeout, **fields)
        wire = prepare_event(event, fields, settings=self._sender.settings.events, now_ms=now_ms)
        loop = asyncio.get_running_loop()
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues[loop] = _LoopQueue(loop, self._sender, self._options)
        return await queue.put(wire)

    async def finish(self, seconds: float) -> None:
        """Send the events that wait on this event loop, and wait until they are answered, but no longer.

        Creations without an answer then raise an `APITimeoutError`.
        """
        queue = self._queues.get(asyncio.get_running_loop())
        if queue is not None:
            await queue.finish(seconds)


def build_events(sender: AsyncSender, *, coalesce: bool) -> tuple[AsyncEvents, Finish]:
    """Return the events of a client, and what to await, for some seconds, before its connections close."""
    if coalesce:
        events = CoalescingEvents(sender)
        return events, events.finish
    return AsyncEvents(sender), _nothing


async def _nothing(_: float) -> None:
    """Finish the creations of a client that sends each event at once."""


class _LoopQueue:
    """The creations of one event loop: those that wait, and the requests in flight."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sender: AsyncSender, options: BatchOptions) -> None:
        self._loop = loop
        self._sender = sender
        self._options = options
        self._waiting: dict[str, tuple[WireEvent, _Result]] = {}
        self._in_flight: set[asyncio.Task[None]] = set()
        self._scheduled = False
        self._over = False  # what is in flight is given up

    def put(self, wire: WireEvent) -> _Result:
        """Queue an event for the next request. The answer names ids, so each request has an id once."""
        if wire.event_id in self._waiting:
            self._send_waiting()
        result: _Result = self._loop.create_future()
        self._waiting[wire.event_id] = (wire, result)
        if not self._scheduled:
            self._schedule()
        return result

    def _schedule(self) -> None:
        """Send after this turn of the loop, when all tasks that are ready have run, if a slot is free."""
        free = len(self._in_flight) < self._sender.settings.max_concurrency
        if self._waiting and free and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._send_waiting)

    def _send_waiting(self) -> None:
        self._scheduled = False
        if self._waiting:
            batch, self._waiting = list(self._waiting.values()), {}
            request = self._loop.create_task(self._deliver(batch))
            self._in_flight.add(request)
            request.add_done_callback(self._answered)

    def _answered(self, request: asyncio.Task[None]) -> None:
        self._in_flight.discard(request)
        self._schedule()

    async def _deliver(self, batch: Sequence[tuple[WireEvent, _Result]]) -> None:
        from honeyhive_ext.batch.aio_run import deliver_async

        try:
            report = await deliver_async(self._sender, [wire for wire, _ in batch], self._options)
        except BaseException as error:
            given_up = self._over and isinstance(error, asyncio.CancelledError)
            told = APITimeoutError("the client was closed before an answer came") if given_up else error
            for _, result in batch:
                _fail(result, told)
            if not isinstance(error, HoneyHiveError):
                raise
            return
        for failure in report.failures:
            _fail(batch[failure.index][1], failure.error)
        for wire, result in batch:
            if not result.done():
                result.set_result(CreateEventResponse(success=True, event_id=wire.event_id))

    async def finish(self, seconds: float) -> None:
        """Send the events that wait, and wait until all requests are answered, but no longer."""
        end = self._loop.time() + seconds
        self._send_waiting()
        while self._in_flight and (left := end - self._loop.time()) > 0:
            await asyncio.wait(self._in_flight, timeout=left)
        self._over = True
        for request in self._in_flight:
            request.cancel()
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=GRACE)


def _fail(result: _Result, error: BaseException) -> None:
    """Raise a separate error in each task: one object raised in many would collect all their tracebacks."""
    if result.done():
        return
    if isinstance(error, APIError):
        result.set_exception(copy.copy(error))
    elif isinstance(error, asyncio.CancelledError):
        result.cancel()
    else:
        result.set_exception(error)
