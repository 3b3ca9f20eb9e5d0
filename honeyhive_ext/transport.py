"""The only place that loops and sleeps around a request.

`Sender` and `AsyncSender` are two thin drivers: `exchange.py` decides, they send and wait.
"""

from __future__ import annotations

import asyncio
import platform
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx

from honeyhive_ext import __version__
from honeyhive_ext.config import Settings, Unpicklable, seconds
from honeyhive_ext.errors import APIStatusError
from honeyhive_ext.exchange import (
    SHORTEST_ATTEMPT,
    Accept,
    Answer,
    Attempt,
    Call,
    Limits,
    Reply,
    answer_error,
    exchange,
)
from honeyhive_ext.failures import without_wire_frames
from honeyhive_ext.observe import Observer
from honeyhive_ext.pool import AsyncPool, Pool
from honeyhive_ext.retry import Bucket, RetryPolicy, Uniform, retry_after, retry_policy, wait
from honeyhive_ext.transports import AsyncExchanger

__all__ = ["AsyncSender", "Call", "Reply", "Sender"]

KEPT_URLS = 16
ASYNC_GRACE = 0.1  # seconds; lets the phase that is late name itself before the whole attempt is stopped

_HEADERS = (
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"User-Agent", f"honeyhive-ext/{__version__} python/{platform.python_version()}".encode()),
    (b"hh-client-package", b"honeyhive-ext"),
    (b"hh-client-version", __version__.encode()),
    (b"hh-client-language", b"python"),
)
_HEADER_TEXTS = tuple((name.decode(), value.decode()) for name, value in _HEADERS)


class Countdown(dict[str, float | None]):
    """httpx's timeouts of one attempt, of which each phase gets what the phases before it have left."""

    def __init__(self, limit: float, clock: Callable[[], float]) -> None:
        super().__init__(connect=limit, read=limit, write=limit, pool=limit)
        self._clock = clock
        self.end = clock() + limit

    def get(self, key: str, default: Any = None) -> Any:
        return max(SHORTEST_ATTEMPT, self.end - self._clock())


class _Core(Unpicklable):
    """What both senders share: everything but sending and sleeping."""

    def __init__(
        self,
        settings: Settings,
        *,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        uniform: Uniform = random.uniform,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._wall = wall
        self._uniform = uniform
        self._observer = observer or Observer()
        self._bucket = Bucket(settings.retry.budget)
        self._urls: dict[str, httpx.URL] = {}

    def error(self, _call: Call, reply: Reply) -> APIStatusError:
        """The error that an accepted reply is, for a caller that takes it for one after all."""
        asked = retry_after(reply.headers, self._wall())
        return answer_error(reply, attempts=reply.attempts, asked=asked)

    def pause(self, retry: int, asked: float | None, policy: RetryPolicy) -> float:
        """Seconds to `sleep` before a caller's own retry, `retry` from 0; see `honeyhive_ext.retry.wait`."""
        return wait(retry, asked, policy, self._uniform)

    def _url(self, path: str) -> httpx.URL:
        """Parsing a URL costs more than building the rest of a request: keep those without ids."""
        url = self._urls.get(path)
        if url is None:
            url = httpx.URL(self.settings.base_url + path)
            if len(self._urls) < KEPT_URLS:
                self._urls[path] = url
        return url

    def _limits(
        self, call: Call, retry: RetryPolicy | bool | None, timeout: float | None, accept: Accept
    ) -> Limits:
        return Limits(
            policy=self.settings.retry if retry is None else retry_policy(retry, self.settings.retry),
            timeout=self.settings.timeout if timeout is None else seconds(timeout, "timeout"),
            accept=accept,
            bucket=self._bucket,
            clock=self.clock,
            wall=self._wall,
            uniform=self._uniform,
            key=self.settings.key(write=call.write),
        )

    def _request(self, call: Call, given: httpx.Client | httpx.AsyncClient | None) -> httpx.Request:
        """The HTTP request, made once: every attempt sends the same bytes.

        A client that was given adds its own headers, cookies and parameters below ours. Ours needs
        none of that, which saves most of what httpx spends on a request.
        """
        made = call.request
        method, url, content = made["method"], self._url(made["url"]), made.get("content", b"")
        headers = self._headers(call)
        if given is not None:
            return given.build_request(method, url, headers=httpx.Headers(headers), content=content or None)
        if content:
            headers.append((b"Content-Length", b"%d" % len(content)))
        headers.append((b"Host", url.netloc))
        request = httpx.Request(method, url, headers=headers, stream=httpx.ByteStream(content))
        request.read()
        return request

    def _headers(self, call: Call) -> list[tuple[bytes, bytes]]:
        key = self.settings.key(write=call.write)
        return [
            *_HEADERS,
            (b"hh-client-timestamp", b"%d" % (self._wall() * 1000)),
            *((name.encode(), value.encode()) for name, value in call.request.get("headers", {}).items()),
            (b"Authorization", f"Bearer {key.reveal()}".encode()),
        ]

    def _texts(self, call: Call) -> list[tuple[str, str]]:
        """The headers for a transport that takes text."""
        key = self.settings.key(write=call.write)
        return [
            *_HEADER_TEXTS,
            ("hh-client-timestamp", str(int(self._wall() * 1000))),
            *call.request.get("headers", {}).items(),
            ("Authorization", f"Bearer {key.reveal()}"),
        ]


class Sender(_Core):
    """Sends calls and waits between attempts, in the calling thread. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        *,
        http_client: httpx.Client | None = None,
        transport: httpx.BaseTransport | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        uniform: Uniform = random.uniform,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(settings, observer=observer, clock=clock, wall=wall, uniform=uniform)
        self._pool = Pool(settings.base_url, http_client, transport)
        self.sleep = sleep

    def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        accept: Accept = (),
    ) -> Reply:
        """Send a call until it has an answer that counts.

        Args:
            call: The operation.
            retry: None for the client's policy; see `retry_policy`.
            timeout: Seconds for one attempt; None for the client's.
            accept: Statuses to return as they are, besides 2xx, or a function of status and body.

        Raises:
            APIError: No such answer came.
        """
        limits = self._limits(call, retry, timeout, accept)
        http = self._pool.get()
        request = self._request(call, self._pool.given)
        steps = exchange(call, request.url, limits, self._observer)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Attempt):
                    step = steps.send(self._attempt(http, request, step))
                else:
                    self.sleep(step.seconds)
                    step = steps.send(None)
        except StopIteration as finished:
            reply: Reply = finished.value
            return reply

    def _attempt(
        self, http: httpx.Client, request: httpx.Request, step: Attempt
    ) -> Answer | httpx.RequestError:
        timeouts = Countdown(step.limit, self.clock)
        request.url = step.url
        request.extensions = {"timeout": timeouts}
        try:
            response = http.send(request, stream=True, follow_redirects=False)
            try:
                body: list[bytes] = []
                for piece in response.iter_bytes():
                    body.append(piece)
                    if self.clock() > timeouts.end:
                        return httpx.ReadTimeout("the answer did not end in time")
                return Answer(response.status_code, response.headers, b"".join(body))
            finally:
                response.close()
        except httpx.RequestError as error:
            without_wire_frames(error)
            return error
        except BaseException as error:
            without_wire_frames(error)
            raise

    def close(self) -> None:
        """Close the connections; a client that was given stays open."""
        self._pool.close()


class AsyncSender(_Core):
    """The awaitable twin of `Sender`. For tasks of asyncio; keeps connections for each event loop."""

    def __init__(
        self,
        settings: Settings,
        *,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        uniform: Uniform = random.uniform,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(settings, observer=observer, clock=clock, wall=wall, uniform=uniform)
        self._pool = AsyncPool(settings.base_url, http_client, transport)
        self._direct = transport if isinstance(transport, AsyncExchanger) else None
        self.sleep = sleep

    async def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's, not the call's
        accept: Accept = (),
    ) -> Reply:
        """Send a call until it has an answer that counts; see `Sender.send`."""
        limits = self._limits(call, retry, timeout, accept)
        attempt, url = self._attempts(call)
        steps = exchange(call, url, limits, self._observer)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Attempt):
                    step = steps.send(await attempt(step))
                else:
                    await self.sleep(step.seconds)
                    step = steps.send(None)
        except StopIteration as finished:
            reply: Reply = finished.value
            return reply

    def _attempts(
        self, call: Call
    ) -> tuple[Callable[[Attempt], Awaitable[Answer | httpx.RequestError]], httpx.URL]:
        """What makes an attempt of this call, and where the first one goes."""
        http = self._pool.get()
        if self._direct is not None:
            url = self._url(call.request["url"])
            return partial(self._exchange, self._direct, call, url, self._texts(call)), url
        request = self._request(call, self._pool.given)
        return partial(self._attempt, http, request), request.url

    async def _exchange(
        self,
        direct: AsyncExchanger,
        call: Call,
        url: httpx.URL,
        headers: list[tuple[str, str]],
        step: Attempt,
    ) -> Answer | httpx.RequestError:
        made = call.request
        # The text of an httpx.URL is put together anew each time; only a redirect needs it.
        target = self.settings.base_url + made["url"] if step.url is url else str(step.url)
        try:
            content = made.get("content", b"")
            return await direct.exchange(made["method"], target, headers, content, step.limit)
        except httpx.RequestError as error:
            without_wire_frames(error)
            return error
        except BaseException as error:
            without_wire_frames(error)
            raise

    async def _attempt(
        self, http: httpx.AsyncClient, request: httpx.Request, step: Attempt
    ) -> Answer | httpx.RequestError:
        request.url = step.url
        request.extensions = {"timeout": Countdown(step.limit, self.clock)}
        try:
            async with asyncio.timeout(step.limit + ASYNC_GRACE):
                response = await http.send(request, stream=True, follow_redirects=False)
                try:
                    return Answer(response.status_code, response.headers, await response.aread())
                finally:
                    await response.aclose()
        except TimeoutError as error:
            without_wire_frames(error)
            return httpx.ReadTimeout("the answer did not end in time")
        except httpx.RequestError as error:
            without_wire_frames(error)
            return error
        except BaseException as error:
            without_wire_frames(error)
            raise

    async def aclose(self) -> None:
        """Close the connections; a client that was given stays open."""
        await self._pool.aclose()
