"""One tree over two processes: the headers of `inject` and those of OpenTelemetry's own propagators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from honeyhive_ext import HoneyHive, extract, inject
from honeyhive_ext.local import LocalServer
from honeyhive_ext.otel import HoneyHiveSpanProcessor
from honeyhive_ext.otlp.otel_span import OtelSpan
from honeyhive_ext.otlp.to_event import to_events
from honeyhive_ext.payload.scope import BETWEEN

W3C = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    before = [*BETWEEN]
    yield
    BETWEEN[:] = before


@pytest.fixture
def tracer(hh: HoneyHive) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(HoneyHiveSpanProcessor(hh))
    return provider.get_tracer("app")


def tree(hh: HoneyHive, server: LocalServer) -> tuple[dict[str, str | None], int]:
    """The name of each event's parent, and how many sessions there are."""
    assert hh.flush().success
    events = server.events()
    names = {event["event_id"]: event["event_name"] for event in events}
    parents = {event["event_name"]: names.get(event.get("parent_id")) for event in events}
    return parents, len({event["session_id"] for event in events})


def test_a_span_in_another_process_is_a_child_of_the_block_that_injected(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    with hh.session("chat"), hh.span("call"):
        headers = inject()
    remote = W3C.extract(headers, Context())
    with tracer.start_as_current_span("answer", context=remote), tracer.start_as_current_span("inner"):
        pass
    assert tree(hh, server) == ({"chat": None, "call": "chat", "answer": "call", "inner": "answer"}, 1)


def test_a_block_in_another_process_is_a_child_of_the_span_that_injected(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    headers: dict[str, str] = {}
    with tracer.start_as_current_span("call"):
        W3C.inject(headers)
    with extract(headers), hh.span("answer"):
        pass
    assert tree(hh, server) == ({"call": None, "answer": "call"}, 1)


def test_inject_inside_a_span_writes_the_span(hh: HoneyHive, tracer: Tracer, server: LocalServer) -> None:
    theirs: dict[str, str] = {}
    with hh.session("chat"), tracer.start_as_current_span("call"):
        W3C.inject(theirs)
        ours = inject()
    assert ours["traceparent"] == theirs["traceparent"]
    with extract(ours), hh.span("block"):
        pass
    with tracer.start_as_current_span("span", context=W3C.extract(ours, Context())):
        pass
    assert tree(hh, server) == ({"chat": None, "call": "chat", "block": "call", "span": "call"}, 1)


def test_baggage_that_a_span_passed_on_names_the_session_and_not_the_parent(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    passed_on: dict[str, str] = {}
    with hh.session("chat"):
        headers = inject()
    with tracer.start_as_current_span("between", context=W3C.extract(headers, Context())) as span:
        from opentelemetry.trace import set_span_in_context

        W3C.inject(passed_on, set_span_in_context(span, W3C.extract(headers, Context())))
    with tracer.start_as_current_span("last", context=W3C.extract(passed_on, Context())):
        pass
    assert tree(hh, server) == ({"chat": None, "between": "chat", "last": "between"}, 1)


def test_a_stock_exporter_of_another_process_sends_spans_of_the_same_session(hh: HoneyHive) -> None:
    with hh.session("chat") as session, hh.span("call") as call:
        headers = inject()
    _, trace_id, parent, _ = headers["traceparent"].split("-")
    times: dict[str, Any] = {"start_ns": 1, "end_ns": 2}
    span = OtelSpan(trace_id=trace_id, span_id="1" * 16, parent_id=parent, **times)
    assert [event["session_id"] for event in to_events([span])] == [session.session_id]
    # A processor of baggage copies it to every span of a trace. Only the first has the block as its parent.
    copied = {"honeyhive.session_id": session.session_id, "honeyhive.parent_id": call.event_id}
    child = OtelSpan(trace_id=trace_id, span_id="2" * 16, parent_id="1" * 16, attributes=copied, **times)
    first = OtelSpan(trace_id=trace_id, span_id="1" * 16, parent_id=parent, attributes=copied, **times)
    made = [*to_events([first, child])]
    assert [event["parent_id"] for event in made] == [call.event_id, made[0]["event_id"]]
