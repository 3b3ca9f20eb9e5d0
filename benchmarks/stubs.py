"""Starts the stub server for a job, and measures what it can do alone."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
CEILING_SECONDS = 0.5


class Stub:
    """The stub server in its own process, as a context manager."""

    def __init__(self, *, delay_ms: float = 0, tls: bool = False, total: int = 10_000_000) -> None:
        self.arguments = ["--delay-ms", str(delay_ms), "--total", str(total)]
        self.tls = tls
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        arguments = self.arguments
        if self.tls:
            folder = certificates()
            arguments = [*arguments, "--tls", str(folder / "server.pem"), str(folder / "server.key")]
            self.environment = {"SSL_CERT_FILE": str(folder / "ca.pem")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stub", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def stats(self) -> dict[str, float]:
        """Return the connections and requests since the last reset, without this request."""
        if self.tls:
            return {}
        with urllib.request.urlopen(self.url + "/stats", timeout=10) as response:
            seen: dict[str, float] = json.load(response)
        return {**seen, "connections": seen["connections"] - 1}

    def reset(self) -> None:
        if not self.tls:
            urllib.request.urlopen(self.url + "/stats", data=b"", timeout=10).close()


@lru_cache
def _temporary() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="bench-")


@lru_cache
def certificates() -> Path:
    """Make a certificate for this run, and a bundle of the usual authorities with its own."""
    import certifi
    import trustme

    folder = Path(_temporary().name)
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_pem.write_to_path(str(folder / "server.key"))
    for part in issued.cert_chain_pems:
        part.write_to_path(str(folder / "server.pem"), append=True)
    bundle = certifi.contents().encode() + b"\n" + authority.cert_pem.bytes()
    (folder / "ca.pem").write_bytes(bundle)
    return folder


def ceiling() -> dict[str, Any]:
    """Measure what the stub answers if requests are pipelined on one raw socket."""
    small = b'{"event_type":"model","inputs":{}}'
    search = b'{"limit":1000}'
    with Stub() as stub:
        creates, _ = pipelined(stub.port, "/v1/events", small, 64)
        pages, size = pipelined(stub.port, "/v1/events/search", search, 4)
    return {
        "creates per s": round(creates),
        "pages per s": round(pages),
        "MB of pages per s": round(size / 1e6),
    }


def pipelined(port: int, path: str, body: bytes, depth: int) -> tuple[float, float]:
    """Return the responses and the bytes a second."""
    head = f"POST {path} HTTP/1.1\r\nHost: stub\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    requests = (head + body) * depth
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(head + body)
        size = answer_size(sock)
        sent = received = 0
        start = time.perf_counter()
        while time.perf_counter() - start < CEILING_SECONDS:
            sock.sendall(requests)
            sent += depth
            while received < sent * size:
                received += len(sock.recv(1 << 20))
        spent = time.perf_counter() - start
    return sent / spent, received / spent


def answer_size(sock: socket.socket) -> int:
    """Read one response and return its bytes, head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    length = re.search(rb"Content-Length: (\d+)", data)
    assert length
    size = data.index(b"\r\n\r\n") + 4 + int(length[1])
    missing = size - len(data)
    while missing:
        missing -= len(sock.recv(missing))
    return size
