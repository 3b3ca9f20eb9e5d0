"""httpx transports that reach the server in the same process, without a socket.

Delays and faults raise the exceptions that they would raise over a socket. A delay that is longer than the
client's read timeout raises the timeout at once, without waiting.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import anyio
import httpx

from honeyhive_ext.local.message import Request, Response, Wire

_PIECES = 20
RequestHandler = Callable[[Request], Response]


class LocalTransport(httpx.BaseTransport):
    """A transport for `httpx.Client(transport=...)` and `HoneyHive(transport=...)`."""

    def __init__(self, handle: RequestHandler) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        response = self._handle(_core_request(request))
        wait = _waiting(request, response)
        if wait:
            time.sleep(wait)
        _break(request, response)
        return _httpx_response(request, response, _Stream(response))


class AsyncLocalTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient(transport=...)` and `AsyncHoneyHive(transport=...)`."""

    def __init__(self, handle: RequestHandler) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await request.aread()
        response = self._handle(_core_request(request))
        wait = _waiting(request, response)
        # Other tasks run meanwhile, as they would while a socket is read.
        await anyio.sleep(wait)
        _break(request, response)
        return _httpx_response(request, response, _AsyncStream(response))


def _core_request(request: httpx.Request) -> Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    path = request.url.raw_path.partition(b"?")[0].decode("ascii")
    return Request(request.method, unquote(path), request.content, headers, request.url.query.decode("ascii"))


def _waiting(request: httpx.Request, response: Response) -> float:
    """Return the seconds to wait before the answer. Raises the read timeout if they are longer."""
    wire = response.wire
    seconds = response.delay + (wire.seconds if wire is not None and wire.kind == "hang" else 0.0)
    timeouts: Mapping[str, Any] = request.extensions.get("timeout") or {}
    read = timeouts.get("read")
    if read is not None and seconds > read:
        raise httpx.ReadTimeout("the answer did not come in time", request=request)
    return seconds


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
    headers = [*response.header_list(), ("content-length", str(len(response.body)))]
    return httpx.Response(response.status, headers=headers, stream=stream, request=request)


def _pieces(response: Response) -> tuple[list[bytes], float, bool]:
    """Return the pieces of the body, the seconds between them, and whether the connection then breaks."""
    wire, body = response.wire or Wire("reset"), response.body
    if wire.kind == "truncate":
        return [body[: len(body) // 2 if wire.at is None else wire.at]], 0.0, bool(body)
    if wire.kind == "dribble" and body:
        step = -(-len(body) // min(len(body), _PIECES))
        pieces = [body[at : at + step] for at in range(0, len(body), step)]
        return pieces, wire.seconds / len(pieces), False
    return [body], 0.0, False


def _cut() -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError("peer closed connection without sending complete message body")


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        pieces, between, cut = _pieces(self._response)
        for piece in pieces:
            yield piece
            if between:
                time.sleep(between)
        if cut:
            raise _cut()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces, between, cut = _pieces(self._response)
        for piece in pieces:
            yield piece
            if between:
                await anyio.sleep(between)
        if cut:
            raise _cut()
