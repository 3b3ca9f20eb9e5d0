"""How many rows a second Spark reads with 1, 2 and 4 partitions, next to `to_parquet`, in one run.

    nox -s bench_spark                    # 100,000 events on a local server
    nox -s bench_spark -- --events 20000

The server runs in a process of its own, and each way reads the same events twice; the faster time counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx

from honeyhive_ext import HoneyHive

SERVE = """
import sys
from honeyhive_ext.local import LocalServer
from tests.support.spark_tasks import event
with LocalServer() as server:
    body = {"messages": [{"role": "user", "content": "What is a trace? " * 30}]}
    many = range(int(sys.argv[1]))
    server.seed(event(number, inputs=body, metadata={"cost": number / 1e6}) for number in many)
    print(server.url, flush=True)
    sys.stdin.read()
"""


def fastest(read: Callable[[], object]) -> float:
    """Return the seconds of the faster of two runs."""
    taken: list[float] = []
    for _ in range(2):
        begun = time.perf_counter()
        read()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    many: int = parser.parse_args().events
    command = [sys.executable, "-c", SERVE, str(many)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        assert serving.stdin is not None
        url = serving.stdout.readline().strip()
        try:
            measure(url, many)
        finally:
            serving.stdin.close()


def measure(url: str, many: int) -> None:
    """Read all events in each way."""
    os.environ.update(HH_API_KEY="hh_bench", PYSPARK_PYTHON=sys.executable)
    assert httpx.get(f"{url}/_local/health").status_code == 200
    with tempfile.TemporaryDirectory() as folder, HoneyHive(base_url=url) as hh:
        for parallel in (1, 2, 4):
            search = hh.events.search(start=0, parallel=parallel)
            seconds = fastest(partial(search.to_parquet, Path(folder) / "events.parquet"))
            print(f"to_parquet, parallel={parallel}            {many / seconds:>10,.0f} rows/s")
        from pyspark.sql import SparkSession

        from honeyhive_ext.engines.spark import register

        builder = SparkSession.builder.master(f"local[{os.cpu_count()}]").config("spark.ui.enabled", "false")
        spark = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        register(spark)
        try:
            for wanted in (1, 2, 4):
                reader = spark.read.format("honeyhive").options(url=url, numPartitions=wanted, start=0)
                writer = reader.load().write.mode("overwrite")
                seconds = fastest(partial(writer.parquet, str(Path(folder) / "spark")))
                print(f"Spark to Parquet, partitions={wanted}    {many / seconds:>10,.0f} rows/s")
        finally:
            spark.stop()


if __name__ == "__main__":
    main()
