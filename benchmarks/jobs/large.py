"""Read a large range of events into the engines that people use, next to one Parquet file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks import peers
from benchmarks.job import Contender, Job, Must, Run, Target
from benchmarks.payload import NEWEST_MS

EVENTS = 20_000  # of a step
PARQUET = "to_parquet"
PARTITIONS = (1, 2, 4)
TWO = ("event_name", "duration")

#: Reads all events of a search and returns how many there were. The path does not exist.
Read = Callable[[Any, Path], int]


def reading(read: Read, **search: Any) -> Callable[[Target], Run]:
    """Return the setup of a way that starts from a search."""

    def setup(target: Target) -> Run:
        import pyarrow  # pyright: ignore[reportUnusedImport]  # noqa: F401 - missing here, not in a round

        from honeyhive_ext import HoneyHive

        hh = HoneyHive(api_key=peers.KEY, base_url=target.url)
        folder = Path(mkdtemp())

        def run(units: int) -> int:
            # Each event of the server has a millisecond of its own.
            result: Any = hh.events.search(start=NEWEST_MS - units + 1, end=NEWEST_MS, **search)
            try:
                return read(result, folder / "events")
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()

        return run

    return setup


def parquet(result: Any, path: Path) -> int:
    return int(result.to_parquet(path))


def dataset(result: Any, path: Path) -> int:
    return int(result.to_parquet_dataset(path))


def arrow(result: Any, _path: Path) -> int:
    return sum(batch.num_rows for batch in result.to_arrow())


def duckdb_sums(result: Any, _path: Path) -> int:
    import duckdb

    with duckdb.connect() as connection:
        relation = connection.from_arrow(result.to_arrow())
        groups = relation.aggregate("event_type, count(*), avg(duration)", "event_type").fetchall()
    return sum(row[1] for row in groups)


def polars_all(result: Any, _path: Path) -> int:
    from honeyhive_ext.engines.polars import scan_events

    return int(scan_events(result).collect().height)


def polars_two(result: Any, _path: Path) -> int:
    import polars

    from honeyhive_ext.engines.polars import scan_events

    groups = scan_events(result).select(TWO).group_by("event_name").agg(polars.len(), polars.sum("duration"))
    return int(groups.collect(engine="streaming")["len"].sum())


def needs(module: str, setup: Callable[[Target], Run]) -> Callable[[Target], Run]:
    """Return a setup that says first that a library is missing."""

    def checked(target: Target) -> Run:
        __import__(module)
        return setup(target)

    return checked


def spark(partitions: int) -> Callable[[Target], Run]:
    """Return the setup of Spark on this machine, which writes Parquet with so many tasks."""

    def setup(target: Target) -> Run:
        os.environ.update(HH_API_KEY=peers.KEY, PYSPARK_PYTHON=sys.executable)
        import pyarrow.parquet
        from pyspark.sql import SparkSession

        from honeyhive_ext.engines.spark import register

        builder = SparkSession.builder.master(f"local[{os.cpu_count()}]").config("spark.ui.enabled", "false")
        session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        register(session)
        folder = Path(mkdtemp())

        def run(units: int) -> int:
            reader = session.read.format("honeyhive").option("numPartitions", partitions)
            events = reader.options(url=target.url, start=NEWEST_MS - units + 1, end=NEWEST_MS).load()
            events.write.mode("overwrite").parquet(str(folder / "events"))
            files = (folder / "events").glob("*.parquet")
            written = sum(pyarrow.parquet.read_metadata(file).num_rows for file in files)
            shutil.rmtree(folder / "events")
            return written

        return run

    return setup


WAYS: dict[str, Callable[[Target], Run]] = {
    PARQUET: reading(parquet),
    "to_parquet, parallel=4": reading(parquet, parallel=4),
    "to_parquet_dataset": reading(dataset),
    "to_parquet_dataset, parallel=4": reading(dataset, parallel=4),
    "to_arrow": reading(arrow),
    "DuckDB over to_arrow": needs("duckdb", reading(duckdb_sums)),
    "scan_events, all columns": needs("polars", reading(polars_all)),
    "scan_events, 2 columns": needs("polars", reading(polars_two)),
    **{
        f"Spark to Parquet, {number} partition{'s' if number > 1 else ''}": needs("pyspark", spark(number))
        for number in PARTITIONS
    },
}

JOB = Job(
    name="large",
    title="a large range of events in each way",
    clock=True,
    step=EVENTS,
    same_units=True,
    descendants=True,
    alone=True,
    rows=tuple(Contender(name, setup) for name, setup in WAYS.items()),
    musts=tuple(Must(name, PARQUET, float("inf")) for name in WAYS if name != PARQUET),
    note="a round has 20,000 events for each of its seconds, the same in each way",
)
