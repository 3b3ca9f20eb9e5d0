"""python -m examples.nightly_export.sample NUMBER DAYS: record so many calls, spread over the last days."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from honeyhive_ext import HoneyHive


def calls(number: int, days: float) -> Iterator[dict[str, Any]]:
    """Yield events, the newest first; every fourth is a call of the large model."""
    now = datetime.now(UTC)
    for n in range(number):
        model, cost = ("large-1", 0.02) if n % 4 == 0 else ("small-1", 0.001)
        yield {
            "event_type": "model",
            "event_name": "answer",
            "start_time": now - timedelta(days=days) * n / number,
            "duration": timedelta(milliseconds=200 + n),
            "inputs": {"number": n},
            "config": {"model": model},
            "metadata": {"cost": cost},
        }


with HoneyHive() as hh:
    report = hh.events.create_batch(calls(int(sys.argv[1]), float(sys.argv[2])))
    print(f"{len(report.event_ids)} calls recorded")
