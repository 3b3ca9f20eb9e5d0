"""A million events: exports that are killed again and again, and the memory of a search."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import orjson
import pytest

from honeyhive_ext.local import LocalServer, Request, Response
from tests.support.scale import scaled, seed

BASE = 1_767_225_600_000
EVENTS = scaled(1_000_000)
KILLS = scaled(100)
PAGE = 1_000


class Counting(LocalServer):
    """Counts how often it returns each event, by the event's number."""

    counting = Lock()

    def begin(self) -> None:
        self.returned = bytearray(EVENTS)

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        if response.status != 200:  # a request that the kill cut off
            return response
        numbers = [event["inputs"]["n"] for event in orjson.loads(response.body)["events"]]
        with self.counting:
            for number in numbers:
                self.returned[number] += 1
        return response

    @property
    def again(self) -> int:
        """How many events were returned once more."""
        return sum(self.returned) - EVENTS


@pytest.fixture(scope="module")
def counting() -> Iterator[Counting]:
    with Counting(count="page") as server:
        for first in range(0, EVENTS, 50_000):  # all events of one call of seed() are in memory
            server.seed(
                {"event_type": "tool", "inputs": {"n": n}, "start_time": BASE + 10 * (n // 3)}
                for n in range(first, min(first + 50_000, EVENTS))
            )
        yield server


def export(server: LocalServer, path: Path, parallel: int, *, kill_after: int | None = None) -> bool:
    """Begin or resume the export, kill it after so many pages (None: never); return whether it was killed."""
    options = ["to_jsonl", str(PAGE), str(parallel)]
    command = [sys.executable, "-m", "tests.support.exporter", server.url, str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for number, _ in enumerate(process.stdout):
            if number == kill_after:
                process.kill()
    assert process.returncode in (0, -9)
    return process.returncode == -9


# How many pages an interruption may cost. In sequence: the one that is written and the one in flight. In
# parallel: a window for each worker, see docs/exporting.md.
@pytest.mark.parametrize(("parallel", "pages"), [(1, 2), (4, 4 * 7)])
def test_a_killed_export_resumes_to_the_same_set_and_fetches_at_most_a_window_per_worker_again(
    counting: Counting, tmp_path: Path, parallel: int, pages: int
) -> None:
    counting.begin()
    rng, path, kills = random.Random(seed()), tmp_path / "events.jsonl", 0
    while kills < KILLS and not path.exists():
        kills += export(counting, path, parallel, kill_after=rng.randint(0, 8))
    assert kills > KILLS / 2
    if not path.exists():
        export(counting, path, parallel)
    with path.open("rb") as lines:
        assert sorted(json.loads(line)["inputs"]["n"] for line in lines) == list(range(EVENTS))
    again = counting.again
    print(f"{kills} kills: {again} of {EVENTS} events fetched again, {again / PAGE / kills:.1f} pages a kill")
    overlap = EVENTS // 100  # of the requests, where nothing is killed: the events of a millisecond or two
    assert again <= kills * pages * PAGE + overlap


WALK = """
import sys
from honeyhive_ext import HoneyHive
def peak():  # not ru_maxrss, which begins with what the parent process had
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
with HoneyHive(api_key="hh_x", base_url=sys.argv[1]) as hh:
    search = hh.events.search()
    search.first()
    start = peak()
    print(sum(1 for _ in (search.raw() if sys.argv[2] == "dicts" else search)), peak() - start)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
@pytest.mark.parametrize("form", ["dicts", "typed"])
def test_a_search_of_a_million_events_needs_at_most_40_mb(counting: Counting, form: str) -> None:
    counting.begin()
    command = [sys.executable, "-c", WALK, counting.url, form]
    count, megabytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    print(f"{count} events, {megabytes} MB above the start")
    assert int(count) == EVENTS
    assert float(megabytes) <= 40
