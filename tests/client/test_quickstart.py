"""The quickstart does what its table says, on its own documents and on real traces."""

from __future__ import annotations

import json
import threading
import webbrowser
from pathlib import Path

import httpx
import pytest

from examples.quickstart.__main__ import ROOT, main
from examples.quickstart.pipeline import stems
from examples.quickstart.program import QUESTIONS, Step, run
from examples.quickstart.replay import ReplayError, compare, read, replay
from honeyhive_ext import F, HoneyHive, TraceTree

TRACES = sorted((ROOT.parent / "shared" / "data" / "traces").glob("*.jsonl"))


def test_the_program_records_every_step_as_events(hh: HoneyHive) -> None:
    *steps, _ = run(hh, ROOT)
    assert [step.did for step in steps[1 : 1 + len(QUESTIONS)] if isinstance(step, Step)] == list(QUESTIONS)
    events = hh.events.search().to_list()
    names = ("session", "chain", "tool", "model")
    kinds = {kind: [e for e in events if e.event_type == kind] for kind in names}
    assert len(kinds["session"]) == 1 + len(QUESTIONS)
    assert len(kinds["model"]) == len(QUESTIONS)
    assert len(kinds["tool"]) > 100
    by_id = {e.event_id: e for e in events}
    for event in events:
        if event.event_type != "session":
            assert event.session_id in by_id, "every step belongs to a recorded session"
            assert event.parent_id in by_id, "every step has a recorded parent"
        assert event.end_time is None or event.end_time >= event.start_time


def test_the_answers_are_whole_sentences_about_the_question_with_their_place(hh: HoneyHive) -> None:
    answers = {step.did: step.result for step in run(hh, ROOT) if isinstance(step, Step)}
    for question in QUESTIONS:
        passage, _, place = answers[question].rpartition(" (")
        assert (ROOT / place.removesuffix(")")).is_file()
        assert passage.endswith((".", "!", "?"))
        assert 8 <= len(passage.split()) <= 80
        asked = {*stems(question)}
        assert len(asked & {*stems(passage)}) >= len(asked) / 3, (question, passage)


def test_the_program_ends_with_the_trace_of_the_last_question(hh: HoneyHive) -> None:
    *_, tree = run(hh, ROOT)
    assert isinstance(tree, TraceTree)
    assert [node.event.event_name for node in tree] == ["question", "answer", "retrieve", "compose"]
    assert not [*tree.orphans, *tree.cycles]
    assert "extractive" in tree.draw()


def test_the_batch_of_the_program_has_hundreds_of_events(hh: HoneyHive) -> None:
    list(run(hh, ROOT))
    assert hh.events.search(F.event_name == "analyse chunk").count() > 100


@pytest.mark.skipif(not TRACES, reason="the folder of real traces is not next to the project")
def test_every_line_of_the_real_traces_comes_back_equal(hh: HoneyHive) -> None:
    steps = list(replay(hh, TRACES))
    lines = sum(len(read(path)) for path in TRACES)
    assert steps[-1].result == f"{lines} lines sent, {lines} came back equal"


def one_event(tmp_path: Path) -> tuple[str, Path]:
    event_id = "5e083662-7610-4899-ae7b-273e09df8ef6"
    path = tmp_path / "one.jsonl"
    path.write_text(
        json.dumps({"event_type": "tool", "event_id": event_id, "inputs": {"n": 1}}), encoding="utf-8"
    )
    return event_id, path


def test_an_event_that_comes_back_changed_fails_the_replay(hh: HoneyHive, tmp_path: Path) -> None:
    event_id, path = one_event(tmp_path)
    steps = replay(hh, [path])
    assert next(steps).did == "one.jsonl"
    with pytest.raises(ReplayError, match="came back changed: inputs"):
        compare(hh, {event_id: {"inputs": {"n": 2}}})
    assert [s.result for s in steps][-1] == "1 lines sent, 1 came back equal"


def test_an_event_that_does_not_come_back_fails_the_replay(hh: HoneyHive, tmp_path: Path) -> None:
    event_id, path = one_event(tmp_path)
    list(replay(hh, [path]))
    other = event_id.replace("5e", "6e")
    with pytest.raises(ReplayError, match="1 events did not come back"):
        compare(hh, {event_id: {}, other: {}})


def test_the_same_id_in_two_files_is_said(hh: HoneyHive, tmp_path: Path) -> None:
    _, path = one_event(tmp_path)
    steps = list(replay(hh, [path, path]))
    assert steps[-2].result.startswith("1: the later event")


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"event_type": "tool", "inputs": {}}\n{oops\n', encoding="utf-8")
    with pytest.raises(ReplayError, match=r"broken\.jsonl, line 2"):
        read(path)


def test_the_command_prints_a_table_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "indexed" in printed
    assert "└── chain answer" in printed
    assert "nox -s quickstart -- --open" in printed
    assert "HH_API_KEY" in printed


def test_open_shows_the_page_of_the_server_and_stays(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, int]] = []

    def browse(url: str) -> bool:
        opened.append((url, httpx.get(f"{url.partition('#')[0]}_local/health").status_code))
        return True

    def interrupted(self: threading.Event, timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread() and opened:
            raise KeyboardInterrupt
        return wait(self, timeout)

    wait = threading.Event.wait
    monkeypatch.setattr(webbrowser, "open", browse)
    monkeypatch.setattr(threading.Event, "wait", interrupted)
    assert main(["--open"]) == 0
    ((url, health),) = opened
    assert health == 200
    assert "/#session=" in url
    assert url in capsys.readouterr().out


def test_the_command_names_a_missing_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(tmp_path / "absent.jsonl")]) == 2
    assert "absent.jsonl" in capsys.readouterr().err
