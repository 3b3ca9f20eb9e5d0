"""One call that sends the spans of a program to HoneyHive."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import trace as opentelemetry_trace
from opentelemetry.sdk.trace import TracerProvider

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.otel.span_processor import HoneyHiveSpanProcessor
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.sync import HoneyHive

logger = logging.getLogger("honeyhive_ext")

_LIBRARY = re.compile(r"[A-Za-z0-9._-]+")
# What `configure` has done in this process: the providers that send, and who instruments each library.
_providers: list[TracerProvider] = []
_instrumented: dict[str, str] = {}


def configure(
    hh: HoneyHive | AsyncHoneyHive | None = None, instrumentors: Iterable[Any] = ()
) -> TracerProvider:
    """Send the spans of this program to HoneyHive, and let instrumentors make them.

    The tracer provider of the program is used, where there is one; else one is made and set. A second call
    adds only instrumentors.

    Args:
        hh: The client. Default: that of `trace`, which is made from the environment.
        instrumentors: Instrumentors such as `OpenAIInstrumentor()` of OpenInference, Traceloop or
            OpenTelemetry. A warning says where two of them are for one library, as every call would be
            recorded twice.

    Returns:
        The tracer provider.

    Raises:
        ConfigError: An instrumentor has no `instrument`, the client was made with `background=False`, or the
            program has a tracer provider that takes no processors.

    >>> from honeyhive_ext.otel import configure
    >>> tracer = configure().get_tracer("app")  # doctest: +SKIP
    """
    given = [*instrumentors]
    for one in given:
        if isinstance(one, type) or not callable(getattr(one, "instrument", None)):
            raise ConfigError(
                f"{one if isinstance(one, type) else type_name(one)} is no instrumentor: give an object with "
                "instrument(), such as OpenAIInstrumentor()"
            )
    provider = _provider()
    if not any(known is provider for known in _providers):
        provider.add_span_processor(HoneyHiveSpanProcessor(hh))
        _providers.append(provider)
    for one in given:
        _warn_of_two(one)
        one.instrument(tracer_provider=provider)
    return provider


def _provider() -> TracerProvider:
    found: Any = opentelemetry_trace.get_tracer_provider()
    if hasattr(found, "add_span_processor"):
        return cast(TracerProvider, found)
    if not isinstance(found, opentelemetry_trace.ProxyTracerProvider):
        raise ConfigError(
            f"the tracer provider of this program is a {type_name(found)}, which takes no processors: set "
            "one of opentelemetry.sdk, or add HoneyHiveSpanProcessor to yours"
        )
    provider = TracerProvider()
    opentelemetry_trace.set_tracer_provider(provider)
    return provider


def _warn_of_two(instrumentor: Any) -> None:
    """Warn once where two instrumentors record the calls of one library."""
    name = f"{type(instrumentor).__module__}.{type(instrumentor).__qualname__}"
    try:
        wanted = [*map(str, instrumentor.instrumentation_dependencies())]
    except Exception:  # noqa: BLE001 - code of the instrumentor; not every one says what it is for
        return
    for requirement in wanted:
        found = _LIBRARY.match(requirement)
        library = found[0].lower() if found else requirement
        other = _instrumented.setdefault(library, name)
        if other not in (name, ""):
            _instrumented[library] = ""  # said once
            logger.warning(
                "%s and %s both record the calls of %s: each call becomes two events; use one of them",
                *(other, name, library),
            )
