"""Code about searching that type checkers must accept, with the types they must infer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type
from uuid import uuid4

from honeyhive_client.models import EventFilter

from honeyhive_ext import AsyncHoneyHive, AsyncSearchResult, Checkpoint, Event, F, HoneyHive, SearchResult
from honeyhive_ext.filters import AllOf, Filter
from honeyhive_ext.results.trace_tree import TraceTree


def filters() -> None:
    assert_type(F.event_type == "model", Filter)
    assert_type(F("metadata", "a.b") != None, Filter)  # noqa: E711
    assert_type(F("metadata.cost") > 0.5, Filter)
    assert_type(F.start_time < datetime.now(UTC), Filter)
    assert_type(F.session_id == uuid4(), Filter)
    assert_type((F.event_type == "model") & F.error.exists(), AllOf)
    assert_type((F.event_type == "model") & {"field": "a", "operator": "exists", "value": None}, AllOf)


def search(hh: HoneyHive) -> None:
    result = hh.events.search(
        F.event_type == "model",
        EventFilter("source", "is", "web"),
        {"field": "source", "operator": "is", "value": "web"},
        start=timedelta(hours=-1),
        end=1_767_225_600_000,
        evaluation_id=uuid4(),
        limit=5,
    )
    assert_type(result, SearchResult[Event])
    assert_type(result.first(), Event | None)
    assert_type(result.one(), Event)
    assert_type(result.to_list(), list[Event])
    assert_type(result.raw(), SearchResult[dict[str, Any]])
    assert_type(result.checkpoint(), Checkpoint)
    assert_type(result.to_jsonl("events.jsonl"), int)
    for event in result:
        assert_type(event, Event)
    for page in result.raw().pages():
        assert_type(page, list[dict[str, Any]])
    assert_type(hh.events.tail(F.event_type == "model"), Iterator[Event])
    assert_type(hh.sessions.tree(uuid4()), TraceTree)


async def search_async(hh: AsyncHoneyHive) -> None:
    result = hh.events.search(F.event_type == "model", resume="{}")
    assert_type(result, AsyncSearchResult[Event])
    assert_type(await result.first(), Event | None)
    async for event in result:
        assert_type(event, Event)
    async for page in result.raw().pages():
        assert_type(page, list[dict[str, Any]])
    assert_type(await hh.sessions.events(uuid4()), list[Event])
