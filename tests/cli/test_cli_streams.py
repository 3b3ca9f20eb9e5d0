"""Each command in a pipe, on a terminal, with standard output closed, full, or without a reader."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from honeyhive_ext.local import LocalServer
from tests.cli.conftest import EVENT, SESSION
from tests.support.command_runner import Ran, Runner

# What prints rows, and the rows of the sample that it prints at least.
ROWS: dict[str, int] = {
    "events search": 4,
    "events search --fields event_id,metadata.cost": 4,
    "events search --compact": 4,
    "events tail --since 2025-01-01Z --idle 0.05 --poll 0.02": 4,
    "events count": 1,
    f"events get {EVENT}": 1,
    "events create --set event_type=tool": 1,
    f"events update {EVENT} --set feedback.rating=5": 1,
    "sessions list": 1,
    f"sessions tree {SESSION} --output jsonl": 3,
    "summary --by event_type": 3,
    "schema list": 17,
    "doctor": 8,
    "validate events.jsonl --schema UpdateEventRequest": 4,
    "upstream newer.json": 1,
}
TEXTS = (f"sessions tree {SESSION}", "schema show Event", "completion bash", "agent-help")
FILES = (
    "export out.jsonl -f 'event_type is tool'",
    "export out.csv --since 2025-01-01Z",
    "export out.parquet --since 2025-01-01Z",
    "import events.jsonl",
    "import events.jsonl --dry-run",
    f"sessions tree {SESSION} --html out.html",
)
NOT_ZERO = {"validate events.jsonl --schema UpdateEventRequest": 1, "upstream newer.json": 1}


@pytest.fixture
def ready(folder: Path, sampled: LocalServer) -> dict[str, str]:
    document = (folder / "openapi.yaml").read_text().replace("maximum: 1000", "maximum: 2000", 1)
    (folder / "newer.json").write_text(document)
    return sampled.environ


def run(
    command: Runner, line: str, ready: dict[str, str], folder: Path, *, stdout: str = "pipe", more: str = ""
) -> Ran:
    import shlex

    arguments = [*shlex.split(line), *shlex.split(more)]
    ran = command.run(arguments, stdout=stdout, cwd=folder, environ={**ready, "COLUMNS": "100"})
    assert b"Traceback" not in ran.err, ran.err.decode()
    return ran


@pytest.mark.parametrize(("line", "count"), ROWS.items())
def test_in_a_pipe_each_row_is_a_line_of_json_and_every_form_has_the_same_rows(
    line: str, count: int, command: Runner, ready: dict[str, str], folder: Path
) -> None:
    ran = run(command, line, ready, folder)
    assert ran.status == NOT_ZERO.get(line, 0), ran.err.decode()
    line = line.removesuffix(" --output jsonl")
    rows = [
        json.loads(one) for one in run(command, line, ready, folder, more="--output jsonl").out.splitlines()
    ]
    whole = json.loads(run(command, line, ready, folder, more="--json").out)
    counted = len(whole) if isinstance(whole, list) else 1
    table = list(csv.reader(io.StringIO(run(command, line, ready, folder, more="--output csv").out.decode())))
    shown = run(command, line, ready, folder, more="--output table").out.decode().splitlines()
    import pyarrow.parquet

    packed = run(command, line, ready, folder, more="--output parquet").out
    numbers = {
        "jsonl": len(rows),
        "json": counted,
        "csv": len(table) - 1,
        "parquet": pyarrow.parquet.read_table(io.BytesIO(packed)).num_rows,
    }
    if "get" not in line:
        numbers["table"] = len(shown) - 1
    creates = "create" in line or "tail" in line
    assert len(set(numbers.values())) == 1 or creates, numbers
    assert {len(one) for one in table} == {len(table[0])}


@pytest.mark.parametrize("line", ROWS)
def test_on_a_terminal_there_is_a_table(
    line: str, command: Runner, ready: dict[str, str], folder: Path
) -> None:
    ran = run(command, line.removesuffix(" --output jsonl"), ready, folder, stdout="terminal")
    assert ran.status == NOT_ZERO.get(line, 0), ran.err.decode()
    assert not ran.out.lstrip().startswith(b"{"), ran.out.decode()
    assert len(ran.out.splitlines()) >= 2


def test_a_terminal_without_colours_gets_none(command: Runner, ready: dict[str, str], folder: Path) -> None:
    for line in ("events search", f"sessions tree {SESSION}", "doctor"):
        ran = run(command, line, {**ready, "NO_COLOR": "1"}, folder, stdout="terminal")
        assert b"\x1b" not in ran.out
    coloured = run(command, "events search", {**ready, "TERM": "xterm-256color"}, folder, stdout="terminal")
    assert b"\x1b[" in coloured.out


@pytest.mark.parametrize("line", [*ROWS, *TEXTS])
@pytest.mark.parametrize(
    ("stdout", "said"), [("closed", "standard output is closed"), ("full", "No space left")]
)
def test_an_output_that_cannot_be_written_is_one_json_object_and_a_failure(
    line: str, stdout: str, said: str, command: Runner, ready: dict[str, str], folder: Path
) -> None:
    ran = run(command, line, ready, folder, stdout=stdout, more="--json")
    told = json.loads(ran.err)["error"]  # one object and nothing else
    assert told["exit_status"] == ran.status == 1
    assert said in told["message"]
    assert ran.out == b""


@pytest.mark.parametrize("line", [*ROWS, *TEXTS])
def test_a_reader_that_has_gone_is_a_success(
    line: str, command: Runner, ready: dict[str, str], folder: Path
) -> None:
    ran = run(command, line, ready, folder, stdout="gone", more="--quiet")
    assert (ran.status, ran.err) == (0, b"")


@pytest.mark.parametrize("line", FILES)
@pytest.mark.parametrize("stdout", ["pipe", "terminal", "closed", "full", "gone"])
def test_what_writes_a_file_needs_no_standard_output(
    line: str, stdout: str, command: Runner, ready: dict[str, str], folder: Path
) -> None:
    ran = run(command, line, ready, folder, stdout=stdout)
    assert (ran.status, ran.out) == (0, b""), ran.err.decode()
    names = {one.name for one in folder.iterdir()} - {
        "events.jsonl",
        "search.json",
        "openapi.yaml",
        "newer.json",
    }
    assert names == {word for word in line.split() if word.startswith("out.")}


@pytest.mark.parametrize("target", ["/dev/full", "/dev/null/x.jsonl", "missing/folder"])
def test_a_file_that_cannot_be_written_is_named(
    target: str, command: Runner, ready: dict[str, str], folder: Path
) -> None:
    for line in (f"export {target} --limit 5", f"sessions tree {SESSION} --html {target}"):
        ran = run(command, line, ready, folder)
        assert ran.status in (1, 2)
        assert target.encode() in ran.err
        assert ran.err.count(b"\n") == 1
