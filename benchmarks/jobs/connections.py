"""Connections opened, and CA bundles loaded, for 1,000 calls."""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any

from benchmarks import peers
from benchmarks.job import Contender, Job, Run, Target
from benchmarks.jobs import create

CALLS = 1000


def counted(setup: Any, target: Target) -> Run:
    """Count how often certificates are loaded from the setup of the contender on."""
    loads = 0

    def counting(name: str) -> None:
        original = getattr(ssl.SSLContext, name)

        def wrapped(self: ssl.SSLContext, *args: Any, **keywords: Any) -> Any:
            nonlocal loads
            loads += 1
            return original(self, *args, **keywords)

        setattr(ssl.SSLContext, name, wrapped)

    counting("load_verify_locations")
    counting("set_default_verify_paths")
    run = setup(target)

    def calls(units: int) -> dict[str, float]:
        confirmed = run(units)
        if confirmed != units:
            raise RuntimeError(f"{confirmed} of {units} confirmed")
        return {"CA loads": loads}

    return calls


JOB = Job(
    name="connections",
    title=f"connections and CA loads in {CALLS:,} calls to http://",
    metric="count",
    units=CALLS,
    rows=(
        Contender("official SDK", partial(counted, create.sdk), env="sdk"),
        Contender("httpx + orjson", partial(counted, partial(create.posts, peers.httpx_orjson))),
        Contender(create.LOW, partial(counted, create.low)),
        Contender(create.OURS, partial(counted, create.ours)),
    ),
)
