"""The connections of a store: none is closed while somebody uses it."""

from __future__ import annotations

import dis
import gc
import sqlite3
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from honeyhive_ext.local.store import StoreClosedError
from honeyhive_ext.local.store import connections as connections_module
from honeyhive_ext.local.store.connections import Connections
from honeyhive_ext.local.store.watch import WatchedConnection, watched
from tests.support.local_api import core

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


def test_readers_wait_for_a_connection_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "MOST", 3)
    opened: list[WatchedConnection] = []

    def connect() -> WatchedConnection:
        opened.append(watched(":memory:"))
        return opened[-1]

    connections = Connections(connect)
    together, done = threading.Barrier(3), list[int]()

    def read() -> None:
        with connections.lend() as connection:
            together.wait()  # three read at once
            done.append(connection.execute("SELECT 1").fetchone()[0])

    readers = [threading.Thread(target=read) for _ in range(12)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(opened) == 3
    assert done == [1] * 12
    connections.close()


def test_a_reader_that_waits_is_told_that_the_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "MOST", 1)
    connections = Connections(lambda: watched(":memory:"))
    seen: list[str] = []
    taken = connections.lend()
    taken.__enter__()

    def read() -> None:
        try:
            with connections.lend():
                seen.append("lent")
        except StoreClosedError:
            seen.append("closed")

    reader = threading.Thread(target=read)
    reader.start()
    closer = threading.Thread(target=connections.close)
    closer.start()
    reader.join()
    taken.__exit__(None, None, None)
    closer.join()
    assert seen == ["closed"]


def test_while_no_file_can_be_opened_readers_share_the_connection_that_there_is() -> None:
    opened: list[WatchedConnection] = []

    def connect() -> WatchedConnection:
        if opened:
            raise sqlite3.OperationalError("unable to open database file")
        opened.append(watched(":memory:"))
        return opened[0]

    connections = Connections(connect)
    done: list[int] = []

    def read() -> None:
        for _ in range(20):
            with connections.lend() as connection:
                done.append(connection.execute("SELECT 1").fetchone()[0])

    readers = [threading.Thread(target=read) for _ in range(5)]
    with connections.lend():
        for reader in readers:
            reader.start()
    for reader in readers:
        reader.join()
    assert done == [1] * 100
    connections.close()


def test_closing_in_the_thread_that_has_a_connection_ends() -> None:
    connections = Connections(lambda: watched(":memory:"))
    with connections.lend() as connection:
        connections.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")
    connections.close()


def places(method: CodeType) -> Iterator[tuple[CodeType, int]]:
    """Yield where Python looks for signals: after each call."""
    code = [one for one in dis.get_instructions(method) if one.opname != "CACHE"]
    for before, one in pairwise(code):
        if before.opname.startswith("CALL"):
            yield method, one.offset


LENDING = [*places(Connections.lend.__wrapped__.__code__), *places(Connections._taken.__code__)]  # type: ignore[attr-defined]
ENDING = [*places(Connections._end.__code__)]


# Since Python 3.13, a connection that could not be handed over to anybody who closes it gives a warning.
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize("again", [False, True], ids=["opened", "used again"])
@pytest.mark.parametrize("place", [*LENDING, *ENDING], ids=lambda place: f"{place[0].co_name} {place[1]}")
def test_an_interrupt_at_any_place_holds_up_neither_later_readers_nor_the_end(
    place: tuple[CodeType, int], again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections_module, "MOST", 1)
    opened: list[WatchedConnection] = []

    def connect() -> WatchedConnection:
        opened.append(watched(":memory:"))
        return opened[-1]

    connections = Connections(connect)
    if again:
        with connections.lend():
            pass

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code in (LENDING[0][0], LENDING[-1][0], ENDING[0][0]):
            # Since CPython 3.12, instructions of this call are traced only if it is set.
            frame.f_trace = trace
            frame.f_trace_opcodes = True
            if event == "opcode" and (frame.f_code, frame.f_lasti) == place:
                sys.settrace(None)
                raise KeyboardInterrupt
            return trace
        return None

    before, interrupted = sys.gettrace(), False
    try:
        sys._getframe().f_trace_opcodes = True  # CPython 3.12 traces instructions only if this was set before
        sys.settrace(trace)
        with connections.lend() as connection:
            connection.execute("SELECT 1")
    except KeyboardInterrupt:
        interrupted = True
    finally:
        sys.settrace(before)
    if interrupted and place in LENDING:
        with connections.lend() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    connections.close()
    if place in ENDING:
        for one in opened:
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                one.execute("SELECT 1")
    opened.clear()
    gc.collect()


def test_the_caches_of_the_connections_of_a_file_are_bounded(tmp_path: Path) -> None:
    with core(tmp_path / "events.db") as app:
        with app.state.store.reading() as connection:
            assert connection.execute("PRAGMA cache_size").fetchone() == (-8192,)
        assert app.state.store._writer.execute("PRAGMA cache_size").fetchone() == (-65536,)
