"""One contender in its own process: `python -m benchmarks.child JOB NAME URL UNITS`.

It reads `round SECONDS` from standard input, runs about so long, and prints one line of JSON: what the
round cost.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.job import Contender, Job, Run, Target
from benchmarks.process_tree import descendants_cpu

WARM_SECONDS = 0.1


def cpu() -> float:
    """Return the CPU of this process in seconds: user and system, all threads."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def peak_mb() -> float:
    """Return the largest memory of this process so far; `ru_maxrss` would start with that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(run: Run, units: int, descendants: bool = False) -> dict[str, Any]:
    below = descendants_cpu() if descendants else 0.0
    before, start = cpu(), time.perf_counter()
    confirmed = run(units)
    wall, after = time.perf_counter() - start, cpu()
    if descendants:
        after += descendants_cpu() - below
    if not isinstance(confirmed, dict) and confirmed != units:
        raise RuntimeError(f"{confirmed} of {units} confirmed")
    return {"units": units, "cpu": after - before, "wall": wall, "result": confirmed}


def calibrated(run: Run, step: int) -> float:
    """Warm up, and return the seconds that a unit takes."""
    run(step)  # it connects, and loads what is loaded once
    units = step
    while True:
        cost = measured(run, units)
        spent = max(cost["wall"], cost["cpu"])
        if spent >= WARM_SECONDS:
            return float(spent / units)
        units *= 2


def main() -> None:
    name, row, url, units = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a contender prints must not look like an answer
    job: Job = importlib.import_module(f"benchmarks.jobs.{name.replace('-', '_')}").JOB
    contender = next(c for c in job.rows if c.name == row)
    assert isinstance(contender, Contender)
    parts = urlsplit(url)
    target = Target(url=url, host=str(parts.hostname), port=int(parts.port or 0), units=units)

    def answer(value: dict[str, Any]) -> None:
        print(json.dumps(value), file=answers, flush=True)

    try:
        run = contender.setup(target)
    except ImportError as error:
        answer({"missing": str(error).split(" (")[0]})
        return
    if units:
        start = peak_mb()
        answer(measured(run, units) | {"memory": peak_mb() - start})
        return
    each = calibrated(run, job.step)
    if job.same_units:
        each = 1 / job.step
    answer({"ready": each})
    for line in sys.stdin:
        steps = max(1, round(float(line.split()[1]) / each / job.step))
        answer(measured(run, steps * job.step, job.descendants))
    answers.flush()
    os._exit(0)  # what is still open here, such as 64 connections, needs no tidying and no warnings


if __name__ == "__main__":
    main()
