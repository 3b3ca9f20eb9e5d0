"""Spans of the OpenTelemetry SDK become events, sent in the background."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from honeyhive_ext.client.default import trace
from honeyhive_ext.errors import HoneyHiveError
from honeyhive_ext.otel.read_sdk import read_sdk
from honeyhive_ext.otlp.to_event import to_events
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.sync import HoneyHive

logger = logging.getLogger("honeyhive_ext")


class HoneyHiveSpanExporter(SpanExporter):
    """Sends finished spans through the background sender of a client.

    `export` does not wait for the network. With a spool (`Background(spool=...)`), spans that it took survive
    a kill. Use it with `SimpleSpanProcessor`: a `BatchSpanProcessor` would keep spans in memory first.
    `HoneyHiveSpanProcessor` is simpler, and puts these spans and those of this package into one tree.

    Args:
        hh: The client. Its `redact`, sampling and spool apply to spans too. Default: that of `trace`, which
            is made from the environment when the first span ends.

    Raises:
        ConfigError: The client was made with `background=False`.

    >>> from honeyhive_ext import HoneyHive
    >>> from honeyhive_ext.otel import HoneyHiveSpanExporter
    >>> from opentelemetry.sdk.trace import TracerProvider
    >>> from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    >>> with HoneyHive() as hh:
    ...     provider = TracerProvider()
    ...     provider.add_span_processor(SimpleSpanProcessor(HoneyHiveSpanExporter(hh)))
    ...     with provider.get_tracer("app").start_as_current_span("plan"):
    ...         pass
    ...     hh.flush().success
    True
    """

    __module__ = "honeyhive_ext.otel"

    def __init__(self, hh: HoneyHive | AsyncHoneyHive | None = None) -> None:
        if hh is not None:
            hh.events.later.must_send()
        self._hh = hh
        self._closed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans over. Never raises, and never waits for the network.

        Returns:
            SUCCESS if every span was taken. What was not is logged with its reason, and counted by
            `hh.stats()`.
        """
        if self._closed:
            return SpanExportResult.FAILURE
        result = SpanExportResult.SUCCESS
        try:
            hh = trace.client if self._hh is None else self._hh
            if hh is None:  # no key: `trace` has said so
                return result
            read = [one for one in map(read_sdk, spans) if one is not None]
            for event in to_events(read):
                try:
                    hh.events.later.enqueue_recorded(event)
                except HoneyHiveError as error:
                    result = SpanExportResult.FAILURE
                    logger.warning("the span %r is not sent: %s", event["event_name"], error)
        except Exception as error:  # noqa: BLE001 - telemetry never changes what the application does
            result = SpanExportResult.FAILURE
            logger.warning("spans are not sent: %s", type_name(error))
        return result

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits, for no longer than this many ms, and return whether nothing is left.

        A client of asyncio sends in its event loop: this only returns whether anything waits.
        """
        from honeyhive_ext.client.sync import HoneyHive

        hh = trace.client if self._hh is None else self._hh
        if isinstance(hh, HoneyHive):
            return hh.flush(timeout_millis / 1000).waiting == 0
        return hh is None or hh.stats().waiting == 0

    def shutdown(self) -> None:
        """Take no more spans. The client stays open: its owner closes it."""
        self._closed = True
