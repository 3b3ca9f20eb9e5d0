"""What goes wrong is one line or one JSON object, with the exit status that the help lists; no key shows."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.local import LocalServer
from tests.cli.conftest import EVENT, SESSION
from tests.support.misbehaving import Answer, Misbehaving, answer

KEY = "hh_key_that_nobody_may_see_0123456789"
READS = (
    "events search",
    "events search --output table",
    "events count",
    f"events get {EVENT}",
    f"events update {EVENT} --set feedback.rating=5",
    "events create --set event_type=tool",
    f"sessions tree {SESSION}",
    "sessions list",
    "summary --by event_type",
    "export out.jsonl -f 'error exists'",
    "import events.jsonl",
    "events tail",
)
ANSWERS: dict[str, tuple[Answer, int]] = {
    "unknown key": (answer(401, json.dumps({"message": f"unknown key {KEY}"})), 4),
    "forbidden": (answer(403, b'{"message": "not this project"}'), 4),
    "no such path": (answer(404, b"<html>not here</html>", {"Content-Type": "text/html"}), 3),
    "refused": (answer(400, b'{"message": "what is this"}'), 1),
    "no JSON": (answer(200, b"<html>a login page</html>"), 1),
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_API_KEY", KEY)


def told(line: str, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    status = main([*shlex.split(line), *more])
    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err
    return status, printed.out, printed.err


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("line", READS)
def test_an_answer_that_is_no_success_is_an_error_with_its_status(
    line: str,
    name: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        "honeyhive_ext.config.retry_policy.RetryPolicy.__init__.__defaults__", (), raising=False
    )
    given, expected = ANSWERS[name]
    with Misbehaving(then=given) as server:
        status, out, error = told(line, capsys, "--url", server.url, "--json")
    if name == "no JSON" and line.startswith("events update"):
        assert status == 0  # the API document describes no body of this answer
        return
    if name == "refused" and line.startswith("import"):
        assert (status, error) == (1, "")  # what is refused is in a file
        assert (folder / "events.jsonl.rejected.jsonl").read_bytes().count(b"what is this") == 4
        return
    problem = json.loads(error)["error"]
    assert problem["exit_status"] == status == expected, error
    assert out == ""


def test_a_service_that_cannot_be_reached_says_so_and_what_to_try(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from honeyhive_ext.config import settings

    original = settings.build_settings

    def hasty(**given: Any) -> Any:
        return original(**{**given, "retry": False})

    monkeypatch.setattr("honeyhive_ext.config.settings.build_settings", hasty)
    for url in ("http://127.0.0.1:9", "http://no.such.host.invalid"):
        status, out, error = told("events count", capsys, "--url", url)
        assert (status, out) == (5, "")
        assert error.startswith("honeyhive-ext events count: ")
        assert error.count("\n") == 1
    with Misbehaving(then=answer(503, b"<html>")) as server:
        assert told("events count", capsys, "--url", server.url)[0] == 5


@pytest.mark.parametrize(
    ("text", "mark", "write"),
    [
        ("metadata.cost >= 5", "^^^^", "metadata.cost > 4"),
        ("metdata.cost > 5", "^^^^^^^^^^^^", "metadata.cost > 5"),
        ("event_type == modle", None, None),
        ("event_name contains", "^", None),
        ("event_type is model or error exists", "^^", None),
        ("event_name contains 漢字漢字 (", "^", None),
    ],
)
def test_a_mistake_in_a_filter_is_marked_and_nothing_is_sent(
    text: str, mark: str | None, write: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with Misbehaving(then=answer(200, b'{"events": [], "count": 0}')) as server:
        status, _, error = told("events search", capsys, text, "--url", server.url)
        if mark is None:  # a filter that matches nothing is a warning
            assert status == 0
            assert "modle" in error
            return
        assert server.requests == []
    assert status == 2
    first, shown, marked, *rest = error.splitlines()
    assert first.startswith("honeyhive-ext events search: ")
    assert text in shown
    assert mark in marked
    assert not write or rest == [f"  write: {write}"]


@pytest.mark.parametrize(
    "line",
    [
        "events search --limit 0",
        "events search --max-chars 1000",
        "events search --fields a,,b",
        "events search --output xml",
        "events tail --compact",
        "events tail --until 24h",
        "events create",
        "events create --set x",
        "events create --set event_name.x=1 --set event_name.x.y=2",
        "export",
        f"sessions tree {SESSION} --html x.html --json",
        "events search --db x.db --url http://127.0.0.1:9",
        "sessions",
        "events get not-an-id",
        "events update 7f22137a --set feedback.rating=5",
        "sessions tree not-an-id",
        "events create '[1]'",
        "events create '{'",
    ],
)
def test_arguments_that_make_no_sense_are_status_2(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for more, parse in (([], str), (["--json"], json.loads)):
        with pytest.raises(SystemExit) as stop:
            main([*shlex.split(line), *more])
        assert stop.value.code == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert parse(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("event count", "did you mean events?"),
        ("events serch", "did you mean search?"),
        ("events search --limt 3", "honeyhive-ext events search: unrecognized arguments: --limt (did you"),
        ("events search --output jsno", "did you mean json?"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_nearest_one(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(line.split())
    assert said in capsys.readouterr().err


def test_an_id_that_nothing_has_is_status_3(
    sampled: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = "00000000-0000-0000-0000-00000000ffff"
    for line in (
        f"events get {unknown}",
        f"sessions tree {unknown}",
        f"events update {unknown} --set duration=1",
    ):
        assert told(line, capsys, "--json")[0] == 3


def test_verbose_says_each_request_and_no_key(
    sampled: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, error = told("events count", capsys, "--verbose")
    assert status == 0
    assert error.startswith("POST /v1/events/search: 200, ")


def test_a_file_that_does_not_exist_is_not_made_by_reading(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in ("events search", "events count", f"sessions tree {SESSION}", "summary"):
        status, _, error = told(line, capsys, "--db", str(tmp_path / "no.db"))
        assert (status, "there is no file" in error) == (1, True)
    assert list(tmp_path.iterdir()) == []
    assert told("events create --set event_type=tool", capsys, "--db", str(tmp_path / "new.db"))[0] == 0


def test_the_doctor_finds_what_is_wrong_and_shows_no_key(
    sampled: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HH_API_KEY", KEY)

    def checks(*more: str) -> tuple[int, dict[str, dict[str, str]]]:
        status, out, _ = told("doctor", capsys, "--json", *more)
        return status, {row["check"]: row for row in json.loads(out)}

    status, found = checks()
    assert status == 0
    assert (
        found["HH_API_KEY"]["detail"] == f"a project key, hh_..., {len(KEY)} characters, from the environment"
    )
    assert {row["state"] for row in found.values()} == {"ok"}
    status, found = checks("--url", "http://127.0.0.1:9")
    assert (status, found["connection"]["state"]) == (1, "failed")
    assert "serve" in found["connection"]["do"]
    status, found = checks("--url", "http://no.such.host.invalid")
    assert (status, found["host name"]["state"]) == (1, "failed")
    with Misbehaving(
        then=answer(401, json.dumps({"message": f"no {KEY}"}), {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"})
    ) as far:
        status, found = checks("--url", far.url)
    assert (status, found["key"]["state"], found["clock"]["state"]) == (1, "failed", "warning")
    assert "NTP" in found["clock"]["do"]
    monkeypatch.setenv("HH_API_TIMEOUT", "soon")
    status, found = checks()
    assert (status, found["timeout"]["state"]) == (1, "failed")


def test_the_completion_of_bash_completes_commands_and_options(tmp_path: Path) -> None:
    pytest.importorskip("shtab")
    for shell in ("zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-m", "honeyhive_ext.cli", "completion", shell],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "honeyhive-ext" in done.stdout
    script = f"""
eval "$({sys.executable} -m honeyhive_ext.cli completion bash)"
complete_line() {{
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  function=$(complete -p honeyhive-ext | sed 's/.*-F \\([^ ]*\\).*/\\1/')
  "$function" honeyhive-ext "${{COMP_WORDS[COMP_CWORD]}}" ""
  echo "${{COMPREPLY[*]}}"
}}
complete_line honeyhive-ext ev
complete_line honeyhive-ext events se
complete_line honeyhive-ext events search --out
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert [line.split() for line in done.stdout.splitlines()] == [["events"], ["search"], ["--output"]]
    assert done.stderr == ""


def test_upstream_compares_only_with_the_code_of_this_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "codegen").mkdir()
    (folder / "codegen" / "__init__.py").write_text("raise SystemExit('this ran')")
    root = Path(__file__).parents[2]
    program = [sys.executable, "-m", "honeyhive_ext.cli", "upstream"]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{root}:{root / 'generated'}"}

    def compared(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, name], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )

    same = compared("openapi.yaml")
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "openapi.yaml is current\n")
    document = (folder / "openapi.yaml").read_text()
    (folder / "newer.yaml").write_text(document.replace("maximum: 1000", "maximum: 2000", 1))
    newer = compared("newer.yaml")
    assert newer.returncode == 1
    assert json.loads(newer.stdout.splitlines()[0])["kind"] == "changed"
    none = compared("none.yaml")
    assert (none.returncode, "none.yaml" in none.stderr) == (1, True)
