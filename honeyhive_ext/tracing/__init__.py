"""Spans and sessions: `with` statements and decorators that record the code inside as events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy
from honeyhive_ext.tracing.current import current_span
from honeyhive_ext.tracing.record import Recording
from honeyhive_ext.tracing.span_options import OnSendError, Reduce, SpanOptions, session_fields
from honeyhive_ext.tracing.spans import AsyncSpan, Span

if TYPE_CHECKING:
    from honeyhive_ext.tracing.executors import ThreadPoolExecutor
    from honeyhive_ext.tracing.propagation import Extracted, extract, inject

__all__ = [
    "AsyncSpan",
    "Extracted",
    "OnSendError",
    "Recording",
    "Reduce",
    "Span",
    "SpanOptions",
    "ThreadPoolExecutor",
    "current_span",
    "extract",
    "inject",
    "session_fields",
]

_HOMES = {
    "ThreadPoolExecutor": "tracing.executors",
    **dict.fromkeys(("Extracted", "extract", "inject"), "tracing.propagation"),
}

__getattr__ = lazy(__name__, _HOMES)
