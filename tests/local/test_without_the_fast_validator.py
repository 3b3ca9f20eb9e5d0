"""Without jsonschema-rs the server gives the same answers, more slowly; without jsonschema too it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.support.local_api import HEADERS

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
DEEP = json.loads("[" * 300 + "]" * 300)
REQUESTS: list[tuple[str, Any]] = [
    ("/v1/events", TOOL),
    ("/v1/events", {"event_type": "modle", "inputs": 7, "zzz": 1}),
    ("/v1/events", {**TOOL, "event_id": "7"}),
    ("/v1/events", {**TOOL, "inputs": {"a": DEEP}}),
    ("/v1/events", {**TOOL, "metadata": {"n": 10**60}}),
    ("/v1/events/batch", {"events": [TOOL, {}, 7]}),
    ("/v1/events/search", {"limit": 0, "filters": [{"field": "a"}]}),
    ("/v1/events/search", {"dateRange": {"start_time": "now", "end_time": "2026-01-01T00:00:00Z"}}),
    ("/v1/sessions", {"session_id": "7", "zzz": 1}),
]


def outcomes(hidden: str | None) -> list[list[Any]]:
    """The status and the errors of each answer, from a process in which a library is not installed."""
    program = f"""
import json, sys
if {hidden!r}:
    sys.modules[{hidden!r}] = None
import honeyhive_schemas
from honeyhive_ext.local import LocalServer, Request
server = LocalServer()
answers = [
    server.handle(Request("POST", path, json.dumps(body).encode(), {HEADERS!r}))
    for path, body in json.load(sys.stdin)
]
print(json.dumps([
    repr(honeyhive_schemas.validator("PostEventRequest")),
    [[answer.status, json.loads(answer.body).get("errors")] for answer in answers],
]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(REQUESTS),
        capture_output=True,
        text=True,
        check=True,
    )
    name, answers = json.loads(done.stdout)
    assert ("Python" in name) is (hidden is not None)
    found: list[list[Any]] = answers
    return found


def test_both_validators_give_the_same_answers() -> None:
    fast, slow = outcomes(None), outcomes("jsonschema_rs")
    assert slow == fast
    assert [status for status, _ in fast] == [200, 400, 400, 400, 200, 400, 400, 400, 400]


BARE = """
import sys
sys.modules["jsonschema_rs"] = sys.modules["jsonschema"] = None
"""


def test_without_any_validator_nothing_starts_and_the_message_says_what_to_install() -> None:
    for rest in (
        "from honeyhive_ext.cli import main; sys.exit(main(['serve']))",
        "from honeyhive_ext.local import LocalServer; LocalServer()",
    ):
        done = subprocess.run(
            [sys.executable, "-c", BARE + rest], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "pip install 'honeyhive-ext[local]'" in done.stderr.splitlines()[-1]


def test_a_request_opens_no_file_of_a_schema() -> None:
    program = """
import sys
from honeyhive_ext.local import LocalServer, Request
server = LocalServer()
asked = []
def refuse(event, arguments):
    if asked and event in ("open", "import"):
        raise AssertionError(f"{event} {arguments[0]}")
sys.addaudithook(refuse)
key = {"authorization": "Bearer hh_1"}
event = b'{"event_type":"tool","inputs":{},"metadata":{"a":1}}'
asked += [
    ("/v1/events", event), ("/v1/events", b"{}"), ("/v1/events/batch", b'{"events":[' + event + b"]}"),
    ("/v1/sessions", b"{}"), ("/session/start", b'{"session":{}}'), ("/events", b'{"event":' + event + b"}"),
    ("/v1/events/search", b'{"filters":[{"field":"metadata.a","operator":"is","value":1}]}'),
    ("/_local/seed", event), ("/v1/events/export", b"{}"),
]
print([server.handle(Request("POST", path, body, key)).status for path, body in asked])
asked.clear()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[200, 400, 200, 200, 200, 200, 200, 200, 200]\n", "")
