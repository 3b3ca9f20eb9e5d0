"""The tracer of the official SDK: its sessions, its events and its spans."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

# The tracer starts its sessions in a form that its own client warns about.
pytestmark = pytest.mark.filterwarnings("ignore:Passing a flat session payload:DeprecationWarning")


@pytest.fixture
def tracer(honeyhive_local: LocalServer) -> Iterator[Any]:
    from honeyhive import HoneyHiveTracer

    tracer = HoneyHiveTracer.init(session_name="demo", source="sdk-test")
    yield tracer
    tracer.shutdown()


def test_the_tracer_starts_and_enriches_its_session(tracer: Any, honeyhive_local: LocalServer) -> None:
    tracer.enrich_session(
        metadata={"tier": "gold"},
        feedback={"rating": 5},
        metrics={"turns": 2},
        outputs={"answer": 42},
        user_properties={"user": "u1"},
    )
    (session,) = honeyhive_local.events()
    assert session["event_id"] == session["session_id"] == tracer.session_id
    assert (session["event_name"], session["source"]) == ("demo", "sdk-test")
    assert (session["metadata"], session["feedback"]) == ({"tier": "gold"}, {"rating": 5})
    assert (session["metrics"], session["outputs"]) == ({"turns": 2}, {"answer": 42})
    assert session["user_properties"] == {"user": "u1"}


def test_the_tracer_creates_events(tracer: Any, honeyhive_local: LocalServer) -> None:
    event_id = tracer.create_event(
        "step", event_type="model", inputs={"q": 1}, outputs={"a": 2}, error="bad", metadata={"m": 1}
    )
    event = next(event for event in honeyhive_local.events() if event["event_id"] == event_id)
    assert (event["event_type"], event["event_name"], event["error"]) == ("model", "step", "bad")
    assert (event["inputs"], event["outputs"]) == ({"q": 1}, {"a": 2})
    assert (event["metadata"], event["session_id"]) == ({"m": 1}, tracer.session_id)


def test_the_tracer_creates_further_sessions(tracer: Any, honeyhive_local: LocalServer) -> None:
    wanted = str(uuid.uuid4())
    options = {"session_name": "second", "inputs": {"a": 1}, "metadata": {"b": 2}}
    assert tracer.create_session(session_id=wanted, **options) == wanted
    assert {event["event_name"] for event in honeyhive_local.events()} == {"demo", "second"}


SPANS = """
import asyncio
from honeyhive import HoneyHiveTracer, enrich_span, trace, atrace
tracer = HoneyHiveTracer.init(session_name="demo")

@trace(event_type="tool", tracer=tracer)
def look_up(query, options):
    enrich_span(metadata={"cost": 0.5}, metrics={"acc": 0.9}, feedback={"rating": 5})
    return {"hits": ["a", "b"], "score": 1.5}

@trace(event_type="model", tracer=tracer)
def ask(messages):
    return {"role": "assistant", "content": "hello"}

@trace(event_type="tool", tracer=tracer)
def fail():
    raise ValueError("boom")

@atrace(event_type="tool", tracer=tracer)
async def wait(n):
    return n + 1

@trace(event_type="chain", tracer=tracer)
def pipeline(query):
    look_up(query, {"deep": [1, None]})
    ask([{"role": "user", "content": query}])
    try:
        fail()
    except ValueError:
        pass
    return asyncio.run(wait(1))

pipeline("what?")
tracer.enrich_session(metadata={"done": True})
tracer.force_flush()
tracer.shutdown()
"""


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_its_spans_are_one_tree_of_events(honeyhive_local: LocalServer, protocol: str) -> None:
    # In its own process: OpenTelemetry keeps the first exporter of a process forever.
    environment = {**os.environ, "HH_OTLP_PROTOCOL": protocol}
    subprocess.run([sys.executable, "-c", SPANS], env=environment, capture_output=True, text=True, check=True)
    sent = [one for one in honeyhive_local.requests if one.path == "/opentelemetry/v1/traces"]
    assert {one.status for one in sent} == {200}
    found = honeyhive_local.events()
    events = {event["event_name"].removeprefix("__main__."): event for event in found}
    names = {event["event_id"]: name for name, event in events.items()}
    assert {name: names.get(event.get("parent_id")) for name, event in events.items()} == {
        **dict.fromkeys(("look_up", "ask", "fail", "fail_error", "wait"), "pipeline"),
        "pipeline": "demo",
        "demo": None,
    }
    assert {event["session_id"] for event in events.values()} == {events["demo"]["event_id"]}
    assert {name: event["event_type"] for name, event in events.items() if name != "demo"} == {
        **dict.fromkeys(("look_up", "fail", "fail_error", "wait"), "tool"),
        "ask": "model",
        "pipeline": "chain",
    }
    look_up = events["look_up"]
    assert look_up["inputs"] == {"query": "what?", "options": {"deep": [1, None]}}
    assert look_up["outputs"] == {"result": {"hits": ["a", "b"], "score": 1.5}}
    assert (look_up["metrics"], look_up["feedback"]) == ({"acc": 0.9}, {"rating": 5})
    assert look_up["metadata"]["cost"] == 0.5
    assert events["ask"]["inputs"] == {"messages": [{"role": "user", "content": "what?"}]}
    assert events["wait"]["outputs"] == {"result": 2}
    assert (events["fail"]["error"], events["fail_error"]["error"]) == ("ValueError: boom", "boom")
    assert events["demo"]["metadata"]["done"] is True
