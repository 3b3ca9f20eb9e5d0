"""The server as an ASGI application, to run inside another server.

An ASGI application cannot reset a connection or write garbage. Such faults raise a ConnectionResetError,
and most servers then close the connection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import unquote

import anyio

from honeyhive_ext.local.adapters.security import check_host
from honeyhive_ext.local.message import Request, RequestRefused, Response

ASGIMessage = MutableMapping[str, Any]
ASGIReceive = Callable[[], Awaitable[ASGIMessage]]
ASGISend = Callable[[ASGIMessage], Awaitable[None]]


class LocalASGI:
    """An ASGI 3 application over the core."""

    def __init__(
        self,
        handle: Callable[[Request], Response],
        allowed: Collection[str],
        max_body: Callable[[], int],
    ) -> None:
        self._handle = handle
        self._allowed = allowed
        self._max_body = max_body

    async def __call__(self, scope: MutableMapping[str, Any], receive: ASGIReceive, send: ASGISend) -> None:
        """Answer one request, or the start and stop of the server."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"the local server answers only HTTP, not {scope['type']}")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        body, size = await self._body(receive)
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = unquote(raw.partition(b"?")[0].decode("latin-1"))
        query = scope.get("query_string", b"").decode("latin-1")
        try:
            check_host(headers, self._allowed)
            response = self._handle(Request(scope["method"], path, body, headers, query, size))
        except RequestRefused as refusal:
            response = refusal.response()
        await _send(send, response)

    async def _body(self, receive: ASGIReceive) -> tuple[bytes, int]:
        parts: list[bytes] = []
        total, most = 0, self._max_body()
        while True:
            message = await receive()
            part: bytes = message.get("body", b"")
            total += len(part)
            if total <= most:
                parts.append(part)
            else:
                parts.clear()
            if not message.get("more_body"):
                return (b"", total) if total > most else (b"".join(parts), 0)


async def _lifespan(receive: ASGIReceive, send: ASGISend) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send(send: ASGISend, response: Response) -> None:
    wire = response.wire
    await anyio.sleep(response.delay + (wire.seconds if wire is not None and wire.kind == "hang" else 0.0))
    if wire is not None and wire.kind in ("reset", "empty", "garbage", "hang"):
        raise ConnectionResetError(f"a fault of kind {wire.kind} was asked for")
    headers = [*response.header_list(), ("content-length", str(len(response.body)))]
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
    )
    body = response.body
    if wire is not None and wire.kind == "truncate":
        cut = body[: len(body) // 2 if wire.at is None else wire.at]
        await send({"type": "http.response.body", "body": cut, "more_body": True})
        raise ConnectionResetError("a fault of kind truncate was asked for")
    if wire is not None and wire.kind == "dribble" and body:
        step = -(-len(body) // min(len(body), 20))
        for at in range(0, len(body), step):
            await send({"type": "http.response.body", "body": body[at : at + step], "more_body": True})
            await anyio.sleep(wire.seconds * step / len(body))
        body = b""
    await send({"type": "http.response.body", "body": body})
