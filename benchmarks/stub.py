"""A server that is never the bottleneck: it answers from prepared bytes and understands little.

Run as its own process: `python -m benchmarks.stub --delay-ms 20 --tls CERT KEY`. It prints its port and
ends when its standard input closes. `GET /stats` tells how many connections and requests it saw; a `POST`
there sets them to zero.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import ssl
import sys
from datetime import datetime
from functools import lru_cache
from typing import Any

from benchmarks import payload

LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
EVENT_ID = re.compile(rb'"event_id": ?"([^"]{36})"')
EVENT = re.compile(rb'"event_type": ?"')
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
SOME_ID = b"3f0f3c5e-7a44-4c7e-9d5e-0b6c54b7a001"
KEPT = 1000  # different event bodies; the stored events repeat them under their own ids


def reply(body: bytes) -> bytes:
    return OK % len(body) + body


@lru_cache
def bodies() -> list[bytes]:
    """Return the part of each stored event after its id and its times."""
    made = payload.events(KEPT, seed=payload.SEED + 1)
    for event in made:
        del event["start_time"], event["end_time"]
    return [json.dumps(event, separators=(",", ":")).encode()[1:] for event in made]


@lru_cache(maxsize=64)
def page(first: int, last: int) -> bytes:
    """Return the stored events from first to last, newest first; event i is i ms older than the newest."""
    tails = bodies()
    rows = b",".join(
        b'{"event_id":"%08x-0000-4000-8000-000000000000","start_time":%d,"end_time":%d,"duration":1,%b'
        % (i, payload.NEWEST_MS - i, payload.NEWEST_MS - i + 1, tails[i % KEPT])
        for i in range(first, last)
    )
    return reply(b'{"events":[' + rows + b'],"count":%d}' % (last - first))


def age_ms(time: str) -> float:
    """Return how much older than the newest event; rounded, because a float of seconds is not exact."""
    return round(payload.NEWEST_MS - datetime.fromisoformat(time).timestamp() * 1000, 3)


class Store:
    """The events and the counters of the server."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.connections = 0
        self.requests = 0

    def search(self, query: dict[str, Any]) -> bytes:
        times = query.get("dateRange") or {}
        newest = times.get("end_time") or times.get("$lte")
        oldest = times.get("start_time") or times.get("$gte")
        first = max(0, math.ceil(age_ms(newest))) if newest else 0
        end = min(self.total, math.floor(age_ms(oldest)) + 1) if oldest else self.total
        limit = query.get("limit", 1000)
        first += (query.get("page", 1) - 1) * limit
        return page(first, max(first, min(first + limit, end)))

    def answer(self, method: bytes, path: bytes, body: bytes) -> bytes:
        self.requests += 1
        if path == b"/stats":
            seen = {"connections": self.connections, "requests": self.requests - 1}
            if method == b"POST":
                self.connections = self.requests = 0
            return reply(json.dumps(seen).encode())
        if path.endswith((b"/search", b"/export")):
            return self.search_reply(body)
        if path.endswith(b"/batch"):
            ids = EVENT_ID.findall(body) or [SOME_ID] * len(EVENT.findall(body))
            return reply(b'{"event_ids":["' + b'","'.join(ids) + b'"],"success":true}')
        if path.endswith(b"/events"):
            match = EVENT_ID.search(body)
            return reply(b'{"event_id":"%b","success":true}' % (match[1] if match else SOME_ID))
        if path.endswith(b"/v1/traces"):
            return reply(b"")
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def search_reply(self, body: bytes) -> bytes:
        return self.search(json.loads(body))


class Connection(asyncio.Protocol):
    """One connection: finds the requests in the bytes that arrive, and answers each after the delay."""

    def __init__(self, store: Store, delay: float) -> None:
        self.store = store
        self.delay = delay
        self.buffer = bytearray()
        self.wanted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.store.connections += 1

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer
        buffer += data
        while len(buffer) >= self.wanted:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(buffer[: end + 2])
            length = LENGTH.search(head)
            total = end + 4 + (int(length[1]) if length else 0)
            if len(buffer) < total:
                self.wanted = total  # so that a large body is not searched for its head again and again
                return
            method, path, _ = head.split(b" ", 2)
            answer = self.store.answer(method, path, bytes(buffer[end + 4 : total]))
            del buffer[:total]
            self.wanted = 0
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.transport.write, answer)
            else:
                self.transport.write(answer)
            if not buffer:
                return


async def serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    store = Store(options.total)
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
    server = await loop.create_server(
        lambda: Connection(store, options.delay_ms / 1000), "127.0.0.1", 0, ssl=context, backlog=1024
    )
    bodies()
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--total", type=int, default=10_000_000, help="events in the store")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
