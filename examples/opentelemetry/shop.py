"""An application that makes spans of OpenTelemetry already. It knows nothing about HoneyHive."""

from __future__ import annotations

from opentelemetry import trace

tracer = trace.get_tracer("shop")
PRICES = {"tea": 4, "cup": 9}


def price(article: str) -> int:
    """Look up a price."""
    with tracer.start_as_current_span("look up") as span:
        span.set_attribute("gen_ai.operation.name", "execute_tool")
        span.set_attribute("gen_ai.tool.call.arguments", f'{{"article": "{article}"}}')
        return PRICES[article]


def offer(article: str) -> str:
    """Write an offer, as a model would."""
    with tracer.start_as_current_span("write offer") as span:
        euros = price(article)
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.response.model", "small-1")
        span.set_attribute("gen_ai.usage.input_tokens", 12)
        span.set_attribute("gen_ai.usage.output_tokens", 5)
        return f"One {article} for {euros} €"
