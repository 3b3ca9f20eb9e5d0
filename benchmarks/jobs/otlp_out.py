"""Export spans: what one span costs the process that makes it, until the server has confirmed it."""

from __future__ import annotations

from typing import Any

from benchmarks import peers
from benchmarks.job import Contender, Job, Must, Run, Target
from benchmarks.jobs.otlp_in import ATTRIBUTES, SPANS

OURS = "HoneyHiveSpanProcessor"
STOCK = "BatchSpanProcessor, OTLPSpanExporter"


def spans(*processors: Any) -> Run:
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    for processor in processors:
        provider.add_span_processor(processor)
    tracer = provider.get_tracer("bench")

    def run(units: int) -> int:
        for number in range(units):
            span = tracer.start_span("chat gpt-4o")
            span.set_attributes(ATTRIBUTES)
            span.end()
            if number % SPANS == SPANS - 1:
                provider.force_flush()  # a BatchSpanProcessor drops what its queue cannot hold
        return units

    return run


def nothing(target: Target) -> Run:
    return spans()


def stock(target: Target) -> Run:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return spans(BatchSpanProcessor(OTLPSpanExporter(f"{target.url}/v1/traces")))


def ours(target: Target) -> Run:
    from honeyhive_ext import HoneyHive
    from honeyhive_ext.otel import HoneyHiveSpanProcessor

    return spans(HoneyHiveSpanProcessor(HoneyHive(api_key=peers.KEY, base_url=target.url)))


JOB = Job(
    name="otlp-out",
    title="make and export a span",
    unit="span",
    step=SPANS,
    rows=(Contender("no processor", nothing), Contender(STOCK, stock), Contender(OURS, ours)),
    musts=(Must(OURS, STOCK, 1.0),),
)
