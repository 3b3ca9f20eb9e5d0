"""The transcript of each command and of its failures is the one that is recorded."""

from __future__ import annotations

import os
from pathlib import Path

from honeyhive_ext.local import LocalServer
from tests.cli.conftest import sample_events
from tests.support.cli_transcript import RECORD, transcript
from tests.support.command_runner import Runner


def test_the_commands_print_what_is_recorded(command: Runner, server: LocalServer, folder: Path) -> None:
    """`HONEYHIVE_RECORD=1` records it again."""
    server.seed(sample_events())
    (folder / "bad.jsonl").write_text('{"event_type": "modle", "inputs": {}}\n{"inputs": 7\n')
    (folder / "spool").mkdir()
    found = transcript(command, server.url, folder)
    if os.environ.get("HONEYHIVE_RECORD"):
        RECORD.write_text(found, encoding="utf-8")
    assert found == RECORD.read_text(encoding="utf-8")
