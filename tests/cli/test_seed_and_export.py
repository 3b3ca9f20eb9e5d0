"""`honeyhive-ext seed` and `honeyhive-ext export`."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer

EVENTS: list[dict[str, Any]] = [
    {
        "event_type": "tool",
        "event_id": str(uuid.UUID(int=n)),
        "session_id": str(uuid.UUID(int=7)),
        "parent_id": str(uuid.UUID(int=7)),
        "event_name": "ü",
        "source": "s",
        "inputs": {"a.b": [n, None, "\x00"]},
        "start_time": 5 - n,
    }
    for n in range(3)
]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(event) for event in EVENTS) + "\n\n")
    return file


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_files_events_go_in_and_come_out_the_same(
    tmp_path: Path, lines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db, out = str(tmp_path / "events.db"), tmp_path / "out.jsonl"
    assert main(["seed", str(lines), str(lines), "--db", db]) == 0
    assert capsys.readouterr().err == "6 events stored\n"
    assert main(["export", str(out), "--db", db]) == 0
    assert capsys.readouterr().err == "3 events written\n"
    assert read(out) == EVENTS


def test_a_running_servers_events_go_in_and_come_out_the_same(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("honeyhive_ext.cli.running.EVENTS", 2)
    out = tmp_path / "out.jsonl"
    with LocalServer(api_key="hh_mine") as server:
        target = ["--url", server.url, "--api-key", "hh_mine"]
        assert main(["seed", str(lines), *target]) == 0
        assert server.events() == EVENTS
        assert main(["export", str(out), *target]) == 0
    assert read(out) == EVENTS


def test_a_hyphen_is_standard_input_and_output(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    db = str(tmp_path / "events.db")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.read_bytes())))
    assert main(["seed", "-", "--db", db]) == 0
    assert main(["export", "--db", db]) == 0
    assert [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()] == EVENTS


def test_an_error_is_one_line_on_stderr(
    tmp_path: Path, lines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"event_type": "tool", "inputs": {}}\n{"inputs": 7}\n')
    db = str(tmp_path / "events.db")
    with LocalServer() as server:
        url = server.url
        for arguments, text in (
            (["seed", str(bad), "--db", db], "line 2: inputs"),
            (["seed", str(bad), "--url", url], "line 2: inputs"),
            (["seed", "missing.jsonl", "--db", db], "cannot read missing.jsonl"),
            (["export", str(tmp_path / "no" / "x"), "--db", db], "cannot write"),
            (["export", "--db", str(tmp_path / "missing.db")], "there is no file"),
        ):
            assert main(arguments) == 1
            assert text in capsys.readouterr().err
        assert server.events() == []
    assert main(["seed", str(lines), "--url", url]) == 1
    assert "no local server answers" in capsys.readouterr().err
    assert not (tmp_path / "missing.db").exists()
