"""A client that keeps the events that spans would send, prepared as the real client prepares them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.payload.events import prepare_event
from honeyhive_ext.payload.times import now_ms
from honeyhive_ext.tracing import AsyncSpan, Span, SpanOptions, session_fields

OPTIONS = ("on_error", "capture_inputs", "capture_outputs", "reduce", "retry", "timeout")


class Recorder:
    """`span` and `session` as `HoneyHive` has them; `aspan` and `asession` as `AsyncHoneyHive` has them."""

    def __init__(self, settings: EventSettings | None = None) -> None:
        self.settings = settings or EventSettings()
        self.events: list[dict[str, Any]] = []
        self.sending: list[dict[str, Any]] = []
        self.failure: BaseException | None = None

    def create(self, event: Any = None, /, *, retry: Any = None, timeout: Any = None, **fields: Any) -> None:
        self.sending.append({"retry": retry, "timeout": timeout})
        if self.failure is not None:
            raise self.failure
        wire = prepare_event(event, fields, settings=self.settings, now_ms=now_ms)
        self.events.append(orjson.loads(wire.content))

    async def acreate(self, event: Any = None, /, **fields: Any) -> None:
        await asyncio.sleep(0)
        self.create(event, **fields)

    def span(self, name: Any = None, /, **fields: Any) -> Span:
        return Span(self.create, self.settings, name, *_split(fields))

    def session(self, name: Any = None, /, **fields: Any) -> Span:
        given, options = _split(fields)
        return Span(self.create, self.settings, name, session_fields(given), options)

    def aspan(self, name: Any = None, /, **fields: Any) -> AsyncSpan:
        return AsyncSpan(self.acreate, self.settings, name, *_split(fields))

    def asession(self, name: Any = None, /, **fields: Any) -> AsyncSpan:
        given, options = _split(fields)
        return AsyncSpan(self.acreate, self.settings, name, session_fields(given), options)

    def named(self, name: str) -> dict[str, Any]:
        """Return the one event with this name."""
        (event,) = [event for event in self.events if event.get("event_name") == name]
        return event


def _split(fields: Mapping[str, Any]) -> tuple[dict[str, Any], SpanOptions]:
    options = SpanOptions(**{name: fields[name] for name in OPTIONS if name in fields})
    return {name: value for name, value in fields.items() if name not in OPTIONS}, options
