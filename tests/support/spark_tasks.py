"""Events for the tests of Spark, and the processes in which Spark runs tasks."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from honeyhive_ext.local import LocalServer

BEGIN = 1_767_225_600_000  # Unix ms; 2026-01-01
SEARCH = "/v1/events/search"


def event_id(number: int) -> str:
    """Return the id of a numbered event."""
    return f"00000000-0000-4000-8000-{number:012d}"


def event(number: int, time: float | None = None, **more: Any) -> dict[str, Any]:
    """Return a numbered event, ten milliseconds after the one before."""
    made = {"event_id": event_id(number), "event_type": "tool", "event_name": f"step {number % 7}"}
    return {
        **made,
        "inputs": {"n": number},
        "start_time": BEGIN + 10 * number if time is None else time,
        **more,
    }


def counted(rows: Iterable[Any]) -> Counter[int]:
    """Return how often each numbered event came."""
    return Counter(int(row["event_id"][-12:]) for row in rows)


def searches(server: LocalServer) -> int:
    """Return how many requests the server has had; seeding is none."""
    return server.requests[-1].number if len(server.requests) else 0


def worker_processes() -> list[int]:
    """Return the processes in which Spark runs Python tasks, which this test process has started."""
    parents: dict[int, int] = {}
    commands: dict[int, bytes] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                commands[int(folder.name)] = (folder / "cmdline").read_bytes()
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
    ours = [pid for pid, command in commands.items() if b"pyspark.daemon\0pyspark.worker\0" in command]
    return [pid for pid in ours if parents[pid] in ours and os.getpid() in [*_ancestors(pid, parents)]]


def _ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid := parents.get(pid, 0):
        yield pid


@contextmanager
def workers_killed(when: Any) -> Iterator[list[int]]:
    """Kill two tasks, in the middle, as soon as `when()` is true; yields the list of those that were."""
    killed: list[int] = []
    over = threading.Event()

    def run() -> None:
        while len(killed) < 2 and not over.wait(0.005):
            if when():
                for pid in worker_processes()[: 2 - len(killed)]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
