"""`AsyncHoneyHive(coalesce=True)`: creations that run at once share requests, and each gets its own result.

Whoever creates an event waits for it as before. What the tasks of one event loop ask for between two of its
turns, and while as many requests as allowed are in flight, goes out together as one batch, with everything
a batch knows: reconciling by id, splitting what is too large, finding the event that is refused.
"""

from __future__ import annotations

import asyncio
import copy
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from honeyhive_client.models import CreateEventRequest, CreateEventResponse, EventType

from honeyhive_ext.client.aio_events import AsyncEvents
from honeyhive_ext.errors import APIError, HoneyHiveError
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.payload.events import WireEvent, prepare_event
from honeyhive_ext.payload.times import now_ms

if TYPE_CHECKING:  # batches are imported where events do share requests
    from honeyhive_client.typed_dicts import CreateEventRequestInput

    from honeyhive_ext.batch.options import BatchOptions
    from honeyhive_ext.config.retry_policy import RetryPolicy

_Result = asyncio.Future[CreateEventResponse]


class CoalescingEvents(AsyncEvents):
    """`AsyncEvents` whose creations share requests. Not thread-safe: the tasks of a loop share a lane."""

    def __init__(self, sender: AsyncSender) -> None:
        from honeyhive_ext.batch.options import build_options

        super().__init__(sender)
        self._options = build_options(
            sender.settings, self._observed_limit, on_error="collect", max_concurrency=1
        )
        self._lanes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Lane] = weakref.WeakKeyDictionary()

    async def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | None = None,
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
        lane = self._lanes.get(loop)
        if lane is None:
            lane = self._lanes[loop] = _Lane(loop, self._sender, self._options)
        return await lane.join(wire)

    async def drain(self) -> None:
        """Send what waits on this event loop, and wait until all of it is answered."""
        lane = self._lanes.get(asyncio.get_running_loop())
        if lane is not None:
            await lane.drain()


def build_events(sender: AsyncSender, *, coalesce: bool) -> tuple[AsyncEvents, Callable[[], Awaitable[None]]]:
    """The events of a client, and what to wait for before its connections close."""
    if coalesce:
        events = CoalescingEvents(sender)
        return events, events.drain
    return AsyncEvents(sender), _nothing


async def _nothing() -> None:
    """Nothing waits where nothing is gathered."""


class _Lane:
    """The creations of one event loop: those that wait, and the requests in flight."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sender: AsyncSender, options: BatchOptions) -> None:
        self._loop = loop
        self._sender = sender
        self._options = options
        self._waiting: dict[str, tuple[WireEvent, _Result]] = {}
        self._flights: set[asyncio.Task[None]] = set()
        self._called = False

    def join(self, wire: WireEvent) -> _Result:
        """Wait for the next departure. The answer names ids, so one id does not travel twice at once."""
        if wire.event_id in self._waiting:
            self._depart()
        result: _Result = self._loop.create_future()
        self._waiting[wire.event_id] = (wire, result)
        if not self._called:
            self._call()
        return result

    def _call(self) -> None:
        """Depart after this turn of the loop, when all tasks that are ready have had theirs."""
        room = len(self._flights) < self._sender.settings.max_concurrency
        if self._waiting and room and not self._called:
            self._called = True
            self._loop.call_soon(self._depart)

    def _depart(self) -> None:
        self._called = False
        if self._waiting:
            passengers, self._waiting = list(self._waiting.values()), {}
            flight = self._loop.create_task(self._fly(passengers))
            self._flights.add(flight)
            flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        self._call()

    async def _fly(self, passengers: Sequence[tuple[WireEvent, _Result]]) -> None:
        from honeyhive_ext.batch.aio_run import deliver_async

        try:
            report = await deliver_async(self._sender, [wire for wire, _ in passengers], self._options)
        except BaseException as error:
            for _, result in passengers:
                _fail(result, error)
            if not isinstance(error, HoneyHiveError):
                raise
            return
        for failure in report.failures:
            _fail(passengers[failure.index][1], failure.error)
        for wire, result in passengers:
            if not result.done():
                result.set_result(CreateEventResponse(success=True, event_id=wire.event_id))

    async def drain(self) -> None:
        """Send what waits, and wait for all flights to land."""
        self._depart()
        while self._flights:
            await asyncio.wait(self._flights)


def _fail(result: _Result, error: BaseException) -> None:
    """Each task raises an error of its own: one object raised in many would collect all their tracebacks."""
    if result.done():
        return
    if isinstance(error, APIError):
        result.set_exception(copy.copy(error))
    elif isinstance(error, asyncio.CancelledError):
        result.cancel()
    else:
        result.set_exception(error)
