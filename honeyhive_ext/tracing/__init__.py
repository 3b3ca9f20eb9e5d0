"""`with hh.session(...)` and `with hh.span(...)`: blocks and decorators that record what happens in them."""

from honeyhive_ext.tracing.blocks import AsyncSpan, Span
from honeyhive_ext.tracing.record import OnSendError, Recording, current_span

__all__ = ["AsyncSpan", "OnSendError", "Recording", "Span", "current_span"]
