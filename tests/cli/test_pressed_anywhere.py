"""Ctrl-C at any place of a command: it ends as interrupted, and leaves nothing half made."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from honeyhive_ext.local import LocalServer
from tests.cli.conftest import SESSION, sample_events
from tests.support.pressing import run_pressed

STEP = int(os.environ.get("HONEYHIVE_TEST_PRESS_EACH", "41"))  # every place is tried with 1, in minutes

# The arguments, and what may be there afterwards.
COMMANDS: dict[str, tuple[list[str], set[str]]] = {
    "store": (["export", "old.jsonl"], set()),
    "file": (["export", "old.jsonl", "--db", "e.db"], set()),
    "jsonl": (["export", "old.jsonl", "--limit", "3"], {"old.jsonl.part", "old.jsonl.checkpoint"}),
    "csv": (["export", "out.csv"], {"out.csv", "out.csv.part", "out.csv.checkpoint"}),
    "parquet": (["export", "out.parquet"], {"out.parquet", "out.parquet.part", "out.parquet.checkpoint"}),
    "page": (["sessions", "tree", SESSION, "--html", "out.html"], {"out.html"}),
    "import": (
        ["import", "in.jsonl"],
        {f"in.jsonl.rejected.jsonl{end}" for end in ("", ".part", ".checkpoint")},
    ),
    "seed": (["seed", "in.jsonl", "--db", "new.db"], {"new.db"}),
}


ENDED = ("cli/__init__.py", "cli/interrupts.py")  # what runs when the command has ended


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    with LocalServer(tmp_path / "served.db") as server:
        server.seed(sample_events())
        monkeypatch.setenv("HH_API_KEY", "hh_x")
        monkeypatch.chdir(tmp_path)
        yield server.url


# What is open when Ctrl-C strikes between two lines is closed at the latest by the end of the process.
@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_at_any_place_leaves_nothing_half_made(
    command: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, made = COMMANDS[command]
    if "--db" not in arguments:
        arguments = [*arguments, "--url", url]
    stock = tmp_path / "stock"
    stock.mkdir()
    (stock / "old.jsonl").write_text("old")
    (stock / "in.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in [*sample_events(), {}]))
    store = LocalServer(stock / "e.db")
    store.seed(sample_events())
    store.close()
    there = {one.name for one in stock.iterdir()}
    at, where = 1, "begun"
    while where is not None:
        folder = tmp_path / "folder"
        shutil.copytree(stock, folder)
        monkeypatch.chdir(folder)
        status, where = run_pressed(arguments, at)
        ended = where is None or where.startswith(ENDED)
        assert status == 130 or (ended and status == (1 if command == "import" else 0)), (where, status)
        names = {one.name for one in folder.iterdir()}
        assert there <= names <= there | made, where
        assert (folder / "old.jsonl").read_text().startswith(("old", "{")), where
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(folder)
        at += STEP
    assert at > 10 * STEP
