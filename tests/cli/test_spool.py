"""`honeyhive-ext spool`: what killed processes left is counted, checked, sent and deleted, never astray."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.background.background_options import Background
from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.keeping import Keeper
from honeyhive_ext.background.spool import Destination, Source, Spool, status
from honeyhive_ext.cli import main
from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.local import LocalServer
from tests.support.misbehaving import Misbehaving, answer
from tests.support.spooling import files

DAY = 86_400
SEND = [sys.executable, "-m", "honeyhive_ext.cli", "spool", "send"]
KEY, OTHER = "hh_key_of_project_a", "hh_key_of_project_b"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HH_API_KEY", KEY)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    with LocalServer() as running:
        monkeypatch.setenv("HH_API_URL", running.url)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def keeper(folder: Path, url: str, key: str = KEY, lane: str = "") -> Keeper:
    return Keeper(str(folder), Destination(url, Secret(key), lane), Background())


def event(name: str, event_id: str) -> Entry:
    fields = {"event_type": "tool", "event_id": event_id, "event_name": name, "inputs": {}}
    return Entry(event_id, json.dumps(fields, separators=(",", ":")).encode())


def leave(folder: Path, url: str, names: list[str], key: str = KEY, lane: str = "") -> list[str]:
    """Leave events as a process does that ended; return their ids."""
    made, ids = keeper(folder, url, key, lane), [str(uuid.uuid4()) for _ in names]
    for name, event_id in zip(names, ids, strict=True):
        made.keep(event(name, event_id))
    made.close()
    return ids


def row_of(folder: Path) -> Any:
    (row,) = status(folder).destinations.values()
    return row


def source_of(folder: Path) -> Source:
    (source,) = row_of(folder).sources
    return source


def named(server: LocalServer) -> list[str]:
    return sorted(str(one["event_name"]) for one in server.events())


def spool(*arguments: object) -> int:
    return main(["spool", *map(str, arguments)])


def test_status_has_a_row_for_each_destination(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(folder, "https://a.example", ["1", "2"])
    leave(folder, "https://a.example", ["3"], lane="night")
    living = keeper(folder, "https://b.example")
    living.keep(event("4", str(uuid.uuid4())))
    assert spool("status", folder) == 0
    names, *rows = capsys.readouterr().out.splitlines()
    assert " ".join(names.split()) == "destination events bytes oldest living owners damaged bytes unreadable"
    digest = Destination("https://a.example", Secret(KEY)).header("", salt(folder), 0).digest
    shown = [f"https://a.example ({one})" for one in ("lane night", f"project {digest[:8]}")]
    assert [row.split("  ")[0].strip() for row in rows[:2]] == shown
    assert spool("status", folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    found = {(one["base_url"], one["lane"]): one for one in told["destinations"]}
    assert [found["https://a.example", ""][name] for name in ("events", "living", "ended")] == [2, 0, 1]
    assert [found["https://a.example", "night"][name] for name in ("events", "living")] == [1, 0]
    assert [found["https://b.example", ""][name] for name in ("events", "living_events", "living")] == [
        1,
        1,
        1,
    ]
    assert abs(found["https://b.example", ""]["oldest"] - time.time()) < 3600
    assert KEY not in json.dumps(told)
    living.close()


def salt(folder: Path) -> bytes:
    return (folder / "salt").read_bytes()


def test_the_folder_is_that_of_hh_spool_or_the_users_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent / "state"))
    assert spool("status") == 0
    assert str(folder.parent / "state") in capsys.readouterr().out
    leave(folder, "https://a.example", ["1"])
    monkeypatch.setenv("HH_SPOOL", str(folder))
    assert spool("status") == 0
    assert "https://a.example" in capsys.readouterr().out


def test_send_delivers_what_belongs_to_the_settings_and_nothing_else(
    folder: Path, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, server.url, ["a1", "a2"])
    leave(folder, server.url, ["b"], key=OTHER)
    leave(folder, server.url, ["lane"], lane="night")
    leave(folder, "https://a.example", ["elsewhere"])
    assert spool("send", folder) == 0
    assert named(server) == ["a1", "a2"]
    error = capsys.readouterr().err
    assert "2 delivered, 0 rejected, 0 expired, 0 left, 3 owners have events for elsewhere" in error
    assert spool("send", folder, "--lane", "night") == 0
    assert named(server) == ["a1", "a2", "lane"]
    assert sum(row.events for row in status(folder).destinations.values()) == 2


def test_updates_are_sent_after_the_events_that_they_change(folder: Path, server: LocalServer) -> None:
    made, event_id = keeper(folder, server.url), str(uuid.uuid4())
    made.keep(event("a", event_id))
    for n in range(3):
        made.keep(Entry(event_id, b'{"metadata":{"n":%d,"n%d":1}}' % (n, n), update=True))
    made.close()
    assert spool("send", folder) == 0
    assert server.events()[0]["metadata"] == {"n": 2, "n0": 1, "n1": 1, "n2": 1}
    assert [path.name for path in files(folder)] == []


def test_to_needs_the_source_and_a_confirmation(
    folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, "https://a.example", ["private"], key=OTHER)
    (name,) = status(folder).destinations
    assert spool("send", folder, "--to", server.url) == 1
    assert "--to needs --from" in capsys.readouterr().err
    for given, said in (
        ("", "nobody confirms"),
        ("\n", "nothing is changed"),
        ("no\n", "nothing is changed"),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        assert spool("send", folder, "--from", name, "--to", server.url) == 1
        asked, refused = capsys.readouterr().err.splitlines()
        assert asked.startswith(f"send 1 events of {name} to {server.url}")
        assert said in refused
    assert len(server.requests) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert spool("send", folder, "--from", source_of(folder).digest[:8], "--to", server.url) == 0
    assert named(server) == ["private"]
    assert status(folder).destinations == {}


def test_a_new_key_takes_over_what_an_old_one_left_if_a_person_says_so(
    folder: Path, server: LocalServer
) -> None:
    leave(folder, server.url, ["old"], key=OTHER)
    digest = source_of(folder).digest
    assert spool("send", folder) == 0
    assert named(server) == []
    assert spool("send", folder, "--from", digest, "--yes") == 0
    assert named(server) == ["old"]


@pytest.mark.parametrize(
    "text", ["", "1234567", "https://a.example", "night2", "https://a.example (project 0)"]
)
@pytest.mark.parametrize("verb", [["send"], ["discard"]])
def test_a_source_that_is_not_exactly_one_destination_is_refused(
    folder: Path, server: LocalServer, verb: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, "https://a.example", ["1"], lane="night")
    leave(folder, "https://b.example", ["2"], lane="night")
    leave(folder, "https://a.example", ["3"])
    for one in (text, "night"):
        assert spool(*verb, folder, "--from", one, "--yes") == 1
    lines = capsys.readouterr().err.splitlines()
    assert ["no destination" in lines[0], "several destinations" in lines[1]] == [True, True]
    assert sum(row.events for row in status(folder).destinations.values()) == 3
    assert len(server.requests) == 0


def test_a_name_that_a_terminal_would_obey_is_shown_with_escapes_and_found_by_them(
    folder: Path, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, "https://a.example", ["1"], lane="\udc80\x1b[2J")
    assert spool("status", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["destinations"][0]["lane"] == "\udc80\x1b[2J"
    assert spool("status", folder) == 0
    shown = "https://a.example (lane \\udc80\\x1b[2J)"
    assert shown in capsys.readouterr().out
    assert spool("discard", folder, "--from", shown, "--yes") == 0
    assert status(folder).destinations == {}


def test_two_that_send_at_the_same_time_send_each_event_once(folder: Path, server: LocalServer) -> None:
    ids = leave(folder, server.url, [str(n) for n in range(3000)])
    both = [subprocess.Popen([*SEND, str(folder)], stderr=subprocess.PIPE) for _ in range(2)]
    told = [one.communicate(timeout=120)[1] for one in both]
    assert sum(b"3,000 delivered" in one for one in told) == 1
    sent = [json.loads(one.body)["events"] for one in server.requests if one.path == "/v1/events/batch"]
    assert sorted(one["event_id"] for events in sent for one in events) == sorted(ids)


def test_what_the_service_refuses_goes_to_the_file_and_leaves_the_spool(
    folder: Path, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    made, ids = keeper(folder, server.url), [str(uuid.uuid4()) for _ in range(3)]
    made.keep(event("good", ids[0]))
    made.keep(Entry(ids[1], b'{"event_type":"wrong","event_id":"%s"}' % ids[1].encode()))
    made.keep(Entry(ids[2], b'{"metadata":7}', update=True))
    made.spool.append(1, b'["no event"]')
    made.close()
    assert spool("send", folder) == 0
    assert "1 delivered, 3 rejected, 0 expired, 0 left" in capsys.readouterr().err
    told = [json.loads(line) for line in (folder / "rejected.jsonl").read_text().splitlines()]
    refused = [one["event"] for one in told]
    assert ["no event"] in refused
    assert {"event_id": ids[2], "changes": {"metadata": 7}} in refused  # the file says of which event
    assert status(folder).destinations == {}


@pytest.mark.parametrize(("status_code", "said"), [(401, "check HH_API_KEY"), (402, "402"), (403, "403")])
def test_what_cannot_be_sent_now_stays_and_the_line_says_why(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    status_code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Misbehaving(then=answer(status_code, "{}")) as down:
        leave(folder, down.url, [str(n) for n in range(600)])
        monkeypatch.setenv("HH_API_URL", down.url)
        assert spool("send", folder) == 1
        error = capsys.readouterr().err
        assert "0 delivered, 0 rejected, 0 expired, 600 left" in error
        assert said in error
        assert row_of(folder).events == 600
        assert len(down.requests) == 1


def test_what_is_older_than_max_age_is_deleted_and_counted(
    folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as past:
        past.setattr("honeyhive_ext.background.spool.tail.time", lambda: time.time() - 10 * DAY)
        leave(folder, server.url, ["old"])
    leave(folder, server.url, ["new"])
    assert spool("send", folder, "--max-age", "9d") == 0
    assert "1 delivered, 0 rejected, 1 expired, 0 left" in capsys.readouterr().err
    assert named(server) == ["new"]


def test_without_max_age_nothing_expires(
    folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as past:
        past.setattr("honeyhive_ext.background.spool.tail.time", lambda: time.time() - 400 * DAY)
        leave(folder, server.url, ["old"])
    assert spool("send", folder) == 0
    assert named(server) == ["old"]


def test_events_of_a_process_that_runs_are_left_to_it(
    folder: Path, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    living = keeper(folder, server.url)
    living.keep(event("living", str(uuid.uuid4())))
    name = f"{source_of(folder).digest}"
    assert spool("send", folder) == 1
    assert "1 left, 1 of these are of processes that run" in capsys.readouterr().err
    assert spool("discard", folder, "--from", name, "--yes") == 0
    assert capsys.readouterr().err == "0 events, 0 bytes deleted; 1 events left\n"
    assert server.events() == []
    living.close()
    assert spool("send", folder) == 0
    assert named(server) == ["living"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_send_that_is_interrupted_goes_on_where_it_was(
    folder: Path, server: LocalServer, number: signal.Signals
) -> None:
    ids = leave(folder, server.url, [str(n) for n in range(1200)])
    server.faults.add("hang", path="/v1/events/batch", nth=2, commit=False)
    with subprocess.Popen([*SEND, str(folder)], stderr=subprocess.PIPE, text=True) as process:
        while len(server.requests) < 2:
            assert process.poll() is None
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    stored = len(server.events())
    assert 0 < stored < 1200
    assert row_of(folder).events == 1200 - stored
    if number is signal.SIGINT:
        assert process.returncode == 130
        assert f"interrupted; {stored:,} delivered, 0 rejected, 0 expired, {1200 - stored:,} left" in error
    server.faults.clear()
    assert spool("send", folder) == 0
    assert sorted(one["event_id"] for one in server.events()) == sorted(ids)
    assert status(folder).destinations == {}


def test_a_terminal_sees_a_bar_and_a_file_does_not(
    folder: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for terminal in (False, True):
        leave(folder, server.url, ["1", "2"])
        monkeypatch.setattr(sys.stderr, "isatty", lambda seen=terminal: seen)
        assert spool("send", folder) == 0
        assert ("2/2" in capsys.readouterr().err.replace("2.00", "2")) == terminal


def damage(folder: Path, text: bytes) -> None:
    for path in files(folder, ".segment"):
        data = path.read_bytes()
        if text in data:
            path.write_bytes(data.replace(text, b"#" * len(text)))


def test_verify_counts_what_is_damaged_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, "https://a.example", ["one", "two", "three"])
    assert spool("verify", folder) == 0
    assert "3 events are whole; nothing is damaged" in capsys.readouterr().out
    damage(folder, b'"two"')
    before = {path.name: path.read_bytes() for path in files(folder)}
    assert spool("verify", folder) == 1
    assert "2 events are whole; " in (out := capsys.readouterr().out)
    assert "1 lost events" in out
    assert {path.name: path.read_bytes() for path in files(folder)} == before
    assert spool("verify", folder, "--json") == 1
    assert json.loads(capsys.readouterr().out)["destinations"][0]["lost"] == 1


def test_verify_finds_a_record_that_is_no_event(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_spool = Spool(folder, Destination("https://a.example", Secret(KEY)))
    for kind, payload in ((1, b"[]"), (1, b'{"a":1}'), (2, b'{"event_id":"x"}'), (1, b'{"event_id":"x"}')):
        with_spool.append(kind, payload)
    with_spool.close()
    assert spool("verify", folder) == 1
    assert "1 events are whole; 3 records that are no event" in capsys.readouterr().out


def test_where_damage_hides_the_destination_nothing_is_sent_or_deleted(
    folder: Path, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, server.url, ["1"])
    for path in files(folder):
        path.write_bytes(b"\0" * 40 + path.read_bytes()[40:])
    assert spool("status", folder) == 0
    assert "unknown" in capsys.readouterr().out
    assert spool("verify", folder) == 1
    assert spool("send", folder) == 1
    assert spool("discard", folder, "--from", "unknown", "--yes") == 1
    assert len(server.requests) == 0
    assert len(files(folder, ".segment")) == 1


def test_discard_asks_and_deletes_what_is_older(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as past:
        past.setattr("honeyhive_ext.background.spool.tail.time", lambda: time.time() - 10 * DAY)
        leave(folder, "https://a.example", ["old"])
    leave(folder, "https://a.example", ["new"])
    leave(folder, "https://b.example", ["other"])
    digest = next(
        source.digest
        for row in status(folder).destinations.values()
        for source in row.sources
        if source.base_url == "https://a.example"
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert spool("discard", folder, "--from", digest, "--older-than", "9d") == 1
    asked, refused = capsys.readouterr().err.splitlines()
    assert (asked[:15], refused[-18:]) == ("delete 1 events", "nothing is changed")
    assert spool("discard", folder, "--from", digest, "--older-than", "9d", "--yes") == 0
    assert capsys.readouterr().err.endswith("bytes deleted; 1 events left\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert spool("discard", folder, "--from", digest) == 0
    assert [source.base_url for source in row_of(folder).sources] == ["https://b.example"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["status", "no/such"], 1),
        (["status", "s3://bucket"], 1),
        (["send", ".", "--to", "no url", "--from", "x"], 1),
        (["discard", "."], 2),
        (["discard", ".", "--from", "x", "--older-than", "1w"], 2),
        (["discard", ".", "--from", "x", "--older-than", "0d"], 2),
        (["send", ".", "--max-age", "1e9d"], 2),
        ([], 2),
    ],
    ids=repr,
)
def test_what_a_person_mistypes_is_one_line(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    if code == 1:
        assert spool(*arguments) == code
    else:
        with pytest.raises(SystemExit, match="2"):
            spool(*arguments)
    assert capsys.readouterr().err.count("\n") == 1


def test_send_without_a_key_says_which_variable_to_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, "https://a.example", ["1"])
    monkeypatch.delenv("HH_API_KEY")
    assert spool("send", folder) == 1
    assert "HH_API_KEY" in capsys.readouterr().err
    assert spool("status", folder) == 0
