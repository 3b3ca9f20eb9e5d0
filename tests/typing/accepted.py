"""Code as users write it. mypy --strict and pyright must accept every line; it is not run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type
from uuid import UUID, uuid4

from honeyhive_client import AuthenticatedClient, models
from honeyhive_client.api.events import create_event, search_events
from honeyhive_client.models import (
    CreateEventRequest,
    CreateEventResponse,
    CreateSessionResponse,
    ErrorResponse,
    EventFilter,
    SearchEventsRequest,
    SearchEventsResponse,
)
from honeyhive_client.typed_dicts import CreateEventRequestDict
from honeyhive_schemas import SchemaError, names, schema, validate, validator

from honeyhive_ext import (
    AsyncHoneyHive,
    BatchReport,
    Event,
    EventError,
    F,
    HoneyHive,
    RateLimitError,
    RetryPolicy,
    current_span,
)


def low_level(client: AuthenticatedClient) -> None:
    body = CreateEventRequest(event_type="model", inputs={"q": "hi"}, metadata={"cost": 0.1})
    assert_type(create_event.sync(client=client, body=body), CreateEventResponse | ErrorResponse | None)
    only = EventFilter(field="event_type", operator="is", value="model")
    page = search_events.sync(client=client, body=SearchEventsRequest(filters=[only], limit=10))
    if isinstance(page, SearchEventsResponse):
        assert_type(page.events, list[models.Event])


def schemas() -> None:
    assert_type(schema("CreateEventRequest"), dict[str, Any])
    try:
        validate("CreateEventRequest", {})
    except SchemaError as error:
        print([f.path for f in error.failures], names())
    assert_type(validator("Event").is_valid({}), bool)


def events() -> Iterator[CreateEventRequestDict]:
    yield {"event_type": "tool", "inputs": {"n": 1}}


async def more_events() -> AsyncIterator[CreateEventRequestDict]:
    yield {"event_type": "tool", "inputs": {"n": 1}}


def ergonomic() -> None:
    with HoneyHive(api_key="hh_1", retry=RetryPolicy(attempts=3), timeout=10) as hh:
        sent = hh.events.create(
            "model",
            event_name="answer",
            inputs={"q": 1},
            start_time=datetime.now(UTC),
            duration=timedelta(seconds=1),
            session_id=uuid4(),
            retry=False,
        )
        assert_type(sent, CreateEventResponse)
        hh.events.create({"event_type": "tool"}, inputs={})
        hh.events.create(CreateEventRequest(event_type="chain", inputs={}))
        hh.events.create(event_type="session")
        assert_type(hh.events.create_batch(events(), single_session=True), BatchReport)
        hh.events.update(sent.event_id, feedback={"rating": 5}, end_time=1767225600000)
        hh.events.update(UUID(sent.event_id), outputs=None)
        assert_type(hh.events.get(sent.event_id), Event)
        assert_type(hh.sessions.create(session_name="chat"), CreateSessionResponse)
        found = hh.events.search(
            F.event_type == "model", F("metadata.cost") > 0.5, start=timedelta(hours=-1), limit=10
        )
        for event in found:
            assert_type(event, Event)
        assert_type(found.to_list(), list[Event])
        for page in found.pages():
            assert_type(page, list[Event])


def handled(hh: HoneyHive) -> float | None:
    try:
        hh.events.create("tool")
    except EventError as error:
        print(error.path)
    except RateLimitError as error:
        return error.retry_after
    return None


async def asynchronous() -> None:
    async with AsyncHoneyHive() as hh:
        sent = await hh.events.create("model", inputs={"q": 1})
        assert_type(sent, CreateEventResponse)
        assert_type(await hh.events.create_batch(more_events()), BatchReport)
        assert_type(await hh.events.create_batch(events()), BatchReport)
        async for event in hh.events.search(
            F.event_name.contains("answer"), F.duration > timedelta(seconds=1), start="24h"
        ):
            assert_type(event, Event)
        assert_type(await hh.events.search().to_list(), list[Event])


def blocks(hh: HoneyHive, ahh: AsyncHoneyHive) -> None:
    with hh.session("chat", user_properties={"tier": "free"}) as session:
        assert_type(session.session_id, str)
        with hh.span("step", event_type="tool", inputs={"n": 1}, on_error="raise") as span:
            span.set(metadata={"cost": 0.1}, end_time=datetime.now(UTC))
            span.outputs = {"found": 2}
    current = current_span()
    if current is not None:
        current.set(error=None)

    @hh.span(event_type="model", capture_inputs=["n"])
    def function(n: int, *, more: str = "") -> list[int]:
        return [n]

    @hh.span()
    def generator(n: int) -> Iterator[int]:
        yield n

    @ahh.span("complete")
    async def coroutine(n: int) -> str:
        return str(n)

    @ahh.span()
    async def agenerator(n: int) -> AsyncIterator[int]:
        yield n

    assert_type(function(1, more="x"), list[int])
    assert_type(generator(1), Iterator[int])
    assert_type(agenerator(1), AsyncIterator[int])

    async def main() -> None:
        assert_type(await coroutine(1), str)
        async with ahh.session("chat") as outer, ahh.span("step") as inner:
            outer.outputs = "text"
            inner.set(metrics={"score": 1})

    print(main)
