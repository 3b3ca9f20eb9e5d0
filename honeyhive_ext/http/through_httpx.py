"""Read the answers that come through httpx: within their bounds, and over connections that stay usable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, cast

import httpx

from honeyhive_ext.http.body import Body
from honeyhive_ext.http.bounds import AnswerBounds, AnswerError, about_headers, malformed_headers
from honeyhive_ext.http.exchange import Answer
from honeyhive_ext.http.libraries import as_httpx

# A response of httpx and its stream refer to each other, which would keep each request's body in memory until
# the garbage collector runs. Another stream breaks that cycle.
NO_STREAM = httpx.ByteStream(b"")

MOST_LAYERS = 8  # between a response and its connection


def read_answer(response: httpx.Response, bounds: AnswerBounds) -> Answer:
    """Read a response to its end, and close it.

    httpx decodes without a bound, so its decoders are not used.

    Raises:
        httpx.RequestError: The answer is not complete, or not within its bounds.
    """
    usable = False
    try:
        body = _body(response, bounds)
        if body is not None:
            for piece in cast("httpx.SyncByteStream", response.stream):
                body.add(piece)
                bounds.check_time()
        answer = _answer(response, body, bounds)
        usable = not _holds_more(response)
        return answer
    finally:
        if not usable and (connection := _connection(response)) is not None:
            connection.close()
        response.close()
        response.stream = NO_STREAM


async def read_answer_async(response: httpx.Response, bounds: AnswerBounds) -> Answer:
    """Read a response as `read_answer` does."""
    usable = False
    try:
        body = _body(response, bounds)
        if body is not None:
            async for piece in cast("httpx.AsyncByteStream", response.stream):
                body.add(piece)
                bounds.check_time()
        answer = _answer(response, body, bounds)
        usable = not _holds_more(response)
        return answer
    finally:
        if not usable and (connection := _connection(response)) is not None:
            await connection.aclose()
        await response.aclose()
        response.stream = NO_STREAM


def _body(response: httpx.Response, bounds: AnswerBounds) -> Body | None:
    """Return what the body is read into; None if a hook or an in-process transport has read it already."""
    if response.is_stream_consumed:
        return None
    body = Body(response.status_code, response.headers.get("content-encoding", ""), bounds)
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20:
        body.announce(int(announced))
    return body


def _answer(response: httpx.Response, body: Body | None, bounds: AnswerBounds) -> Answer:
    content = response.content if body is None else body.whole()
    bounds.check(response.status_code, content)
    return Answer(response.status_code, response.headers, content)


def _connection(response: httpx.Response) -> Any:
    """Return the stream of the response's connection, which no other request uses; None if there is none.

    httpcore closes a connection whose stream is closed, instead of using it again.
    """
    return response.extensions.get("network_stream") if response.http_version[:6] == "HTTP/1" else None


def _holds_more(response: httpx.Response) -> bool:
    """Return whether the connection received more than the answer.

    httpcore would take that for the answer to the next request. It has no public name for it.
    """
    layer: Any = response.stream
    for _ in range(MOST_LAYERS):
        state = getattr(layer, "_h11_state", None)
        if state is not None:
            return bool(state.trailing_data[0])
        names = ("_httpcore_stream", "_stream", "_connection")
        layer = next((found for name in names if (found := getattr(layer, name, None)) is not None), None)
    return False


def with_cookies(cookies: httpx.Cookies, build: Callable[[], httpx.Request]) -> httpx.Request:
    """Build a request of a client that was given, which keeps the cookies of answers.

    One that cannot be sent, for its characters, would end each later request of that client. It is forgotten.
    """
    with contextlib.suppress(UnicodeEncodeError):
        request = build()
        if _can_be_sent(request.headers.get("cookie", "")):
            return request
    for cookie in list(cookies.jar):
        if not _can_be_sent(f"{cookie.name}={cookie.value}"):
            cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
    return build()


def _can_be_sent(cookie: str) -> bool:
    return cookie.isascii() and cookie.isprintable()


_LIBRARIES = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "h11", "idna", "http"})


def outcome_of(raised: Exception) -> httpx.RequestError | None:
    """Return the outcome of an attempt that httpx or httpx2 ended with an error, or None for one of others.

    A client of httpx reads the Location of a redirect, also of one that it must not follow. Where that is
    not a URL, it raises, and does not tell the answer. A host in Punycode is a ValueError of idna.
    """
    error = as_httpx(raised)
    if not isinstance(error, (httpx.RequestError, httpx.InvalidURL, ValueError)):
        return None
    if isinstance(error, httpx.InvalidURL) or "in location header" in str(error):
        return AnswerError("it redirects to a Location that is not a URL, which is not followed", 0)
    if isinstance(error, httpx.RemoteProtocolError):
        return about_headers(str(error)) or error
    if isinstance(error, httpx.RequestError):
        return error
    return malformed_headers() if _raised_in(error) in _LIBRARIES else None


def _raised_in(error: BaseException) -> str:
    """Return the package whose code raised an error."""
    trace, package = error.__traceback__, ""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        trace = trace.tb_next
    return package
