"""Instrumentors around the real anthropic, with a faked network."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer
from tests.integrations.test_instrumentors import text_of

INSTRUMENTORS = {
    "openinference": "openinference.instrumentation.anthropic",
    "traceloop": "opentelemetry.instrumentation.anthropic",
}

PROGRAM = """
import json, sys
import httpx2, anthropic
from importlib import import_module
from honeyhive_ext import trace
from honeyhive_ext.otel import configure

configure(instrumentors=[import_module(sys.argv[1]).AnthropicInstrumentor()])

def answer(request):
    asked = json.loads(request.content)
    if asked["model"] == "broken":
        error = {"type": "not_found_error", "message": "no such model"}
        return httpx2.Response(404, json={"type": "error", "error": error})
    content = [{"type": "text", "text": "Warm."}]
    if "tools" in asked:
        content = [{"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bonn"}}]
    return httpx2.Response(200, json={
        "id": "m1", "type": "message", "role": "assistant", "model": "claude-1", "content": content,
        "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 3}})

client = anthropic.Anthropic(
    api_key="k", base_url="http://anthropic.example", max_retries=0,
    http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
)
tools = [{"name": "weather", "description": "w", "input_schema": {"type": "object", "properties": {}}}]
said = [{"role": "user", "content": "How warm?"}]
with trace.session("chat"):
    client.messages.create(model="claude", max_tokens=9, system="Be brief.", messages=said)
    client.messages.create(model="claude", max_tokens=9, messages=said, tools=tools)
    try:
        client.messages.create(model="broken", max_tokens=9, messages=said)
    except anthropic.NotFoundError:
        pass
"""


@pytest.mark.parametrize("name", INSTRUMENTORS)
def test_calls_of_anthropic_are_events_with_messages_model_and_tokens(
    hh: HoneyHive, server: LocalServer, name: str
) -> None:
    command = [sys.executable, "-c", PROGRAM, INSTRUMENTORS[name]]
    environment = {**os.environ, **server.environ, "TRACELOOP_TRACE_CONTENT": "true"}
    environment["ANTHROPIC_OPEN_TELEMETRY"] = "false"  # the library's own spans
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    events = sorted(server.events(), key=lambda event: event["start_time"])
    assert len({event["session_id"] for event in events}) == 1
    assert [event["event_type"] for event in events] == ["session", "model", "model", "model"]
    _, plain, tool, failed = events
    asked = [(one["role"], text_of(one["content"])) for one in plain["inputs"]["chat_history"]]
    assert asked == [("system", "Be brief."), ("user", "How warm?")]
    assert (plain["outputs"]["role"], text_of(plain["outputs"]["content"])) == ("assistant", "Warm.")
    assert plain["config"]["model"] in ("claude", "claude-1")
    assert plain["metadata"]["total_tokens"] == 12
    (call,) = tool["outputs"]["tool_calls"]
    assert (call["id"], call["function"]["name"]) == ("t1", "weather")
    assert json.loads(call["function"]["arguments"]) == {"city": "Bonn"}
    assert "no such model" in failed["error"]
