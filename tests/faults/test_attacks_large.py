"""The large forms of the attacks on a client and on the local server: what each takes, in memory and time.

They run in `nox -s faults` only, which prints the table. The small forms are in the ordinary suite.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.attacked import TIMEOUT, peak
from tests.support.local_api import HEADERS
from tests.support.misbehaving import (
    Answer,
    EndOfConnectionError,
    Misbehaving,
    Recorded,
    Wire,
    answer,
    stored,
)
from tests.support.serving import Served, serving
from tests.support.ways import WAYS, Way

pytestmark = [
    pytest.mark.skipif(os.environ.get("HONEYHIVE_TEST_SCALE") != "1", reason="a part of nox -s faults"),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory"),
]

LATE = 5.0  # seconds over a bound that a busy machine may take
BODY = 256.0  # MB: max_answer_bytes, and the bound of what a request of the local server may take
MORE = 32.0  # MB beside a bound: pieces, and what the memory allocator keeps
MB = 1_000_000

Record = Callable[[str, Any], None]


@cache
def bomb(megabytes: int, wbits: int) -> bytes:
    """Return compressed zeros: a block that is repeated, as each begins with nothing to refer to."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    head = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (megabytes - 2) + packer.compress(bytes(MB)) + packer.flush()


def packed(status: int, body: bytes, coding: str) -> Answer:
    return answer(status, body, {"Content-Encoding": coding})


def endless(head: bytes, piece: bytes) -> Answer:
    """Send these bytes again and again, until the client closes the connection."""

    def play(wire: Wire, _: Recorded) -> None:
        wire.send(head)
        while not wire.stopping.is_set():
            wire.send(piece)
        raise EndOfConnectionError

    return Answer(play)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
NEVER = b"Content-Length: 99999999999999\r\n\r\n{}"
# What is answered, and how many MB the body may take besides MORE.
ATTACKS: dict[str, tuple[Callable[[], Answer], float]] = {
    "1.8 GB of gzip": (lambda: packed(200, bomb(1800, 31), "gzip"), BODY),
    "1.8 GB of deflate": (lambda: packed(200, bomb(1800, 15), "deflate"), BODY),
    "1.8 GB of gzip, 503": (lambda: packed(503, bomb(1800, 31), "gzip"), 1),
    "1.8 GB of gzip, twice": (lambda: packed(200, gzip.compress(bomb(1800, 31)), "gzip, gzip"), 1),
    "a body without end": (lambda: endless(OK + b"\r\n", b" " * 1_048_576), BODY),
    "chunks without end": (lambda: endless(CHUNKED + b"\r\n", b"100000\r\n%s\r\n" % (b" " * 0x100000)), BODY),
    "chunks of 2 bytes without end": (lambda: endless(CHUNKED + b"\r\n", b"2\r\n  \r\n" * 10_000), BODY),
    "99 TB announced": (lambda: endless(OK + NEVER, b""), 1),
    "1xx without end": (lambda: endless(b"", HINTS * 1000), 1),
    "headers without end": (lambda: endless(OK, b"X-A: " + b"a" * 60_000 + b"\r\n"), 1),
    "one header without end": (lambda: endless(OK + b"X-A: ", b"a" * 1_048_576), 1),
    "trailers without end": (lambda: endless(CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", b"X-A: a\r\n" * 1000), 1),
    "200,000 levels": (lambda: answer(200, b'{"a":' * 200_000 + b"1" + b"}" * 200_000), 1),
    "an integer of 10,000,000 digits": (lambda: answer(200, b'{"n":' + b"9" * 10_000_000 + b"}"), 40),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_a_client_ends_in_time_within_its_memory_with_one_of_its_errors(
    way: Way, attack: str, record_property: Record
) -> None:
    make, body = ATTACKS[attack]
    with Misbehaving(stored, then=make()) as server:
        command = [sys.executable, "-m", "tests.support.attacked", way, server.url, "create"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    outcome, seconds, megabytes = json.loads(done.stdout)
    record_property("attack", (attack, way, outcome, f"{seconds:.1f}", f"{megabytes:.0f}"))
    assert outcome != "an answer"
    assert seconds < TIMEOUT + LATE
    assert megabytes < body + MORE


def post(server: Served, path: str, body: bytes, **headers: str) -> str:
    """Send a body; return the status, or how the connection ended."""
    try:
        sent = {**HEADERS, **headers}
        return str(httpx.post(server.url + path, content=body, headers=sent, timeout=120).status_code)
    except httpx.TransportError as error:
        return type(error).__name__


@contextlib.contextmanager
def many_connections(server: Served, count: int, data: bytes) -> Iterator[list[socket.socket]]:
    """Open connections that send this and then nothing."""
    port = int(server.url.rpartition(":")[2])
    opened: list[socket.socket] = []
    try:
        for _ in range(count):
            opened.append(socket.create_connection(("127.0.0.1", port), timeout=60))
            with contextlib.suppress(OSError):
                opened[-1].sendall(data)
        yield opened
    finally:
        for one in opened:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()


def flood(data: bytes) -> Callable[[Served], str]:
    def attack(server: Served) -> str:
        with many_connections(server, 4_000, data):
            return f"{httpx.get(server.url + '/_local/health', timeout=60).status_code} for another client"

    return attack


def pour(head: bytes, piece: bytes, most: int) -> Callable[[Served], str]:
    """Send a piece again and again, until the server answers or ends the connection."""

    def attack(server: Served) -> str:
        with many_connections(server, 1, head) as (one,):
            with contextlib.suppress(OSError):
                for _ in range(most // len(piece)):
                    one.sendall(piece)
            try:
                return one.recv(100)[9:12].decode() or "the end of the connection"
            except OSError:
                return "the end of the connection"

    return attack


def bodies(path: str, body: bytes, **headers: str) -> Callable[[Served], str]:
    return lambda server: post(server, path, body, **headers)


def filters(field: str, count: int, value: Any = 1) -> Callable[[Served], str]:
    one = {"field": field, "operator": "is", "value": value}
    return bodies("/v1/events/search", json.dumps({"filters": [one] * count}).encode())


def deep(server: Served) -> str:
    value: Any = 1
    for _ in range(250):
        value = {"a": [value] * 2} if isinstance(value, int) else [value]
    event = {"event_type": "tool", "inputs": {"a": value}}
    post(server, "/v1/events/batch", json.dumps({"events": [event] * 500}).encode())
    fields = [f"inputs.a{'.0' * 249}.{n}" for n in range(1000)]
    asked = [{"field": field, "operator": "is not", "value": 5} for field in fields]
    return post(server, "/v1/events/search", json.dumps({"filters": asked}).encode())


def wide(server: Served) -> str:
    event = (
        b'{"event_type":"tool","inputs":{"a":' + b"[" * 250 + b"[]," * 1_000_000 + b"1" + b"]" * 250 + b"}}"
    )
    post(server, "/v1/events", event)
    return filters("inputs.a" + ".0" * 249, 1)(server)


def long_paths(server: Served) -> str:
    """Send 360 MB of requests that the log could keep."""
    line = b"GET /v1/%s HTTP/1.1\r\nHost: localhost\r\nX-A: %s\r\n\r\n" % (b"a" * 30_000, b"a" * 30_000)
    with many_connections(server, 1, b"") as (one,):
        answers = one.makefile("rb")
        for _ in range(6_000):
            one.sendall(line)
            length = 0
            while head := answers.readline().strip():
                if head.lower().startswith(b"content-length:"):
                    length = int(head.partition(b":")[2])
            answers.read(length)
    return "6,000 answers"


def many_names(server: Served) -> str:
    statuses: set[str] = set()
    for first in range(100):
        named = {f"{first} {n} {'x' * 100}": {"y": n} for n in range(1000)}
        events = [{"event_type": "tool", "inputs": {}, "metadata": {**named, str(n): 1}} for n in range(10)]
        statuses.add(post(server, "/v1/events/batch", json.dumps({"events": events}).encode()))
    return " ".join(sorted(statuses))


HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hh_1\r\n"
LISTS = b'{"event_type":"tool","inputs":{"a":[' + b"[]," * 16_000_000 + b"1]}}"
READ = 30.0  # seconds: max_read_ms
# What is sent, and the bounds of its seconds and of the server's memory in MB.
REQUESTS: dict[str, tuple[Callable[[Served], str], float, float]] = {
    "48 MB of [], in 47 kB of gzip": (
        lambda server: post(server, "/v1/events", gzip.compress(LISTS), **{"content-encoding": "gzip"}),
        5,
        BODY,
    ),
    "48 MB of [],": (bodies("/v1/events/batch", LISTS), 5, BODY),
    "a request of 1.8 GB in gzip": (
        lambda server: post(server, "/v1/events", bomb(1800, 31), **{"content-encoding": "gzip"}),
        5,
        BODY,
    ),
    "100,000 filters": (filters("metadata.n", 100_000), 5, BODY),
    "400 filters with texts of 100,000 characters": (filters("metadata.n", 400, "x" * 100_000), READ, BODY),
    "a filter of 2,000 parts": (filters(".".join(["inputs"] * 2000), 1), 5, 1),
    "1,000 filters of 250 parts, over 500 deep events": (deep, READ + 5, BODY),
    "4,000 silent connections": (flood(b""), READ, 64),
    "4,000 half requests": (flood(HEAD + b"Content-Length: 9\r\n\r\n{"), READ, 64),
    "headers without end": (pour(HEAD, b"X-A: " + b"a" * 60_000 + b"\r\n", 1800 * MB), 5, 10),
    "chunks without end": (
        pour(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n%s\r\n" % (b" " * 0x100000), 1800 * MB
        ),
        5,
        BODY,
    ),
    "a path of 249 numbers into 1,000,000 arrays": (wide, READ, BODY),
    "6,000 requests with 60 kB of path and header": (long_paths, 120, 64),
    "100,000 names of 100 characters": (many_names, 120, BODY),
}


@pytest.mark.parametrize("attack", REQUESTS)
def test_an_attack_on_the_local_server_ends_in_time_within_its_memory_and_it_serves_on(
    attack: str, record_property: Record
) -> None:
    do, most, megabytes = REQUESTS[attack]
    with serving() as server:
        assert post(server, "/v1/events", b'{"event_type":"tool","inputs":{}}') == "200"
        before, start = peak(str(server.process.pid)), time.monotonic()
        outcome = do(server)
        seconds, grown = time.monotonic() - start, peak(str(server.process.pid)) - before
        record_property("attack", (attack, "the local server", outcome, f"{seconds:.1f}", f"{grown:.0f}"))
        assert httpx.get(f"{server.url}/_local/health", timeout=60).status_code == 200
        start = time.monotonic()
        assert server.stop(signal.SIGTERM)[0] == 0
        assert time.monotonic() - start < 5 + LATE
    assert seconds < most + LATE
    assert grown < megabytes + MORE
