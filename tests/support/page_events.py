"""Events for the tests of the trace page: sessions with a known form."""

from __future__ import annotations

import base64
import struct
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

START = 1_750_000_000_000  # 2025-06-15 15:06:40 UTC


def id_of(name: object) -> str:
    """Return the same id for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(name)))


def event(
    name: str,
    session: str,
    parent: str | None = None,
    start: float | None = 0,
    end: float | None = 100,
    **more: Any,
) -> dict[str, Any]:
    """Return an event that begins and ends so many ms after START."""
    made: dict[str, Any] = {
        "event_id": id_of(f"{session}/{name}"),
        "session_id": id_of(session),
        "parent_id": id_of(session) if parent is None else id_of(f"{session}/{parent}"),
        "event_name": name,
        "event_type": "chain",
        "inputs": {},
        "start_time": None if start is None else START + start,
        "end_time": None if end is None else START + end,
        "duration": None if start is None or end is None else end - start,
        **more,
    }
    return {key: value for key, value in made.items() if value is not None}


def session(name: str, start: float = 0, end: float = 100, **more: Any) -> dict[str, Any]:
    """Return a session's own event."""
    made = event(name, name, start=start, end=end, event_type="session", **more)
    del made["parent_id"]
    return {**made, "event_id": id_of(name)}


def chat(name: str = "chat") -> list[dict[str, Any]]:
    """Return a session with a model, tools that overlap, a gap, an error and tokens."""
    tokens = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150, "cost": 0.75}
    return [
        session(name, 0, 1000, feedback={"rating": 5}),
        event("agent", name, start=0, end=1000),
        event("plan", name, "agent", 0, 200, event_type="model", config={"model": "gpt-4o"}, metadata=tokens,
              inputs={"chat_history": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}]},
              outputs={"role": "assistant", "content": "", "tool_calls": [{"id": "call_1", "function": {"name": "get_weather", "arguments": '{"city": "Berlin"}'}}]}),
        event("get_weather", name, "agent", 300, 600, event_type="tool", error="ConnectTimeout: api.weather.test", inputs={"city": "Berlin"}),
        event("get_time", name, "agent", 400, 700, event_type="tool", outputs={"time": "12:00"}),
        event("answer", name, "agent", 700, 1000, event_type="model", config={"model": "gpt-4o-mini"}, metadata={"cost": 0.25, "total_tokens": 50},
              inputs={"messages": [{"role": "user", "content": "Weather?"}]}, outputs={"role": "assistant", "content": "Sunny."}),
        event("write", name, "answer", 750, 900),
    ]  # fmt: skip


def wide(count: int, name: str = "large") -> Iterator[dict[str, Any]]:
    """Yield a session of so many events: a tree with ten children a node, every 997th with an error."""
    yield session(name, 0, count)
    for number in range(1, count):
        parent = None if number <= 10 else f"step {(number - 1) // 10}"
        more = {"error": f"failure {number}"} if number % 997 == 0 else {}
        kind = ("chain", "model", "tool")[number % 3]
        yield event(
            f"step {number}",
            name,
            parent,
            number,
            number + 5,
            event_type=kind,
            metadata={"cost": 0.001},
            **more,
        )


def png(width: int = 40, height: int = 30) -> str:
    """Return a picture in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((0xE8, 0xA3, 0x17)) * width for _ in range(height))
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return base64.b64encode(whole + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")).decode()
