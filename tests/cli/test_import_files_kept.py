"""`honeyhive-ext import`: what could not be sent is never lost, and no file to import is written over."""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer
from tests.cli.test_cli_import import Service, lines
from tests.support.misbehaving import Misbehaving

REJECTED = "many.jsonl.rejected.jsonl"


def with_bad_lines(count: int) -> bytes:
    """Return events, and before each one a line that is no JSON."""
    return b"".join(b"no json\n%b\n" % one for one in lines(count))


@pytest.mark.parametrize("there", [None, b"", b'{"file":'])
def test_an_import_whose_rejected_events_were_deleted_does_not_go_on_without_them(
    there: bytes | None, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("honeyhive_ext.cli.import_files.CHUNK_EVENTS", 10)
    monkeypatch.setenv("HH_API_KEY", "hh_1")
    (folder / "many.jsonl").write_bytes(with_bad_lines(15))
    part = folder / f"{REJECTED}.part"
    service = Service(fails_from=2)
    with Misbehaving(then=service) as server:
        monkeypatch.setenv("HH_API_URL", server.url)
        assert main(["import", "many.jsonl"]) == 4
        service.fails_from = 10**9
        part.unlink()
        if there is not None:
            part.write_bytes(there)
        capsys.readouterr()
        assert main(["import", "many.jsonl"]) == 1
        said = capsys.readouterr().err
        assert f"{part} has lost events: give --restart" in said
        assert main(["import", "many.jsonl", "--restart"]) == 1
    rejected = [json.loads(line) for line in (folder / REJECTED).read_bytes().splitlines()]
    assert [one["line"] for one in rejected] == list(range(1, 31, 2))


def test_the_error_of_a_full_disk_names_the_file_and_says_how_to_go_on(folder: Path) -> None:
    content = with_bad_lines(300)
    (folder / "many.jsonl").write_bytes(content)
    command = [sys.executable, "-m", "honeyhive_ext.cli", "import", "many.jsonl"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))

    with LocalServer() as server:
        environ = {**os.environ, **server.environ}
        full = subprocess.run(command, cwd=folder, env=environ, capture_output=True, preexec_fn=limited)
        assert full.returncode == 1
        assert full.stderr.decode() == (
            f"honeyhive-ext import: cannot write {folder / REJECTED}.part: {os.strerror(errno.EFBIG)}; "
            "0 events are sent; the same command continues after them\n"
        )
        again = subprocess.run(command, cwd=folder, env=environ, capture_output=True)
        assert again.stderr.decode() == f"300 sent, 300 rejected: see {folder / REJECTED}\n"
        assert len(server.events()) == 300
    assert (folder / REJECTED).read_bytes().count(b'"line"') == 300


@pytest.mark.parametrize(
    ("files", "rejected"),
    [
        (["many.jsonl"], ["--rejected", "many.jsonl"]),
        (["many.jsonl"], ["--rejected", "link"]),
        (["link"], ["--rejected", "many.jsonl"]),
        (["many.jsonl", REJECTED], []),  # as *.jsonl gives them the second time
        (["x.part"], ["--rejected", "x"]),
    ],
)
def test_a_file_to_import_is_not_replaced_by_rejected_events(
    files: list[str],
    rejected: list[str],
    folder: Path,
    sampled: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    sampled.reset()
    for name in ("many.jsonl", REJECTED, "x.part"):
        (folder / name).write_bytes(with_bad_lines(2))
    (folder / "link").symlink_to("many.jsonl")
    assert main(["import", *files, *rejected]) == 1
    said = capsys.readouterr().err
    assert "the rejected events would replace it: name another file with --rejected" in said
    assert not sampled.events()
    for name in ("many.jsonl", REJECTED, "x.part"):
        assert (folder / name).read_bytes() == with_bad_lines(2)
    assert not (folder / "link.part").exists()


def test_a_file_that_is_named_twice_is_sent_and_counted_once(
    folder: Path, sampled: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    sampled.reset()
    (folder / "many.jsonl").write_bytes(with_bad_lines(2))
    assert main(["import", "many.jsonl", "many.jsonl"]) == 1
    assert "2 sent, 2 rejected" in capsys.readouterr().err


def test_what_a_pipe_had_that_could_not_be_sent_stays_after_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("honeyhive_ext.cli.import_files.CHUNK_EVENTS", 10)
    monkeypatch.setenv("HH_API_KEY", "hh_1")
    rejected = folder / "stdin.rejected.jsonl"
    service = Service(fails_from=2)
    for _ in range(2):  # the second import does not empty what the first one left
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(with_bad_lines(10))))
        with Misbehaving(then=service) as server:
            monkeypatch.setenv("HH_API_URL", server.url)
            assert main(["import", "-"]) == 4
        assert rejected.read_bytes().count(b"\n") == 5
    said = capsys.readouterr().err
    assert f"5 events are sent; a pipe cannot be resumed; 5 rejected: see {rejected}" in said


@pytest.mark.parametrize("second", ["none.jsonl", "sub"])
def test_nothing_is_sent_if_a_file_cannot_be_read(
    second: str,
    folder: Path,
    sampled: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    sampled.reset()
    (folder / "sub").mkdir()
    (folder / "many.jsonl").write_bytes(with_bad_lines(2))
    assert main(["import", "many.jsonl", second]) == 1
    reason = os.strerror(errno.EISDIR if second == "sub" else errno.ENOENT)
    assert capsys.readouterr().err == f"honeyhive-ext import: cannot read {second}: {reason}\n"
    assert not sampled.events()
    assert not list(folder.glob("many.jsonl.*"))
