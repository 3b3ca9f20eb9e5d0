"""httpx transports that reach the server in the same process, without a socket.

Delays and faults raise the exceptions that they would raise over a socket. A delay that is longer than the
client's read timeout raises the timeout at once, without waiting.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import anyio
import httpx

from honeyhive_ext.local.adapters.framed import AGAIN, answer_body, answer_fields, answer_rest
from honeyhive_ext.local.adapters.header_fields import check_complete, header_fields, request_target
from honeyhive_ext.local.message import Request, RequestRefused, Response, Wire

_PIECES = 20
RequestHandler = Callable[[Request], Response]


class LocalTransport(httpx.BaseTransport):
    """A transport for `httpx.Client(transport=...)` and `HoneyHive(transport=...)`."""

    def __init__(self, handle: RequestHandler) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        response = _answer(self._handle, request)
        until = time.monotonic() + _longest(request, response.wait)
        while response.wait and time.monotonic() < until:
            time.sleep(AGAIN)
            response = _answer(self._handle, request)
        wait = _waiting(request, response)
        if wait:
            time.sleep(wait)
        _break(request, response)
        return _httpx_response(request, response, _Stream(response, request.method))


class AsyncLocalTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient(transport=...)` and `AsyncHoneyHive(transport=...)`."""

    def __init__(self, handle: RequestHandler) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await request.aread()
        response = _answer(self._handle, request)
        until = time.monotonic() + _longest(request, response.wait)
        while response.wait and time.monotonic() < until:
            await anyio.sleep(AGAIN)
            response = _answer(self._handle, request)
        wait = _waiting(request, response)
        # Other tasks run meanwhile, as they would while a socket is read.
        await anyio.sleep(wait)
        _break(request, response)
        return _httpx_response(request, response, _AsyncStream(response, request.method))


def _answer(handle: RequestHandler, request: httpx.Request) -> Response:
    """Return the core's answer, or the refusal of a request that the socket adapter would refuse too."""
    try:
        fields = header_fields(request.headers.multi_items())
        check_complete(fields, len(request.content))
        target = request_target(request.url.raw_path.decode("ascii"))
    except RequestRefused as refusal:
        return refusal.response()
    return handle(Request(request.method, target.path, request.content, fields, target.query))


def _longest(request: httpx.Request, wait: float) -> float:
    """Return how many of these seconds the client waits."""
    timeouts: Mapping[str, Any] = request.extensions.get("timeout") or {}
    read = timeouts.get("read")
    return wait if read is None else min(wait, read)


def _waiting(request: httpx.Request, response: Response) -> float:
    """Return the seconds to wait before the answer. Raises the read timeout if they are longer."""
    wire = response.wire
    seconds = (
        response.delay + response.wait + (wire.seconds if wire is not None and wire.kind == "hang" else 0.0)
    )
    timeouts: Mapping[str, Any] = request.extensions.get("timeout") or {}
    read = timeouts.get("read")
    if read is not None and seconds > read:
        raise httpx.ReadTimeout("the answer did not come in time", request=request)
    return seconds - response.wait


def _break(request: httpx.Request, response: Response) -> None:
    kind = response.wire.kind if response.wire is not None else None
    if kind == "reset":
        raise httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
    if kind in ("empty", "hang"):
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    if kind == "garbage":
        raise httpx.RemoteProtocolError("illegal status line", request=request)


def _httpx_response(
    request: httpx.Request, response: Response, stream: httpx.SyncByteStream | httpx.AsyncByteStream
) -> httpx.Response:
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer_fields(response)]
    return httpx.Response(response.status, headers=fields, stream=stream, request=request)


def _pieces(response: Response, method: str) -> tuple[list[bytes], float, bool]:
    """Return the pieces of the body, the seconds between them, and whether the connection then breaks."""
    wire, body = response.wire or Wire("reset"), answer_body(response, method)
    if wire.kind == "truncate":
        return [body[: len(body) // 2 if wire.at is None else wire.at]], 0.0, bool(body)
    if wire.kind == "dribble" and body:
        step = -(-len(body) // min(len(body), _PIECES))
        pieces = [body[at : at + step] for at in range(0, len(body), step)]
        return pieces, wire.seconds / len(pieces), False
    return [body], 0.0, False


def _cut() -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _rest(response: Response, method: str) -> Iterator[bytes]:
    try:
        yield from answer_rest(response, method)
    except ConnectionResetError as problem:
        raise _cut() from problem


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: Response, method: str) -> None:
        self._response = response
        self._method = method

    def __iter__(self) -> Iterator[bytes]:
        pieces, between, cut = _pieces(self._response, self._method)
        for piece in pieces:
            yield piece
            if between:
                time.sleep(between)
        if cut:
            raise _cut()
        yield from _rest(self._response, self._method)


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: Response, method: str) -> None:
        self._response = response
        self._method = method

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces, between, cut = _pieces(self._response, self._method)
        for piece in pieces:
            yield piece
            if between:
                await anyio.sleep(between)
        if cut:
            raise _cut()
        for piece in _rest(self._response, self._method):
            yield piece
