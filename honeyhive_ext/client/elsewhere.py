"""Decorated functions that `cloudpickle` takes to another process by value: notebooks, Ray, Spark, joblib.

A pickle holds how a function is recorded, and nothing of the client. Where it is loaded, the first call makes
a sender from the environment, one for all functions of the process. Without a key there, functions run
unrecorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from logging import getLogger
from typing import Any

from attrs import evolve

from honeyhive_ext.batch.limits import ObservedSizeLimit
from honeyhive_ext.client.aio_events import AsyncEvents
from honeyhive_ext.client.deferring import DeferringSender, SpanEvents
from honeyhive_ext.client.events import Events
from honeyhive_ext.client.later import Later, connected
from honeyhive_ext.config.settings import EventSettings, OnUnserializable, Redact, build_settings
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.sender import AsyncSender
from honeyhive_ext.tracing import AsyncSpan, Span, SpanOptions
from honeyhive_ext.tracing.decorate import decorate

_made: dict[Any, Any] = {}  # by kind, what this process has already


class SpanElsewhere:
    """What decorates a function that was unpickled, instead of the span of a client.

    Args:
        name: The `event_name`, or None for the function's name.
        fields: The other fields of its events.
        options: How it records and sends.
        source, on_unserializable, redact: As the client had them: a hook that hides secrets is not lost.
    """

    only_async = False

    def __init__(
        self,
        name: str | None,
        fields: Mapping[str, Any],
        options: SpanOptions,
        source: str,
        on_unserializable: OnUnserializable,
        redact: Redact | None,
    ) -> None:
        self.options = options
        self._settings = EventSettings(source=source, on_unserializable=on_unserializable, redact=redact)
        self._made_of = (name, fields, options, source, on_unserializable, redact)
        self._span: Span | AsyncSpan | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made_of

    def __call__(self, function: Any) -> Any:
        """Decorate a function."""
        return decorate(self, function, only_async=self.only_async)

    def fresh(self, default_name: str | None = None) -> Span | AsyncSpan:
        """Return the span of one call. The first call reads the environment."""
        if self._span is None:
            self._span = self._first()
        return self._span.fresh(default_name)

    def _first(self) -> Span | AsyncSpan:
        name, fields, options, *_ = self._made_of
        kind, sends, nowhere = (
            (AsyncSpan, AsyncSender, _async_nowhere) if self.only_async else (Span, DeferringSender, _nowhere)
        )
        sender = _sender(sends)
        if sender is None:
            options = evolve(options, capture_inputs=False, capture_outputs=False)
            return kind(nowhere, self._settings, name, fields, options)
        theirs = sender.settings.events
        settings = evolve(self._settings, destination=theirs.destination, scrub=theirs.scrub)
        sender = sender.with_events(settings)
        events = AsyncEvents(sender) if self.only_async else SpanEvents(sender, Events(sender).create)
        later = _later(_sender(DeferringSender)).spans_made_with(settings)
        return kind(events.create, settings, name, fields, options, None, later)


class AsyncSpanElsewhere(SpanElsewhere):
    """The same for a function that a span of `AsyncHoneyHive` decorates."""

    only_async = True


def _sender(kind: Any) -> Any:
    """Return what sends in this process, or None after a warning. Threads that make two keep one of them."""
    if kind not in _made:
        try:
            made = kind(build_settings())
        except ConfigError as error:
            made, mine = None, object()
            if _made.setdefault("warning", mine) is mine:
                log = getLogger("honeyhive_ext.tracing")
                log.warning("decorated functions are not recorded in this process: %s", error)
        _made.setdefault(kind, made)
    return _made[kind]


def _later(sender: DeferringSender) -> Later:
    """Return what sends later in this process."""
    if Later not in _made:
        later = Later(True, sender.settings, ObservedSizeLimit(), partial(connected, sender))
        _made.setdefault(Later, later)
    found: Later = _made[Later]
    return found


def _nowhere(**_: Any) -> None:
    """Take the event of a function that is not recorded."""


async def _async_nowhere(**_: Any) -> None:
    """Take the event of a function that is not recorded."""
