"""Tests of the application with httpx, in the process of the test; nothing leaves this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx

from honeyhive_ext import inject, trace
from honeyhive_ext.local import LocalServer

from .app import app


@asynccontextmanager
async def started() -> AsyncGenerator[httpx.AsyncClient, None]:
    """Start the application as uvicorn does, and give a client of it; stop it at the end."""
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app.test") as client,
    ):
        yield client


async def ask(text: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    async with started() as client:
        return await client.post("/ask", json={"text": text}, headers=headers)


def test_a_request_is_a_session_with_its_steps(honeyhive_local: LocalServer) -> None:
    reply = asyncio.run(ask("What is a trace?"))
    assert reply.json() == {"answer": "A trace is all events of one session."}
    events = {event["event_name"]: event for event in honeyhive_local.events()}
    session = events["POST /ask"]
    assert session["event_type"] == "session"
    assert events["search"]["parent_id"] == events["compose"]["parent_id"] == session["event_id"]
    assert session["metadata"]["http_status"] == 200


def test_a_request_without_an_answer_has_its_status(honeyhive_local: LocalServer) -> None:
    assert asyncio.run(ask("Why?")).status_code == 404
    events = {event["event_name"]: event for event in honeyhive_local.events()}
    assert events["POST /ask"]["metadata"] == {"http_status": 404}
    assert events["search"]["outputs"] == {"result": []}


def test_a_request_continues_the_session_of_its_caller(honeyhive_local: LocalServer) -> None:
    with trace.session("caller") as session, trace.span("ask the service") as span:
        asyncio.run(ask("What is a span?", inject()))
    (request,) = (event for event in honeyhive_local.events() if event["event_name"] == "POST /ask")
    assert (request["session_id"], request["parent_id"]) == (session.session_id, span.event_id)
    assert request["event_type"] == "chain"


def test_what_waits_is_sent_when_the_application_stops(honeyhive_local: LocalServer) -> None:
    asyncio.run(ask("What is a trace?"))
    assert sum(len(one.json()["events"]) for one in honeyhive_local.requests) == 3  # before anything asks
