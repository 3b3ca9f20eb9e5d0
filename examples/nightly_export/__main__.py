"""python -m examples.nightly_export FOLDER: add what is new to FOLDER, and say what it cost."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from honeyhive_ext import F, HoneyHive

COSTS = """
SELECT config->>'$.model' AS model, count(*), sum("metadata.cost"), quantile_cont(duration, 0.95)
FROM read_parquet($files, hive_partitioning = true) GROUP BY model ORDER BY model
"""


def export(folder: Path) -> int:
    """Bring a folder of Parquet files up to date, and return how many events are new."""
    with HoneyHive() as hh:
        calls = hh.events.search(F.event_type == "model")
        return calls.to_parquet_dataset(folder, columns=["metadata.cost"])


def main(folder: Path) -> None:
    """Export, and print a table."""
    print(f"{export(folder)} new calls")
    rows = duckdb.execute(COSTS, {"files": f"{folder}/*/*.parquet"}).fetchall()
    for model, calls, cost, slow in rows:
        print(f"{model}: {calls} calls, ${cost:.3f}, 95% of them within {slow:.0f} ms")


main(Path(sys.argv[1]))
