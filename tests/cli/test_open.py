"""`honeyhive-ext open`."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer
from tests.support.local_api import HEADERS
from tests.support.page_events import chat, id_of
from tests.support.serving import serving


def test_it_serves_the_page_over_a_file_and_prints_the_address(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with LocalServer(file) as made:
        made.seed(chat())
    with serving("--db", str(file), "--session", id_of("chat"), command="open") as server:
        assert server.lines[0] == f"Trace page on {server.url}/#session={id_of('chat')}, events in {file}"
        assert "<title>Traces" in httpx.get(f"{server.url}/").text
        rows = httpx.get(f"{server.url}/_local/sessions", headers=HEADERS).json()["sessions"]
        assert [row["name"] for row in rows] == ["chat"]
        assert server.stop(signal.SIGINT) == (0, "stopped\n", "")


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["open", "--db", str(tmp_path / "none.db")]) == 1
    assert "there is no file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_refused_and_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database")
    assert main(["open", "--db", str(file)]) == 1
    assert str(file) in capsys.readouterr().err
    assert file.read_text() == "not a database"
