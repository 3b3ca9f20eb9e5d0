"""The file: kept, migrated, refused, bounded, indexed."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.store import schema as schema_module
from tests.support.local_api import post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}


def search(server: LocalServer, field: str, operator: str, value: Any = None) -> int:
    body = {"filters": [{"field": field, "operator": operator, "value": value}]}
    return int(post(server, "/v1/events/search", body)["count"])


def asked(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query that another program asks the file."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


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
def test_a_file_that_is_not_a_store_is_refused_and_not_changed(tmp_path: Path, content: str) -> None:
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
    assert asked(file, "SELECT note FROM totals")
    assert asked(file, "PRAGMA user_version") == [(len(schema_module.MIGRATIONS),)]


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


def test_above_the_maximum_size_the_oldest_sessions_are_deleted(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    server = LocalServer(file, max_size=600_000)
    sessions = [str(uuid.uuid4()) for _ in range(40)]
    for at, session_id in enumerate(sessions):
        event = {**TOOL, "session_id": session_id, "inputs": {"a": "x" * 20_000}, "start_time": at}
        post(server, "/v1/events/batch", {"events": [event] * 2})
        ((pages, free, page),) = asked(
            file, "SELECT * FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        )
        assert (pages - free) * page <= 600_000
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
        for value, count in (("a", 0), ("b", 2), ("c", 1), ("x", 1)):
            assert search(server, "metadata.tag", "is", value) == count
        assert asked(file, "SELECT value FROM indexed ORDER BY value") == [("b",), ("b",), ("c",), ("x",)]
        server.reset()
        assert search(server, "metadata.tag", "is", "b") == 0


@pytest.mark.parametrize("wrong", [{"index": [""]}, {"max_size": 0}, {"port": 1}], ids=str)
def test_impossible_options_are_refused(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
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
