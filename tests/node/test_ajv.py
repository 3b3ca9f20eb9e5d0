"""ajv, the validator of the JavaScript world, reads the schema documents and gives the same verdicts."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any

import honeyhive_schemas
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.node.support import NODE_MODULES, ROOT
from tests.support.json_values import spoiled, valid

SCHEMAS = ROOT / "generated" / "honeyhive_schemas"
EACH = 150  # values of each kind for each schema


def verdicts(pairs: list[tuple[str, Any]]) -> list[bool]:
    """What ajv says of each (schema, value)."""
    lines = "".join(json.dumps({"schema": name, "value": value}) + "\n" for name, value in pairs)
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "node" / "verdicts.mjs"), str(SCHEMAS)],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        cwd=NODE_MODULES.parent,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return [line == "true" for line in done.stdout.splitlines()]


def made(strategy: st.SearchStrategy[Any]) -> list[Any]:
    """`EACH` values of a strategy."""
    found: list[Any] = []

    @settings(
        max_examples=EACH,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


@pytest.mark.parametrize("name", honeyhive_schemas.names())
def test_valid_and_spoiled_values_have_the_same_verdict(name: str) -> None:
    values = [*made(valid(name)), *made(spoiled(name))]
    ours = [honeyhive_schemas.validator(name, backend="jsonschema").is_valid(value) for value in values]
    theirs = verdicts([(name, value) for value in values])
    assert len(ours) == len(theirs) == len(values)
    assert [
        (value, one) for value, one, other in zip(values, ours, theirs, strict=True) if one != other
    ] == []
    assert True in theirs


def test_ajv_sees_the_mistakes_that_people_make() -> None:
    event = {"event_type": "tool", "inputs": {}}
    wrong = [
        {**event, "event_type": "modle"},
        {**event, "durations": 3},
        {**event, "start_time": "2026-01-01"},
        {**event, "event_id": "7"},
        {"event_type": "tool"},
        [],
    ]
    random.Random(0).shuffle(wrong)
    assert verdicts([("PostEventRequest", value) for value in [event, *wrong]]) == [True] + [False] * len(
        wrong
    )
