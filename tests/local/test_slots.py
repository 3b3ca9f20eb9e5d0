"""The server accepts connections for as long as it runs, even without slots, threads or descriptors."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from math import isfinite
from typing import Any

import httpx
import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.adapters import slots
from honeyhive_ext.local.adapters.channel import Channel
from tests.support.local_api import HEADERS

HEALTH = b"GET /_local/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
HANG = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hh_1\r\n\r\n"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A server of its own that takes three connections."""
    monkeypatch.setattr(slots, "CONNECTIONS", 3)
    with LocalServer() as server:
        yield server


def connect(server: LocalServer, data: bytes = b"") -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(data)
    return connection


def status(connection: socket.socket) -> int:
    return int(connection.recv(1 << 16).split(b" ")[1])


def test_where_all_slots_are_silent_a_new_connection_replaces_the_one_that_is_silent_for_longest(
    few: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "SILENT", 0.0)
    exchange, begun = Channel._exchange, Counter[Channel]()

    def noted(channel: Channel) -> bool:
        begun[channel] += 1
        return exchange(channel)

    def waits(channel: Channel) -> bool:
        return begun[channel] == 2 and isfinite(channel.silent_since)

    monkeypatch.setattr(Channel, "_exchange", noted)
    with contextlib.ExitStack() as opened:
        kept = []
        for number in range(1, 4):  # each has been answered, so each is silent since then, in this order
            kept.append(opened.enter_context(connect(few, HEALTH)))
            assert status(kept[-1]) == 200
            while sum(map(waits, list(begun))) < number:
                time.sleep(0.001)
        new = opened.enter_context(connect(few, HEALTH))
        assert status(new) == 200
        assert kept[0].recv(1) == b""
        for one in kept[1:]:
            one.sendall(HEALTH)
            assert status(one) == 200


def test_a_half_sent_request_is_silent_too(few: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "SILENT", 0.0)
    halves = [
        b"",
        b"GET /_local",
        b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ]
    with contextlib.ExitStack() as opened:
        for data in halves:
            opened.enter_context(connect(few, data))
        for _ in range(5):
            assert status(opened.enter_context(connect(few, HEALTH))) == 200
    assert few.events() == []


@pytest.mark.parametrize(
    "start", [b"GET /_local/health HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nHost: a\r\nX: "]
)
def test_a_request_that_trickles_makes_room_though_it_is_never_silent(
    few: LocalServer, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(slots, "SILENT", 3600.0)
    monkeypatch.setattr(slots, "SLOW", 0.0)
    with contextlib.ExitStack() as opened:
        for _ in range(3):
            opened.enter_context(connect(few, start))
        assert status(opened.enter_context(connect(few, HEALTH))) == 200


@pytest.mark.parametrize(("silent", "slow"), [(0.0, 3600.0), (3600.0, 0.0)])
def test_an_answer_that_nobody_reads_makes_room(
    few: LocalServer, monkeypatch: pytest.MonkeyPatch, silent: float, slow: float
) -> None:
    monkeypatch.setattr(slots, "SILENT", silent)
    monkeypatch.setattr(slots, "SLOW", slow)
    few.seed([{"event_type": "tool", "inputs": {"text": "x" * 1_000_000}}] * 40)
    export = b"GET /_local/export HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hh_1\r\n\r\n"
    with contextlib.ExitStack() as opened:
        for _ in range(3):
            assert opened.enter_context(connect(few, export)).recv(1) == b"H"
        assert status(opened.enter_context(connect(few, HEALTH))) == 200


def test_where_all_slots_are_in_use_a_new_connection_is_answered_503_and_a_later_one_is_served(
    few: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "PATIENCE", 0.0)
    monkeypatch.setattr(slots, "SILENT", 0.0)
    few.faults.add("hang", path="/v1/events")
    with contextlib.ExitStack() as opened:
        hanging = [opened.enter_context(connect(few, HANG)) for _ in range(3)]
        while len(few.requests) < 3:
            pass
        refused = httpx.get(f"{few.url}/_local/health")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["message"] == "the local server has too many connections"
        hanging[0].close()
        while httpx.get(f"{few.url}/_local/health").status_code != 200:
            pass
    assert httpx.get(f"{few.url}/_local/health").status_code == 200


@pytest.mark.parametrize("failure", [RuntimeError("can't start new thread"), MemoryError()], ids=repr)
@pytest.mark.parametrize("times", [1, 3])
def test_a_thread_that_cannot_be_started_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, times: int
) -> None:
    server = LocalServer().start()
    before = set(threading.enumerate())
    start = threading.Thread.start
    left = [times]

    def fail(thread: threading.Thread) -> None:
        if left[0] and thread not in before:
            left[0] -= 1
            raise failure
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        assert [httpx.get(f"{server.url}/_local/health").status_code for _ in range(3)] == [200] * 3
    assert left == [0]
    server.close()


def test_without_any_thread_a_connection_is_answered_503_and_the_next_one_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slots, "PATIENCE", 0.0)

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with LocalServer() as server:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            assert [httpx.get(f"{server.url}/_local/health").status_code for _ in range(3)] == [503] * 3
        assert httpx.get(f"{server.url}/_local/health").status_code == 200


def test_a_server_that_gets_no_thread_says_so_and_listens_later(monkeypatch: pytest.MonkeyPatch) -> None:
    from honeyhive_ext.errors import ConfigError

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    server = LocalServer()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(ConfigError, match="can't start new thread"):
            server.start()
    with server:
        assert httpx.get(f"{server.url}/_local/health").status_code == 200


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_a_descriptor_accepting_waits_instead_of_spinning(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    accept = socket.socket.accept
    tried: list[int] = []

    def fail(listening: socket.socket) -> tuple[socket.socket, Any]:
        tried.append(1)
        if len(tried) < 4:
            raise OSError(code, os.strerror(code))
        return accept(listening)

    waits: list[float | None] = []
    with LocalServer() as server:
        monkeypatch.setattr(socket.socket, "accept", fail)
        wait = threading.Condition.wait

        def note(condition: threading.Condition, timeout: float | None = None) -> bool:
            if threading.current_thread().name == "honeyhive-local" and timeout is not None:
                waits.append(timeout)
            return wait(condition, timeout)

        monkeypatch.setattr(threading.Condition, "wait", note)
        assert httpx.get(f"{server.url}/_local/health").status_code == 200
    assert len(waits) == 3


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
from honeyhive_ext.local import LocalServer
with LocalServer(sys.argv[1]) as server:
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        for _ in range(6):  # four of a store, and two for connections
            os.close(held.pop())
    print(server.url, flush=True)
    sys.stdin.read()
print("closed")
"""


def test_a_process_whose_descriptors_are_used_up_still_serves(tmp_path: Any) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "events.db")]
    with subprocess.Popen(command, text=True, **pipes) as process, contextlib.ExitStack() as stack:
        assert process.stdout is not None
        url = httpx.URL(process.stdout.readline().strip())
        key = {"authorization": "Bearer hh_1"}
        client = stack.enter_context(httpx.Client(base_url=url, headers=key, timeout=60))
        idle = [socket.create_connection((url.host, url.port or 0)) for _ in range(12)]
        assert client.get("/_local/health").status_code == 200
        created = client.post("/v1/events", json={"event_type": "tool", "inputs": {}})
        assert created.status_code == 200
        for one in idle:
            one.close()
        assert client.post("/v1/events/search", json={}).status_code == 200
        assert process.communicate(timeout=120) == ("closed\n", "")


def test_connections_leave_descriptors_to_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    for soft, most in ((1 << 20, 1000), (resource.RLIM_INFINITY, 1000), (256, 206), (64, 14), (20, 8)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert slots.most_connections() == most


def test_a_closed_connection_leaves_nothing_behind() -> None:
    with LocalServer() as server:
        httpx.get(f"{server.url}/_local/health")
        before = threading.active_count(), len(os.listdir("/proc/self/fd"))
        for _ in range(50):
            with httpx.Client(base_url=server.url, headers=HEADERS) as client:
                client.get("/_local/health")
                client.request("TRACE", "/x y")
        server.stop()
        assert threading.active_count() < before[0]
        assert len(os.listdir("/proc/self/fd")) < before[1]


def test_polls_that_wait_give_their_slots_to_whoever_needs_one(
    few: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "SILENT", 0.0)
    version = httpx.get(few.url + "/_local/sessions", headers=HEADERS).json()["version"]
    poll = f"GET /_local/sessions?version={version}&wait_ms=60000 HTTP/1.1\r\nHost: localhost\r\n"
    with contextlib.ExitStack() as opened:
        waiting = [
            opened.enter_context(connect(few, f"{poll}Authorization: Bearer hh_1\r\n\r\n".encode()))
            for _ in range(3)
        ]
        for _ in range(3):  # each takes the place of a poll, whose client asks again
            assert status(opened.enter_context(connect(few, HEALTH))) == 200
        assert any(one.recv(1) == b"" for one in waiting[:1])


def test_a_poll_whose_client_is_gone_ends(wired: Any) -> None:
    version = wired.get("/_local/sessions").json()["version"]
    poll = f"GET /_local/sessions?version={version}&wait_ms=60000 HTTP/1.1\r\nHost: localhost\r\n"
    before = threading.active_count()
    gone = [connect(wired.server, f"{poll}Authorization: Bearer hh_1\r\n\r\n".encode()) for _ in range(5)]
    for one in gone:
        one.close()
    end = time.monotonic() + 60
    while threading.active_count() > before:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_request_behind_a_poll_is_answered_after_it(few: LocalServer) -> None:
    version = httpx.get(few.url + "/_local/sessions", headers=HEADERS).json()["version"]
    poll = f"GET /_local/sessions?version={version}&wait_ms=300 HTTP/1.1\r\nHost: localhost\r\n"
    with connect(few, f"{poll}Authorization: Bearer hh_1\r\n\r\n".encode() + HEALTH) as both:
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 2:
            answers += both.recv(1 << 16)
    assert answers.index(b"unchanged") < answers.index(b'"status"')
