"""Closing a server during requests: every client gets an answer, and no connection or thread is left."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.message import Request
from tests.support.local_api import post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
HEAD = (
    b"POST /v1/events/search HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer hh_1\r\ncontent-length: 2"
)

DATABASES = pytest.mark.parametrize("name", [None, "events.db"], ids=["memory", "file"])


@DATABASES
def test_a_closed_server_answers_503(tmp_path: Path, name: str | None) -> None:
    server = LocalServer(None if name is None else tmp_path / name)
    post(server, "/v1/events", TOOL)
    server.close()
    for path, body in (("/v1/events", b'{"event_type": "tool", "inputs": {}}'), ("/v1/events/search", b"{}")):
        answer = server.handle(Request("POST", path, body, {"authorization": "Bearer hh_1"}))
        assert (answer.status, b"the local server is closed" in answer.body) == (503, True)


@DATABASES
def test_a_server_closes_in_the_middle_of_requests_and_leaves_no_connection(
    tmp_path: Path, name: str | None
) -> None:
    before = set(threading.enumerate())
    for _ in range(20):
        server = LocalServer(None if name is None else tmp_path / name).start()
        address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        sockets: list[socket.socket] = []
        several = threading.Semaphore(0)

        def ask(address: tuple[str, int], sockets: list[socket.socket], several: threading.Semaphore) -> None:
            with contextlib.suppress(OSError):
                while True:
                    sockets.append(socket.create_connection(address, timeout=60))
                    sockets[-1].sendall(HEAD + b"\r\n\r\n{}")
                    several.release()

        asking = [threading.Thread(target=ask, args=(address, sockets, several)) for _ in range(3)]
        for thread in asking:
            thread.start()
        for _ in range(10):
            several.acquire()
        server.close()
        for thread in asking:
            thread.join()
        for one in sockets:  # each has ended: none waits for a thread that was left behind
            with one, contextlib.suppress(ConnectionError):
                while one.recv(1 << 16):
                    pass
    assert set(threading.enumerate()) <= before


def test_a_connection_accepted_while_the_server_stops_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    accepted, stopped = threading.Event(), threading.Event()
    accept = socket.socket.accept

    def late(listening: socket.socket) -> tuple[socket.socket, Any]:
        """Accept, and give the connection to the server only when the server has stopped."""
        found = accept(listening)
        accepted.set()
        stopped.wait()
        return found

    monkeypatch.setattr(socket.socket, "accept", late)
    server = LocalServer().start()
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=60) as one:
        accepted.wait()
        server.stop()
        stopped.set()
        with contextlib.suppress(ConnectionResetError):
            assert one.recv(1) == b""
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert set(threading.enumerate()) <= before
    server.close()
