"""Memory above the start of a search over 1,000,000 events that keeps none of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from benchmarks.job import Contender, Job, Must, Run, Target
from benchmarks.jobs.memory import client, ours_streamed
from benchmarks.jobs.search_dicts import PAGE

EVENTS = 1_000_000
MOST = 40  # MB
TYPED = "honeyhive_ext, typed events"
DICTS = "honeyhive_ext .raw()"
FILE = "honeyhive_ext .to_jsonl()"


def dicts(target: Target) -> Run:
    search = client(target).events.search
    return lambda units: sum(1 for _ in search(limit=units).raw())


def file(target: Target) -> Run:
    search = client(target).events.search

    def run(units: int) -> int:
        path = Path(mkdtemp()) / "events.jsonl"
        written = search(limit=units).to_jsonl(path)
        path.unlink()
        return written

    return run


JOB = Job(
    name="memory-walk",
    title="memory above the start of a search over 1,000,000 events",
    metric="memory",
    units=EVENTS,
    step=PAGE,
    rows=(Contender(TYPED, ours_streamed), Contender(DICTS, dicts), Contender(FILE, file)),
    musts=(Must(TYPED, "", MOST), Must(DICTS, "", MOST), Must(FILE, "", MOST)),
)
