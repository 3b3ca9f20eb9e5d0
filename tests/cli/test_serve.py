"""`honeyhive-ext serve`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from honeyhive_ext.cli import main, parser, serve
from honeyhive_ext.local import LocalServer, listener
from honeyhive_ext.local.switches import TABLE
from tests.support.local_api import HEADERS
from tests.support.serving import serving

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
HTML_ONCE = '{"kind": "html", "times": 1}'


def test_it_prints_its_url_and_the_two_variables_and_stops_on_sigint() -> None:
    with serving() as server:
        assert server.lines[0] == f"HoneyHive local server on {server.url}, events in memory"
        assert server.lines[1:3] == [f"export HH_API_URL={server.url}", "export HH_API_KEY=hh_local"]
        assert httpx.post(f"{server.url}/v1/events", json=TOOL, headers=HEADERS).status_code == 200
        assert server.stop(signal.SIGINT) == (0, "stopped\n", "")


def test_it_stops_on_sigterm_and_starts_again_with_its_data(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    seed = tmp_path / "seed.jsonl"
    seed.write_text(json.dumps({**TOOL, "event_name": "seeded"}) + "\n")
    options = ("--db", str(file), "--seed", str(seed), "--count", "page", "--index", "metadata.tag",
               "--max-size", "50M", "--api-key", "hh_mine_alone", "--fault", HTML_ONCE)  # fmt: skip
    headers = {"authorization": "Bearer hh_mine_alone"}
    with serving(*options) as server:
        assert server.lines[0] == f"1 events from {seed}"
        assert "hh_mine_alone" not in "".join(server.lines)
        with httpx.Client(base_url=server.url, headers=headers) as client:
            assert client.post("/v1/events", json=TOOL).status_code == 502
            assert client.post("/v1/events", json=TOOL).status_code == 200
            assert client.post("/v1/events/search", json={"limit": 1}).json()["count"] == 1
            assert client.get("/_local/config").json()["count"] == "page"
        assert httpx.get(f"{server.url}/_local/stats", headers=HEADERS).status_code == 401
        assert server.stop(signal.SIGTERM) == (0, "stopped\n", "")
    with serving("--db", str(file)) as server:
        answer = httpx.post(f"{server.url}/v1/events/search", json={}, headers=HEADERS).json()
        assert answer["count"] == 2
        assert server.stop(signal.SIGTERM)[0] == 0


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
RUNNING = {
    "a read": f"""
def run(context):
    with context.reading() as connection:
        tell()
        connection.execute({ENDLESS!r}).fetchall()
""",
    "a write": """
def run(context):
    def work(transaction):
        tell()
        time.sleep(600)
    context.store.write(work)
""",
    "code": """
def run(context):
    tell()
    time.sleep(600)
""",
}


@pytest.mark.parametrize("running", RUNNING)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_whatever_runs_and_keeps_what_it_has_acknowledged(
    tmp_path: Path, running: str, number: signal.Signals
) -> None:
    began, file = tmp_path / "began", tmp_path / "events.db"
    first = f"""
import time
from pathlib import Path
from honeyhive_ext.local import app
from honeyhive_ext.local.routes.route import Route
def tell():
    Path({str(began)!r}).touch()
{RUNNING[running]}
app.ROUTES = (*app.ROUTES, Route("GET", "/v1/run", run))
"""
    with serving("--db", str(file), first=first) as server:
        assert httpx.post(f"{server.url}/v1/events", json=TOOL, headers=HEADERS).status_code == 200
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=60) as connection:
            connection.sendall(
                b"GET /v1/run HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hh_1\r\n\r\n"
            )
            while not began.exists():
                time.sleep(0.01)
            code, out, err = server.stop(number)
    assert (code, err) == (0, "")
    assert out.startswith("stopped")
    with LocalServer(file) as server:
        assert len(server.events()) == 1


def test_it_serves_on_after_its_reader_has_taken_the_first_line() -> None:
    read, write = os.pipe()
    command = [sys.executable, "-m", "honeyhive_ext.cli", "serve"]
    with subprocess.Popen(command, stdout=write) as process:
        os.close(write)
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(read, 1)
        os.close(read)
        url = line.decode().removeprefix("HoneyHive local server on ").split(",")[0]
        assert httpx.get(f"{url}/_local/health").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_its_bounds_add_up_to_less_than_five_seconds() -> None:
    assert serve.CLOSING + serve.LOOK < 5
    assert listener.STOPPING < serve.CLOSING


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--port", "70000"], "0 to 65535"),
        (["--count", "all"], "total"),
        (["--max-body", "-1"], "whole number"),
        (["--max-size", "much"], "500M"),
        (["--fault", "explode"], "explode"),
        (["--fault", "{"], "fault"),
        (["--cuont", "page"], "unrecognized"),
    ],
    ids=str,
)
def test_impossible_options_are_refused(
    options: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parser().parse_args(["serve", *options])
    assert stop.value.code == 2
    assert hint in capsys.readouterr().err


def test_every_switch_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["serve", "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for switch in TABLE.values():
        assert switch.option in text


@pytest.mark.parametrize("options", [["--seed", "missing.jsonl"], ["--db", "no/such/folder/x.db"]], ids=str)
def test_an_unreadable_file_is_one_line_on_stderr(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *options]) == 1
    err = capsys.readouterr().err
    assert err.startswith("honeyhive-ext serve: ")
    assert "Traceback" not in err
