"""The file: kept, migrated, refused, bounded, indexed."""

from __future__ import annotations

import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.codec import unguard
from honeyhive_ext.local.store import schema as schema_module
from honeyhive_ext.local.store.columns import event_of, kinds, part
from honeyhive_ext.local.store.prune import size
from honeyhive_ext.local.store.store import Store
from tests.support.local_api import post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}


def search(server: LocalServer, field: str, operator: str, value: Any = None) -> int:
    body = {"filters": [{"field": field, "operator": operator, "value": value}]}
    return int(post(server, "/v1/events/search", body)["count"])


def test_a_file_keeps_events_paths_and_totals_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with LocalServer(file) as server:
        event_id = post(server, "/v1/events", {**TOOL, "metadata": {"a.b": {"c": 1}}})["event_id"]
        before = server.events()
    with LocalServer(file) as server:
        assert server.events() == before
        assert search(server, "metadata.a.b.c", "is", 1) == 1
        assert post(server, f"/v1/events/{event_id}", {"feedback": {"x": 1}}, method="PUT") == {}
        assert post(server, "/v1/events/search", {})["count"] == 1


def test_memory_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with LocalServer() as server:
        post(server, "/v1/events", TOOL)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    LocalServer(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigError, match=r"newer version.*update honeyhive-ext"):
        LocalServer(file)


@pytest.mark.parametrize("content", ["sqlite", "text", "folder", "missing folder"])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other"
    if content == "sqlite":
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    elif content == "text":
        file.write_text("not a database " * 100)
    elif content == "folder":
        file.mkdir()
    else:
        file = tmp_path / "missing" / "other"
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(ConfigError, match="other"):
        LocalServer(file)
    assert (file.read_bytes() if file.is_file() else None) == before


def test_an_older_file_is_migrated_with_its_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "events.db"
    with LocalServer(file) as server:
        post(server, "/v1/events", TOOL)

    def further(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE totals ADD COLUMN note")

    monkeypatch.setattr(schema_module, "MIGRATIONS", (*schema_module.MIGRATIONS, further))
    with LocalServer(file) as server:
        assert len(server.events()) == 1
        with server._app.store.reading() as connection:
            assert connection.execute("SELECT note FROM totals").fetchall()
            version = connection.execute("PRAGMA user_version").fetchone()
            assert version == (len(schema_module.MIGRATIONS),)


@pytest.mark.parametrize(
    "event",
    [
        {"inputs": {"größe": "日本"}, "metadata": {"%s": "%"}, "error": 'ü"\n', "outputs": None},
        {"event_name": "\x00" * 3, "inputs": {"a": {}}, "%b": 1, "metadata": {}, "feedback": {"é": [2**70]}},
        {"duration": 2**70, "start_time": 2**64, "config": {"a": 0.1}, "children_ids": [], "inputs": {}},
    ],
    ids=["texts", "codes and names", "integers"],
)
def test_what_a_filter_asks_of_a_field_is_exactly_the_field(event: dict[str, Any]) -> None:
    server = LocalServer(validation="lenient")
    event_id = post(server, "/v1/events", {"event_type": "tool", **event})["event_id"]
    for change in ({}, {"metadata": {"ü": "\x00"}, "outputs": {"long": "é" * 5000}}):
        if change:
            post(server, f"/v1/events/{event_id}", change, method="PUT")
        stored = server.events()[0]
        with server._app.store.reading() as connection:
            for name, kind in server._app.store.columns.kinds.items():
                if kind == "json":
                    found = connection.execute(f"SELECT {part(name)} FROM events").fetchone()[0]
                    value = json.loads(unguard(found)) if found is not None else "nothing"
                    assert value == stored.get(name, "nothing")
    server.close()


def test_an_unfiltered_search_reads_its_page_and_no_other_event() -> None:
    server = LocalServer()
    steps: list[int] = []
    for _ in range(2):
        for _ in range(5):
            post(server, "/v1/events/batch", {"events": [TOOL] * 100})
        taken: list[int] = []
        with server._app.store.reading() as connection:
            connection.set_progress_handler(lambda: taken.append(1), 1)  # noqa: B023 - used in this round only
        answer = post(server, "/v1/events/search", {"limit": 10})
        with server._app.store.reading() as connection:
            connection.set_progress_handler(None, 1)
        steps.append(len(taken))
    assert answer["count"] == 1000
    assert steps[0] == steps[1] > 0
    server.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "events.db"
    with LocalServer(file) as server:
        post(server, "/v1/events", TOOL)

    def further(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM events")
        raise sqlite3.OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(schema_module, "MIGRATIONS", (*schema_module.MIGRATIONS, further))
        with pytest.raises(ConfigError, match="disk full"):
            LocalServer(file)
    with LocalServer(file) as server:
        assert len(server.events()) == 1


def test_a_field_that_the_document_gains_becomes_a_column(tmp_path: Path) -> None:
    properties = {"event_id": {"type": "string"}, "session_id": {"type": "string"}}
    old = Store(tmp_path / "events.db", kinds({"properties": properties}))
    old.close()
    properties |= {"odd \"name'": {"type": "number"}, "tags": {"type": "array"}, "ok": {"type": "boolean"}}
    new = Store(tmp_path / "events.db", kinds({"properties": properties}))
    assert list(new.columns.kinds.values()) == ["text", "text", "number", "json", "json"]
    row, extra = new.columns.encode({"odd \"name'": 1.5, "tags": ["x"], "ok": True, "z": 1})
    assert extra == {"z": 1}
    assert event_of(row[-1]) == {"odd \"name'": 1.5, "tags": ["x"], "ok": True, "z": 1}
    with new.reading() as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(events)")]
    assert {b"f_odd \"name'", b"p_tags", b"p_ok"} <= set(names)
    new.close()


def test_a_field_keeps_its_kind_and_what_does_not_fit_is_kept_beside_it(tmp_path: Path) -> None:
    properties: dict[str, Any] = {"event_id": {"type": "string"}, "session_id": {}, "f": {"type": "number"}}
    Store(tmp_path / "events.db", kinds({"properties": properties})).close()
    store = Store(tmp_path / "events.db", kinds({"properties": {**properties, "f": {"type": "object"}}}))
    assert store.columns.kinds["f"] == "number"
    assert store.columns.encode({"f": {"a": 1}})[1] == {"f": {"a": 1}}
    store.close()


def test_above_its_largest_size_the_oldest_sessions_go(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "events.db", max_size=600_000)
    sessions = [str(uuid.uuid4()) for _ in range(40)]
    for at, session_id in enumerate(sessions):
        event = {**TOOL, "session_id": session_id, "inputs": {"a": "x" * 20_000}, "start_time": at}
        post(server, "/v1/events/batch", {"events": [event] * 2})
        with server._app.store.reading() as connection:
            assert size(connection) <= 600_000
    kept = [event["session_id"] for event in server.events()]
    assert kept == [one for one in sessions[-len(kept) // 2 :] for _ in range(2)]
    assert 10 <= len(kept) < 40
    assert post(server, "/v1/events/search", {})["count"] == len(kept)
    post(server, "/v1/events", {**TOOL, "inputs": {"a": "x" * 700_000}, "start_time": 999})
    assert len(server.events()) == 1  # one session alone is kept, whatever its size
    server.close()


def test_an_index_is_filled_from_what_is_there_and_stays_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with LocalServer(file) as server:
        event_id = post(server, "/v1/events", {**TOOL, "metadata": {"tag": "a"}})["event_id"]
    with LocalServer(file, index=["metadata.tag"]) as server:
        post(server, "/v1/events", {**TOOL, "metadata": {"tag": "b"}})
        post(server, f"/v1/events/{event_id}", {"metadata": {"tag": "c"}}, method="PUT")
    with LocalServer(file) as server:
        post(server, "/v1/events", {**TOOL, "metadata": {"tag": ["b", "x"]}})
        for value, count in (("a", 0), ("b", 1), ("c", 1)):
            assert search(server, "metadata.tag", "is", value) == count
        with server._app.store.reading() as connection:
            rows = connection.execute("SELECT value FROM indexed ORDER BY value").fetchall()
            assert rows == [(b"b",), (b"c",)]
        server.reset()
        assert search(server, "metadata.tag", "is", "b") == 0


def test_a_search_by_an_index_does_not_read_every_event(tmp_path: Path) -> None:
    server = LocalServer(index=["metadata.tag"])
    with server._app.store.reading() as connection:
        wanted = "SELECT seq FROM indexed WHERE path = 1 AND value = 'x'"
        steps = connection.execute(f"EXPLAIN QUERY PLAN SELECT seq FROM events WHERE seq IN ({wanted})")
        plan = " ".join(row[3].decode() for row in steps)
    assert "SCAN events" not in plan
    server.close()


@pytest.mark.parametrize("wrong", [{"index": [""]}, {"max_size": 0}, {"port": 1}], ids=str)
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr("socket.create_server", refuse)
    with pytest.raises(ConfigError):
        LocalServer(**wrong).start()


def test_work_that_fails_undoes_only_itself() -> None:
    server = LocalServer(repost="reject")
    event_id = str(uuid.uuid4())
    post(server, "/v1/events", {**TOOL, "event_id": event_id})
    with pytest.raises(AssertionError, match="CONFLICT"):
        post(server, "/v1/events/batch", {"events": [TOOL, {**TOOL, "event_id": event_id}]})
    assert post(server, "/v1/events/search", {})["count"] == 1
    assert len(server.events()) == 1
    server.close()


def test_a_stopped_server_keeps_its_store_and_starts_again() -> None:
    server = LocalServer().start()
    post(server, "/v1/events", TOOL)
    server.stop()
    with pytest.raises(ConfigError, match="does not listen"):
        _ = server.url
    with server.start() as again:
        assert len(again.events()) == 1
        assert again.environ == {"HH_API_URL": again.url, "HH_API_KEY": "hh_local"}
