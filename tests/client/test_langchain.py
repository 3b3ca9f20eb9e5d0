"""Runs of the real langchain-core become events, in one tree."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool

from honeyhive_ext import AsyncHoneyHive, ConfigError, HoneyHive, trace
from honeyhive_ext.integrations.langchain import CallbackHandler
from honeyhive_ext.local import LocalServer

KEY = "hh_test_key"
ANSWER = AIMessage(
    "Warm.",
    tool_calls=[{"name": "weather", "args": {"city": "Bonn"}, "id": "c1"}],
    usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    response_metadata={"model_name": "m-1", "finish_reason": "stop"},
)


@tool
def weather(city: str) -> str:
    """Tell how warm it is."""
    return f"21 in {city}"


@tool
def broken(city: str) -> str:
    """Fail."""
    raise ValueError(f"no weather in {city}")


class Docs(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(page_content=f"about {query}", metadata={"page": 1})]


def model() -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([ANSWER] * 9))


def by_name(server: LocalServer) -> dict[str, dict[str, Any]]:
    return {event["event_name"]: event for event in server.events()}


def parents(server: LocalServer) -> dict[str, str | None]:
    events = server.events()
    names = {event["event_id"]: event["event_name"] for event in events}
    return {event["event_name"]: names.get(event.get("parent_id")) for event in events}


@pytest.fixture
def chain() -> Any:
    ask = RunnableLambda(
        lambda x: [SystemMessage("Be brief."), HumanMessage(x), ToolMessage("21", tool_call_id="c0")]
    )
    act = RunnableLambda(lambda message: weather.invoke(message.tool_calls[0]["args"]), name="act")
    return ask.with_config(run_name="ask") | model() | act


TREE = {"RunnableSequence": None, "GenericFakeChatModel": "RunnableSequence", "weather": "act"}


def test_a_chain_is_one_tree_of_events(hh: HoneyHive, server: LocalServer, chain: Any) -> None:
    assert chain.invoke("q", config={"callbacks": [CallbackHandler(hh)], "tags": ["t"]}) == "21 in Bonn"
    assert hh.flush().success
    found = parents(server)
    assert found == {**TREE, "ask": "RunnableSequence", "act": "RunnableSequence"}
    events = by_name(server)
    assert len({event["session_id"] for event in events.values()}) == 1
    chat = events["GenericFakeChatModel"]
    assert chat["event_type"] == "model"
    assert chat["inputs"]["chat_history"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "q"},
        {"role": "tool", "content": "21", "tool_call_id": "c0"},
    ]
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bonn"}'}}
    assert chat["outputs"] == {"role": "assistant", "content": "Warm.", "tool_calls": [call]}
    assert chat["config"]["model"] == chat["metadata"]["model_name"] == "m-1"
    assert (chat["metadata"]["input_tokens"], chat["metadata"]["total_tokens"]) == (3, 7)
    assert (chat["metadata"]["finish_reason"], chat["metadata"]["tags"]) == ("stop", ["seq:step:2", "t"])
    tool_run = events["weather"]
    assert (tool_run["event_type"], tool_run["inputs"]) == ("tool", {"city": "Bonn"})
    assert tool_run["outputs"] == {"output": "21 in Bonn"}


def test_async_chains_and_parallel_calls_keep_their_trees(server: LocalServer, chain: Any) -> None:
    async def main() -> None:
        async with AsyncHoneyHive(KEY, base_url=server.url) as client:
            handler = CallbackHandler(client)
            await asyncio.gather(*(chain.ainvoke(str(n), config={"callbacks": [handler]}) for n in range(3)))
            assert (await client.flush()).success

    asyncio.run(main())
    events = server.events()
    by_id = {event["event_id"]: event for event in events}
    assert len(events) == 15
    for event in events:
        if event["event_name"] != "RunnableSequence":
            assert by_id[event["parent_id"]]["session_id"] == event["session_id"]
    assert len({event["session_id"] for event in events}) == 3


def test_streams_are_joined_and_their_first_token_is_timed(hh: HoneyHive, server: LocalServer) -> None:
    chat = GenericFakeChatModel(messages=iter([AIMessage("one two three")]))
    pieces: Iterator[Any] = chat.stream("q", config={"callbacks": [CallbackHandler(hh)]})
    assert "".join(piece.content for piece in pieces) == "one two three"
    assert hh.flush().success
    event = by_name(server)["GenericFakeChatModel"]
    assert event["outputs"] == {"role": "assistant", "content": "one two three"}
    assert 0 <= event["metadata"]["time_to_first_token_ms"] <= event["duration"]


def test_retrievers_parallels_and_plain_models(hh: HoneyHive, server: LocalServer) -> None:
    both = RunnableParallel(docs=Docs(), text=FakeListLLM(responses=["yes"]))
    both.invoke("traces", config={"callbacks": [CallbackHandler(hh)]})
    assert hh.flush().success
    events = by_name(server)
    docs = events["Docs"]
    assert (docs["event_type"], docs["inputs"]) == ("tool", {"query": "traces"})
    assert docs["outputs"]["documents"][0]["page_content"] == "about traces"
    assert (events["FakeListLLM"]["event_type"], events["FakeListLLM"]["outputs"]) == (
        "model",
        {"text": "yes"},
    )


def test_errors_are_recorded_and_reach_the_program(hh: HoneyHive, server: LocalServer) -> None:
    failing = RunnableLambda(lambda city: broken.invoke({"city": city}), name="outer")
    with pytest.raises(ValueError, match="no weather in Bonn"):
        failing.invoke("Bonn", config={"callbacks": [CallbackHandler(hh)]})
    assert hh.flush().success
    events = by_name(server)
    assert events["broken"]["error"] == events["outer"]["error"] == "ValueError: no weather in Bonn"
    assert "Traceback" in events["broken"]["metadata"]["error_details"]


def test_a_chain_inside_a_block_belongs_to_it(hh: HoneyHive, server: LocalServer, chain: Any) -> None:
    with hh.session("chat"), hh.span("turn"):
        chain.invoke("q", config={"callbacks": [CallbackHandler(hh)]})
    assert hh.flush().success
    assert parents(server)["RunnableSequence"] == "turn"
    assert len({event["session_id"] for event in server.events()}) == 1


def test_the_metadata_of_a_call_names_its_session(hh: HoneyHive, server: LocalServer, chain: Any) -> None:
    handler, session_id = CallbackHandler(hh), str(uuid.uuid4())
    for named in ({"session_id": session_id}, {"thread_id": "chat 7"}, {"thread_id": "chat 7"}):
        chain.invoke("q", config={"callbacks": [handler], "metadata": named})
    assert hh.flush().success
    sessions = {event["session_id"] for event in server.events()}
    assert len(sessions) == 2
    assert session_id in sessions
    assert handler._roots == {}


def test_nothing_of_it_disturbs_the_program(server: LocalServer, chain: Any) -> None:
    client = HoneyHive(KEY, base_url=server.url)
    handler = CallbackHandler(client)
    client.close()
    assert chain.invoke("q", config={"callbacks": [handler]}) == "21 in Bonn"
    with HoneyHive(KEY, base_url=server.url, background=False) as waits, pytest.raises(ConfigError):
        CallbackHandler(waits)


def test_without_a_client_the_one_of_trace_records(hh: HoneyHive, server: LocalServer, chain: Any) -> None:
    trace.use(hh)
    try:
        chain.invoke("q", config={"callbacks": [CallbackHandler()]})
    finally:
        trace.use(None)
    assert hh.flush().success
    assert "weather" in by_name(server)
