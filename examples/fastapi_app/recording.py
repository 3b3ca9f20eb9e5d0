"""What a FastAPI or Starlette application needs to be recorded: a middleware and a lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honeyhive_ext import extract, trace

FLUSH_SECONDS = 5.0


class RecordRequests:
    """Record each request: as a session, or as a step of the caller's session if its headers name one.

    Read these headers only of callers that you trust: at the edge to the internet, remove `baggage` and
    `traceparent` before they come here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = f"{scope['method']} {scope['path']}"
        with (
            extract(scope["headers"]) as caller,
            trace.span(name) if caller.session_id else trace.session(name) as block,
        ):

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    block.set(metadata={"http_status": message["status"]})
                await send(message)

            await self.app(scope, receive, sent)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
    """Send what waits before the process ends: uvicorn waits for this at SIGTERM."""
    yield
    await asyncio.to_thread(trace.flush, FLUSH_SECONDS)  # a thread waits, not the event loop
