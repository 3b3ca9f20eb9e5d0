"""What SQLite cannot do has an answer that says why: no room, another writer, a damaged file, a slow read."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import HoneyHive
from honeyhive_ext.errors import ConfigError, ServerError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.app import App
from honeyhive_ext.local.message import Request, Response
from honeyhive_ext.local.store import (
    InterruptedReadError,
    Store,
    StoreClosedError,
    StoreFailedError,
    Transaction,
    group_commit,
    store_errors,
    watch,
)
from tests.support.local_api import HEADERS, core, post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
LARGE: dict[str, Any] = {**TOOL, "inputs": {"a": "x" * 100_000}}
# A statement that ends only when it is interrupted.
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
DATABASES = pytest.mark.parametrize("name", [None, "events.db"], ids=["memory", "file"])


def pragma(app: App, text: str) -> None:
    """Set a pragma of the writer's connection."""

    def work(transaction: Transaction) -> None:
        transaction._connection.execute(f"PRAGMA {text}").fetchall()

    app.state.store.write(work)


def ask(app: App, path: str, body: bytes) -> Response:
    return app.handle(Request("POST", path, body, HEADERS))


def create(app: App, event: bytes = b'{"event_type":"tool","inputs":{}}') -> Response:
    return ask(app, "/v1/events", event)


@DATABASES
def test_a_full_disk_is_507_and_nothing_is_stored_until_there_is_room(
    tmp_path: Path, name: str | None
) -> None:
    with core(None if name is None else tmp_path / name) as app:
        post(app, "/v1/events", TOOL)
        pragma(app, "max_page_count = 1")  # the least is what the file has
        large = b'{"event_type":"tool","inputs":{"a":"%b"}}' % (b"x" * 100_000)
        answer = create(app, large)
        assert (answer.status, b"no room left" in answer.body) == (507, True)
        assert post(app, "/v1/events/search", {})["count"] == 1
        pragma(app, "max_page_count = 1000000")
        assert create(app, large).status == 200
        assert post(app, "/v1/events/search", {})["count"] == 2


def test_a_client_is_told_that_the_disk_is_full(tmp_path: Path) -> None:
    with LocalServer(tmp_path / "events.db") as server:
        pragma(server._app, "max_page_count = 1")
        with HoneyHive("hh_any", base_url=server.url, retry=False) as hh:
            with pytest.raises(ServerError, match=r"507.*no room left.*make room"):
                hh.events.create("tool", inputs=LARGE["inputs"])
            pragma(server._app, "max_page_count = 1000000")
            hh.events.create("tool", inputs=LARGE["inputs"])
        assert len(server.events()) == 1


def test_a_file_that_may_not_be_written_is_still_read(tmp_path: Path) -> None:
    with core(tmp_path / "events.db") as app:
        post(app, "/v1/events", TOOL)
        app.state.store._writer.execute("PRAGMA query_only = 1")
        answer = create(app)
        assert (answer.status, b"events.db is read-only" in answer.body) == (501, True)
        assert post(app, "/v1/events/search", {})["count"] == 1


def test_another_program_that_keeps_writing_is_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "BUSY", 0)
    with core(tmp_path / "events.db") as app:
        other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = create(app)
        assert (answer.status, b"another program is writing to" in answer.body) == (503, True)
        other.close()
        assert create(app).status == 200


@pytest.mark.parametrize("where", ["head", "schema", "events", "all but the head"])
def test_a_damaged_file_is_a_sentence_and_not_a_traceback(tmp_path: Path, where: str) -> None:
    file = tmp_path / "events.db"
    with LocalServer(file) as server:
        for _ in range(50):
            post(server, "/v1/events", LARGE)
    size = file.stat().st_size
    spans = {
        "head": (20, 60),
        "schema": (100, 4096),
        "events": (size // 4, size),
        "all but the head": (4096, size),
    }
    first, last = spans[where]
    with file.open("r+b") as content:
        content.seek(first)
        content.write(b"\xfe" * (last - first))
    problems: list[str] = []
    try:
        with core(file) as app:
            for path, body in (("/v1/events/search", b"{}"), ("/_local/stats", b"")):
                answer = app.handle(Request("POST" if body else "GET", path, body, HEADERS))
                if answer.status != 200:
                    assert answer.status == 500
                    problems.append(answer.body.decode())
    except ConfigError as problem:
        problems.append(str(problem))
    assert problems
    for text in problems:
        assert "events.db" in text
        assert any(word in text for word in ("is damaged", "another program", "newer version"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small store with an index."""
    file = tmp_path_factory.mktemp("whole") / "events.db"
    with LocalServer(file, index=["metadata.k"]) as server:
        for n in range(60):
            metadata = {"k": n, "list": [n]}
            post(server, "/v1/events", {**TOOL, "inputs": {"a": "x" * 50 * n}, "metadata": metadata})
    return file.read_bytes()


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_in_a_file_is_a_sentence(tmp_path: Path, whole: bytes, seed: int) -> None:
    draw = random.Random(seed)
    content = bytearray(whole)
    for _ in range(draw.choice([1, 5, 50])):
        at = draw.randrange(len(content))
        content[at : at + 100] = draw.choice([b"", bytes(100), draw.randbytes(100)])
    file = tmp_path / "events.db"
    file.write_bytes(content)
    one = b'{"filters":[{"field":"metadata.%b","operator":"is","value":3}]}'
    try:
        with core(file) as app:
            for method, path, body in (
                ("POST", "/v1/events/search", b"{}"),
                ("POST", "/v1/events/search", one % b"k"),
                ("POST", "/v1/events/search", one % b"list"),
                ("GET", "/_local/stats", b""),
                ("GET", "/_local/export", b""),
                ("POST", "/v1/events", b'{"event_type":"tool","inputs":{}}'),
            ):
                answer = app.handle(Request(method, path, body, HEADERS))
                assert answer.status in (200, 500)
                assert answer.status == 200 or b"events.db" in answer.body
    except ConfigError as problem:
        assert "events.db" in str(problem)  # noqa: PT017 - a file that opens is right too


@DATABASES
def test_a_read_that_takes_too_long_is_ended_and_told_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    clock = iter(range(10_000))
    with core(None if name is None else tmp_path / name) as app:
        post(app, "/v1/events/batch", {"events": [TOOL] * 200})
        body = b'{"filters":[{"field":"inputs.a","operator":"not exists","value":null}]}'
        monkeypatch.setattr(
            watch, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(clock))})
        )
        app.state.configure({"max_read_ms": 1})
        answer = ask(app, "/v1/events/search", body)
        assert (answer.status, b"takes longer than 0.001 s" in answer.body) == (400, True)
        app.state.configure({"max_read_ms": 0})
        assert ask(app, "/v1/events/search", body).status == 200
        assert create(app).status == 200


@DATABASES
def test_an_interrupt_ends_the_reads_that_run_and_no_later_one(tmp_path: Path, name: str | None) -> None:
    with core(None if name is None else tmp_path / name) as app:
        store = app.state.store
        began = threading.Event()
        seen: list[str] = []

        def read() -> None:
            try:
                with store.reading() as connection:
                    began.set()
                    connection.execute(ENDLESS)
            except InterruptedReadError as problem:
                seen.append(str(problem))

        reader = threading.Thread(target=read)
        reader.start()
        began.wait()
        store.interrupt()
        reader.join()
        assert seen == ["the local server stops"]
        store.interrupt()
        post(app, "/v1/events", TOOL)
        assert post(app, "/v1/events/search", {})["count"] == 1


@DATABASES
@pytest.mark.parametrize("kind", ["read", "write"])
def test_a_store_closes_whatever_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None, kind: str
) -> None:
    monkeypatch.setattr("honeyhive_ext.local.store.store.PATIENCE", 0.01)
    with core(None if name is None else tmp_path / name) as app:
        store = app.state.store
        began = threading.Event()
        seen: list[BaseException] = []

        def endless(connection: sqlite3.Connection) -> None:
            began.set()
            connection.execute(ENDLESS)

        def run() -> None:
            try:
                if kind == "write":
                    store.write(lambda transaction: endless(transaction._connection))
                else:
                    with store.reading() as connection:
                        endless(connection)
            except StoreClosedError as problem:
                seen.append(problem)

        thread = threading.Thread(target=run)
        thread.start()
        began.wait()
        store.close()
        thread.join()
        assert len(seen) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, "full"),
        (sqlite3.SQLITE_IOERR_WRITE, "full"),
        (sqlite3.SQLITE_IOERR_READ, "disk"),
        (sqlite3.SQLITE_CANTOPEN, "disk"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "busy"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "read only"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "damaged"),
        (sqlite3.SQLITE_NOTADB, "damaged"),
        (sqlite3.SQLITE_NOMEM, "memory"),
        (sqlite3.SQLITE_TOOBIG, "too large"),
        (sqlite3.SQLITE_ERROR, "other"),
    ],
)
def test_each_kind_of_error_of_sqlite_has_its_answer(code: int, kind: str) -> None:
    problem = sqlite3.OperationalError("why")
    problem.sqlite_errorcode = code
    found = store_errors.failed(problem, "events.db")
    assert isinstance(found, StoreFailedError)
    assert found.kind == kind
    assert str(found).endswith(": why")
    with core() as app:

        def work(transaction: Transaction) -> None:
            raise problem

        app.state.store.write = lambda _: app.state.store._writing.write(work)  # type: ignore[method-assign]
        answer = create(app)
        assert answer.status in (500, 501, 503, 507, 413)
        assert b": why" in answer.body


def interrupted(store: Store) -> None:
    """Read, and be interrupted between two statements."""
    with store.reading() as connection:
        rows = connection.execute("SELECT seq FROM events")
        assert next(rows)
        connection.interrupt()
        connection.execute("SELECT count(*) FROM events").fetchone()


def test_an_interrupt_between_two_statements_reaches_no_later_reader(tmp_path: Path) -> None:
    with core(tmp_path / "events.db") as app:
        post(app, "/v1/events/batch", {"events": [TOOL] * 10})
        store = app.state.store
        with store.reading() as connection:
            rows = connection.execute("SELECT seq FROM events")  # stays open
            assert next(rows)
            connection.interrupt()
        for _ in range(3):
            assert post(app, "/v1/events/search", {})["count"] == 10
        with pytest.raises(InterruptedReadError):
            interrupted(store)
        assert post(app, "/v1/events/search", {})["count"] == 10


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced", "its folder deleted"])
def test_nothing_is_acknowledged_once_the_file_is_not_the_one_that_was_opened(
    tmp_path: Path, how: str
) -> None:
    file = tmp_path / "folder" / "events.db"
    file.parent.mkdir()
    with core(file) as app:
        assert create(app).status == 200
        if how == "deleted":
            file.unlink()
        elif how == "moved":
            file.rename(tmp_path / "elsewhere.db")
        elif how == "replaced":
            shutil.copy(file, tmp_path / "other.db")
            (tmp_path / "other.db").replace(file)
        else:
            shutil.rmtree(file.parent)
        answer = create(app)
        assert (answer.status, b"events.db was deleted, moved or replaced" in answer.body) == (501, True)
        if how == "moved":
            (tmp_path / "elsewhere.db").rename(file)
            assert create(app).status == 200
