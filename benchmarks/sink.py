"""A server that takes whatever a tracing client sends: `python -m benchmarks.sink`, which prints its port.

It confirms the events of a batch by their ids, answers everything else with `{}`, and ends when its standard
input closes.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
EVENT_ID = re.compile(rb'"event_id": ?"([^"]{36})"')


def reply(path: bytes, body: bytes) -> bytes:
    """Return the answer to one request."""
    answer: dict[str, object] = {}
    if path == b"/v1/events/batch":
        answer = {"success": True, "event_ids": [one.decode() for one in EVENT_ID.findall(body)]}
    content = json.dumps(answer).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(content),
        content,
    )


async def chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return body


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            if length:
                body = await reader.readexactly(int(length[1]))
            else:
                body = await chunked(reader) if b"chunked" in head.lower() else b""
            writer.write(reply(head.split(b" ", 2)[1], body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=64 * 1024 * 1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
