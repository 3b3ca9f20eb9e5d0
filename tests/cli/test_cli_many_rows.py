"""Any number of rows goes through a pipe in constant memory; HONEYHIVE_TEST_SCALE=1 makes it a million."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from honeyhive_ext.local import LocalServer
from tests.support.scale import scaled

MANY = 1_000_000 if scaled(100) >= 100 else 15_000
SLACK = 24 << 20  # bytes that memory may grow by from few pages to many


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer(tmp_path_factory.mktemp("many") / "events.db") as server:
        text = "x" * 300
        for first in range(0, MANY, 5_000):
            server.seed(
                {"event_type": "tool", "inputs": {"n": n, "text": text}, "start_time": 1_700_000_000_000 + n}
                for n in range(first, first + 5_000)
            )
        yield server


def run(server: LocalServer, *arguments: str) -> tuple[int, int]:
    """Return the lines that a command prints, and its largest memory in bytes."""
    command = [sys.executable, "-m", "honeyhive_ext.cli", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **server.environ}) as process:
        assert process.stdout is not None
        lines = sum(block.count(b"\n") for block in iter(lambda: process.stdout.read(1 << 16), b""))  # type: ignore[union-attr]
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return lines, usage.ru_maxrss * 1024


@pytest.mark.parametrize(("form", "more"), [("jsonl", 0), ("json", 2), ("csv", 1), ("table", 1)])
def test_many_rows_take_the_memory_of_few(filled: LocalServer, form: str, more: int) -> None:
    few, base = run(filled, "events", "search", "--output", form, "--limit", "5000")
    assert few == 5_000 + more
    all_of_them, most = run(filled, "events", "search", "--output", form)
    assert all_of_them == MANY + more
    assert most - base < SLACK, f"{most - base:,} bytes more"
