"""`honeyhive-ext export FILE`: whole or not there, resumed after Ctrl-C; and the older form next to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer, hang

NEWEST = 1_767_225_600_000
COUNT = 1_500


def page(request: Recorded) -> Answer:
    """A page of a store of 1,500 events, one a millisecond."""
    asked = json.loads(request.body)
    end = asked.get("dateRange", {}).get("end_time")
    high = NEWEST if end is None else min(NEWEST, round(datetime.fromisoformat(end).timestamp() * 1000))
    if asked.get("filters"):  # the search asks for events without a start_time, and there are none
        return answer(200, '{"events": [], "count": 0}')
    rows = [{"event_id": f"e{time}", "start_time": time} for time in range(high, NEWEST - COUNT, -1)]
    first = (asked["page"] - 1) * asked["limit"]
    return answer(200, json.dumps({"events": rows[first : first + asked["limit"]], "count": COUNT}))


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz", "all.parquet", "all.csv"])
def test_after_ctrl_c_the_same_command_goes_on(name: str, tmp_path: Path) -> None:
    waiting = hang()

    def later(request: Recorded) -> Answer:
        whole = page(request)
        return whole if len(server.requests) == 1 else waiting

    command = [sys.executable, "-m", "honeyhive_ext.cli", "export", name, "--since", "2025-01-01T00:00:00Z"]
    with Misbehaving(then=later) as server:
        environ = {**os.environ, "HH_API_URL": server.url, "HH_API_KEY": "hh_1"}
        process = subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True)
        with process:
            assert waiting.reached.wait(60)
            while not (tmp_path / f"{name}.checkpoint").exists():
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert error == "honeyhive-ext export: interrupted; the same command continues where this one stopped\n"
    assert not (tmp_path / name).exists()
    assert {one.name for one in tmp_path.iterdir()} == {f"{name}.part", f"{name}.checkpoint"}
    with Misbehaving(then=page) as server:
        environ["HH_API_URL"] = server.url
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert len(server.requests) < 4
    assert (done.returncode, done.stderr) == (0, f"{COUNT} events written\n")
    assert {one.name for one in tmp_path.iterdir()} == {name}


def test_the_older_form_is_for_local_servers_and_the_search_for_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HH_API_KEY", "hh_mine")
    with LocalServer(api_key="hh_mine") as local:
        local.seed({"event_type": "tool", "inputs": {}, "start_time": n} for n in (1, 3, 2))
        assert main(["export", "store.jsonl", "--url", local.url]) == 0  # with the key of the environment
        assert main(["export", "found.jsonl", "--url", local.url, "--limit", "10"]) == 0

    def times(name: str) -> list[Any]:
        return [json.loads(line)["start_time"] for line in (tmp_path / name).read_text().splitlines()]

    assert (times("store.jsonl"), times("found.jsonl")) == ([1, 3, 2], [3, 2, 1])

    def service(request: Recorded) -> Answer:
        return page(request) if request.path == "/v1/events/search" else answer(404)

    with Misbehaving(then=service) as other:  # on this machine, but no local server
        assert main(["export", "service.jsonl", "--url", other.url]) == 0
    assert len(times("service.jsonl")) == COUNT
    capsys.readouterr()


def test_a_file_of_another_form_is_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Misbehaving(then=page) as server:
        for name in ("all.xlsx", "all", "all.json", "folder/"):
            assert main(["export", name, "--url", server.url, "--limit", "5"]) == 1
            assert ".jsonl" in capsys.readouterr().err
        assert server.requests == []


def test_columns_are_typed_columns_of_a_parquet_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = 'metadata.cost:number, metadata.model,metadata."a,b"'
    with LocalServer() as local:
        local.seed(
            {"event_type": "tool", "inputs": {}, "metadata": {"cost": n, "model": "small", "a,b": True}}
            for n in range(3)
        )
        command = ["export", "costs.PARQUET", "--url", local.url, "--columns", asked]
        assert main(command) == 0
        sent = len(local.requests)
        for columns in ("metadata.cost:nubmer", ""):
            assert main(["export", "costs.parquet", "--url", local.url, "--columns", columns]) == 1
        for name in ("costs.jsonl", "costs.csv"):
            with pytest.raises(SystemExit) as ended:
                main(["export", name, "--url", local.url, "--columns", asked])
            assert ended.value.code == 2
        assert len(local.requests) == sent
    said = capsys.readouterr().err
    assert "did you mean 'number'?" in said
    assert "--columns needs a FILE that ends in .parquet" in said
    file = pyarrow.parquet.read_table("costs.PARQUET")
    assert [str(file.schema.field(name).type) for name in file.schema.names[-3:]] == [
        "double",
        "string",
        "bool",
    ]
    assert sorted(file["metadata.cost"].to_pylist()) == [0.0, 1.0, 2.0]


def test_a_set_is_brought_up_to_date_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with LocalServer(tmp_path / "events.db") as local:
        local.seed({"event_type": "tool", "inputs": {}, "start_time": NEWEST + n} for n in range(3))
        for where in (["--url", local.url], ["--db", "events.db"]):
            command = ["export", f"set{len(where[1])}", "--partition", "hour", *where]
            assert main(command) == 0
            assert main([*command, "--overlap", "2h"]) == 0
            assert main([*command, "--refresh", "2026-01-01Z", "--parallel", "2"]) == 0
            said = capsys.readouterr().err.splitlines()
            assert said == ["3 events added", "0 events added", "3 events added"]
            (written,) = Path(command[1]).glob("**/*.parquet")
            assert written.parent.as_posix() == f"{command[1]}/date=2026-01-01/hour=00"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--partition", "day"], 2, "name a folder"),
        (["set", "--partition", "week"], 2, "week"),
        (["set", "--partition", "day", "--limit", "5"], 2, "limit"),
        (["set", "--partition", "day", "--overlap", "soon"], 2, "overlap"),
        (["set", "--partition", "day", "--refresh", "soon"], 2, "refresh"),
        (["set", "--partition", "day", "--columns", "cost"], 1, "cost"),
        (["set.parquet", "--overlap", "1h"], 2, "--partition"),
        (["set.parquet", "--refresh", "1h"], 2, "--partition"),
        (["there.txt", "--partition", "day"], 1, "file"),
    ],
)
def test_what_cannot_be_a_set_is_refused_before_anything_is_sent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.txt").write_text("kept")
    with Misbehaving(then=page) as server:
        try:
            found = main(["export", *arguments, "--url", server.url])
        except SystemExit as end:  # of a mistyped command
            found = int(str(end.code))
        assert server.requests == []
    assert found == status
    assert says in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["there.txt"]
