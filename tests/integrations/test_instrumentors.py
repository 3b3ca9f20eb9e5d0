"""Instrumentors of three conventions around the real openai, sending OTLP to the local server unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer

INSTRUMENTORS = {
    "openinference": "openinference.instrumentation.openai",
    "traceloop": "opentelemetry.instrumentation.openai",
    "opentelemetry": "opentelemetry.instrumentation.openai_v2",
}

PROGRAM = """
import json, os, sys
import httpx, openai
from importlib import import_module
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

provider = TracerProvider()
trace.set_tracer_provider(provider)
if sys.argv[2] == "otlp":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    import_module(sys.argv[1]).OpenAIInstrumentor().instrument(tracer_provider=provider)
else:
    from honeyhive_ext.otel import configure
    configure(instrumentors=[import_module(sys.argv[1]).OpenAIInstrumentor()])

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bonn"}'}}
def message(asked):
    if asked["messages"][-1]["content"] == "call":
        return {"role": "assistant", "content": None, "tool_calls": [CALL]}
    return {"role": "assistant", "content": "Warm."}
def answer(request):
    asked = json.loads(request.content)
    if asked["model"] == "broken":
        return httpx.Response(400, json={"error": {"message": "no such model"}})
    if asked.get("stream"):
        pieces = [{"role": "assistant", "content": "Wa"}, {"content": "rm."}]
        chunks = [{"id": "r1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-1",
                   "choices": [{"index": 0, "delta": piece, "finish_reason": None}]} for piece in pieces]
        chunks[-1]["choices"][0]["finish_reason"] = "stop"
        text = "".join(f"data: {json.dumps(one)}\\n\\n" for one in chunks) + "data: [DONE]\\n\\n"
        return httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})
    return httpx.Response(200, json={
        "id": "r1", "object": "chat.completion", "created": 1, "model": "gpt-4o-1",
        "choices": [{"index": 0, "message": message(asked), "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}})

client = openai.OpenAI(
    api_key="k", base_url="http://openai.example", max_retries=0,
    http_client=httpx.Client(transport=httpx.MockTransport(answer)),
)
tracer = provider.get_tracer("app")
with tracer.start_as_current_span("turn"):
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How warm?"}]
    client.chat.completions.create(model="gpt-4o", messages=said, temperature=0.2)
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "call"}])
    for _ in client.chat.completions.create(model="gpt-4o", messages=said, stream=True):
        pass
    try:
        client.chat.completions.create(model="broken", messages=said)
    except openai.BadRequestError:
        pass
provider.force_flush()
"""


@pytest.mark.parametrize("way", ["otlp", "background"])
@pytest.mark.parametrize("name", INSTRUMENTORS)
def test_calls_of_openai_are_events_with_messages_model_and_tokens(
    hh: HoneyHive, server: LocalServer, name: str, way: str
) -> None:
    environment = {
        **os.environ,
        **server.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer k",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
        "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        "TRACELOOP_TRACE_CONTENT": "true",
    }
    command = [sys.executable, "-c", PROGRAM, INSTRUMENTORS[name], way]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    events = sorted(server.events(), key=lambda event: event["start_time"])
    turn, *calls = events
    assert (turn["event_name"], turn["event_type"], len(calls)) == ("turn", "chain", 4), events
    assert {call["parent_id"] for call in calls} == {turn["event_id"]}
    assert {call["event_type"] for call in calls} == {"model"}
    plain, tool, stream, failed = calls
    for call in (plain, tool, stream):
        assert call["config"]["model"] in ("gpt-4o", "gpt-4o-1")
        assert call.get("error") is None
    assert plain["metadata"]["total_tokens"] == 12
    assert "such model" in failed["error"]
    asked = [(one["role"], text_of(one.get("content"))) for one in plain["inputs"]["chat_history"]]
    assert asked == [("system", "Be brief."), ("user", "How warm?")]
    assert (plain["outputs"]["role"], text_of(plain["outputs"]["content"])) == ("assistant", "Warm.")
    assert text_of(stream["outputs"]["content"]) == "Warm."
    (given,) = tool["outputs"]["tool_calls"]
    assert given["function"]["name"] == "weather"
    assert json.loads(given["function"]["arguments"]) == {"city": "Bonn"}


def text_of(content: Any) -> str:
    """The text of a content, which may be parts."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])


LANGCHAIN = """
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from openinference.instrumentation.langchain import LangChainInstrumentor
from honeyhive_ext import trace
from honeyhive_ext.otel import configure

configure(instrumentors=[LangChainInstrumentor()])

@tool
def weather(city: str) -> str:
    "Tell how warm it is."
    return "21"

answer = AIMessage("Warm.", usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
model = GenericFakeChatModel(messages=iter([answer]))
act = RunnableLambda(lambda message: weather.invoke({"city": "Bonn"}), name="act")
with trace.session("chat"):
    (RunnableLambda(lambda text: [HumanMessage(text)], name="ask") | model | act).invoke("How warm?")
"""


def test_the_instrumentor_of_openinference_joins_the_blocks_around_it(server: LocalServer) -> None:
    command = [sys.executable, "-c", LANGCHAIN]
    subprocess.run(command, env={**os.environ, **server.environ}, check=True)
    events = {event["event_name"]: event for event in server.events()}
    names = {event["event_id"]: name for name, event in events.items()}
    found = {name: names.get(event.get("parent_id")) for name, event in events.items()}
    assert (found["RunnableSequence"], found["chat"]) == ("chat", None)
    assert (found["weather"], found["act"]) == ("act", "RunnableSequence")
    event = events["GenericFakeChatModel"]
    assert (event["event_type"], event["metadata"]["total_tokens"]) == ("model", 7)
    assert event["inputs"]["chat_history"][0]["content"] == "How warm?"
    assert event["outputs"]["content"] == "Warm."
    assert events["weather"]["event_type"] == "tool"
