"""The server as an ASGI application, to run inside another server.

An ASGI application cannot reset a connection or write garbage. Such faults raise a ConnectionResetError,
and most servers then close the connection.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import quote

import anyio
from attrs import evolve

from honeyhive_ext.local.adapters.framed import AGAIN, answer_body, answer_fields, answer_rest
from honeyhive_ext.local.adapters.header_fields import (
    announced,
    check_complete,
    header_fields,
    malformed,
    request_target,
)
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
        try:
            request = self._head(scope)
            body = await self._body(receive)
            if body is None:
                return  # the client has gone, and what it sent is incomplete
            content, size = body
            check_complete(request.headers, size or len(content))
        except RequestRefused as refusal:
            response = refusal.response()
        else:
            whole = evolve(request, body=content, size=size)
            response = self._handle(whole)
            until = anyio.current_time() + response.wait
            while response.wait and anyio.current_time() < until:
                with anyio.move_on_after(AGAIN):
                    if (await receive())["type"] == "http.disconnect":
                        return
                response = self._handle(whole)
        await _send(send, response, scope["method"])

    def _head(self, scope: MutableMapping[str, Any]) -> Request:
        """Return the request without its body."""
        fields = header_fields(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        )
        if "host" not in fields and scope.get("http_version") == "1.1":
            raise malformed("the Host header is missing")
        raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        target = request_target(raw.partition(b"?")[0].decode("latin-1"))
        if target.authority is not None:
            fields["host"] = target.authority
        announced(fields)
        check_host(fields, self._allowed)
        query = scope.get("query_string", b"").decode("latin-1")
        return Request(scope["method"], target.path, b"", fields, query)

    async def _body(self, receive: ASGIReceive) -> tuple[bytes, int] | None:
        """Return the body, and its size if it is too large to keep; None if it does not come to its end."""
        body = io.BytesIO()
        total, most = 0, self._max_body()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part: bytes = message.get("body", b"")
            total += len(part)
            if total <= most:
                body.write(part)
            else:
                body.truncate(0)
            if not message.get("more_body"):
                return (b"", total) if total > most else (body.getvalue(), 0)


async def _lifespan(receive: ASGIReceive, send: ASGISend) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send(send: ASGISend, response: Response, method: str) -> None:
    wire = response.wire
    await anyio.sleep(response.delay + (wire.seconds if wire is not None and wire.kind == "hang" else 0.0))
    if wire is not None and wire.kind in ("reset", "empty", "garbage", "hang"):
        raise ConnectionResetError(f"a fault of kind {wire.kind} was asked for")
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer_fields(response)
            ],
        }
    )
    body = answer_body(response, method)
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
    for piece in answer_rest(response, method):
        await send({"type": "http.response.body", "body": body, "more_body": True})
        body = piece
    await send({"type": "http.response.body", "body": body})
