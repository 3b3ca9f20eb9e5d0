"""Without jsonschema-rs the server gives the same answers, more slowly."""

from __future__ import annotations

import importlib.util
import json
from importlib.machinery import ModuleSpec
from typing import Any

import honeyhive_schemas
import pytest
from honeyhive_schemas import _backends

from tests.support.local_api import Api

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


def outcomes(api: Api) -> list[tuple[int, Any]]:
    answers = [api.post(path, body) for path, body in REQUESTS]
    return [(answer.status_code, answer.json().get("errors")) for answer in answers]


def test_both_validators_give_the_same_answers(plain: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = outcomes(plain)

    def hidden(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "jsonschema_rs" else importlib.util.find_spec(name, package)

    monkeypatch.setattr(_backends, "find_spec", hidden)
    monkeypatch.setattr(honeyhive_schemas, "_validators", {})
    slow = outcomes(plain)
    assert "Python" in repr(honeyhive_schemas.validator("PostEventRequest"))
    assert slow == fast
    assert [status for status, _ in fast] == [200, 400, 400, 400, 200, 400, 400, 400, 400]
