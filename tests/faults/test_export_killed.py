"""Exports that are killed again and again: the same set, and how much of it is fetched again."""

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
    """Counts how often it hands out each event, by its number."""

    counting = Lock()

    def begin(self) -> None:
        self.handed_out = bytearray(EVENTS)

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        numbers = [event["inputs"]["n"] for event in orjson.loads(response.body)["events"]]
        with self.counting:
            for number in numbers:
                self.handed_out[number] += 1
        return response

    @property
    def again(self) -> int:
        """Events handed out that had been before."""
        return sum(self.handed_out) - EVENTS


@pytest.fixture(scope="module")
def counting() -> Iterator[Counting]:
    with Counting() as server:
        server.seed(
            {"event_type": "tool", "inputs": {"n": n}, "start_time": BASE + 10 * (n // 3)}
            for n in range(EVENTS)
        )
        yield server


def export(server: LocalServer, path: Path, parallel: int, *, kill_after: int | None = None) -> bool:
    """Begin the export or go on with it; whether it was killed, after so many pages."""
    options = ["to_jsonl", str(PAGE), str(parallel)]
    command = [sys.executable, "-m", "tests.support.exporter", server.url, str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for number, _ in enumerate(process.stdout):
            if number == kill_after:
                process.kill()
    assert process.returncode in (0, -9)
    return process.returncode == -9


# Pages that an interruption may cost. In sequence: the one that is written and the one under way. Side by
# side: a window for each worker, see docs/exporting.md.
@pytest.mark.parametrize(("parallel", "pages"), [(1, 2), (4, 4 * 7)])
def test_a_killed_export_goes_on_to_the_same_set_and_fetches_at_most_a_window_per_worker_again(
    counting: Counting, tmp_path: Path, parallel: int, pages: int
) -> None:
    counting.begin()
    export(counting, tmp_path / "whole.jsonl", parallel)
    unavoidable = counting.again  # the overlap of the requests

    counting.begin()
    rng, path, kills = random.Random(seed()), tmp_path / "events.jsonl", 0
    while kills < KILLS and not path.exists():
        kills += export(counting, path, parallel, kill_after=rng.randint(0, 8))
    assert kills > KILLS / 2
    if not path.exists():
        export(counting, path, parallel)
    with path.open("rb") as lines:
        assert sorted(json.loads(line)["inputs"]["n"] for line in lines) == list(range(EVENTS))
    again = counting.again - unavoidable
    print(f"{kills} kills: {again} of {EVENTS} events fetched again, {again / PAGE / kills:.1f} pages a kill")
    assert again <= kills * pages * PAGE
