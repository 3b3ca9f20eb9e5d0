"""A stand-in for a model: it needs no key and no network, and streams what openai's chat completions stream.

First it asks for the weather of the cities that the question names. Then it answers with what the tools said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

Message = dict[str, Any]
Chunk = dict[str, Any]

NAME = "small-1"


def stream(messages: Sequence[Message]) -> Iterator[Chunk]:
    """Yield the next message of a conversation in chunks, and its token counts in the last one."""
    deltas: list[dict[str, Any]]
    found = [message["content"] for message in messages if message["role"] == "tool"]
    if found:
        words = f"This is what I found: {'; '.join(found)}.".split(" ")
        deltas = [{"content": word if n == 0 else f" {word}"} for n, word in enumerate(words)]
    else:
        cities = re.findall(r"\b[A-Z][a-z]+(?=[,?]| and)", messages[-1]["content"])
        deltas = [{"tool_calls": [tool_call(n, city)]} for n, city in enumerate(cities)]
    for delta in deltas:
        yield {"model": NAME, "choices": [{"index": 0, "delta": {"role": "assistant", **delta}}]}
    read = sum(len(str(message["content"]).split()) for message in messages)
    usage = {"prompt_tokens": read, "completion_tokens": len(deltas)}
    yield {"model": NAME, "choices": [], "usage": usage}


def tool_call(index: int, city: str) -> dict[str, Any]:
    """Return the part of a chunk that asks for the weather of a city."""
    function = {"name": "weather", "arguments": json.dumps({"city": city})}
    return {"index": index, "id": f"call_{index}", "type": "function", "function": function}
