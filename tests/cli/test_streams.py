"""The command in pipes: closed, full and broken streams, Ctrl-C, mistyped arguments."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer

COMMAND = f'"{sys.executable}" -W error -m honeyhive_ext.cli'


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "events.db"
    server = LocalServer(path)
    server.seed([{"event_type": "tool", "inputs": {"n": n, "long": "x" * 2000}} for n in range(1000)])
    server.close()
    return path


def shell(line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environ},
    )


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "0<&- 2>&-"])
def test_with_stderr_closed_or_full_the_output_is_the_data_and_the_status_zero(db: Path, stderr: str) -> None:
    done = shell(f"{COMMAND} export --db '{db}' {stderr}")
    assert done.returncode == 0
    assert [json.loads(line)["inputs"]["n"] for line in done.stdout.splitlines()] == list(range(1000))


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        ("export --db '{db}' >&-", 1, "standard output is closed"),
        ("export --db '{db}' >&- <&-", 1, "standard output is closed"),
        ("export --db '{db}' >/dev/full", 1, "No space left"),
        ("export /dev/full --db '{db}'", 1, "No space left"),
        ("export '{db}.jsonl' --db '{db}' >&-", 0, "1000 events written"),
        ("export --db '{db}' | head -c 10", 0, "1000 events written|^$"),
        ("export --db '{db}' | :", 0, "1000 events written|^$"),
        ("--help | :", 0, "^$"),
        ("seed - --db '{db}' <&-", 1, "standard input is closed"),
        ("serve >/dev/full", 1, "No space left"),
    ],
)
def test_an_output_that_cannot_be_written_is_one_line_and_a_status(
    db: Path, arguments: str, code: int, error: str
) -> None:
    done = shell(f"{COMMAND} {arguments.format(db=db)}")
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) <= 1, done.stderr
    assert re.search(error, done.stderr.strip())
    assert "Traceback" not in done.stderr


def test_an_export_to_a_pipe_that_closes_is_a_success(db: Path) -> None:
    os.mkfifo(db.with_name("pipe"))
    done = shell(
        f"head -c 10 '{db.with_name('pipe')}' >/dev/null & "
        f"{COMMAND} export '{db.with_name('pipe')}' --db '{db}'"
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize("target", ["--db", "--url"])
def test_ctrl_c_is_one_line_and_says_what_is_stored(tmp_path: Path, target: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    first = tmp_path / "first.jsonl"
    first.write_text('{"event_type": "tool", "inputs": {}}\n')
    with LocalServer() as server:
        where = {"--db": str(tmp_path / "x.db"), "--url": server.url}[target]
        command = [sys.executable, "-m", "honeyhive_ext.cli", "seed", str(first), str(tmp_path / "pipe")]
        process = subprocess.Popen([*command, target, where], stderr=subprocess.PIPE, text=True)
        with process, (tmp_path / "pipe").open("wb"):  # it opens when the command wants the second file
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, "honeyhive-ext seed: interrupted; 1 events are stored\n")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["export", "--url", "http://127.0.0.1:99999"], "--url"),
        (["export", "--url", "127.0.0.1:8080"], "--url"),
        (["export", "--url", "http://[::1"], "--url"),
        (["export", "--url", "http://127.0.0.1:80 80"], "--url"),
        (["export", "--url", "http://me:secret@127.0.0.1:80"], "--url"),
        (["export", "--url", " "], "--url is empty"),
        (["export", "--url", "http://127.0.0.1:9", "--api-key", "ключ"], "--api-key"),
        (["export", "--url", "http://127.0.0.1:9", "--api-key", "a\nb"], "--api-key"),
        (["export", "--url", "http://127.0.0.1:9", "--api-key", ""], "--api-key"),
        (["export", "--url", "http://no.such.host.invalid"], "no local server answers"),
        (["export", "out/", "--db", "x.db"], "folder"),
        (["export", "s3://b/x.jsonl", "--db", "x.db"], "without a scheme"),
        (["export", "x.jsonl.bz2", "--db", "x.db"], r"\.gz"),
        (["export", "x.jsonl", "--db", ":memory:"], "leave it out"),
        (["seed", ".", "--db", "x.db"], "folder|Is a directory"),
        (["seed", "\udcff.jsonl", "--db", "x.db"], r"cannot read \\udcff"),
        (["seed", "a\x1b[2Jb", "--db", "x.db"], r"a\\x1b\[2Jb"),
        (["serve", "--db", "."], "folder"),
        (["serve", "--db", ""], "db is empty"),
        (["serve", "--db", "no/x.db"], "no folder"),
        (["serve", "--db", os.devnull], "no regular file"),
        (["serve", "--seed", "s3://b/x"], "without a scheme"),
    ],
    ids=repr,
)
def test_what_a_person_mistypes_is_one_line(
    arguments: list[str],
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.db").touch()
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "secret" not in error
    assert re.search(hint, error)
    assert [one.name for one in tmp_path.iterdir()] == ["x.db"]


def test_a_command_that_an_application_calls_leaves_no_file_open(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened, real = set[int](), os.open

    def noted(path: Any, *arguments: Any, **options: Any) -> int:
        descriptor = real(path, *arguments, **options)
        if path == os.devnull:
            opened.add(descriptor)
        return descriptor

    monkeypatch.setattr(os, "open", noted)
    for _ in range(3):
        assert main(["export", "x.jsonl", "--url", " "]) == 1
    assert [one for one in opened if os.path.exists(f"/proc/self/fd/{one}")] == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["export"],
        ["seed", "--db", "x"],
        ["serve", "--prot", "1"],
        ["exprot"],
        ["\x1b[2J"],
    ],
    ids=repr,
)
def test_a_mistyped_command_is_one_line_and_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--help" in error
    assert "\x1b" not in error


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a b", "a..b", "ä" * 70, "\udcff"], ids=ascii)
def test_a_host_that_is_none_is_one_line_after_the_warning(host: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "honeyhive_ext.cli", "serve", "--host", host],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    warning, error = done.stderr.splitlines()
    assert "no TLS" in warning
    assert error.startswith("honeyhive-ext serve: cannot listen on ")
    assert done.returncode == 1


def test_a_proxy_that_needs_another_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "socksio", None)
    assert main(["export", "--url", "http://127.0.0.1:9"]) == 1
    assert "ALL_PROXY names a SOCKS proxy" in capsys.readouterr().err
