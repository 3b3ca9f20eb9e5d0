"""Create events one by one over TLS, with a certificate made for this run."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.job import Must
from benchmarks.jobs import create

JOB = replace(
    create.JOB,
    name="create-tls",
    title="create one by one, TLS",
    tls=True,
    musts=(
        Must(create.OURS, "httpx + orjson", 1.15, says="`events.create` over TLS"),
        Must(create.OURS, "official SDK", 1 / 50),
    ),
)
