"""Fields that the document does not have today: whatever JSON Schema allows, generation gives usable code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.contract import ROOT, SPEC, generate, python

REF = {"$ref": "#/components/schemas/SessionProperties"}
FIELDS: dict[str, Any] = {
    "nested": {
        "type": "object",
        "additionalProperties": False,
        "required": ["a"],
        "properties": {
            "a": {"type": "string"},
            "deep": {"type": "object", "properties": {"n": {"type": "integer"}}},
        },
    },
    "list_of": {
        "type": "array",
        "items": {"type": "object", "properties": {"x": {"type": "number", "x-unit": "ms"}}},
    },
    "either": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
    "either_object": {"oneOf": [{"type": "string"}, REF]},
    "merged": {"allOf": [REF], "description": "Merged."},
    "fixed": {"const": "v1"},
    "level": {"type": "integer", "enum": [1, 2, 3]},
    "mode": {"type": ["string", "null"], "enum": ["a", "b", None]},
    "maybe": {"type": ["integer", "null"]},
    "anything": {},
    "counts": {"type": "object", "additionalProperties": {"type": "number"}},
    "by_name": {"type": "object", "additionalProperties": REF},
    "matrix": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    "letters": {"type": "string", "pattern": "^a+$", "minLength": 1, "maxLength": 5},
    "mail": {"type": "string", "format": "email"},
    "day": {"type": "string", "format": "date"},
    "when": {"type": ["string", "null"], "format": "date-time"},
    "with-dash": {"type": "string"},
    "class": {"type": "string"},
    "self": {"type": "string"},
    "rest": {"type": "string"},
    'odd "name" \\': {"type": "string", "description": 'He said "hi" \\ """ and left.'},
}
VALUE = {
    "event_type": "tool",
    "inputs": {},
    "nested": {"a": "x", "deep": {"n": 1}},
    "list_of": [{"x": 1}],
    "either": 5,
    "either_object": {"session_name": "a"},
    "merged": {"metadata": {}},
    "fixed": "v1",
    "level": 2,
    "mode": None,
    "maybe": None,
    "anything": [1, "x"],
    "counts": {"a": 1.5},
    "by_name": {"k": {"session_name": "b"}},
    "matrix": [[1, 2], []],
    "letters": "aaa",
    "mail": "not checked",
    "day": "not checked",
    "when": None,
    "with-dash": "-",
    "class": "c",
    "self": "s",
    "rest": "r",
    'odd "name" \\': "o",
}
SPOILED = {
    "nested": {"b": 1},
    "list_of": [{"x": "1"}],
    "either": [],
    "either_object": 3,
    "merged": 3,
    "fixed": "v2",
    "level": 4,
    "mode": "c",
    "maybe": "1",
    "counts": {"a": "b"},
    "by_name": {"k": 1},
    "matrix": [[1], 2],
    "letters": "aaa\n",
    "when": "today",
    "with-dash": 1,
    'odd "name" \\': None,
}
FAILING = [
    '["odd \\"name\\" \\\\"]',
    '["with-dash"]',
    "by_name.k",
    "counts.a",
    "either",
    "either_object",
    "fixed",
    "letters",
    "level",
    "list_of[0].x",
    "matrix[1]",
    "maybe",
    "merged",
    "mode",
    "nested.a",
    "nested.b",
    "when",
]


@pytest.fixture(scope="module")
def unusual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unusual")
    content = yaml.safe_load(SPEC.read_text("utf-8"))
    content["components"]["schemas"]["PostEventRequest"]["properties"].update(FIELDS)
    (folder / "openapi.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    done = generate("--spec", str(folder / "openapi.yaml"), "--out", str(folder / "generated"))
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "generated"


def test_models_keep_every_value_and_build_every_object(unusual: Path) -> None:
    code = f"""
from honeyhive_client.models import CreateEventRequest, SessionProperties
value = {VALUE!r}
event = CreateEventRequest.from_dict(value)
assert event.to_dict() == value, event.to_dict()
assert event.nested.deep.n == 1 and event.list_of[0].x == 1
for inner in (event.either_object, event.merged, event.by_name["k"]):
    assert isinstance(inner, SessionProperties), inner
print(event.class_, event.self_, event.with_dash)
"""
    done = python(code, path=unusual)
    assert (done.stdout, done.stderr) == ("c s -\n", "")


def test_both_validators_agree_about_them(unusual: Path) -> None:
    code = f"""
from honeyhive_schemas import validator
value = {VALUE!r}
for backend in ("jsonschema", "jsonschema-rs"):
    check = validator("CreateEventRequest", backend=backend)
    assert check.failures(value) == []
    print(sorted({{failure.path for failure in check.failures({{**value, **{SPOILED!r}}})}}))
"""
    done = python(code, path=unusual)
    assert done.stderr == ""
    assert done.stdout == f"{FAILING}\n" * 2


def test_the_field_table_describes_them(unusual: Path) -> None:
    code = """
from honeyhive_client.request_fields import REQUEST_FIELDS
table = REQUEST_FIELDS["CreateEventRequest"]
print(table["either"].types, table["mode"].enum, table["when"].format)
print(table["nested"].model, table["list_of"].model, REQUEST_FIELDS[table["list_of"].model]["x"].unit)
"""
    done = python(code, path=unusual)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "('integer', 'null', 'string') ('a', 'b', None) date-time",
        "CreateEventRequestNested CreateEventRequestListOfItem ms",
    ]


def test_the_code_type_checks(unusual: Path) -> None:
    env = {**os.environ, "MYPYPATH": str(unusual)}
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        f"--cache-dir={unusual.parent / 'mypy'}",
    ]
    done = subprocess.run(
        [*command, str(unusual / "honeyhive_client")],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
