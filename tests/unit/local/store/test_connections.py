"""The connections of a store: none is closed while somebody uses it."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from honeyhive_ext.local.store import StoreClosedError
from honeyhive_ext.local.store.connections import Connections
from honeyhive_ext.local.store.watch import WatchedConnection, watched

# A statement that ends only when it is interrupted.
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


def test_a_statement_that_runs_is_stopped_and_its_connection_closed_after_it() -> None:
    connections = Connections(lambda: watched(":memory:"))
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

    def connect() -> WatchedConnection:
        opening.set()
        go_on.wait()
        return watched(":memory:")

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
    def connect() -> WatchedConnection:
        raise sqlite3.OperationalError("unable to open database file")

    connections = Connections(connect)
    with pytest.raises(sqlite3.OperationalError), connections.lend():
        raise AssertionError("nothing was opened")
    connections.close()
