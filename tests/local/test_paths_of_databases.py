"""What `LocalServer(path)` makes of a path."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import ConfigError, HoneyHive
from honeyhive_ext.local import LocalServer

TOOL = {"event_type": "tool", "inputs": {}}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def stored(path: Any) -> int:
    server = LocalServer(path)
    try:
        return len(server.events())
    finally:
        server.close()


@pytest.mark.parametrize(
    "path",
    [":memory:", "", "s3://bucket/x.db", "file:///x.db", "no/x.db", ".", "x/", b"x.db", 7, os.devnull],
    ids=repr,
)
def test_a_path_that_keeps_no_events_is_refused(
    path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^db is "):
        LocalServer(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["~/x.db", "file:x.db", "a?mode=memory", "a%20b#.db", "ü\u2028.db", "\udcff.db", "./:memory:"],
    ids=ascii,
)
def test_events_are_in_the_file_of_that_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with LocalServer(name) as server, HoneyHive("x", base_url=server.url) as hh:
        hh.events.create("tool")
        assert hh.events.search().count() == 1
    assert [one.name for one in tmp_path.iterdir()] == [Path(name).name]
    assert stored(name) == stored(tmp_path / Path(name).name) == 1


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with LocalServer("x.db") as server, HoneyHive("x", base_url=server.url) as hh:
        monkeypatch.chdir(tmp_path / "elsewhere")
        hh.events.create("tool")
        assert hh.events.search().count() == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert stored(tmp_path / "x.db") == 1


def test_a_database_and_its_files_are_private_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / "link.db").symlink_to("target.db")
        for path in (tmp_path / "new.db", tmp_path / "link.db"):
            server = LocalServer(path)
            server.seed([TOOL])
            assert len(server.events()) == 1
            assert {mode(one) for one in tmp_path.iterdir() if one.is_file()} == {0o600}
            server.close()
        (tmp_path / "new.db").chmod(0o664)
        assert stored(tmp_path / "new.db") == 1
    finally:
        os.umask(before)
    assert mode(tmp_path / "new.db") == 0o664
    assert (tmp_path / "link.db").is_symlink()
    assert stored(tmp_path / "target.db") == 1


def planted(kind: str, path: Path, victim: Path) -> None:
    victim.write_text("precious")
    if kind == "link":
        path.symlink_to(victim)
    elif kind == "dangling link":
        path.symlink_to(victim.with_name("not yet"))
    elif kind == "hard link":
        path.hardlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "pipe", "folder"])
@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_what_is_planted_where_sqlite_writes_is_refused_and_stays_as_it_is(
    tmp_path: Path, kind: str, end: str, old: bool
) -> None:
    path, victim = tmp_path / "x.db", tmp_path / "victim"
    if old:
        assert stored(path) == 0
    planted(kind, tmp_path / f"x.db{end}", victim)
    with pytest.raises(ConfigError, match=rf"x\.db{end} is not a file that SQLite made: delete"):
        LocalServer(path)
    assert kind in ("pipe", "folder") or victim.read_text() == "precious"
    assert not (tmp_path / "not yet").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_somebody_else_put_where_sqlite_writes_is_refused_unless_the_database_is_theirs(
    tmp_path: Path,
) -> None:
    path, beside = tmp_path / "x.db", tmp_path / "x.db-wal"
    assert stored(path) == 0
    beside.touch()
    os.chown(beside, 4242, 4242)
    with pytest.raises(ConfigError, match="delete"):
        LocalServer(path)
    os.chown(path, 4242, 4242)
    assert stored(path) == 0


def test_a_database_that_is_open_can_be_opened_once_more(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with LocalServer(path) as server:
        server.seed([TOOL])
        assert stored(path) == 1
        server.seed([TOOL])
        assert len(server.events()) == 2
