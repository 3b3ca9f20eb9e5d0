"""Send a request and wait between its attempts: nothing else in the package does.

`Sender` and `AsyncSender` do the steps that `exchange.py` decides on.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import httpx

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.config.secrets import Unshown
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.http.bounds import AnswerBounds
from honeyhive_ext.http.drive import drive, drive_async
from honeyhive_ext.http.exchange import (
    Accept,
    Answer,
    AttemptOutcome,
    Call,
    ExchangeStep,
    Reply,
    Wait,
    exchange,
)
from honeyhive_ext.http.exchanger import AsyncExchanger
from honeyhive_ext.http.failures import apart_from_handled, raised_by_others, without_wire_frames
from honeyhive_ext.http.libraries import AsyncHTTPClient, AsyncRequestTransport, HTTPClient, RequestTransport
from honeyhive_ext.http.pool import Pool
from honeyhive_ext.http.request import Core, Countdown
from honeyhive_ext.http.retry import Uniform, jitter
from honeyhive_ext.http.socket_exchanger import SocketExchanger
from honeyhive_ext.http.through_httpx import outcome_of, read_answer, read_answer_async
from honeyhive_ext.observe.hooks import Observer

if TYPE_CHECKING:
    import asyncio

    from honeyhive_ext.http.aio_pool import AsyncSendRequest

__all__ = ["AsyncSender", "Call", "Reply", "Sender"]

ABANDONED = 5.0  # seconds after its limit until a request that does not end by itself is cancelled after all
ASYNC_GRACE = 0.1  # seconds; time for the phase that is late to raise its own error first


class Sender(Core):
    """Sends calls and waits between attempts, in the calling thread. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        *,
        http_client: HTTPClient | None = None,
        transport: RequestTransport | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        uniform: Uniform = jitter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(settings, observer=observer, clock=clock, wall=wall, uniform=uniform)
        self.given = http_client is not None or transport is not None
        self._pool = Pool(settings.base_url, http_client, transport, lambda: self.clock(), settings.scrub)
        self.sleep = sleep

    def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        accept: Accept = (),
    ) -> Reply:
        """Send a call until it has an answer that counts, and return that answer.

        Args:
            call: The operation.
            retry: See `retry_policy`; None for the client's policy.
            timeout: Seconds that one attempt may take; None for the client's.
            accept: Which answers count besides 2xx: their statuses, or a function of status and body.

        Raises:
            APIError: No such answer came.
            ConfigError: An option or a setting cannot be used, or the client is closed.
        """
        limits = self.limits(call, retry, timeout, accept)
        direct = self._pool.direct()  # raises now if the settings cannot be used
        if direct is not None:
            url = self.url(call.request["url"])
            do = partial(self._exchange, direct, call, url, self.text_headers(call, limits.key))
        else:
            request = self.request(call, limits.key, self._pool.given, self._pool.library)
            url = httpx.URL(str(request.url))
            do = partial(self._attempt, call, request)
        steps = exchange(call, url, limits, self.observer)
        if sys.exc_info()[1] is None:
            return drive(steps, do)
        with apart_from_handled():
            return drive(steps, do)

    def _exchange(
        self,
        direct: SocketExchanger,
        call: Call,
        url: httpx.URL,
        headers: Unshown[tuple[str, str]],
        step: ExchangeStep,
    ) -> AttemptOutcome:
        """Do one step over its own connections."""
        if isinstance(step, Wait):
            self.sleep(step.seconds)
            return None
        made = call.request
        # httpx builds the str of a URL again each time, and only a redirect needs it.
        target = self.settings.base_url + made["url"] if step.url is url else str(step.url)
        try:
            content, bounds = made.get("content", b""), self.bounds(call, step.limit)
            return direct.exchange(made["method"], target, headers, content, bounds)
        except httpx.RequestError as error:
            without_wire_frames(error)
            return error
        except BaseException as error:
            without_wire_frames(error)
            raise

    def _attempt(self, call: Call, request: httpx.Request, step: ExchangeStep) -> AttemptOutcome:
        """Do one step through httpx."""
        if isinstance(step, Wait):
            self.sleep(step.seconds)
            return None
        bounds = self.bounds(call, step.limit)
        request.url = self._pool.library.URL(str(step.url))
        request.extensions = {"timeout": Countdown(bounds)}
        try:
            with self._pool.sending(inspect.currentframe()) as send:
                return read_answer(send(request), bounds)
        except Exception as error:
            foreign, outcome = raised_by_others(error), outcome_of(error)
            without_wire_frames(error)
            if outcome is None:
                raise
            if foreign is None:
                return outcome
        except BaseException as error:
            without_wire_frames(error)
            raise
        raise foreign

    def close(self) -> None:
        """Close the connections. A client that was given stays open."""
        self._pool.close()


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


class AsyncSender(Core):
    """The async version of `Sender`, for tasks of asyncio. Each event loop has its own connections."""

    def __init__(
        self,
        settings: Settings,
        *,
        http_client: AsyncHTTPClient | None = None,
        transport: AsyncRequestTransport | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        uniform: Uniform = jitter,
        sleep: Callable[[float], Awaitable[None]] = _sleep,
    ) -> None:
        # Here, because a program without an event loop starts faster without asyncio.
        from honeyhive_ext.http.aio_pool import AsyncPool

        super().__init__(settings, observer=observer, clock=clock, wall=wall, uniform=uniform)
        self.given = http_client is not None or transport is not None
        self._pool = AsyncPool(settings.base_url, http_client, transport, settings.scrub)
        self._sending: set[asyncio.Future[Answer]] = set()
        self.sleep = sleep

    async def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's, not the call's
        accept: Accept = (),
    ) -> Reply:
        """Send a call until it has an answer that counts, and return that answer; see `Sender.send`."""
        limits = self.limits(call, retry, timeout, accept)
        direct = self._pool.direct()
        if direct is not None:
            url = self.url(call.request["url"])
            do = partial(self._exchange, direct, call, url, self.text_headers(call, limits.key))
        else:
            request = self.request(call, limits.key, self._pool.given, self._pool.library)
            url = httpx.URL(str(request.url))
            do = partial(self._attempt, call, await self._pool.send(), request)
        steps = exchange(call, url, limits, self.observer)
        if sys.exc_info()[1] is None:
            return await drive_async(steps, do)
        with apart_from_handled():
            return await drive_async(steps, do)

    async def _exchange(
        self,
        direct: AsyncExchanger,
        call: Call,
        url: httpx.URL,
        headers: Unshown[tuple[str, str]],
        step: ExchangeStep,
    ) -> AttemptOutcome:
        """Do one step with a transport that takes whole requests."""
        if isinstance(step, Wait):
            await self.sleep(step.seconds)
            return None
        made = call.request
        # httpx builds the str of a URL again each time, and only a redirect needs it.
        target = self.settings.base_url + made["url"] if step.url is url else str(step.url)
        try:
            content, bounds = made.get("content", b""), self.bounds(call, step.limit)
            answer = await direct.exchange(made["method"], target, headers, content, bounds)
            bounds.check(answer.status, answer.content)  # the first time for a transport that does not
        except httpx.RequestError as error:
            without_wire_frames(error)
            return error
        except BaseException as error:
            without_wire_frames(error)
            raise
        return answer

    async def _attempt(
        self, call: Call, send: AsyncSendRequest, request: httpx.Request, step: ExchangeStep
    ) -> AttemptOutcome:
        """Do one step through httpx.

        Over httpcore a request is not cancelled with its call, and ends within its timeouts: httpcore leaves
        the connection of a cancelled one unusable, and a client or a transport that was given cannot be made
        again.
        """
        import asyncio

        if isinstance(step, Wait):
            await self.sleep(step.seconds)
            return None
        bounds = self.bounds(call, step.limit)
        request.url = self._pool.library.URL(str(step.url))
        request.extensions = {"timeout": Countdown(bounds)}
        limit = asyncio.timeout(step.limit + ASYNC_GRACE)
        try:
            async with limit:
                if self._pool.may_be_cancelled:
                    return await read_answer_async(await send(request), bounds)
                return await asyncio.shield(self._by_itself(send, request, bounds))
        except TimeoutError as error:
            without_wire_frames(error)
            if not limit.expired():
                raise
            return httpx.ReadTimeout("the answer did not end in time")
        except Exception as error:
            outcome = outcome_of(error)
            without_wire_frames(error)
            if outcome is None:
                raise
            return outcome
        except BaseException as error:
            without_wire_frames(error)
            raise

    def _by_itself(
        self, send: AsyncSendRequest, request: httpx.Request, bounds: AnswerBounds
    ) -> asyncio.Future[Answer]:
        """Begin a request that ends by itself, whatever becomes of its call."""
        import asyncio

        async def received() -> Answer:
            return await read_answer_async(await send(request), bounds)

        sending = asyncio.ensure_future(received())
        # A transport that keeps none of httpx's timeouts would keep it forever.
        late = asyncio.get_running_loop().call_later(bounds.limit + ABANDONED, sending.cancel)

        def ended(_: asyncio.Future[Answer]) -> None:
            late.cancel()
            self._sending.discard(sending)
            if not sending.cancelled():
                sending.exception()  # nobody may be left to ask for it

        self._sending.add(sending)
        sending.add_done_callback(ended)
        return sending

    async def aclose(self) -> None:
        """Close the connections. A client that was given stays open."""
        await self._pool.aclose()
