"""`honeyhive-ext import`: every form, ids kept, resumed, with what cannot be sent in a file."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer
from honeyhive_ext.payload.times import complete
from tests.cli.conftest import EVENT, sample_events
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer

EXPORTS = ("out.jsonl", "out.jsonl.gz", "out.jsonl.zst", "out.csv", "out.parquet")


def by_id(server: LocalServer) -> dict[str, dict[str, Any]]:
    return {event["event_id"]: event for event in server.events()}


def lines(count: int, **more: Any) -> list[bytes]:
    made = [
        {"event_type": "tool", "event_id": str(uuid.UUID(int=n)), "inputs": {"n": n}, **more}
        for n in range(count)
    ]
    return [json.dumps(one).encode() for one in made]


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_exported_in_any_form_is_imported_the_same(
    name: str, folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = {
        "event_type": "tool",
        "event_id": str(uuid.UUID(int=77)),
        "event_name": 'a "b", c\r\nd\n\x00ü',
        "inputs": {"big": 2**63 + 1, "none": None, "a.b": [1.5, True]},
        "error": "'=1+1",
        "source": "=2+2",
        "duration": 0.1,
        "children_ids": [],
    }
    server.seed([*sample_events(), odd])
    before = by_id(server)
    for variable, value in server.environ.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(folder)
    assert main(["export", name, "--limit", "1000"]) == 0
    server.reset()
    assert main(["import", name]) == 0
    after = by_id(server)
    for event in before.values():
        complete(event)  # the client computes the third time
    if name.endswith(".csv"):  # an empty text and none are the same there
        for event in (*before.values(), *after.values()):
            event.pop("error", None) if not event.get("error") else None
    assert after == before


def test_the_ids_of_events_without_one_are_the_same_each_time(
    folder: Path, sampled: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "plain.jsonl").write_text('{"event_type": "tool", "inputs": {}}\n' * 3)
    sampled.reset()
    assert main(["import", "plain.jsonl"]) == 0
    first = set(by_id(sampled))
    assert main(["import", "plain.jsonl"]) == 0
    assert set(by_id(sampled)) == first
    assert len(first) == 3


def test_what_cannot_be_sent_is_in_a_file_with_the_reason_and_the_line(
    folder: Path, sampled: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sampled.reset()
    monkeypatch.chdir(folder)
    bad = [
        b'{"event_type": "modle", "inputs": {}}',
        b"{no json",
        b"[]",
        b'{"event_type":"tool","other":1,"inputs":{}}',
    ]
    content = b"\n".join([*lines(3), b"", *bad, lines(4)[3]])
    (folder / "mixed.jsonl").write_bytes(content)
    assert main(["import", "mixed.jsonl"]) == 1
    assert "4 sent, 4 rejected: see " in capsys.readouterr().err
    assert len(sampled.events()) == 4
    rejected = [
        json.loads(line) for line in (folder / "mixed.jsonl.rejected.jsonl").read_bytes().splitlines()
    ]
    assert [one["line"] for one in rejected] == [5, 6, 7, 8]
    assert "did you mean 'model'" in rejected[0]["reason"]
    assert rejected[1]["text"] == "{no json"
    assert rejected[3]["event"]["other"] == 1
    assert "other" in rejected[3]["reason"]
    assert main(["import", "mixed.jsonl", "--drop-unknown", "--quiet"]) == 1
    again = (folder / "mixed.jsonl.rejected.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["line"] for line in again] == [5, 6, 7]
    assert not [one for one in folder.iterdir() if one.name.endswith((".part", ".checkpoint"))]


def test_a_dry_run_finds_the_same_mistakes_and_sends_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    (folder / "mixed.jsonl").write_bytes(b"\n".join([*lines(2), b'{"event_type": "tool", "inputs": 7}']))
    monkeypatch.setenv("HH_API_URL", "http://127.0.0.1:9")
    assert main(["import", "mixed.jsonl", "--dry-run"]) == 1
    error = capsys.readouterr().err
    assert "mixed.jsonl: line 3: inputs" in error
    assert "2 can be sent, 1 rejected" in error
    assert not (folder / "mixed.jsonl.rejected.jsonl").exists()


class Service:
    """A service that takes batches, and fails from one request on until it is mended."""

    def __init__(self, fails_from: int) -> None:
        self.fails_from = fails_from
        self.ids: list[str] = []
        self.requests = 0

    def __call__(self, request: Recorded) -> Answer:
        self.requests += 1
        if self.requests >= self.fails_from:
            return answer(401, b'{"message": "unknown key"}')
        ids = [event["event_id"] for event in json.loads(request.body)["events"]]
        self.ids += ids
        return answer(200, json.dumps({"success": True, "event_ids": ids}))


def test_an_interrupted_import_goes_on_after_what_is_sent(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("honeyhive_ext.cli.import_files.CHUNK_EVENTS", 10)
    monkeypatch.setenv("HH_API_KEY", "hh_key_of_this_project")
    content = lines(35)
    content.insert(3, b"no json")
    (folder / "many.jsonl").write_bytes(b"\n".join(content))
    service = Service(fails_from=3)
    with Misbehaving(then=service) as server:
        monkeypatch.setenv("HH_API_URL", server.url)
        assert main(["import", "many.jsonl"]) == 4
        error = capsys.readouterr().err
        assert "19 events are sent; the same command continues after them" in error
        assert b"hh_key_of" not in (folder / "many.jsonl.rejected.jsonl.checkpoint").read_bytes()
        service.fails_from = 10**9
        assert main(["import", "many.jsonl"]) == 1  # of the line that is no JSON
        assert "16 sent, 19 sent before, 1 rejected" in capsys.readouterr().err
    assert sorted(service.ids) == sorted(json.loads(line)["event_id"] for line in lines(35))
    assert (folder / "many.jsonl.rejected.jsonl").read_bytes().count(b"\n") == 1
    assert {one.name for one in folder.iterdir() if "many" in one.name} == {
        "many.jsonl",
        "many.jsonl.rejected.jsonl",
    }


@pytest.mark.parametrize("change", ["file", "key", "checkpoint"])
def test_an_import_does_not_go_on_with_another_file_or_elsewhere(
    change: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("honeyhive_ext.cli.import_files.CHUNK_EVENTS", 10)
    monkeypatch.setenv("HH_API_KEY", "hh_1")
    (folder / "many.jsonl").write_bytes(b"\n".join(lines(35)))
    service = Service(fails_from=2)
    with Misbehaving(then=service) as server:
        monkeypatch.setenv("HH_API_URL", server.url)
        assert main(["import", "many.jsonl"]) == 4
        service.fails_from = 10**9
        if change == "file":
            (folder / "many.jsonl").write_bytes(b"\n".join(lines(34)))
        elif change == "key":
            monkeypatch.setenv("HH_API_KEY", "hh_2")
        else:
            (folder / "many.jsonl.rejected.jsonl.checkpoint").write_bytes(b"{}")
        capsys.readouterr()
        assert main(["import", "many.jsonl"]) == 1
        assert "--restart" in capsys.readouterr().err
        assert service.requests == 2
        assert main(["import", "many.jsonl", "--restart"]) == 0
    assert len(service.ids) == 10 + (34 if change == "file" else 35)


def test_ctrl_c_says_how_to_go_on_and_loses_nothing(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "first.jsonl").write_bytes(b"\n".join(lines(5)))
    with LocalServer() as server:
        command = [sys.executable, "-m", "honeyhive_ext.cli", "import", "first.jsonl", "pipe"]
        environ = {**os.environ, **server.environ}
        process = subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True)
        with process, (folder / "pipe").open("wb"):  # it opens when the command wants the second file
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
        assert len(server.events()) == 5
    assert process.returncode == 130
    assert error == "honeyhive-ext import: interrupted; 5 events are sent; a pipe cannot be resumed\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.jsonl.gz", gzip.compress(b'{"event_type": "tool"}' * 50, mtime=0)[:-4], "damaged"),
        ("cut.parquet", b"PAR1 no more", "Parquet file is damaged"),
        ("twice.csv", b"event_type,event_type\na,b\n", "each once"),
        ("no.csv", b"event_type\n\xff\n", "no CSV in UTF-8"),
        ("x.db", b"SQLite format 3\0", "--db"),
        ("no.jsonl", None, "cannot read no.jsonl"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_one_line(
    name: str,
    content: bytes | None,
    said: str,
    folder: Path,
    sampled: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    if content is not None:
        (folder / name).write_bytes(content)
    before = len(sampled.events())
    for command in ("import", "validate"):
        assert main([command, name, "--quiet"]) == 1
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    assert len(sampled.events()) == before


def test_columns_of_other_programs_become_fields(
    folder: Path, sampled: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    rows = f'event_id,event_type,inputs,metadata.cost,metadata.tag\n{EVENT},tool,"{{""q"": 1}}",0.5,007\n'
    (folder / "sheet.csv").write_text(rows)
    assert main(["import", "sheet.csv"]) == 0
    stored = by_id(sampled)[EVENT]
    assert (stored["inputs"], stored["metadata"]) == ({"q": 1}, {"cost": 0.5, "tag": "007"})
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(
        {"event_id": [EVENT], "event_type": ["tool"], "inputs": [{"q": 2}], "error": [None]}
    )
    pyarrow.parquet.write_table(table, folder / "frame.parquet")
    assert main(["import", "frame.parquet"]) == 0
    assert by_id(sampled)[EVENT]["inputs"] == {"q": 2}


def test_a_time_that_went_through_parquet_is_the_integer_that_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.jsonl").write_text('{"event_type": "tool", "inputs": {}, "start_time": 1767225600001}\n')
    assert main(["import", "one.jsonl", "--db", "one.db"]) == 0
    for name, db in (("one.parquet", "one.db"), ("two.jsonl", "two.db")):
        assert main(["export", name, "--db", db, "--since", "2020-01-01Z"]) == 0
        assert name != "one.parquet" or main(["import", name, "--db", "two.db"]) == 0
    assert '"start_time":1767225600001}' in Path("two.jsonl").read_text()
