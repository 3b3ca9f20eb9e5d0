"""Spans of the OpenTelemetry SDK become events, in one tree with the blocks of this package."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace as opentelemetry_trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, Tracer

from honeyhive_ext import AsyncHoneyHive, Background, ConfigError, HoneyHive, trace
from honeyhive_ext.local import LocalServer
from honeyhive_ext.otel import HoneyHiveSpanExporter, HoneyHiveSpanProcessor
from honeyhive_ext.payload.scope import BETWEEN

KEY = "hh_test_key"


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    before = [*BETWEEN]
    yield
    BETWEEN[:] = before


@pytest.fixture
def tracer(hh: HoneyHive) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(HoneyHiveSpanProcessor(hh))
    return provider.get_tracer("app", "1.0")


def names(server: LocalServer) -> dict[str, dict[str, Any]]:
    return {event["event_name"]: event for event in server.events()}


def parents(server: LocalServer) -> dict[str, str | None]:
    """The name of each event's parent."""
    events = server.events()
    by_id = {event["event_id"]: event["event_name"] for event in events}
    return {event["event_name"]: by_id.get(event.get("parent_id")) for event in events}


def test_what_a_span_says_is_in_its_event(hh: HoneyHive, tracer: Tracer, server: LocalServer) -> None:
    link = opentelemetry_trace.SpanContext(5, 6, is_remote=False)

    def chat() -> None:
        with tracer.start_as_current_span(
            "chat m",
            kind=SpanKind.CLIENT,
            attributes={"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3, "tags": ["a", "b"]},
            links=[Link(link, {"why": "x"})],
        ) as span:
            span.add_event("thought", {"n": 1})
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        chat()
    assert hh.flush().success
    event = names(server)["chat m"]
    assert (event["event_type"], event["config"], event["error"]) == (
        "model",
        {"model": "m"},
        "ValueError: boom",
    )
    metadata = event["metadata"]
    assert (metadata["tags"], metadata["otel_kind"], metadata["input_tokens"]) == (["a", "b"], "client", 3)
    assert [one["name"] for one in metadata["span_events"]] == ["thought", "exception"]
    assert metadata["span_links"] == [
        {"trace_id": f"{5:032x}", "span_id": f"{6:016x}", "attributes": {"why": "x"}}
    ]
    assert metadata["scope"] == {"name": "app", "version": "1.0"}
    assert event["end_time"] >= event["start_time"]


def test_the_tree_is_one_whoever_made_its_parts(hh: HoneyHive, tracer: Tracer, server: LocalServer) -> None:
    with hh.session("session") as session:
        with tracer.start_as_current_span("a"), tracer.start_as_current_span("b"):
            with hh.span("c"), tracer.start_as_current_span("d"):
                with hh.span("e"):
                    hh.events.enqueue("tool", event_name="f")
                with tracer.start_as_current_span("g"):
                    pass
            with tracer.start_as_current_span("h"):
                pass
        with hh.span("i"):
            hh.events.create("tool", event_name="j")
    assert hh.flush().success
    expected = "a of session, b of a, c of b, d of c, e of d, f of e, g of d, h of b, i of session, j of i"
    pairs = dict(pair.split(" of ") for pair in expected.split(", "))
    assert parents(server) == {"session": None, **pairs}
    assert {event["session_id"] for event in server.events()} == {session.session_id}


def test_blocks_inside_a_span_without_a_session_share_the_session_of_its_trace(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    with tracer.start_as_current_span("a"), hh.span("b"), tracer.start_as_current_span("c"):
        pass
    with tracer.start_as_current_span("other"):
        pass
    assert hh.flush().success
    assert parents(server) == {"a": None, "b": "a", "c": "b", "other": None}
    events = names(server)
    assert len({events[name]["session_id"] for name in "abc"}) == 1
    assert events["other"]["session_id"] != events["a"]["session_id"]


def test_a_session_that_a_span_names_holds_for_what_is_inside(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    session_id = "5f0c9ac6-6e3d-4c6e-8c55-2c4f30d2a0b1"
    named = {"honeyhive.session_id": session_id}
    with tracer.start_as_current_span("a", attributes=named), tracer.start_as_current_span("b"), hh.span("c"):
        pass
    assert hh.flush().success
    assert {event["session_id"] for event in server.events()} == {session_id}


def test_events_and_batches_inside_a_span_belong_to_it(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    with tracer.start_as_current_span("a"):
        hh.events.create_batch([{"event_type": "tool", "event_name": name} for name in "bc"])
    assert hh.flush().success
    assert parents(server) == {"a": None, "b": "a", "c": "a"}


def test_tasks_keep_their_own_trees(server: LocalServer) -> None:
    async def one(client: AsyncHoneyHive, tracer: Tracer, number: int) -> None:
        async with client.session(f"s{number}"):
            with tracer.start_as_current_span(f"a{number}"):
                await asyncio.sleep(0)
                async with client.span(f"b{number}"):
                    await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncHoneyHive(KEY, base_url=server.url) as client:
            provider = TracerProvider()
            provider.add_span_processor(HoneyHiveSpanProcessor(client))
            tracer = provider.get_tracer("app")
            await asyncio.gather(*(one(client, tracer, number) for number in range(5)))
            assert (await client.flush()).success

    asyncio.run(main())
    found = parents(server)
    for number in range(5):
        assert (found[f"b{number}"], found[f"a{number}"]) == (f"a{number}", f"s{number}")


@pytest.mark.parametrize("processor", [SimpleSpanProcessor, BatchSpanProcessor])
def test_the_exporter_serves_the_processors_of_the_sdk(
    hh: HoneyHive, server: LocalServer, processor: Any
) -> None:
    provider = TracerProvider()
    provider.add_span_processor(processor(HoneyHiveSpanExporter(hh)))
    tracer = provider.get_tracer("app")
    with tracer.start_as_current_span("a"), tracer.start_as_current_span("b") as span:
        span.set_status(Status(StatusCode.ERROR, "no"))
    assert provider.force_flush()
    assert parents(server) == {"a": None, "b": "a"}
    assert names(server)["b"]["error"] == "no"
    provider.shutdown()
    assert hh.events.create("tool").event_id  # the client is open


def test_spans_that_are_not_sampled_are_not_sent(hh: HoneyHive, server: LocalServer) -> None:
    provider = TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(HoneyHiveSpanProcessor(hh))
    with provider.get_tracer("app").start_as_current_span("a"), hh.span("b"):
        pass
    assert hh.flush().success
    assert parents(server) == {"b": None}


def test_redact_sees_spans(server: LocalServer) -> None:
    def redact(event: dict[str, Any]) -> dict[str, Any]:
        event["metadata"].pop("secret", None)
        return event

    with HoneyHive(KEY, base_url=server.url, redact=redact) as client:
        provider = TracerProvider()
        provider.add_span_processor(HoneyHiveSpanProcessor(client))
        provider.get_tracer("app").start_span("a", attributes={"secret": "s", "open": 1}).end()
    metadata = names(server)["a"]["metadata"]
    assert metadata["open"] == 1
    assert "secret" not in metadata


def test_a_span_that_cannot_be_sent_is_said_and_raises_nothing(
    server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = HoneyHive(KEY, base_url=server.url)
    exporter = HoneyHiveSpanExporter(client)
    client.close()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with caplog.at_level(logging.WARNING, "honeyhive_ext"):
        provider.get_tracer("app").start_span("lost").end()
    assert "the span 'lost' is not sent" in caplog.text
    exporter.shutdown()
    assert exporter.export([]) is SpanExportResult.FAILURE


def test_a_client_that_only_waits_is_refused(server: LocalServer) -> None:
    with HoneyHive(KEY, base_url=server.url, background=False) as client:
        for kind in (HoneyHiveSpanExporter, HoneyHiveSpanProcessor):
            with pytest.raises(ConfigError, match="background=False"):
                kind(client)


def test_without_a_client_the_one_of_trace_sends(hh: HoneyHive, server: LocalServer) -> None:
    trace.use(hh)
    try:
        provider = TracerProvider()
        provider.add_span_processor(HoneyHiveSpanProcessor())
        with trace.session("chat"), provider.get_tracer("app").start_as_current_span("a"):
            pass
        assert provider.force_flush()
    finally:
        trace.use(None)
    assert parents(server) == {"chat": None, "a": "chat"}


def test_a_remote_parent_is_the_parent(hh: HoneyHive, tracer: Tracer, server: LocalServer) -> None:
    remote = opentelemetry_trace.NonRecordingSpan(
        opentelemetry_trace.SpanContext(7, 8, True, opentelemetry_trace.TraceFlags(1))
    )
    context = opentelemetry_trace.set_span_in_context(remote, Context())
    tracer.start_span("a", context=context).end()
    with hh.session("chat"):
        tracer.start_span("b", context=context).end()
    assert hh.flush().success
    events = names(server)
    assert events["a"]["metadata"]["parent_span_id"] == f"{8:016x}"
    assert events["b"]["parent_id"] == events["chat"]["event_id"]


def test_spans_survive_a_kill_with_a_spool(server: LocalServer, tmp_path: Any) -> None:
    program = f"""
import os, signal
from honeyhive_ext import Background, HoneyHive
from honeyhive_ext.otel import HoneyHiveSpanProcessor
from opentelemetry.sdk.trace import TracerProvider
later = Background(spool={str(tmp_path)!r}, flush_seconds=60)
hh = HoneyHive({KEY!r}, base_url={server.url!r}, background=later)
provider = TracerProvider()
provider.add_span_processor(HoneyHiveSpanProcessor(hh))
for number in range(50):
    provider.get_tracer("app").start_span(str(number)).end()
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with HoneyHive(KEY, base_url=server.url, background=Background(spool=tmp_path)) as client:
        client.events.enqueue("tool", event_name="next")
        while len(server.events()) < 51:  # the spool of the killed process is found in the background
            client.flush(60)
    assert {*names(server)} == {*map(str, range(50)), "next"}


def test_values_that_json_cannot_hold_are_kept_as_the_readers_keep_them(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    given: dict[str, Any] = {
        "nan": float("nan"),
        "low": float("-inf"),
        "big": 2**70,
        "many": [1.5, float("inf")],
    }
    with tracer.start_as_current_span("odd") as span:
        span.set_attributes(given)
    assert hh.flush().success
    found = names(server)["odd"]["metadata"]
    kept = {name: found[name] for name in given}
    assert kept == {"nan": "NaN", "low": "-Infinity", "big": str(2**70), "many": [1.5, "Infinity"]}


def test_the_sample_rate_decides_about_whole_traces(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HH_SAMPLE_RATE", "0")
    with HoneyHive(KEY, base_url=server.url) as client:
        provider = TracerProvider()
        provider.add_span_processor(HoneyHiveSpanProcessor(client))
        with provider.get_tracer("app").start_as_current_span("a"):
            pass
    assert server.events() == []


def test_a_span_beyond_the_limit_of_an_event_is_cut_and_sent(
    hh: HoneyHive, tracer: Tracer, server: LocalServer
) -> None:
    with tracer.start_as_current_span("large", attributes={"text": "x" * 3_000_000, "small": 1}):
        pass
    assert hh.flush().success
    metadata = names(server)["large"]["metadata"]
    assert metadata["small"] == 1
    assert metadata["text"].startswith("xxx")
