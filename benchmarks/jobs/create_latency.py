"""Create events from 64 tasks at once; the server answers after 20 ms. Events a second by the clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from benchmarks.job import Contender, Must, Run, Target
from benchmarks.jobs import create_async

DELAY_MS = 20
LIMIT = "the limit: 64 sleeps of 20 ms"


def limit(target: Target) -> Run:
    """Measure what the latency alone allows on this machine, without sending."""

    async def make() -> create_async.Create:
        async def create(event: object) -> bool:
            await asyncio.sleep(DELAY_MS / 1000)
            return True

        return create

    return create_async.at_once(make)


JOB = replace(
    create_async.JOB,
    name="create-latency",
    title=f"create, 64 at once, async, the server answers after {DELAY_MS} ms",
    metric="rate",
    delay_ms=DELAY_MS,
    rows=(*create_async.JOB.rows, Contender(LIMIT, limit)),
    musts=(
        Must(
            create_async.OURS,
            LIMIT,
            0.85,
            then=0.95,
            says="`await events.create`, 64 tasks at once, answers after 20 ms",
        ),
        Must(create_async.AIOHTTP, LIMIT, 0.85, then=0.95),
        Must(create_async.BOTH, LIMIT, 0.85, then=0.95),
    ),
    note="",
)
