"""Runs the contenders of a job in turns, round by round, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.job import Contender, Env, Job, Program
from benchmarks.stubs import Stub

ROOT = Path(__file__).resolve().parents[1]
ANSWER_SECONDS = 600  # what a contender may take to start and warm up, or for a round


@dataclass(frozen=True)
class Options:
    """The length of a run, and the Pythons that it uses."""

    rounds: int = 5
    seconds: float = 0.4
    scale: float = 1.0  # of the jobs with a fixed number of units
    only: str = ""  # a part of a contender's name
    pythons: dict[Env, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Row:
    """The figures of a contender: one value a round, or why there is none."""

    name: str
    values: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # µs a unit, for the rows measured by the clock
    rate: list[float] = field(default_factory=list)  # units a second by the clock
    result: dict[str, float] = field(default_factory=dict)
    missing: str = ""

    @property
    def median(self) -> float:
        return median(self.values)


class Child:
    """The process of a contender, which waits for its turn."""

    def __init__(self, job: Job, contender: Contender, stub: Stub, options: Options, units: int = 0) -> None:
        command = ["-m", "benchmarks.child", job.name, contender.name, stub.url, str(units)]
        environment = {**os.environ, **options.environment, **stub.environment, "PYTHONHASHSEED": "0"}
        self.name = f"{job.name}: {contender.name}"
        self.process = subprocess.Popen(
            [options.pythons[contender.env], *command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        limit = threading.Timer(ANSWER_SECONDS, self.process.kill)
        limit.start()
        try:
            line = self.process.stdout.readline()
        finally:
            limit.cancel()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self.process.wait()}")
        return dict(json.loads(line))

    def round(self, seconds: float) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(f"round {seconds}\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def child(*arguments: Any, **keywords: Any) -> Iterator[Child]:
    started = Child(*arguments, **keywords)
    try:
        yield started
    finally:
        started.close()


def figure(job: Job, cost: dict[str, Any]) -> float:
    """Return the figure of a round that the job measures."""
    if job.metric == "memory":
        return float(cost["memory"])
    if job.metric == "rate":
        return float(cost["units"] / cost["wall"])
    return float(cost["cpu"] / cost["units"] * 1e6)


def run_job(job: Job, options: Options) -> list[Row]:
    """Return all rows of a job; the figures of one round are measured one right after another."""
    wanted = [row for row in job.rows if options.only in row.name or row.name == job.subtract]
    rows = {row.name: Row(row.name) for row in wanted}
    with Stub(delay_ms=job.delay_ms, tls=job.tls) as stub:
        for row in wanted:
            if row.env not in options.pythons:
                rows[row.name].missing = f"no environment for {row.env}"
        present = [row for row in wanted if not rows[row.name].missing]
        if any(isinstance(row, Program) for row in wanted):
            programs(job, [p for p in present if isinstance(p, Program)], rows, stub, options)
        elif job.units:
            once(job, [c for c in present if isinstance(c, Contender)], rows, stub, options)
        else:
            rounds(job, [c for c in present if isinstance(c, Contender)], rows, stub, options)
    return list(rows.values())


def rounds(job: Job, present: list[Contender], rows: dict[str, Row], stub: Stub, options: Options) -> None:
    """Start and warm up every process once; then they take turns."""
    with ExitStack() as stack:
        waiting: list[tuple[Row, Child]] = []
        for contender in present:
            started = stack.enter_context(child(job, contender, stub, options))
            try:
                first = started.answer()
            except RuntimeError as error:
                first = {"missing": str(error)}
            if "missing" in first:
                rows[contender.name].missing = first["missing"]
            else:
                waiting.append((rows[contender.name], started))
        for _ in range(options.rounds):
            for row, process in waiting:
                cost = process.round(options.seconds)
                row.values.append(figure(job, cost))
                row.cpu.append(cost["cpu"] / cost["units"] * 1e6)
                row.rate.append(cost["units"] / cost["wall"])


def once(job: Job, present: list[Contender], rows: dict[str, Row], stub: Stub, options: Options) -> None:
    """Start a new process each round, for what a process can do only once, such as filling its memory."""
    units = max(job.step, round(job.units * options.scale / job.step) * job.step)
    turns = 1 if job.metric == "count" else min(options.rounds, 3)
    for _ in range(turns):
        for contender in present:
            row = rows[contender.name]
            if row.missing:
                continue
            stub.reset()
            with child(job, contender, stub, options, units) as process:
                cost = process.answer()
            if "missing" in cost:
                row.missing = cost["missing"]
                continue
            row.values.append(figure(job, cost))
            row.result = {**stub.stats(), **(cost["result"] if isinstance(cost["result"], dict) else {})}


def programs(job: Job, present: list[Program], rows: dict[str, Row], stub: Stub, options: Options) -> None:
    """Measure the CPU of whole processes, in ms; the first round fills the caches and does not count."""
    environment = {**os.environ, **options.environment, **stub.environment}
    # Modules are compiled once, as wherever a program starts a second time. With this variable set, one that
    # was never compiled would be compiled again at every start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for turn in range(options.rounds * 2 + 1):
        spent: dict[str, float] = {}
        for program in present:
            if rows[program.name].missing:
                continue
            command = [options.pythons[program.env], "-c", program.source, stub.url]
            process = subprocess.Popen(command, cwd=ROOT / "benchmarks", env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                rows[program.name].missing = f"exit status {process.returncode}"
                rows[program.name].values.clear()
                continue
            spent[program.name] = (usage.ru_utime + usage.ru_stime) * 1000
        if turn:
            bare = spent.get(job.subtract, 0.0)
            for name, value in spent.items():
                rows[name].values.append(value if name == job.subtract else value - bare)


def log(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)
