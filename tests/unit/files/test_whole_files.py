"""A file is replaced when the new one is complete, and stays what it was; nobody can plant a way to it."""

from __future__ import annotations

import errno
import os
import re
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from honeyhive_ext import ConfigError
from honeyhive_ext.files.names import place_to_write
from honeyhive_ext.files.side_file import check_side, close_side, make_private, open_side, read_side
from honeyhive_ext.files.whole import whole_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(path: Path, content: bytes = b"new") -> None:
    with whole_file(place_to_write(path)) as file:
        file.write(content)


class Stop(Exception):  # noqa: N818
    """Interrupts a writer."""


def test_the_old_file_is_there_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with whole_file(place_to_write(path)) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt, OSError], ids=lambda error: error.__name__)
@pytest.mark.parametrize("there", [True, False])
def test_a_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException], there: bool) -> None:
    path = tmp_path / "x"
    if there:
        path.write_text("old")
    with pytest.raises(error), whole_file(place_to_write(path)) as file:  # noqa: PT012
        file.write(b"half")
        raise error
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == ([("x", "old")] if there else [])


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="too large"), whole_file(place_to_write(path)) as file:
            file.write(b"x" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("x", "old")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError])
def test_bytes_that_a_full_disk_left_in_the_buffer_do_not_hide_why_the_block_failed(
    tmp_path: Path, error: type[BaseException]
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, before[1]))
    try:
        with pytest.raises(error, match="the reason"), whole_file(place_to_write(tmp_path / "x")) as file:  # noqa: PT012
            file.write(b"ten bytes.")
            raise error("the reason")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o000, 0o077])
def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        put(tmp_path / "new")
        make_private(tmp_path / "db")
        for old in (0o600, 0o644, 0o640, 0o666, 0o755):
            (tmp_path / f"{old}").touch()
            (tmp_path / f"{old}").chmod(old)
            put(tmp_path / f"{old}")
            make_private(tmp_path / f"{old}")
            assert mode(tmp_path / f"{old}") == old
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == mode(tmp_path / "db") == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_an_old_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    os.chown(path, 4242, 4243)
    put(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (4242, 4243)


def test_a_group_that_the_file_cannot_keep_passes_no_permission_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.touch()
    path.chmod(0o664)
    real, refused = os.fstat, PermissionError(errno.EPERM, "not allowed")

    def elsewhere(number: int) -> os.stat_result:
        found = list(real(number))
        found[stat.ST_GID] += 1
        return os.stat_result(found)

    def refuse(*_: object) -> None:
        raise refused

    monkeypatch.setattr(os, "fchown", refuse)
    with whole_file(place_to_write(path)) as file:
        file.write(b"new")
        monkeypatch.setattr(os, "fstat", elsewhere)
    assert mode(path) == 0o604


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "real").write_text("old")
    (tmp_path / "latest").symlink_to("data/real")
    put(tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "data" / "real").read_text() == "new"
    (tmp_path / "dangling").symlink_to("data/made")
    put(tmp_path / "dangling")
    assert (tmp_path / "data" / "made").read_text() == "new"


def test_the_other_names_of_a_file_keep_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "snapshot").write_text("old")
    (tmp_path / "x").hardlink_to(tmp_path / "snapshot")
    put(tmp_path / "x")
    assert ((tmp_path / "snapshot").read_text(), (tmp_path / "x").read_text()) == ("old", "new")


def test_a_pipe_is_written_through_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    put(pipe)
    reader.join()
    assert read == [b"new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_open_file_goes_on_where_it_is(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as log:
        log.write(b"before ")
        log.flush()
        put(Path(f"/dev/fd/{log.fileno()}"))
    assert (tmp_path / "log").read_text() == "before new"


def test_what_became_no_file_meanwhile_is_not_destroyed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with (
        pytest.raises(ConfigError, match="no longer a regular file"),
        whole_file(place_to_write(path)),
    ):
        os.mkfifo(path)
    assert stat.S_ISFIFO(path.stat().st_mode)


def not_replaced(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM, errno.EACCES])
@pytest.mark.parametrize("old", [b"", b"old and longer", b"o"])
def test_a_file_that_can_be_written_but_not_replaced_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, old: bytes
) -> None:
    path = tmp_path / "x"
    path.write_bytes(old)
    inode = path.stat().st_ino
    not_replaced(monkeypatch, number)
    put(path)
    assert (path.read_text(), path.stat().st_ino) == ("new", inode)
    assert [one.name for one in tmp_path.iterdir()] == ["x"]
    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        put(tmp_path / "y")
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_a_file_is_not_written_over_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    not_replaced(monkeypatch, errno.EBUSY)

    def full(number: int, start: int, size: int) -> None:
        os.ftruncate(number, start + size // 2)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        put(path, b"new and much longer")
    assert path.read_text() == "old"


def planted(path: Path, victim: Path) -> dict[str, Callable[[], None]]:
    return {
        "link": lambda: path.symlink_to(victim),
        "dangling link": lambda: path.symlink_to(victim.with_name("not yet")),
        "hard link": lambda: path.hardlink_to(victim),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }


@pytest.mark.parametrize("what", ["link", "dangling link", "hard link", "pipe", "folder"])
@pytest.mark.parametrize("use", [open_side, check_side, read_side])
def test_what_is_planted_under_our_name_is_refused_and_nothing_is_written_to_it(
    tmp_path: Path, what: str, use: Callable[[Path], object]
) -> None:
    victim, side = tmp_path / "victim", tmp_path / "x.new"
    victim.write_text("precious")
    planted(side, victim)[what]()
    with pytest.raises(ConfigError, match=r"x\.new.*delete"):
        use(side)
    assert victim.read_text() == "precious"
    assert not (tmp_path / "not yet").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_somebody_else_is_refused_unless_the_folder_is_theirs_too(tmp_path: Path) -> None:
    side = tmp_path / "x.new"
    side.touch()
    os.chown(side, 4242, 4242)
    with pytest.raises(ConfigError, match="delete"):
        open_side(side)
    os.chown(tmp_path, 4242, 4242)
    close_side(open_side(side))


def test_what_an_earlier_run_left_is_taken_over_and_made_private(tmp_path: Path) -> None:
    side = tmp_path / "x.part"
    side.write_text("left")
    side.chmod(0o644)
    with open_side(side) as file:
        assert file.read() == b"left"
    assert mode(side) == 0o600


def test_one_at_a_time_writes_a_file(tmp_path: Path) -> None:
    side = tmp_path / "x.part"
    program = (
        "import sys; from pathlib import Path; from honeyhive_ext.files.side_file import open_side\n"
        "try: open_side(Path(sys.argv[1]))\nexcept Exception as error: print(error)"
    )
    first = open_side(side)
    with pytest.raises(ConfigError, match="another"):
        open_side(side)
    command = [sys.executable, "-c", program, str(side)]
    assert "another" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    close_side(first)
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_many_writers_of_one_name_leave_one_whole_file(tmp_path: Path) -> None:
    path, begin = tmp_path / "x", threading.Barrier(8)
    refused: list[ConfigError] = []

    def write(number: int) -> None:
        begin.wait()
        for _ in range(40):
            try:
                put(path, b"%d" % number * 10_000)
            except ConfigError as error:
                refused.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = path.read_bytes()
    assert content == content[:1] * 10_000
    assert {one.name for one in tmp_path.iterdir()} == {"x"}
    assert all("another" in str(one) for one in refused)


def test_a_name_that_is_too_long_is_refused_before_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too long"):
        check_side(tmp_path / ("n" * 250 + ".checkpoint"))
