"""Time and requests as the number of events grows tenfold twice: both must grow in proportion."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks.job import Contender, Job, Run, Target
from benchmarks.jobs.memory import client, generated

LARGEST = 1_000_000


def batch(hh: Any, events: int) -> int:
    return len(hh.events.create_batch(islice(generated(), events)).event_ids)


def walk(hh: Any, events: int) -> int:
    return sum(1 for _ in hh.events.search(limit=events).raw())


def export(hh: Any, events: int) -> int:
    path = Path(mkdtemp()) / "events.jsonl"
    hh.events.search(limit=events).to_jsonl(path)
    with path.open("rb") as file:
        count = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    path.unlink()
    return count


def grown(work: Callable[[Any, int], int], target: Target) -> Run:
    """Run a hundredth, a tenth and all of the units; return µs of CPU an event and requests of each."""
    hh = client(target)
    work(hh, 1000)

    def run(units: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for events in (units // 100, units // 10, units):
            urllib.request.urlopen(target.url + "/stats", data=b"").close()
            start = time.process_time()
            if work(hh, events) != events:
                raise RuntimeError(f"not all of {events}")
            found[f"µs an event of {events:,}"] = (time.process_time() - start) / events * 1e6
            with urllib.request.urlopen(target.url + "/stats") as response:
                found[f"requests for {events:,}"] = json.load(response)["requests"]
        return found

    return run


JOB = Job(
    name="growth",
    title="time and requests as the work grows",
    metric="count",
    units=LARGEST,
    step=1000,
    rows=(
        Contender("create_batch", partial(grown, batch)),
        Contender("search, dicts", partial(grown, walk)),
        Contender("search to JSON Lines", partial(grown, export)),
    ),
)
