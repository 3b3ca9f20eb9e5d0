"""The official tracer of npm and stock OpenTelemetry for JavaScript send to the local server unchanged."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer
from tests.node.support import NODE_MODULES

PROGRAMS = Path(__file__).parent / "tracers"


@pytest.fixture
def server() -> Any:
    with LocalServer() as started:
        yield started


def run(server: LocalServer, program: str, *arguments: str, **environment: str) -> dict[str, dict[str, Any]]:
    """Run a program with node, and return the events by their names."""
    given = {**os.environ, **server.environ, "NODE_PATH": str(NODE_MODULES), **environment}
    command = ["node", str(PROGRAMS / program), *arguments]
    subprocess.run(command, env=given, check=True, capture_output=True, text=True, timeout=60)
    return {event["event_name"]: event for event in server.events()}


def parents(events: dict[str, dict[str, Any]]) -> dict[str, str | None]:
    names = {event["event_id"]: name for name, event in events.items()}
    return {name: names.get(event.get("parent_id")) for name, event in events.items()}


def test_the_official_tracer_of_npm(server: LocalServer) -> None:
    events = run(server, "official.cjs")
    assert {one.path: one.status for one in server.requests}["/opentelemetry/v1/traces"] == 200
    assert parents(events) == {
        **dict.fromkeys(("lookUp", "fail", "ask"), "pipeline"),
        "pipeline": "from npm",
        "from npm": None,
    }
    session = events["from npm"]
    assert {event["session_id"] for event in events.values()} == {session["event_id"]}
    assert {event["source"] for event in events.values()} == {"node-test"}
    assert (session["metadata"]["done"], session["feedback"]) == (True, {"rating": 4})
    kinds = {name: event["event_type"] for name, event in events.items()}
    assert kinds == {
        **dict.fromkeys(("lookUp", "fail"), "tool"),
        "ask": "model",
        "pipeline": "chain",
        "from npm": "session",
    }
    look_up, ask = events["lookUp"], events["ask"]
    assert look_up["inputs"] == {"_params_": {"query": "what?"}}
    assert look_up["outputs"] == {"result": {"hits": ["a", "b"], "score": 1.5, "found": True}}
    assert (look_up["metrics"], look_up["feedback"]) == ({"acc": 0.9}, {"rating": 5})
    assert look_up["metadata"]["cost"] == 0.5
    assert ask["inputs"] == {"_params_": {"messages": [{"role": "user", "content": "what?"}]}}
    assert ask["outputs"] == {"result": {"role": "assistant", "content": "asked: what?"}}
    assert ask["config"] == {"model": "gpt-4o", "temperature": 0.2}
    assert "boom" in events["fail"]["error"]
    with HoneyHive(base_url=server.url, api_key="k") as hh:
        drawn = str(hh.sessions.tree(session["event_id"]))
    assert all(name in drawn for name in events)


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("form", ["http", "proto"])
def test_stock_opentelemetry_of_javascript(server: LocalServer, form: str, compression: str) -> None:
    events = run(
        server,
        "stock.cjs",
        form,
        OTEL_EXPORTER_OTLP_ENDPOINT=server.url,
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer k",
        OTEL_EXPORTER_OTLP_COMPRESSION=compression,
    )
    turn, chat, tool = (events[name] for name in ("turn", "chat gpt-4o", "execute_tool weather"))
    assert parents(events) == {"turn": None, "chat gpt-4o": "turn", "execute_tool weather": "turn"}
    assert len({event["session_id"] for event in events.values()}) == 1
    assert [one["event_type"] for one in (turn, chat, tool)] == ["chain", "model", "tool"]
    assert chat["inputs"] == {"chat_history": [{"role": "user", "content": "How warm? 🌡"}]}
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bonn"}'}}
    assert chat["outputs"] == {"role": "assistant", "tool_calls": [call]}
    assert chat["config"] == {"model": "gpt-4o", "provider": "openai", "temperature": 0.25}
    expected = {"model_name": "gpt-4o-1", "input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    expected |= {"finish_reason": "stop", "app.big": 2**53, "app.ok": True, "otel_kind": "client"}
    assert {name: chat["metadata"][name] for name in expected} == expected
    assert chat["metadata"]["scope"] == {"name": "app", "version": "1.2"}
    assert chat["metadata"]["span_events"][0]["attributes"] == {"at": 1.5}
    assert (tool["metadata"]["tool_name"], tool["metadata"]["tool_call_id"]) == ("weather", "c1")
    assert tool["error"] == "TypeError: no such city"
    assert turn["metadata"]["session_id"] == "chat 7"
