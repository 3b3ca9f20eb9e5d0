"""Mistakes that mypy --strict and pyright must both find, on exactly the lines marked so; it is not run."""

from __future__ import annotations

from honeyhive_client.models import CreateEventRequest

from honeyhive_ext import AsyncHoneyHive, Event, F, HoneyHive


def wrong(hh: HoneyHive, ahh: AsyncHoneyHive) -> None:
    hh.events.create("modle")  # refused: no such event type
    hh.events.create("model", input={})  # refused: no such field
    hh.events.create("model", inputs="text")  # refused: inputs is an object
    hh.events.create("model", duration="1 s")  # refused: duration is a number or a timedelta
    hh.events.create("model", outputs=None)  # refused: outputs cannot be null on create
    hh.events.update("id", event_name="x")  # refused: event_name cannot be updated
    hh.events.update()  # refused: update what?
    hh.sessions.create(event_type="session")  # refused: no such field
    hh.events.search(page_size="10")  # refused: a number of events
    hh.events.search(5)  # refused: a number is no filter
    CreateEventRequest(event_type="model")  # refused: inputs is required
    HoneyHive(timeout="10")  # refused: seconds are a number
    for _ in ahh.events.search(F.event_type == "model"):  # refused: needs async for
        pass


def wrong_blocks(hh: HoneyHive, ahh: AsyncHoneyHive) -> None:
    hh.span("x", metdata={})  # refused: no such field
    hh.span("x", on_error="ignore")  # refused: log or raise
    with hh.span("x") as span:
        span.set(output={})  # refused: no such field
    with ahh.span("x"):  # refused: needs async with
        pass

    @hh.span()
    def function(n: int) -> int:
        return n

    @ahh.span()  # refused: an async client decorates async functions
    def plain(n: int) -> int:
        return n

    function("1")  # refused: the decorator keeps the signature
    print(plain)


def wrong_reading(event: Event) -> None:
    print(event.brand_new)  # refused: no property of the document
    print(event.event_name.upper())  # refused: it may be None
    print(event.duration / 1000)  # refused: it may be None
    event.event_name = "x"  # refused: an event is what the service sent
    event.metadata = {}  # refused: the same
