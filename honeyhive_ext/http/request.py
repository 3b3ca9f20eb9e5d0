"""From a call to an HTTP request, its limits and its errors: the part that both senders share."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from typing import Any, Self

import httpx
from attrs import evolve

from honeyhive_ext._version import __version__
from honeyhive_ext.config.checks import seconds
from honeyhive_ext.config.retry_policy import RetryPolicy, retry_policy
from honeyhive_ext.config.secrets import Secret, Unshown
from honeyhive_ext.config.settings import EventSettings, Settings
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.errors import APIStatusError
from honeyhive_ext.http.bounds import MAX_ERROR_BYTES, SHORTEST_ATTEMPT, AnswerBounds, Deadline
from honeyhive_ext.http.exchange import Accept, Call, CallLimits, Reply, answer_error
from honeyhive_ext.http.libraries import AsyncHTTPClient, HTTPClient
from honeyhive_ext.http.only_newer import birth, only_newer
from honeyhive_ext.http.retry import Bucket, Uniform, jitter, retry_after, wait
from honeyhive_ext.http.through_httpx import with_cookies
from honeyhive_ext.observe.hooks import Observer

KEPT_URLS = 16

_HEADERS = (
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"User-Agent", f"honeyhive-ext/{__version__} python/{platform.python_version()}".encode()),
    (b"hh-client-package", b"honeyhive-ext"),
    (b"hh-client-version", __version__.encode()),
    (b"hh-client-language", b"python"),
)
_HEADER_TEXTS = tuple((name.decode(), value.decode()) for name, value in _HEADERS)


class PhaseTimeout(float):
    """The timeout of one phase, as httpx takes it, that knows the end of the whole attempt."""

    end: Deadline

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            httpx.ReadTimeout: There are none.
        """
        self.end.check_time()
        return max(SHORTEST_ATTEMPT, self.end.left())


class Countdown(dict[str, float | None]):
    """httpx's timeouts of one attempt. Each phase gets the time that the phases before it left."""

    def __init__(self, end: Deadline) -> None:
        limit = end.limit
        super().__init__(connect=limit, read=limit, write=limit, pool=limit)
        self._end = end

    def get(self, key: str, default: Any = None) -> Any:
        timeout = PhaseTimeout(max(SHORTEST_ATTEMPT, self._end.left()))
        timeout.end = self._end
        return timeout


class Core(Unpicklable):
    """The base of both senders: everything except sending and sleeping."""

    def __init__(
        self,
        settings: Settings,
        *,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        uniform: Uniform = jitter,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.wall = wall
        self.uniform = uniform
        self.observer = observer or Observer()
        self._bucket = Bucket(settings.retry.budget)
        self._urls: dict[str, httpx.URL] = {}
        self._born = birth()
        self.given = False  # whether what sends was given by the caller

    def with_events(self, events: EventSettings) -> Self:
        """Return a sender that makes events in another way, and shares everything else with this one."""
        made = object.__new__(type(self))
        made.__dict__ |= {**self.__dict__, "settings": evolve(self.settings, events=events)}
        return made

    def error(self, _call: Call, reply: Reply) -> APIStatusError:
        """Return the error of a reply that `accept` let through, for a caller that decides against it."""
        asked = retry_after(reply.headers, self.wall())
        return answer_error(reply, attempts=reply.attempts, asked=asked, scrub=reply.scrub)

    def pause(self, retry: int, asked: float | None, policy: RetryPolicy) -> float:
        """Return the seconds to `sleep` before a caller's own retry; see `http.retry.wait`."""
        return wait(retry, asked, policy, self.uniform)

    def url(self, path: str) -> httpx.URL:
        """Return the URL of a path. Parsing one is slow, so the first ones, those without ids, are kept."""
        url = self._urls.get(path)
        if url is None:
            url = httpx.URL(self.settings.base_url + path)
            if len(self._urls) < KEPT_URLS:
                self._urls[path] = url
        return url

    def limits(
        self, call: Call, retry: RetryPolicy | bool | None, timeout: float | None, accept: Accept
    ) -> CallLimits:
        """Return what one call may do: its own options, or else the client's settings."""
        settings = self.settings
        if self._born < only_newer.born_before and not self.given:
            only_newer.check(settings.base_url)
        policy = settings.retry if retry is None else retry_policy(retry, settings.retry)
        limit = settings.timeout if timeout is None else seconds(timeout, "timeout")
        key = settings.key(write=call.write)
        # By position, which is faster: each call makes one.
        return CallLimits(
            policy, limit, accept, self._bucket, self.clock, self.wall, self.uniform, key, settings.scrub
        )

    def bounds(self, call: Call, limit: float) -> AnswerBounds:
        """Return what the answer to an attempt may be that begins now.

        A body of an error that names events is never larger than the request that held them.
        """
        return AnswerBounds(
            limit,
            most=self.settings.max_answer_bytes,
            most_of_error=max(MAX_ERROR_BYTES, len(call.request.get("content") or b"")),
            about=call.about,
            clock=self.clock,
        )

    def request(
        self, call: Call, key: Secret, given: HTTPClient | AsyncHTTPClient | None, library: Any
    ) -> httpx.Request:
        """Return the HTTP request of httpx or httpx2. It is made once, so every attempt sends the same bytes.

        A client that was given adds its own headers, cookies and parameters; ours win over them. A client of
        ours has none, so its request is built directly, which is much faster.
        """
        made = call.request
        method, url, content = made["method"], self.url(made["url"]), made.get("content", b"")
        headers = self._headers(call, key)
        if given is not None:
            return with_cookies(
                given.cookies,
                lambda: given.build_request(
                    method, str(url), headers=library.Headers([*headers]), content=content or None
                ),
            )
        if content:
            headers.append((b"Content-Length", b"%d" % len(content)))
        headers.append((b"Host", url.netloc))
        request: httpx.Request = library.Request(
            method, str(url), headers=[*headers], stream=library.ByteStream(content)
        )
        request.read()
        return request

    def _headers(self, call: Call, key: Secret) -> Unshown[tuple[bytes, bytes]]:
        return Unshown(
            (
                *_HEADERS,
                (b"hh-client-timestamp", b"%d" % (self.wall() * 1000)),
                *((name.encode(), value.encode()) for name, value in call.request.get("headers", {}).items()),
                (b"Authorization", f"Bearer {key.reveal()}".encode()),
            )
        )

    def text_headers(self, call: Call, key: Secret) -> Unshown[tuple[str, str]]:
        """Return the headers for a transport that takes them as str."""
        return Unshown(
            (
                *_HEADER_TEXTS,
                ("hh-client-timestamp", str(int(self.wall() * 1000))),
                *call.request.get("headers", {}).items(),
                ("Authorization", f"Bearer {key.reveal()}"),
            )
        )
