"""A field and an operator are added to a copy of openapi.yaml; generation alone brings them everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.contract import ROOT, SPEC, generate, python

FIELD = """\
        priority:
          description: How urgent the step was, from 0.
          type: integer
          minimum: 0
          examples: [3]
        retried_at:
          description: When the step was tried again, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
          type: number
          x-unit: unix-ms
          examples: [1767225600000]
        usage:
          description: What the step used.
          type: object
          additionalProperties: false
          required: [tokens]
          properties:
            tokens: {type: integer, description: How many., examples: [3]}
            since: {type: number, x-unit: unix-ms, description: Since when., examples: [1767225600000]}
            inner: {$ref: "#/components/schemas/SessionProperties"}
          examples: [{tokens: 3}]
        parts:
          description: The parts of the step.
          type: array
          items:
            type: object
            properties:
              size: {type: number, description: How large., examples: [1.5]}
          examples: [[{size: 1.5}]]
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """generated/ of the changed copy; nothing else is changed."""
    folder = tmp_path_factory.mktemp("copy")
    text = SPEC.read_text("utf-8")
    text, fields = re.subn(
        r"(    PostEventRequest:\n(?:.*\n)*?      properties:\n)", rf"\1{FIELD}", text, count=1
    )
    text, operators = re.subn(r"( +)- not exists\n", r"\g<0>\1- starts with\n", text, count=1)
    assert (fields, operators) == (1, 1)
    (folder / "openapi.yaml").write_text(text, "utf-8")
    done = generate("--spec", str(folder / "openapi.yaml"), "--out", str(folder / "generated"))
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "generated"


def run(copy: Path, code: str) -> str:
    done = python(
        f"import honeyhive_client\nassert {str(copy)!r} in honeyhive_client.__file__\n{code}", path=copy
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_schemas_accept_both(copy: Path) -> None:
    code = """
from honeyhive_schemas import validator
for backend in ("jsonschema", "jsonschema-rs"):
    event = validator("CreateEventRequest", backend=backend)
    assert event.is_valid({"event_type": "tool", "inputs": {}, "priority": 3})
    print([failure.path for failure in event.failures({"event_type": "tool", "inputs": {}, "priority": -1})])
    filter = validator("EventFilter", backend=backend)
    assert filter.is_valid({"field": "event_name", "operator": "starts with", "value": "a"})
    assert not filter.is_valid({"field": "event_name", "operator": "ends with", "value": "a"})
"""
    assert run(copy, code) == "['priority']\n" * 2


def test_the_low_level_client_has_both(copy: Path) -> None:
    code = """
from honeyhive_client.models import CreateEventRequest, EventFilter
from honeyhive_client.models.filter_operator import FILTER_OPERATOR_VALUES
from honeyhive_client.request_fields import REQUEST_FIELDS
print(CreateEventRequest(event_type="tool", inputs={}, priority=3).to_dict())
print("starts with" in FILTER_OPERATOR_VALUES, REQUEST_FIELDS["CreateEventRequest"]["retried_at"].unit)
"""
    expected = "{'event_type': 'tool', 'inputs': {}, 'priority': 3}\nTrue unix-ms\n"
    assert run(copy, code) == expected


def test_the_ergonomic_layer_sends_it_and_the_local_server_stores_and_filters_it(copy: Path) -> None:
    code = """
import datetime
from honeyhive_ext import EventError, F, HoneyHive
from honeyhive_ext.local import LocalServer
at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
with LocalServer() as server, HoneyHive(api_key="hh_test", base_url=server.url) as hh:
    for priority in (1, 3, 5):
        sent = hh.events.create("tool", event_name=f"p{priority}", priority=priority, retried_at=at)
    print(hh.events.get(sent.event_id).to_dict()["priority"])
    print(hh.events.get(sent.event_id).to_dict()["retried_at"])
    print(sorted(event.event_name for event in hh.events.search(F("priority") > 2)))
    print([event.event_name for event in hh.events.search(F("priority") == 3)])
    print([event.event_name for event in hh.events.search(F("retried_at").exists(), limit=1)] != [])
    print(hh.events.create_batch([{"event_type": "tool", "priority": 9}]).success)
    try:
        hh.events.create("tool", priorty=3)
    except EventError as error:
        print(error)
"""
    lines = run(copy, code).splitlines()
    assert lines[:4] == ["5", "1767225600000", "['p3', 'p5']", "['p3']"]
    assert lines[4:6] == ["True", "True"]
    assert "priority" in lines[6]


def test_the_local_server_says_that_it_does_not_know_the_meaning_of_the_new_operator(copy: Path) -> None:
    """What an operator means is not in the document; both ends must refuse it with words, not crash."""
    code = """
import httpx
from honeyhive_ext.local import LocalServer
with LocalServer() as server:
    body = {"filters": [{"field": "event_name", "operator": "starts with", "value": "a"}]}
    answer = httpx.post(f"{server.url}/v1/events/search", json=body, headers={"Authorization": "Bearer hh_x"})
print(answer.status_code, answer.json()["message"])
"""
    expected = "400 filters[0].operator: this server does not know the operator 'starts with'\n"
    assert run(copy, code) == expected


def test_a_wrong_value_in_a_new_object_is_refused_with_its_place_before_anything_is_sent(copy: Path) -> None:
    code = """
import datetime
from honeyhive_client.models import CreateEventRequestUsage
from honeyhive_ext import BatchError, EventError, HoneyHive
from honeyhive_ext.local import LocalServer
wrong = [
    {"usage": {"tokens": "many"}},
    {"usage": {"tokens": 1.5}},
    {"usage": {"tokens": 3, "since": "2026-01-01T00:00:00Z"}},
    {"usage": {"tokens": 3, "tokns": 4}},
    {"usage": {}},
    {"usage": 3},
    {"usage": None},
    {"usage": {"tokens": 3, "inner": {"session_name": 5}}},
    {"parts": [{"size": 1}, {"size": "2"}]},
    {"parts": {"size": 1}},
    {"priority": "3"},
]
at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
three = lambda fields: [{"event_type": "tool", **fields}] * 3
with LocalServer() as server, HoneyHive(api_key="hh_test", base_url=server.url) as hh:
    for fields in wrong:
        both = (lambda: hh.events.create_batch(three(fields)), lambda: hh.events.create("tool", **fields))
        for send in both:
            try:
                send()
                print("SENT", fields)
            except (BatchError, EventError) as error:
                shown = str(error)
        print(shown)
    assert len(server.requests) == 0
    usage = {"tokens": 3, "since": at, "inner": {"own": 1}}
    sent = hh.events.create("tool", usage=usage, parts=[{"size": 1, "own": 2}])
    print(hh.events.get(sent.event_id).to_dict()["usage"])
    hh.events.create("tool", usage=CreateEventRequestUsage(tokens=4))
    print(hh.events.create_batch(three({"usage": {"tokens": 3, "since": at}})).success)
    print([event.to_dict()["usage"].get("since") for event in hh.events.search()].count(1767225600000))
"""
    lines = run(copy, code).splitlines()
    places = [line.partition(": ")[0] for line in lines[:11]]
    inside = ["usage.tokens", "usage.tokens", "usage.since", "usage.tokns", "usage.tokens", "usage", "usage"]
    inside += ["usage.inner.session_name", "parts[1].size", "parts", "priority"]
    assert places == inside
    assert "did you mean 'tokens'" in lines[3]
    assert "fromisoformat" in lines[2]
    assert not any("fromisoformat" in line or "time" in line for line in (lines[0], lines[8], lines[10]))
    assert lines[11:] == ["{'tokens': 3, 'since': 1767225600000, 'inner': {'own': 1}}", "True", "4"]


@pytest.mark.parametrize(("argument", "status"), [("3", 0), ("'high'", 1)])
def test_the_new_argument_type_checks(copy: Path, tmp_path: Path, argument: str, status: int) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from honeyhive_ext import HoneyHive\n\n\n"
        f"def send(hh: HoneyHive) -> None:\n    hh.events.create('tool', priority={argument})\n"
    )
    env = {**os.environ, "MYPYPATH": f"{copy}{os.pathsep}{ROOT}"}
    # The cache of the project knows the packages at another place.
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--cache-dir={copy.parent / 'mypy'}",
    ]
    done = subprocess.run(
        [*command, str(program)], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert ('incompatible type "str"; expected "int"' in done.stdout) == bool(status)
