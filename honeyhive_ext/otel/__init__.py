"""OpenTelemetry in this process: its spans become events, in one tree with the spans of this package.

`configure()` is all that most programs need. It needs the extra `otel`.

>>> from honeyhive_ext import HoneyHive
>>> from honeyhive_ext.otel import HoneyHiveSpanProcessor
>>> from opentelemetry.sdk.trace import TracerProvider
>>> with HoneyHive() as hh:
...     provider = TracerProvider()
...     provider.add_span_processor(HoneyHiveSpanProcessor(hh))
...     with hh.session("chat") as session, provider.get_tracer("app").start_as_current_span("plan"):
...         pass
...     [node.event.event_name for node in hh.sessions.tree(session.session_id)]
['chat', 'plan']
"""

from __future__ import annotations

from honeyhive_ext.config.lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from honeyhive_ext.otel.span_exporter import HoneyHiveSpanExporter as HoneyHiveSpanExporter
    from honeyhive_ext.otel.span_processor import HoneyHiveSpanProcessor as HoneyHiveSpanProcessor
    from honeyhive_ext.otel.tracer_provider import configure as configure

__all__ = ["HoneyHiveSpanExporter", "HoneyHiveSpanProcessor", "configure"]

_load = lazy(
    __name__,
    {
        "HoneyHiveSpanExporter": "otel.span_exporter",
        "HoneyHiveSpanProcessor": "otel.span_processor",
        "configure": "otel.tracer_provider",
    },
)


def __getattr__(name: str) -> object:
    try:
        return _load(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "opentelemetry":
            raise
        raise ImportError(
            "honeyhive_ext.otel needs opentelemetry-sdk: pip install 'honeyhive-ext[otel]'"
        ) from error
