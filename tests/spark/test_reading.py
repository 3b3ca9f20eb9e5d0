"""`spark.read.format("honeyhive")`: each event once, whatever happens meanwhile, and no key anywhere."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from typing import Any

import pytest

from honeyhive_ext import HoneyHive
from honeyhive_ext.export import read_parquet
from honeyhive_ext.export.table import columns
from honeyhive_ext.local import LocalServer
from tests.support.scale import scaled
from tests.support.spark_tasks import BEGIN, SEARCH, counted, event, event_id, searches, workers_killed


def table(spark: Any, server: LocalServer, **options: Any) -> Any:
    return spark.read.format("honeyhive").options(url=server.url, **options).load()


def once(numbers: Any) -> Counter[int]:
    return Counter(dict.fromkeys(numbers, 1))


def test_the_table_has_the_columns_and_the_values_of_a_parquet_file(
    spark: Any, server: LocalServer, hh: HoneyHive, tmp_path: Any
) -> None:
    odd = {"metadata": {"a.b": [1, None], "é": "\U0001f41d"}, "error": None, "end_time": BEGIN + 0.25}
    server.seed(
        [event(1), event(2, None, **odd), {"event_id": event_id(3), "event_type": "model", "inputs": {}}]
    )
    hh.events.search().to_parquet(tmp_path / "file.parquet")
    rows = table(spark, server).orderBy("event_id").collect()
    parquet = spark.read.parquet(str(tmp_path / "file.parquet")).orderBy("event_id").collect()
    assert rows == parquet
    assert [*rows[0].asDict()] == [column.name for column in columns()]
    assert len([*read_parquet(tmp_path / "file.parquet")]) == 3


def test_a_set_of_parquet_files_is_read_by_spark_with_its_partitions(
    spark: Any, server: LocalServer, hh: HoneyHive, tmp_path: Any
) -> None:
    day = 86_400_000
    server.seed(event(number, BEGIN + day * (number % 3) + number) for number in range(90))
    assert (
        hh.events.search(start=BEGIN).to_parquet_dataset(tmp_path / "set", columns=["inputs.n:integer"]) == 90
    )
    frame = spark.read.parquet(str(tmp_path / "set"))
    assert counted(frame.collect()) == once(range(90))
    days = frame.groupBy("date").count().orderBy("date").collect()
    assert [(str(row["date"]), row["count"]) for row in days] == [(f"2026-01-0{n}", 30) for n in (1, 2, 3)]
    assert frame.agg({"`inputs.n`": "sum"}).collect()[0][0] == sum(range(90))


def test_each_event_comes_once_in_as_many_partitions_as_were_asked_for(
    spark: Any, server: LocalServer
) -> None:
    server.seed(event(number, BEGIN + number // 5) for number in range(900))
    server.seed(
        {"event_id": event_id(number), "event_type": "tool", "inputs": {}} for number in range(900, 930)
    )
    frame = table(spark, server, numPartitions=4, pageSize=50, columns="event_id")
    assert frame.rdd.getNumPartitions() == 4
    parts = frame.rdd.glom().collect()
    assert counted(itertools.chain(*parts)) == once(range(930))
    assert min(map(len, parts)) > 200


def test_columns_may_be_values_inside_objects(spark: Any, server: LocalServer) -> None:
    server.seed([event(1, metadata={"cost": 1, "n": 5, "ok": True, "tags": ["a"]}), event(2)])
    named = "event_id, metadata.cost:number, metadata.n:integer, metadata.ok:boolean, metadata.tags:json"
    frame = table(spark, server, columns=named)
    assert frame.dtypes == [
        ("event_id", "string"),
        ("metadata.cost", "double"),
        ("metadata.n", "bigint"),
        ("metadata.ok", "boolean"),
        ("metadata.tags", "string"),
    ]
    first, second = frame.orderBy("event_id").collect()
    assert tuple(first)[1:] == (1.0, 5, True, '["a"]')
    assert tuple(second)[1:] == (None, None, None, None)


def test_a_range_filters_and_sql(spark: Any, server: LocalServer) -> None:
    server.seed(event(number) for number in range(60))
    spark.sql(
        f"CREATE OR REPLACE TEMPORARY VIEW steps USING honeyhive OPTIONS (url '{server.url}', "
        f"START '{BEGIN + 100}', End '{BEGIN + 499}', filters 'event_name == \"step 3\"')"
    )
    rows = spark.sql("SELECT event_id FROM steps").collect()
    assert counted(rows) == once(number for number in range(10, 50) if number % 7 == 3)


CONDITIONS = [
    "event_type = 'model'",
    "event_type <> 'model'",
    "event_type in ('model', 'tool')",
    "error is null",
    "error is not null",
    "error like '%slow%'",
    "error like 'slow%'",
    "not error like '%slow%'",
    "event_name <=> null",
    "duration > 5",
    "duration >= 5.0",
    "duration <= 5",
    "duration < 1e300",
    "not duration > 5",
    f"start_time > {BEGIN + 55}",
    f"start_time >= {BEGIN + 50} and start_time < {BEGIN + 200}",
    f"start_time = {BEGIN + 50}",
    "start_time is null",
    "start_time is not null and event_type = 'tool'",
    "`metadata.cost` = 1",
    "`metadata.cost` > 0.5 and `metadata.tag` = 'x'",
    "`metadata.tag` <> 'x'",
    "`metadata.ok`",
    "not `metadata.ok`",
    "session_id = '00000000-0000-4000-8000-00000000AAAA'",
    "session_id <> '00000000-0000-4000-8000-00000000AAAA'",
    "event_type = 'model' or duration > 5",
    "length(event_name) > 2 and event_type = 'tool'",
    "metadata like '%cost%'",
]


def test_conditions_keep_the_rows_that_spark_alone_would_keep(spark: Any, server: LocalServer) -> None:
    names, costs, tags, oks = (
        ["a", "", "slow", "Slow one", None],
        [1, 0.6, "1"],
        ["x", ["x"], None],
        [True, 0],
    )
    events: list[dict[str, Any]] = []
    for number, (name, cost, tag, ok) in enumerate(itertools.product(names, costs, tags, oks)):
        made = event(number, event_name=name or "b", error=name, session_id=event_id(0)[:-4] + "aaaa")
        made |= {"event_type": ["model", "tool", "chain"][number % 3], "duration": [5, 5.5, 0][number % 3]}
        events.append({**made, "metadata": {"cost": cost, "tag": tag, "ok": ok}})
    events += [{"event_id": event_id(900), "event_type": "tool", "inputs": {}}]
    server.configure(missing="exclude")
    server.seed(events)
    named = "*, metadata.cost:number, metadata.tag:string, metadata.ok:boolean"
    frame = table(spark, server, columns=named)
    plain = spark.createDataFrame(frame.collect(), frame.schema)
    kept = plain.selectExpr("event_id", *(f"({one}) AS c{at}" for at, one in enumerate(CONDITIONS))).collect()
    differing = {}
    for at, condition in enumerate(CONDITIONS):
        found = counted(frame.where(condition).select("event_id").collect())
        if found != counted(row for row in kept if row[f"c{at}"]):
            differing[condition] = found
    assert differing == {}


def test_the_service_is_asked_for_less_where_it_can_be(spark: Any, server: LocalServer) -> None:
    server.seed(event(number, event_type="model" if number < 5 else "tool") for number in range(300))
    assert table(spark, server).where(f"event_type = 'model' and start_time >= {BEGIN + 20}").count() == 3
    bodies = [one.body for one in server.requests if one.path == SEARCH]
    assert all(b'"event_type"' in body and b"2026-01-01T00:00:00.0" in body for body in bodies)


def test_a_limit_does_not_read_everything(spark: Any, server: LocalServer) -> None:
    server.seed(event(number) for number in range(3000))
    assert len(table(spark, server, pageSize=10, numPartitions=2).limit(5).collect()) == 5
    assert searches(server) < 100
    server.take_late()  # the task that the limit ended may have had a request in flight


def test_the_key_is_in_no_plan_and_no_error_and_is_refused_as_an_option(
    spark: Any, server: LocalServer
) -> None:
    server.seed([event(1)])
    frame = table(spark, server)
    plans = frame._jdf.queryExecution().toString() + frame.rdd.toDebugString().decode()
    assert "very_secret" not in plans + repr(frame)
    with pytest.raises(Exception, match="HH_API_KEY") as caught:
        table(spark, server, apiKey="hh_another_secret").collect()
    assert "another_secret" not in str(caught.value)
    server.faults.add("status", path=SEARCH, status=401)
    with pytest.raises(Exception, match="AuthenticationError") as refused:
        frame.collect()
    assert "very_secret" not in str(refused.value)


def test_readers_and_writers_are_pickled_without_a_client_or_a_key(spark: Any, monkeypatch: Any) -> None:
    from pyspark.cloudpickle import dumps, loads
    from pyspark.sql.datasource import EqualTo, In

    from honeyhive_ext.engines.spark import HoneyHiveDataSource

    monkeypatch.setenv("HH_API_KEY", "hh_spark_very_secret")
    monkeypatch.setenv("HH_API_URL", "http://127.0.0.1:9")
    source = HoneyHiveDataSource({"columns": "event_id, event_type"})
    reader = source.reader(source.schema())
    given = [EqualTo(("event_type",), "model"), In(("event_type",), ("model", "tool"))]
    assert all(one is other for one, other in zip(reader.pushFilters(given), given, strict=True))
    for one in (source, reader, source.streamReader(source.schema()), source.writer(source.schema(), False)):
        assert b"very_secret" not in dumps(one)
        assert "very_secret" not in repr(one) + repr(vars(one))
        assert type(loads(dumps(one))) is type(one)
    monkeypatch.delenv("HH_API_URL")
    assert loads(dumps(reader))._asked.url == "http://127.0.0.1:9"  # not that of the worker's environment


def test_a_schema_of_the_user_is_refused_with_what_to_write(spark: Any, server: LocalServer) -> None:
    with pytest.raises(Exception, match="option columns"):
        spark.read.format("honeyhive").schema("event_id string").option("url", server.url).load().collect()


def test_the_rate_is_kept_by_all_tasks_together(spark: Any, server: LocalServer) -> None:
    server.seed(event(number) for number in range(80))
    frame = table(spark, server, numPartitions=2, pageSize=10, requestsPerSecond=40, start=str(BEGIN))
    assert frame.count() == 80
    times = [one.time for one in server.requests if one.path == SEARCH]
    assert (
        max(times) - min(times) >= (len(times) - 3) * 25
    )  # ms; the first of the plan and of both tasks do not wait


def test_every_event_comes_once_while_others_arrive_and_two_tasks_are_killed(
    spark: Any, server: LocalServer
) -> None:
    many = scaled(1_000_000)
    lines = (event(number, BEGIN + number) for number in range(many))
    while batch := [*itertools.islice(lines, 50_000)]:
        server.seed(batch)
    over = threading.Event()

    def arrive() -> None:
        number = many
        while not over.wait(0.01):
            server.seed(event(number + at, BEGIN + (number + at) % many) for at in range(20))
            number += 20

    arriving = threading.Thread(target=arrive)
    frame = table(spark, server, numPartitions=4, columns="event_id", start=str(BEGIN))
    before = searches(server)
    arriving.start()
    try:
        with workers_killed(lambda: searches(server) > before + 12) as killed:
            found = Counter(int(text[-12:]) for text in frame.toArrow()["event_id"].to_pylist())
    finally:
        over.set()
        arriving.join()
    assert len(killed) == 2
    assert sum(found[number] == 1 for number in range(many)) == many
    assert max(found.values()) == 1
