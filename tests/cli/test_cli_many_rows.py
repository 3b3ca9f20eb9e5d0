"""Any number of rows goes through a pipe in constant memory; HONEYHIVE_TEST_SCALE=1 makes it a million."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer
from tests.support.scale import scaled

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")

MANY = scaled(1_000_000, least=20_000)
NEWEST = 1_767_225_600_000
SLACK = 16 << 20  # bytes that memory may grow by from few pages to many
TEXT = "x" * 300


@pytest.fixture(scope="module")
def service() -> Iterator[Misbehaving]:
    """A service with that many events, one a millisecond, whose pages are made when they are asked for."""

    def page(request: Recorded) -> Answer:
        server.requests.clear()  # they would be kept here, and a million events are many requests
        asked = json.loads(request.body)
        end = asked.get("dateRange", {}).get("end_time")
        high = NEWEST if end is None else round(datetime.fromisoformat(end).timestamp() * 1000)
        if asked.get("filters"):  # the search asks for events without a start_time, and there are none
            return answer(200, '{"events": [], "count": 0}')
        first = min(high, NEWEST) - (asked["page"] - 1) * asked["limit"]
        times = range(first, max(NEWEST - MANY, first - asked["limit"]), -1)
        rows = [{"event_id": f"e{n}", "inputs": {"n": n, "text": TEXT}, "start_time": n} for n in times]
        return answer(200, json.dumps({"events": rows, "count": MANY}, separators=(",", ":")))

    with Misbehaving(then=page) as server:
        yield server


# getrusage counts the memory of the process that starts another one as that one's too; VmHWM does not.
PROGRAM = """
import re, sys
from honeyhive_ext.cli import main
status = main(sys.argv[1:])
print(re.search("VmHWM:.*?([0-9]+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(status)
"""


def run(server: Misbehaving, *arguments: str) -> tuple[int, int]:
    """Return the lines that a command prints, and its largest memory in bytes."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    environ = {**os.environ, "HH_API_URL": server.url, "HH_API_KEY": "hh_1"}
    lines = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while block := process.stdout.read(1 << 16):
            lines += block.count(b"\n")
        memory = int(process.stderr.read()) * 1024
    assert process.returncode == 0
    return lines, memory


@pytest.mark.parametrize(("form", "more"), [("jsonl", 0), ("json", 2), ("csv", 1), ("table", 1)])
def test_many_rows_take_the_memory_of_few(service: Misbehaving, form: str, more: int) -> None:
    few, base = run(service, "events", "search", "--output", form, "--limit", "5000")
    assert few == 5_000 + more
    all_of_them, most = run(service, "events", "search", "--output", form)
    assert all_of_them == MANY + more
    print(f"{MANY:,} rows as {form}: {base:,} bytes for 5,000, {most:,} for all")
    assert most - base < SLACK, f"{most - base:,} bytes more"
