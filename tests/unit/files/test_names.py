"""What a path names: decided by one function, before anything is opened."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import ConfigError
from honeyhive_ext.files.names import database_path, file_path, folder_path, place_to_write, regular_place
from honeyhive_ext.local import LocalServer


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0\\"), min_size=1, max_size=60))
def test_a_name_in_a_folder_means_itself(name: str) -> None:
    if name not in (".", ".."):
        assert file_path(f"/data/{name}") == Path("/data") / name


@pytest.mark.parametrize(
    "name",
    ["run:1/x.parquet", "a?b", "100%", "a%20b", "~draft.jsonl", ":memory:", "file:x", "-x", " ", "x:/y"],
)
def test_a_relative_name_is_below_the_working_directory(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert file_path(name) == tmp_path / name
    assert file_path(Path(name)) == tmp_path / name


def test_a_tilde_is_the_home_folder_and_a_folder_of_that_name_has_a_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert file_path("~/x.db") == file_path(Path("~/x.db")) == tmp_path / "x.db"
    assert file_path("./~/x.db") == tmp_path / "~" / "x.db"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("", "is empty"),
        (".", "folder"),
        ("out/", "folder"),
        ("out/..", "folder"),
        ("s3://bucket/x.jsonl", "without a scheme"),
        ("file:///tmp/x", "without a scheme"),
        ("my+store://x", "without a scheme"),
        (Path("s3://bucket/x.jsonl"), "without a scheme"),
        ("a\0b", "no file"),
        ("a\ud800b", "no file"),
        ("~nobody_of_this_name/x", "home folder"),
        (b"x.jsonl", "bytes"),
        (7, "int"),
        (None, "NoneType"),
    ],
    ids=repr,
)
def test_what_names_no_file_is_refused(given: Any, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        file_path(given)


def test_a_folder_may_end_in_a_slash_and_is_else_decided_as_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert folder_path("~/spool/") == folder_path("spool") == tmp_path / "spool"
    assert folder_path(".") == tmp_path
    for wrong in ("", "s3://bucket/spool", "a\0b", "~nobody_of_this_name/x", b"x", 7):
        with pytest.raises(ConfigError, match=r"^folder is "):
            folder_path(wrong)


def test_a_path_without_a_working_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ConfigError, match="working directory"):
        file_path("x")
    assert file_path("/x") == Path("/x")


def test_links_are_followed_to_a_file_that_may_not_exist(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "folder").symlink_to("data")
    (tmp_path / "data" / "second").symlink_to("target")
    (tmp_path / "first").symlink_to(tmp_path / "folder" / "second")
    assert place_to_write(tmp_path / "first").path == tmp_path / "data" / "target"
    assert database_path(tmp_path / "first") == tmp_path / "data" / "target"


def test_what_cannot_be_written_as_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "file").write_text("")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        for name in ("a", "folder", "link", "file/x", "s", "n" * 300):
            for decide in (place_to_write, regular_place, database_path):
                with pytest.raises(ConfigError, match=r"(path|db) is '"):
                    decide(tmp_path / name)


def test_a_pipe_and_a_device_are_streams_for_those_who_write_through(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for stream in (tmp_path / "pipe", Path(os.devnull)):
        assert place_to_write(stream).is_stream
        assert not stat.S_ISREG(stream.stat().st_mode)
        for decide in (regular_place, database_path):
            with pytest.raises(ConfigError, match="no regular file"):
                decide(stream)


def test_an_open_file_of_this_process_is_a_stream_even_where_it_is_regular(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        place = place_to_write(f"/dev/fd/{file.fileno()}")
        assert (place.is_stream, place.descriptor) == (True, file.fileno())


def test_a_database_is_never_replaced(tmp_path: Path) -> None:
    db = tmp_path / "events.db"
    server = LocalServer(db)
    try:
        for name in ("events.db", "events.db-wal", "events.db-shm"):
            with pytest.raises(ConfigError, match="SQLite database"):
                place_to_write(tmp_path / name)
    finally:
        server.close()
    (tmp_path / "second").hardlink_to(db)
    for name in ("events.db", "second"):
        with pytest.raises(ConfigError, match="SQLite database"):
            place_to_write(tmp_path / name)


def test_a_database_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.db").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)  # root may read everything
    with pytest.raises(ConfigError, match="permission"):
        database_path(tmp_path / "x.db")


def test_a_write_protected_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("kept")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write everything
    with pytest.raises(ConfigError, match="write-protected"):
        place_to_write(tmp_path / "x")
