"""A folder with files and a server with events, as the examples of the command line expect them."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from tests.support.command_runner import ROOT, Runner

SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"
EVENT = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
BEGAN = 1_767_225_600_000  # 2026-01-01, for what is compared with a record


def sample_events(began: float = BEGAN) -> list[dict[str, Any]]:
    """Return a trace with a failed step, and a step of another session."""

    def event(name: str, kind: str, at: float, event_id: str, **more: Any) -> dict[str, Any]:
        return {
            "event_type": kind,
            "event_name": name,
            "event_id": event_id,
            "session_id": SESSION,
            "parent_id": SESSION,
            "source": "sample",
            "inputs": {},
            "start_time": began + at,
            **more,
        }

    return [
        event(
            "support chat", "session", 0, SESSION, duration=1500, end_time=began + 1500, outputs={"ok": False}
        ),
        event(
            "answer",
            "model",
            10,
            EVENT,
            duration=820,
            inputs={"question": "What is a trace?", "context": "x" * 400},
            outputs={"text": "A trace is a tree of events."},
            metadata={"model": "small", "cost": 0.02, "prompt_tokens": 120, "completion_tokens": 30},
        ),
        event(
            "search docs",
            "tool",
            900,
            str(uuid.UUID(int=1)),
            duration=250,
            error="no answer",
            metadata={"cost": 0},
        ),
        event(
            "nightly",
            "chain",
            -5,
            str(uuid.UUID(int=2)),
            session_id=str(uuid.UUID(int=9)),
            parent_id=str(uuid.UUID(int=9)),
        ),
    ]


def fill(folder: Path) -> None:
    """Write the files that the examples name."""
    lines = [json.dumps(event) for event in sample_events()]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    asked = {"filters": [{"field": "error", "operator": "exists", "value": None}], "limit": 10}
    (folder / "search.json").write_text(json.dumps(asked))
    shutil.copy(ROOT / "openapi.yaml", folder / "openapi.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def sampled(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> LocalServer:
    """A server with the sample of a minute ago; the environment leads to it."""
    server.seed(sample_events(time.time() * 1000 - 60_000))
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture(scope="session")
def command() -> Iterator[Runner]:
    with Runner({}) as made:
        yield made
