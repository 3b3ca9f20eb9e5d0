"""`df.write.format("honeyhive")`: nothing lost, nothing twice, whatever happens to the tasks."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from tests.support.scale import scaled
from tests.support.spark_tasks import event, searches, workers_killed

BATCH = "/v1/events/batch"


def write(frame: Any, server: LocalServer, **options: Any) -> None:
    frame.write.format("honeyhive").mode("append").options(url=server.url, **options).save()


def numbered(spark: Any, many: int, partitions: int = 4) -> Any:
    from pyspark.sql import functions as f

    columns = [f.lit("tool").alias("event_type"), f.to_json(f.struct(f.col("id").alias("n"))).alias("inputs")]
    return spark.range(0, many, 1, partitions).select(*columns)


def numbers(server: LocalServer) -> Counter[int]:
    return Counter(json.loads(line)["inputs"]["n"] for line in server.export())


def once(many: int) -> Counter[int]:
    return Counter(dict.fromkeys(range(many), 1))


def test_rows_become_events_with_objects_from_text_structs_and_maps(spark: Any, server: LocalServer) -> None:
    frame = spark.sql(
        "SELECT 'model' event_type, '{\"n\":1}' inputs, named_struct('cost', 0.5D, 'model', 'm') metadata, "
        "map('accuracy', 1L) metrics, array('a') children_ids, 5 duration, "
        "timestamp '2026-01-02 03:04:05.006' start_time, CAST(NULL AS STRING) error, "
        "'00000000-0000-4000-8000-000000000001' event_id"
    )
    write(frame, server)
    (stored,) = server.events()
    assert stored["inputs"] == {"n": 1}
    assert stored["metadata"] == {"cost": 0.5, "model": "m"}
    assert stored["metrics"] == {"accuracy": 1}
    assert stored["children_ids"] == ["a"]
    assert stored["start_time"] == 1_767_323_045_006
    assert stored["duration"] == 5
    assert stored.get("error") is None
    assert stored["event_id"].endswith("1")


def test_a_table_that_was_read_can_be_written_to_another_place(spark: Any, server: LocalServer) -> None:
    events = [event(number, metadata={"a.b": number}) for number in range(50)]
    server.seed(events)
    with LocalServer() as other:
        write(spark.read.format("honeyhive").option("url", server.url).load(), other)
        copied = {one["event_id"]: one for one in other.events()}
    for one in events:
        assert {key: copied[one["event_id"]][key] for key in one} == one


@pytest.mark.parametrize("repost", ["replace", "reject", "merge"])
def test_tasks_that_are_killed_and_run_again_store_nothing_twice(
    spark: Any, server: LocalServer, repost: Any
) -> None:
    server.configure(repost=repost)
    many = scaled(200_000)
    frame = numbered(spark, many).repartition(4)  # rows come in another order when a task runs again
    with workers_killed(lambda: searches(server) > 4) as killed:
        write(frame, server)
    assert len(killed) == 2
    assert numbers(server) == once(many)


def test_answers_that_are_lost_store_nothing_twice(spark: Any, server: LocalServer) -> None:
    for nth in (1, 3):
        server.faults.add("commit_reset", path=BATCH, nth=nth)
    write(numbered(spark, 3000, 2), server)
    assert numbers(server) == once(3000)


def test_a_job_that_is_written_again_with_its_id_stores_nothing_twice(
    spark: Any, server: LocalServer
) -> None:
    for _ in range(2):
        write(numbered(spark, 300), server, jobId="nightly 2026-01-02")
    assert numbers(server) == once(300)
    write(numbered(spark, 300), server)
    assert numbers(server) == Counter(dict.fromkeys(range(300), 2))


def test_refused_events_are_named_and_the_others_stored(spark: Any, server: LocalServer) -> None:
    from pyspark.sql import functions as f

    kind = f.when(f.get_json_object("inputs", "$.n").cast("int") % 10 == 0, "modle").otherwise("tool")
    frame = numbered(spark, 400, 2).withColumn("event_type", kind)
    with pytest.raises(Exception, match="40 of 400 events were refused, the others are stored") as caught:
        write(frame, server)
    assert str(caught.value).count("invalid: ") == 10
    assert sum(numbers(server).values()) == 360
    assert len([one for one in server.requests if one.path == BATCH]) == 2  # no task ran again


def test_a_service_that_is_down_fails_the_job_and_says_so(spark: Any, server: LocalServer) -> None:
    server.faults.add("status", path=BATCH, status=403)
    with pytest.raises(Exception, match="403"):
        write(numbered(spark, 10, 1), server)
    assert server.events() == []


@pytest.mark.parametrize(
    ("mode", "select", "message"),
    [
        ("overwrite", "*", "nothing is overwritten"),
        ("append", "event_type, inputs x", "no field 'x'"),
        ("append", "inputs", "no column event_type"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_sent(
    spark: Any, server: LocalServer, mode: str, select: str, message: str
) -> None:
    frame = numbered(spark, 10).selectExpr(*select.split(", "))
    with pytest.raises(Exception, match=message):
        frame.write.format("honeyhive").mode(mode).option("url", server.url).save()
    assert server.events() == []
