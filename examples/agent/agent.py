"""The agent: a loop of calls of a model and of tools. The decorators and the `with` block record it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from honeyhive_ext import trace

from . import model
from .model import Chunk, Message

DEGREES = {"Berlin": 15, "Lisbon": 24}


@trace(event_type="tool")
def weather(city: str) -> str:
    """Return the weather of a city; of one that is not known, the event has the LookupError."""
    if city not in DEGREES:
        raise LookupError(f"no such city: {city}")
    return f"{city} {DEGREES[city]} °C"


TOOLS: dict[str, Callable[..., str]] = {"weather": weather}


@trace("ask model", event_type="model")
def ask_model(messages: Sequence[Message]) -> Iterator[Chunk]:
    """Stream an answer. Its event gets the model, the tokens and the joined message from the chunks."""
    yield from model.stream(messages)


def use_tool(call: dict[str, Any]) -> Message:
    """Run the tool that the model asks for. The model is told about a failure, and the agent goes on."""
    try:
        content = TOOLS[call["function"]["name"]](**json.loads(call["function"]["arguments"]))
    except LookupError as error:
        content = str(error)
    return {"role": "tool", "tool_call_id": call["id"], "content": content}


def answer(question: str, show: Callable[[str], object]) -> str:
    """Answer a question, and show the words of the answer as they come."""
    messages: list[Message] = [{"role": "user", "content": question}]
    while True:
        content, calls = "", list[dict[str, Any]]()
        for chunk in ask_model(messages):
            for choice in chunk["choices"]:
                calls += choice["delta"].get("tool_calls", [])
                content += (piece := choice["delta"].get("content", ""))
                show(piece)
        if not calls:
            return content
        messages.append({"role": "assistant", "content": content, "tool_calls": calls})
        with trace.span("use tools"):
            messages += map(use_tool, calls)
