"""Spans of the OpenTelemetry SDK and spans of this package in one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.baggage import get_baggage
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.trace import get_current_span

from honeyhive_ext.otel.read_sdk import span_id, trace_id
from honeyhive_ext.otel.span_exporter import HoneyHiveSpanExporter
from honeyhive_ext.otlp.registry import PARENT, SESSION
from honeyhive_ext.payload.scope import ANYWHERE, BETWEEN, CURRENT, Scope
from honeyhive_ext.payload.span_ids import event_id_of, trace_session
from honeyhive_ext.tracing.propagation import BAGGAGE_NAMES, Extracted, extract

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext

    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.sync import HoneyHive

# Where a span keeps the block that it was started in.
_STARTED_IN = "_honeyhive_started_in"


class HoneyHiveSpanProcessor(SpanProcessor):
    """Sends each span as an event when it ends, in one tree with the spans of this package.

    A span of OpenTelemetry that starts inside a span of this package (`session`, `span`, a decorated
    function) belongs to its session and is its child. A span of this package inside a span of OpenTelemetry
    is a child of that one. Add the processor to one tracer provider. You need no `BatchSpanProcessor`,
    because the background sender queues the events.

    Args:
        hh: As for `HoneyHiveSpanExporter`.

    Raises:
        ConfigError: The client was made with `background=False`.

    >>> from honeyhive_ext import HoneyHive
    >>> from honeyhive_ext.otel import HoneyHiveSpanProcessor
    >>> from opentelemetry.sdk.trace import TracerProvider
    >>> with HoneyHive() as hh:
    ...     provider = TracerProvider()
    ...     provider.add_span_processor(HoneyHiveSpanProcessor(hh))
    ...     with hh.session("chat") as session, provider.get_tracer("app").start_as_current_span("plan"):
    ...         with hh.span("search"):
    ...             pass
    ...     [node.event.event_name for node in hh.sessions.tree(session.session_id)]
    ['chat', 'plan', 'search']
    """

    __module__ = "honeyhive_ext.otel"

    def __init__(self, hh: HoneyHive | AsyncHoneyHive | None = None) -> None:
        self._exporter = HoneyHiveSpanExporter(hh)
        if nearer not in BETWEEN:
            BETWEEN.append(nearer)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note where the span belongs. Called by the SDK."""
        block = CURRENT.get()
        outer: Any = get_current_span(parent_context)
        setattr(span, _STARTED_IN, block)
        said: dict[str, Any] = getattr(outer, "attributes", None) or {}
        session_id = said.get(SESSION) if block is None else block.session_id
        remote = _remote(outer.get_span_context(), parent_context) if block is None else None
        if remote is not None:
            session_id = session_id or remote.session_id
            if remote.parent_id is not None:
                span.set_attribute(PARENT, remote.parent_id)
        if session_id is not None and SESSION not in (span.attributes or {}):
            span.set_attribute(SESSION, session_id)
        is_direct = not outer.get_span_context().is_valid or getattr(outer, _STARTED_IN, None) is not block
        if block is not None and is_direct:
            span.set_attribute(PARENT, block.event_id)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand the span over. Called by the SDK."""
        context = span.get_span_context()
        if context is not None and context.trace_flags.sampled:
            self._exporter.export((span,))

    def shutdown(self) -> None:
        """Take no more spans; see `HoneyHiveSpanExporter.shutdown`."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits, for no longer than this many ms, and return whether nothing is left."""
        return self._exporter.force_flush(timeout_millis)


def _remote(parent: SpanContext, context: Context | None) -> Extracted | None:
    """Return the session, and the block that is the parent of a span, as the baggage of a request names them.

    The block is not the parent if another span has passed the baggage on.
    """
    if not parent.is_remote:
        return None
    members = {name: get_baggage(name, context) for name in BAGGAGE_NAMES}
    found = extract({"baggage": ",".join(f"{name}={value}" for name, value in members.items() if value)})
    made_by_block = (found.parent_id or "").replace("-", "")[16:] == span_id(parent)
    return Extracted(found.session_id, found.parent_id if made_by_block else None)


def nearer(block: Scope | None) -> Scope | None:
    """Return the current span of OpenTelemetry as a scope if it is nearer than the block around it."""
    span: Any = get_current_span()
    if getattr(span, _STARTED_IN, span) is not block:  # no span of ours, or the block began inside it
        return block
    context = span.get_span_context()
    trace = trace_id(context)
    said: dict[str, Any] = span.attributes or {}
    session_id = str(said.get(SESSION) or trace_session(trace))
    parent = f"00-{trace}-{span_id(context)}-{int(context.trace_flags):02x}"
    event_id = event_id_of(trace, span_id(context))
    return Scope(session_id, event_id, block, destination=ANYWHERE, traceparent=parent)
