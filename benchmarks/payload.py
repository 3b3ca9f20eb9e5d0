"""Events of about 1.5 KB of JSON; the same seed makes the same events.

Standard library only: every contender imports it.
"""

from __future__ import annotations

import random
from typing import Any

SEED = 6
#: Unix ms of the newest event that the stub holds; the others follow one a millisecond.
NEWEST_MS = 1_767_225_600_000

WORDS = [
    "answer",
    "budget",
    "cache",
    "chain",
    "context",
    "cost",
    "document",
    "embed",
    "error",
    "event",
    "filter",
    "graph",
    "index",
    "latency",
    "memory",
    "model",
    "page",
    "prompt",
    "query",
    "rank",
    "retry",
    "score",
    "search",
    "session",
    "shard",
    "span",
    "split",
    "stream",
    "summary",
    "table",
    "token",
    "tool",
    "trace",
    "user",
    "vector",
    "window",
    "worker",
]


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def identifier(rng: random.Random) -> str:
    raw = f"{rng.getrandbits(128):032x}"
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def event(rng: random.Random, index: int) -> dict[str, Any]:
    """Return one event to create as an application has it, without an event id."""
    start = NEWEST_MS - index
    return {
        "event_type": ("model", "tool", "chain")[index % 3],
        "event_name": rng.choice(WORDS),
        "source": "bench",
        "session_id": identifier(rng),
        "inputs": {
            "chat_history": [
                {"role": "system", "content": sentence(rng, 30)},
                {"role": "user", "content": sentence(rng, 40)},
            ]
        },
        "outputs": {"role": "assistant", "content": sentence(rng, 60), "finish_reason": "stop"},
        "config": {"model": "gpt-4o", "temperature": 0.2, "top_p": 1.0, "provider": "openai"},
        "metadata": {
            "cost": round(rng.random() / 100, 6),
            "prompt_tokens": rng.randrange(2000),
            "completion_tokens": rng.randrange(500),
            "tags": rng.choices(WORDS, k=3),
        },
        "metrics": {"accuracy": round(rng.random(), 4), "grounded": rng.random() > 0.5},
        "feedback": {"rating": rng.randrange(1, 6)},
        "user_properties": {"user_id": identifier(rng), "tier": rng.choice(("free", "pro"))},
        "start_time": start,
        "end_time": start + rng.randrange(5000),
    }


def events(count: int, seed: int = SEED) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    return [event(rng, index) for index in range(count)]
