"""Memory above the start of 100,000 events read or written (of 1,000,000 written with `--scale 10`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from benchmarks import payload, peers
from benchmarks.job import Contender, Job, Must, Run, Target
from benchmarks.jobs.search_dicts import PAGE

EVENTS = 100_000
KEPT = "honeyhive_ext, all typed events kept"
SDK_KEPT = "official SDK, all events kept"


def sdk(target: Target, *, keep: bool) -> Run:
    export = peers.sdk(target).events.export

    def run(units: int) -> int:
        kept: list[Any] = []
        count = 0
        for number in range(1, units // PAGE + 1):
            rows = export(limit=PAGE, page=number).events
            count += len(rows)
            if keep:
                kept += rows
        return count

    return run


def sdk_kept(target: Target) -> Run:
    return sdk(target, keep=True)


def sdk_streamed(target: Target) -> Run:
    return sdk(target, keep=False)


def client(target: Target) -> Any:
    """Return our client after its first calls, so that imports do not count as memory of the job."""
    from honeyhive_ext import HoneyHive

    hh = HoneyHive(api_key=peers.KEY, base_url=target.url)
    hh.events.create("tool")
    hh.events.search(limit=1, page_size=1).to_list()
    return hh


def ours_streamed(target: Target) -> Run:
    search = client(target).events.search
    return lambda units: sum(1 for _ in search(limit=units))


def ours_kept(target: Target) -> Run:
    search = client(target).events.search
    return lambda units: len(search(limit=units).to_list())


def generated() -> Iterator[dict[str, Any]]:
    """Yield new events one by one; each is a new dict with new strings at its top."""
    events = payload.events(500)
    while True:
        for event in events:
            yield dict(event)


def ours_written(target: Target) -> Run:
    hh = client(target)
    hh.events.create_batch(islice(generated(), 10))

    def run(units: int) -> int:
        return len(hh.events.create_batch(islice(generated(), units)).event_ids)

    return run


JOB = Job(
    name="memory",
    title="memory above the start, 100,000 events",
    metric="memory",
    units=EVENTS,
    step=PAGE,
    rows=(
        Contender("official SDK, one page at a time", sdk_streamed, env="sdk"),
        Contender(SDK_KEPT, sdk_kept, env="sdk"),
        Contender("honeyhive_ext, streamed", ours_streamed),
        Contender(KEPT, ours_kept),
        Contender("honeyhive_ext, create_batch from a generator", ours_written),
    ),
    musts=(Must(KEPT, SDK_KEPT, 0.6, then=0.4, says="100,000 events of a search kept in memory"),),
)
