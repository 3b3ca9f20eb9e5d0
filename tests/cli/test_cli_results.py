"""What commands say of what they did and of what they refuse, and what they show of the texts of others."""

from __future__ import annotations

import csv
import io
import json
import shlex
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer
from tests.cli.conftest import EVENT, sample_events
from tests.support.command_runner import Runner
from tests.support.misbehaving import Misbehaving, answer

KEY = "hh_key_that_nobody_may_see_0123456789"

LINE = json.dumps({"event_type": "tool", "event_id": str(uuid.UUID(int=5)), "inputs": {}})
WRONG = ['"tool"', "null", "[]", "7", "true", LINE, '{"event_type":"tool","other":1}', "{no json"]


@pytest.fixture
def many(folder: Path, sampled: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, which is the current one, with a file of one event and of lines that are refused."""
    monkeypatch.chdir(folder)
    (folder / "many.jsonl").write_text("\n".join([LINE, *WRONG]))
    return folder


def test_a_dry_run_refuses_what_an_import_refuses_for_the_same_reasons(
    many: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "many.jsonl", "--dry-run", "--json"]) == 1
    dry = capsys.readouterr()
    said = [json.loads(line)["rejected"] for line in dry.err.splitlines()]
    assert main(["import", "many.jsonl", "--json"]) == 1
    done = capsys.readouterr()
    letters = [json.loads(line) for line in (many / "many.jsonl.rejected.jsonl").read_bytes().splitlines()]
    assert [one["line"] for one in said] == [one["line"] for one in letters] == list(range(2, 10))
    for here, there in zip(said, letters, strict=True):
        assert here["reason"] == there["reason"].removeprefix("invalid: ").removeprefix("duplicate: ")
    assert said[0]["reason"] == "an event is a JSON object, not a string"
    counts = {"sent": 1, "sent_before": 0, "rejected": 8}
    assert json.loads(dry.out) == {**counts, "dry_run": True, "rejected_file": None}
    place = str(many / "many.jsonl.rejected.jsonl")
    assert json.loads(done.out) == {**counts, "dry_run": False, "rejected_file": place}
    assert done.err == ""


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("export out.jsonl --limit 2", 2),
        ("export out.csv", 4),
        ("export out --partition day", 4),
        ("export out.jsonl --url", 4),
    ],
)
def test_an_export_prints_its_result_as_json_and_nothing_with_quiet(
    line: str,
    number: int,
    folder: Path,
    sampled: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    if "--partition" in line:
        pytest.importorskip("pyarrow")
    arguments = [*line.split(), *([sampled.url] if line.endswith("--url") else [])]
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert (json.loads(printed.out), printed.err) == ({"events": number, "file": arguments[1]}, "")
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_rejected_events_of_a_pipe_of_the_shell_are_in_the_current_folder(
    name: str, command: Runner, many: Path, sampled: LocalServer
) -> None:
    if not Path(name).exists():
        pytest.skip("the system has no such file")
    content = (many / "many.jsonl").read_bytes()
    ran = command.run(["import", name], cwd=many, environ=sampled.environ, stdin=content)
    assert ran.status == 1, ran.err.decode()
    assert b"1 sent, 8 rejected" in ran.err
    assert (many / "stdin.rejected.jsonl").read_bytes().count(b"\n") == 8


HOSTILE = "a\x1b[2J\x9b1m\u202ev\u2028\U000e0041z"


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_a_terminal_obeys_no_event_in_any_form(
    form: str, command: Runner, folder: Path, sampled: LocalServer
) -> None:
    event = {**sample_events()[0], "event_id": str(uuid.UUID(int=3)), "event_name": HOSTILE}
    sampled.seed([event])
    line = ["events", "get", event["event_id"], "--output", form]
    environ = {**sampled.environ, "COLUMNS": "4000"}

    def name(out: bytes) -> Any:
        if form == "csv":
            return next(csv.DictReader(io.StringIO(out.decode(), newline="")))["event_name"]
        return json.loads(out)["event_name"]

    shown = command.run(line, cwd=folder, environ=environ, stdout="terminal").out
    for acts in ("\x1b", "\x9b", "\u202e", "\u2028", "\U000e0041"):
        assert acts.encode() not in shown
    assert name(shown) == (HOSTILE.encode("unicode_escape").decode() if form == "csv" else HOSTILE)
    assert name(command.run(line, cwd=folder, environ=environ).out) == HOSTILE


def test_an_event_that_the_api_does_not_take_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with Misbehaving(then=answer(200, b"{}")) as server:
        for line in (
            "events create --set event_type=modle",
            "events create --set event_type=tool --set other=1",
            f"events update {EVENT} --set event_name=other",
        ):
            status = main([*shlex.split(line), "--url", server.url, "--json"])
            printed = capsys.readouterr()
            told = json.loads(printed.err)["error"]["exit_status"]
            assert (status, printed.out, told) == (2, "", 2)
        assert server.requests == []


def test_no_message_repeats_a_key_of_an_argument(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HH_API_KEY", KEY)
    other = "hh_live_0123456789abcdef0123"
    for key in (KEY, other):
        for line in (
            f"events count --api-key={key}",
            f"events count --url http://127.0.0.1:9/?key={key}",
            f"events search 'metadata.key is {key} {key}'",
        ):
            for more in ((), ("--json",)):
                try:
                    status = main([*shlex.split(line), *more])
                except SystemExit as stop:
                    status = int(str(stop.code))
                printed = capsys.readouterr()
                assert status in (1, 2)
                assert "[key]" in printed.err
                assert key not in printed.out + printed.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_of_files_can_be_any_bytes(
    many: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "\udcff.jsonl"
    (many / "many.jsonl").rename(many / name)
    for target in ([], ["--db", "\udcff.db"]):
        assert main(["import", name, *target]) == 1
        assert "1 sent, 8 rejected" in capsys.readouterr().err
        letters = (many / f"{name}.rejected.jsonl").read_bytes().splitlines()
        assert {json.loads(line)["file"] for line in letters} == {"\\udcff.jsonl"}
