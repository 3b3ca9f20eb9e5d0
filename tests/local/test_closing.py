"""Closing a server while others use it: no connection is closed under its user, everybody gets an answer."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.message import Request
from honeyhive_ext.local.store.connections import Connections, StoreClosedError
from tests.support.local_api import post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
HEAD = (
    b"POST /v1/events/search HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer hh_1\r\ncontent-length: 2"
)

# A statement that ends only when it is interrupted.
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
DATABASES = pytest.mark.parametrize("name", [None, "events.db"], ids=["memory", "file"])


def test_a_statement_that_runs_is_stopped_and_its_connection_closed_after_it() -> None:
    connections = Connections(lambda: sqlite3.connect(":memory:", check_same_thread=False))
    began = threading.Event()
    seen: list[BaseException] = []

    def read() -> None:
        try:
            with connections.lend() as connection:
                began.set()
                connection.execute(ENDLESS)
        except StoreClosedError as problem:
            seen.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    began.wait()
    connections.close()
    reader.join()
    assert [str(one) for one in seen] == ["the local server is closed"]
    with pytest.raises(StoreClosedError), connections.lend():
        raise AssertionError("nothing is lent after the end")
    connections.close()  # once more does nothing


def test_closing_waits_for_a_connection_that_is_being_opened() -> None:
    opening, go_on = threading.Event(), threading.Event()

    def connect() -> sqlite3.Connection:
        opening.set()
        go_on.wait()
        return sqlite3.connect(":memory:", check_same_thread=False)

    connections = Connections(connect)
    lent: list[sqlite3.Connection] = []

    def read() -> None:
        with connections.lend() as connection:
            lent.append(connection)

    reader, closer = threading.Thread(target=read), threading.Thread(target=connections.close)
    reader.start()
    opening.wait()
    closer.start()
    go_on.set()
    closer.join()
    reader.join()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        lent[0].execute("SELECT 1")


def test_a_connection_that_cannot_be_opened_does_not_hold_up_the_end() -> None:
    def connect() -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    connections = Connections(connect)
    with pytest.raises(sqlite3.OperationalError), connections.lend():
        raise AssertionError("nothing was opened")
    connections.close()


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
                    sockets.append(socket.create_connection(address, timeout=20))
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


def test_a_connection_accepted_while_the_server_stops_is_closed() -> None:
    server = LocalServer().start()
    listening = server._socket
    assert listening is not None
    lock, accepted, stopped = listening._lock, threading.Event(), threading.Event()

    class Late:
        """The lock, which the accepting thread gets only when the server has stopped."""

        def __enter__(self) -> None:
            if threading.current_thread() is listening._accepting:
                accepted.set()
                stopped.wait()
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    listening._lock = Late()  # type: ignore[assignment]
    with socket.create_connection(("127.0.0.1", listening.port), timeout=20) as one:
        accepted.wait()
        server.stop()
        stopped.set()
        with contextlib.suppress(ConnectionResetError):
            assert one.recv(1) == b""
    listening._accepting.join()
    assert not listening._threads
    server.close()
