"""Spans and sessions: `with` statements and decorators that record the code inside as events."""

from honeyhive_ext.tracing.current import current_span
from honeyhive_ext.tracing.record import Recording
from honeyhive_ext.tracing.span_options import OnSendError, Reduce, SpanOptions, session_fields
from honeyhive_ext.tracing.spans import AsyncSpan, Span

__all__ = [
    "AsyncSpan",
    "OnSendError",
    "Recording",
    "Reduce",
    "Span",
    "SpanOptions",
    "current_span",
    "session_fields",
]
