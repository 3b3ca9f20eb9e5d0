"""`spark.readStream.format("honeyhive")`: each event once, over restarts, in batches of a bounded window."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.payload.times import now_ms
from tests.support.scale import scaled
from tests.support.spark_tasks import BEGIN, counted, event, searches, workers_killed

PATIENCE = 120  # seconds; a busy machine is no failure


def stream(spark: Any, server: LocalServer, folder: Path, **options: Any) -> Any:
    """Return a stream into files, which go on where they ended."""
    frame = spark.readStream.format("honeyhive").options(
        url=server.url, columns="event_id, start_time", **options
    )
    writer = (
        frame.load().writeStream.format("parquet").option("checkpointLocation", str(folder / "checkpoint"))
    )
    return writer.option("path", str(folder / "events"))


def written(spark: Any, folder: Path) -> Counter[int]:
    return counted(spark.read.parquet(str(folder / "events")).collect())


def run(query: Any) -> list[Any]:
    """Wait until a stream that reads what is there has ended; return its batches."""
    assert query.awaitTermination(PATIENCE)
    return [progress for progress in query.recentProgress if progress["numInputRows"]]


def bounded() -> bool:
    """Whether Spark tells a source where it is, so that the batches of one run are bounded: 4.2 and later."""
    return find_spec("pyspark.sql.streaming.datasource") is not None


def once(numbers: Any) -> Counter[int]:
    return Counter(dict.fromkeys(numbers, 1))


def test_what_is_there_is_read_in_batches_of_the_longest_window(
    spark: Any, server: LocalServer, tmp_path: Path
) -> None:
    begin = int(now_ms()) - 3_600_000
    server.seed(event(number, begin + 1000 * number) for number in range(300))
    query = (
        stream(spark, server, tmp_path, start=begin, maxWindow="100s", lag="1s")
        .trigger(availableNow=True)
        .start()
    )
    batches = run(query)
    assert written(spark, tmp_path) == once(range(300))
    assert [batch["numInputRows"] for batch in batches] == ([101, 100, 99] if bounded() else [300])


def test_a_stream_that_starts_again_continues_where_it_ended(
    spark: Any, server: LocalServer, tmp_path: Path
) -> None:
    begin = int(now_ms()) - 3_600_000
    for first in (0, 100, 200):
        server.seed(event(number, begin + 10_000 * number) for number in range(first, first + 100))
        run(stream(spark, server, tmp_path, start=begin, lag="0s").trigger(availableNow=True).start())
        begun = server.requests[-1].number
    assert begun > 0
    # The third run begins at its own offset: what came too late is not read, and nothing comes twice.
    found = written(spark, tmp_path)
    assert max(found.values()) == 1
    assert set(range(100)) <= set(found)


def test_a_batch_that_was_not_finished_is_read_again_after_a_restart(
    spark: Any, server: LocalServer, tmp_path: Path
) -> None:
    begin = int(now_ms()) - 3_600_000
    server.seed(event(number, begin + 1000 * number) for number in range(200))
    failing: list[int] = []

    def keep(frame: Any, batch: int) -> None:
        rows = frame.collect()
        if batch == bounded() and not failing:
            failing.append(batch)
            raise RuntimeError("the disk is full")
        kept[batch] = counted(rows)

    kept: dict[int, Counter[int]] = {}
    options = {"start": begin, "maxWindow": "60s", "lag": "1s", "url": server.url, "columns": "event_id"}

    def start() -> Any:
        frame = spark.readStream.format("honeyhive").options(**options).load()
        writer = frame.writeStream.foreachBatch(keep).option(
            "checkpointLocation", str(tmp_path / "checkpoint")
        )
        return writer.trigger(availableNow=True).start()

    with pytest.raises(Exception, match="the disk is full"):
        start().awaitTermination(PATIENCE)
    assert start().awaitTermination(PATIENCE)
    assert sum(kept.values(), Counter()) == once(range(200))


def test_events_that_arrive_within_the_lag_come_once_while_tasks_are_killed(
    spark: Any, server: LocalServer, tmp_path: Path
) -> None:
    many, arrived = scaled(20_000, 400), itertools.count()
    server.seed([])
    over = threading.Event()
    pending: list[dict[str, Any]] = []

    def arrive() -> None:
        while (number := next(arrived)) < many:
            pending.append(event(number, now_ms() - number % 900))  # up to 0.9 s late
            if len(pending) >= many / 50:
                server.seed(pending)
                pending.clear()
                over.wait(0.05)
        server.seed(pending)

    writer = stream(spark, server, tmp_path, start=int(now_ms()) - 2_000, lag="10s")
    query = writer.trigger(processingTime="1 second").start()
    try:
        arriving = threading.Thread(target=arrive)
        arriving.start()
        before = searches(server)
        with workers_killed(lambda: searches(server) > before + 6) as killed:
            arriving.join()
            deadline = time.monotonic() + PATIENCE
            while sum(batch["numInputRows"] for batch in query.recentProgress) < many:
                assert query.isActive, query.exception()
                assert time.monotonic() < deadline
                over.wait(0.2)
    finally:
        over.set()
        query.stop()
    assert written(spark, tmp_path) == once(range(many))
    assert len(killed) == 2


def test_a_stream_without_a_start_reads_what_begins_from_now_on(
    spark: Any, server: LocalServer, tmp_path: Path
) -> None:
    server.seed(event(number, now_ms() - 60_000) for number in range(5))
    query = stream(spark, server, tmp_path, lag="0s").trigger(processingTime="0 seconds").start()
    try:
        query.processAllAvailable()
        server.seed([event(7, now_ms() + 1_000)])
        deadline = time.monotonic() + PATIENCE
        while not any(batch["numInputRows"] for batch in query.recentProgress):
            assert query.isActive, query.exception()
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        query.stop()
    assert written(spark, tmp_path) == once([7])


def test_an_end_is_refused_for_a_stream(spark: Any, server: LocalServer, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="a stream has no end"):
        stream(spark, server, tmp_path, end=BEGIN).start().awaitTermination(PATIENCE)
