"""Reading events type-checks without a check for absence wherever absence has an obvious value."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_type

from honeyhive_ext import AsyncHoneyHive, Event, F, HoneyHive


def fields(event: Event) -> None:
    assert_type(event.event_name, str | None)
    assert_type(event.duration, float | None)
    assert_type(event.start_time, float | None)
    assert_type(event.started_at, datetime | None)
    assert_type(event.ended_at, datetime | None)
    assert_type(event.metadata, dict[str, Any])
    assert_type(event.children_ids, list[str])
    assert_type(event.raw, dict[str, Any])
    assert_type(event.odd, tuple[str, ...])
    assert_type(hash(event), int)


def arithmetic(event: Event) -> float:
    cost: float = event.metadata["cost"]
    print(event.metadata["cost"] * 2, event.inputs.get("q"), (event.event_name or "").upper())
    print([child.upper() for child in event.children_ids])
    if event.started_at is not None and event.ended_at is not None:
        assert_type(event.ended_at - event.started_at, timedelta)
    tokens: int = event.get("metadata.usage.tokens", 0)
    rate: float = event.get(["metadata", "a.b"], 0.5)
    return cost + (event.duration or 0) / 1000 + tokens + rate


def sources(hh: HoneyHive) -> None:
    found = hh.events.search(F.event_type == "model").first()
    if found is not None:
        assert_type(found, Event)
        hh.events.update(found, feedback={"rating": 5})
        hh.events.create(found, event_name="again")
    hh.events.create_batch(hh.events.search())
    for event in hh.events.tail(idle=0):
        assert_type(event, Event)
    for node in hh.sessions.tree("caf77ace-3417-4da4-944d-f4a0688f3c23"):
        assert_type(node.event.metrics, dict[str, Any])
    assert_type(Event.from_dict({"event_id": "a"}), Event)
    assert_type(Event.from_json(b"{}"), Event)


async def asynchronous(hh: AsyncHoneyHive) -> None:
    async for event in hh.events.search():
        assert_type(event.metadata, dict[str, Any])
    assert_type(await hh.events.get("caf77ace-3417-4da4-944d-f4a0688f3c23"), Event)
    assert_type(await hh.events.search().first(), Event | None)
