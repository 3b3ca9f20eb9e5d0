"""A disk that is full, fails or has no locks ends in one typed error, and the spool goes on after it."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from honeyhive_ext.background.spool import Spool, SpoolError, adopt, growing, secure, supply
from honeyhive_ext.background.spool import owner as owner_module
from tests.support.spooling import HERE, drain, files, fill, numbers

FULL = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG]


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.fixture(params=["mapped", "written"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which a segment grows, in segments of 4 KiB."""
    monkeypatch.setattr(supply, "SMALLEST", 4096)
    monkeypatch.setattr(supply, "FIRST_SEGMENT", 4096)
    monkeypatch.setattr(supply, "AGAIN", 0)
    if request.param == "written":
        monkeypatch.setattr(os, "posix_fallocate", failing(errno.EOPNOTSUPP))
    return str(request.param)


def test_a_full_spool_reads_the_same_both_ways(tmp_path: Path, way: str) -> None:
    with Spool(tmp_path, HERE, segment_bytes=4096) as spool:
        fill(spool, 300)
        spool.acknowledge(range(0, 300, 3))
    assert drain(tmp_path) == [n for n in range(300) if n % 3]
    assert files(tmp_path) == []


@pytest.mark.parametrize("number", FULL)
def test_a_disk_without_room_for_a_segment_is_a_typed_error_and_leaves_no_file(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, HERE)
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", failing(number))
        for _ in range(3):
            with pytest.raises(SpoolError, match="free space") as caught:
                fill(spool, 1)
            assert caught.value.reason == "full"
        assert files(tmp_path, ".segment") == []
    monkeypatch.setattr(supply, "monotonic", lambda: 1e12)
    fill(spool, 3)
    assert numbers(spool) == [0, 1, 2]
    spool.close()


def test_a_full_disk_is_not_asked_at_each_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def full(*_: object) -> None:
        asked.append(1)
        raise OSError(errno.ENOSPC, "full")

    with Spool(tmp_path, HERE) as spool:
        monkeypatch.setattr(os, "posix_fallocate", full)
        monkeypatch.setattr(supply, "monotonic", lambda: 100.0)
        for _ in range(50):
            with pytest.raises(SpoolError, match="free space"):
                fill(spool, 1)
    assert len(asked) <= 2


def test_a_smaller_segment_is_made_where_a_whole_one_has_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.posix_fallocate

    def little(descriptor: int, offset: int, size: int) -> None:
        if size > 100_000:
            raise OSError(errno.ENOSPC, "full")
        real(descriptor, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", little)
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 100)
        assert numbers(spool) == list(range(100))


@pytest.mark.parametrize("taken", [0, 1, 40])
def test_a_write_that_the_disk_takes_in_part_is_cut_back(
    tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", failing(errno.EOPNOTSUPP))
    real = os.pwrite
    spool = Spool(tmp_path, HERE, segment_bytes=4096)
    fill(spool, 3)
    with monkeypatch.context() as patch:
        left = [taken]

        def short(descriptor: int, data: bytes, offset: int) -> int:
            if not left[0]:
                raise OSError(errno.ENOSPC, "full")
            part, left[0] = left[0], 0
            return real(descriptor, data[:part], offset)

        patch.setattr(os, "pwrite", short)
        with pytest.raises(SpoolError) as caught:
            fill(spool, 1, first=99)
        assert caught.value.reason == "full"
        assert numbers(spool) == [0, 1, 2]
    fill(spool, 3, first=3)
    assert numbers(spool) == list(range(6))
    assert spool.counts["withdrawn"] == 1
    spool.acknowledge(range(7))
    spool.close()
    assert files(tmp_path) == []


@pytest.mark.parametrize("sync", ["interval", "always"])
def test_after_a_failed_sync_another_segment_begins(
    tmp_path: Path, way: str, sync: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, HERE, segment_bytes=4096, sync=sync)  # type: ignore[arg-type]
    fill(spool, 3)
    spool.sync()
    with monkeypatch.context() as patch:
        patch.setattr(growing, "sync_file", failing(errno.EIO))
        if sync == "always":
            with pytest.raises(SpoolError) as caught:
                fill(spool, 1, first=99)
        else:
            fill(spool, 1, first=3)
            with pytest.raises(SpoolError) as caught:
                spool.sync()
        assert caught.value.reason == "disk"
    fill(spool, 2, first=4)
    assert numbers(spool) == ([0, 1, 2, 4, 5] if sync == "always" else [0, 1, 2, 3, 4, 5])
    assert spool.counts["failed_syncs"] >= 1
    spool.close()
    assert len(files(tmp_path, ".segment")) == 2  # those that hold something
    assert drain(tmp_path) == ([0, 1, 2, 4, 5] if sync == "always" else [0, 1, 2, 3, 4, 5])


def test_acknowledgements_that_cannot_be_written_hold_and_are_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, HERE)
    fill(spool, 10)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", failing(errno.ENOSPC))
        spool.acknowledge([0, 1])
        assert numbers(spool) == list(range(2, 10))
        assert spool.counts["failed_acknowledgements"] == 1
        spool.acknowledge([5])
    spool.close()
    assert drain(tmp_path) == [2, 3, 4, 6, 7, 8, 9]


def test_what_was_refused_is_counted_where_it_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from honeyhive_ext.background.spool import rejected

    monkeypatch.setattr(rejected, "MOST", 200)
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 3)
        for record in spool.read().records:
            spool.reject(record, "no")
        assert spool.counts["rejected"] == 3
        assert spool.counts["rejected_unwritten"] >= 2
    assert drain(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.ENOLCK, "locks"), (errno.ENOSYS, "locks"), (errno.EMFILE, "files")]
)
def test_a_file_system_without_locks_is_named_at_the_start(
    tmp_path: Path, number: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 1)
    before = files(tmp_path)
    monkeypatch.setattr("fcntl.flock", failing(number))
    for use in (lambda: Spool(tmp_path, HERE), lambda: list(adopt(tmp_path, HERE))):
        with pytest.raises(SpoolError, match=str(tmp_path)) as caught:
            use()
        assert caught.value.reason == reason
    assert files(tmp_path) == before


def test_a_system_without_locks_is_named_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_module, "fcntl", None)
    for use in (lambda: Spool(tmp_path / "x", HERE), lambda: list(adopt(tmp_path, HERE))):
        with pytest.raises(SpoolError, match="leave spool out") as caught:
            use()
        assert caught.value.reason == "unsupported"
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_used_is_named_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SpoolError, match="choose a folder") as caught:
            Spool(folder, HERE)
        assert caught.value.reason == "folder"


def test_a_folder_that_was_removed_meanwhile_is_a_typed_error(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", HERE)
    fill(spool, 3)
    shutil.rmtree(tmp_path / "spool")
    fill(spool, 3)  # its segment is there as long as it is open
    with pytest.raises(SpoolError) as caught:
        fill(spool, 100, size=100_000)
    assert caught.value.reason == "folder"
    assert spool.read().records == []
    assert spool.counts["unreadable_records"] == spool.appended
    spool.close()


@pytest.mark.parametrize("error", [errno.ENODEV, errno.ENOMEM])
def test_files_that_cannot_be_mapped_are_written(
    error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmap, "mmap", failing(error))
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 10)
        assert numbers(spool) == list(range(10))
        assert files(tmp_path, ".segment")[0].stat().st_size < 2000


def test_a_system_without_fdatasync_and_fallocate_works(tmp_path: Path) -> None:
    program = """
import os, sys
del os.posix_fallocate, os.fdatasync
from tests.support.spooling import *
with Spool(sys.argv[1], HERE, sync="always") as spool:
    fill(spool, 10)
print(drain(Path(sys.argv[1])))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{list(range(10))}\n"


def test_a_limit_on_the_size_of_files_is_counted_and_survived(tmp_path: Path) -> None:
    program = """
import resource, sys
from tests.support.spooling import *
from honeyhive_ext.background.spool import SpoolError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
kept, refused = [], set()
with Spool(sys.argv[1], HERE) as spool:
    for number in range(200):
        try:
            fill(spool, 1, size=90_000 if number == 100 else 1000 if number < 190 else 200_000, first=number)
            kept.append(number)
        except SpoolError as error:
            refused.add(error.reason)
    assert numbers(spool) == kept
print(len(kept), *refused)
print(len(drain(Path(sys.argv[1]))))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "190 full\n190\n"


def test_a_record_above_the_largest_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from honeyhive_ext.background.spool import rolling

    monkeypatch.setattr(rolling, "LARGEST", 1000)
    with Spool(tmp_path, HERE, segment_bytes=4096) as spool:
        fill(spool, 1)
        with pytest.raises(SpoolError) as caught:
            fill(spool, 1, size=300_000, first=1)
        assert caught.value.reason == "too_large"
        fill(spool, 1, first=1)
        assert numbers(spool) == [0, 1]


def test_bytes_that_the_device_cannot_read_are_damage_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 300)
    real = os.pread

    def bad(descriptor: int, count: int, offset: int) -> bytes:
        if offset <= 20_000 < offset + count:
            raise OSError(errno.EIO, "bad block")
        return real(descriptor, count, offset)

    monkeypatch.setattr(secure.os, "pread", bad)
    (backlog,) = adopt(tmp_path, HERE)
    with backlog:
        found = numbers(backlog)
        assert 250 <= len(found) < 300
        assert backlog.counts["damaged_records"] == 300 - len(found)
        backlog.acknowledge(range(300))
    monkeypatch.setattr(secure.os, "pread", real)
    assert len(drain(tmp_path)) == 300 - len(found)  # it was kept for a time when it can be read
    assert files(tmp_path) == []


def test_positions_whose_files_were_deleted_are_told_and_what_follows_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", HERE)
    fill(spool, 3)
    assert not spool.vanished()
    shutil.rmtree(tmp_path / "spool")
    assert [*spool.vanished()] == [(0, 2)]
    fill(spool, 1)
    spool._tail._keep()  # what its thread does long before the segment is full
    with pytest.raises(SpoolError, match="No such file") as caught:
        fill(spool, 1)
    assert caught.value.reason == "folder"
    assert [*spool.vanished()] == [(0, 3)]
    spool.close()
    assert not spool.vanished()


def test_what_other_processes_have_is_not_told_as_deleted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, HERE, segment_bytes=4096)
    fill(spool, 3)
    spool.acknowledge(range(3))
    child = os.fork()
    if not child:
        fill(spool, 2)
        os._exit(len(spool.vanished()))
    assert os.waitpid(child, 0)[1] == 0
    assert not spool.vanished()
    spool.close()
