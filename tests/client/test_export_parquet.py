"""Exports to Parquet: without loss, with one schema, complete or absent, the same after any interruption."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import polars
import pyarrow
import pyarrow.parquet
import pytest

from honeyhive_ext import AsyncHoneyHive, ConfigError, HoneyHive, QueryError
from honeyhive_ext.export import parquet, read_parquet
from honeyhive_ext.export.arrow import arrow_schema
from honeyhive_ext.export.parquet import ParquetFile
from honeyhive_ext.export.table import columns
from honeyhive_ext.local import LocalServer
from honeyhive_ext.search.cursor import Cursor
from honeyhive_ext.search.query import Query
from tests.client.test_export_jsonl import Stop, searches, settle
from tests.support.misbehaving import Misbehaving, answer
from tests.support.scale import scaled, seed

BASE = 1_767_225_600_000
TRACES = sorted(Path("../shared/data/traces").glob("*.jsonl"))
ODD: list[Any] = [
    {"event_id": "1", "start_time": BASE, "error": None, "inputs": None, "children_ids": ["a"]},
    {"event_id": "2", "start_time": "2026-01-01T00:00:00Z", "duration": True, "event_type": "agent"},
    {
        "event_id": "3",
        "start_time": BASE,
        "event_name": 7,
        "inputs": "text",
        "metadata": ["x"],
        "score": {"a.b": 1},
    },
    {"event_id": "4", "start_time": BASE, "end_time": 2**53 + 1, "unreadable": 1, "null_properties": None},
    {"event_id": "5", "start_time": BASE, "event_name": "half \ud800", "outputs": {"half": "\ud800"}},
    {},
    None,
    "text",
    [1, {"a": None}],
    3,
]


def fill(server: LocalServer, number: int) -> None:
    server.seed(
        {"event_type": "tool", "inputs": {"n": n}, "start_time": BASE + 10 * (n // 3)} for n in range(number)
    )


def numbers(path: Path) -> list[int]:
    return [event["inputs"]["n"] for event in read_parquet(path)]


def page(events: list[Any]) -> Misbehaving:
    """A server that answers every search with these events."""
    return Misbehaving(then=lambda _: answer(200, json.dumps({"events": events, "count": len(events)})))


def stop(done: int, total: int | None) -> None:
    if done:
        raise Stop


@pytest.mark.skipif(not TRACES, reason="needs ../shared/data/traces")
def test_real_traces_come_back_equal_to_raw(hh: HoneyHive, server: LocalServer, tmp_path: Path) -> None:
    lines = [line for trace in TRACES for line in trace.read_text(encoding="utf-8").splitlines()]
    server.seed(map(json.loads, lines))
    path = tmp_path / "deep" / "events.parquet"
    told: list[tuple[int, int | None]] = []
    written = hh.events.search(page_size=20).to_parquet(path, progress=lambda *now: told.append(now))
    raw = hh.events.search().raw().to_list()
    assert written == len(raw) > 100
    assert list(read_parquet(path)) == raw
    assert [one.name for one in path.parent.iterdir()] == ["events.parquet"]
    assert told[-1] == (written, None)
    assert hh.events.search().to_jsonl(tmp_path / "events.jsonl") == written
    assert list(map(json.loads, (tmp_path / "events.jsonl").read_bytes().splitlines())) == raw


def test_unusual_events_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    with page(ODD) as server, HoneyHive(api_key="hh_x", base_url=server.url) as hh:
        assert hh.events.search().to_parquet(path) == len(ODD)
    assert list(read_parquet(path)) == ODD


def test_nan_and_infinity_are_kept(tmp_path: Path) -> None:
    odd = [{"event_id": "1", "metrics": {"a": float("nan"), "b": None}, "duration": float("inf")}]
    path = tmp_path / "events.parquet"
    with page(odd) as server, HoneyHive(api_key="hh_x", base_url=server.url) as hh:
        assert hh.events.search().to_parquet(path) == 1
    assert repr(list(read_parquet(path))) == repr([{"event_id": "1", "duration": float("inf"), **odd[0]}])


def test_the_schema_is_the_same_whatever_the_events_are(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    assert hh.events.search().to_parquet(tmp_path / "empty.parquet") == 0
    fill(server, 5)
    assert hh.events.search(limit=3).to_parquet(str(tmp_path / "few.parquet")) == 3
    with page(ODD) as odd, HoneyHive(api_key="hh_x", base_url=odd.url) as other:
        other.events.search().to_parquet(tmp_path / "odd.parquet")
    schemas = [pyarrow.parquet.read_schema(one) for one in sorted(tmp_path.iterdir())]
    assert len(schemas) == 3
    assert all(schema.equals(arrow_schema()) for schema in schemas)
    assert schemas[0].names == [column.name for column in columns()]
    assert schemas[0].field("start_time").type == pyarrow.float64()
    assert schemas[0].field("inputs").type == pyarrow.string()


def test_the_file_is_read_by_other_libraries(hh: HoneyHive, server: LocalServer, tmp_path: Path) -> None:
    fill(server, 9)
    path = tmp_path / "events.parquet"
    hh.events.search().to_parquet(path, compression="snappy")
    frame = polars.read_parquet(path)
    found = frame.filter(polars.col("start_time") == BASE)["inputs"].str.json_path_match("$.n")
    assert sorted(found.to_list()) == ["0", "1", "2"]
    with pyarrow.parquet.ParquetFile(path) as file:
        assert file.metadata.row_group(0).column(0).compression == "SNAPPY"


def test_the_async_twin_writes_the_same(hh: HoneyHive, server: LocalServer, tmp_path: Path) -> None:
    fill(server, 50)

    async def main() -> int:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            return await ahh.events.search(page_size=20).to_parquet(tmp_path / "async.parquet")

    assert asyncio.run(main()) == 50
    hh.events.search(page_size=20).to_parquet(tmp_path / "sync.parquet")
    assert (tmp_path / "async.parquet").read_bytes() == (tmp_path / "sync.parquet").read_bytes()


def test_parallel_requests_write_the_same_events_in_the_same_order(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 300)
    path = tmp_path / "events.parquet"
    assert hh.events.search(page_size=20, parallel=4).to_parquet(path) == 300
    times = [event["start_time"] for event in read_parquet(path)]
    assert times == sorted(times, reverse=True)
    assert sorted(numbers(path)) == list(range(300))


@pytest.mark.parametrize("pages", [1, 3])
def test_an_interrupted_export_resumes_and_fetches_at_most_one_page_again(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, pages: int
) -> None:
    fill(server, 100)
    path = tmp_path / "events.parquet"

    def later(done: int, total: int | None) -> None:
        if done > 20 * (pages - 1):
            raise Stop

    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_parquet(path, progress=later)
    assert not path.exists()
    settle()
    before = searches(server)
    with path.with_name("events.parquet.part").open("ab") as part:
        part.write(b"half a record batch")
    assert hh.events.search(page_size=20).to_parquet(path) == 100
    assert sorted(numbers(path)) == list(range(100))
    assert searches(server) - before <= 7 - pages
    assert [one.name for one in tmp_path.iterdir()] == ["events.parquet"]


def test_a_cancelled_export_resumes(server: LocalServer, tmp_path: Path) -> None:
    fill(server, 100)
    path = tmp_path / "events.parquet"

    async def main() -> None:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            arrived = asyncio.Event()

            def told(done: int, total: int | None) -> None:
                arrived.set()

            running = asyncio.create_task(ahh.events.search(page_size=10).to_parquet(path, progress=told))
            await arrived.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert not path.exists()
            assert await ahh.events.search(page_size=10).to_parquet(path) == 100

    asyncio.run(main())
    assert sorted(numbers(path)) == list(range(100))


def test_an_error_while_the_file_is_finished_leaves_the_old_file_and_costs_no_request(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server, 100)
    path = tmp_path / "events.parquet"
    path.write_bytes(b"the last one")
    monkeypatch.setattr(parquet, "GROUP_ROWS", 20)
    write = pyarrow.parquet.ParquetWriter.write_table
    written = itertools.count(1)

    def fail_at_the_second(self: Any, *args: Any, **options: Any) -> None:
        if next(written) == 2:
            raise Stop
        write(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pyarrow.parquet.ParquetWriter, "write_table", fail_at_the_second)
        with pytest.raises(Stop):
            hh.events.search(page_size=20).to_parquet(path)
    assert path.read_bytes() == b"the last one"
    before = searches(server)
    assert hh.events.search(page_size=20).to_parquet(path) == 100
    assert searches(server) == before
    assert sorted(numbers(path)) == list(range(100))
    assert [one.name for one in tmp_path.iterdir()] == ["events.parquet"]
    with pyarrow.parquet.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert len(sizes) > 2
    assert min(sizes[:-1]) >= 20


def test_the_events_of_another_search_or_form_are_not_mixed_in(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 60)
    path = tmp_path / "events"
    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_jsonl(path, progress=stop)
    with pytest.raises(QueryError, match=r"in another form: delete .*events\.checkpoint"):
        hh.events.search(page_size=20).to_parquet(path)
    assert hh.events.search(page_size=20).to_jsonl(path) == 60
    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_parquet(path, progress=stop)
    with pytest.raises(QueryError, match="start again"):
        hh.events.search(start=BASE).to_parquet(path)
    assert hh.events.search(page_size=20).to_parquet(path) == 60


def test_a_missing_pyarrow_raises_before_anything_is_fetched_or_written(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r'pip install "honeyhive-ext\[export\]"'):
        hh.events.search().to_parquet(tmp_path / "deep" / "events.parquet")
    assert list(tmp_path.iterdir()) == []
    assert searches(server) == 0


def test_an_unknown_compression_raises_before_anything_is_fetched(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="compression is 'zip': give"):
        hh.events.search().to_parquet(tmp_path / "events.parquet", compression="zip")
    assert searches(server) == 0
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1 << 20)
    pool = pyarrow.default_memory_pool()
    rng = random.Random(seed())
    held: list[int] = []
    write = pyarrow.parquet.ParquetWriter.write_table

    def watched(self: Any, *args: Any, **options: Any) -> None:
        held.append(pool.bytes_allocated())
        write(self, *args, **options)

    monkeypatch.setattr(pyarrow.parquet.ParquetWriter, "write_table", watched)

    def export(pages: int) -> tuple[int, int, int]:
        held.clear()
        before = pool.bytes_allocated()
        tracemalloc.start()
        with ParquetFile(tmp_path / "events.parquet", Query()) as file:
            file.begin(None)
            for _ in range(pages):
                texts = [
                    json.dumps({"event_id": str(n), "inputs": {"text": rng.randbytes(500).hex()}}).encode()
                    for n in range(200)
                ]
                file.write(texts, Cursor(Query(), None).checkpoint())
            assert file.complete() == 200 * pages
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak, max(held) - before, len(held)

    few_python, few_arrow, few_groups = export(10)
    many_python, many_arrow, many_groups = export(60)
    assert many_groups > 4 * few_groups
    assert many_python < 1.5 * few_python
    assert many_arrow < 2 * few_arrow


def test_an_export_that_is_killed_again_and_again_gives_the_same_set(
    server: LocalServer, tmp_path: Path
) -> None:
    events = scaled(40_000, 2_000)
    fill(server, events)
    rng, path = random.Random(seed()), tmp_path / "events.parquet"
    command = [sys.executable, "-m", "tests.support.exporter", server.url, str(path), "to_parquet"]
    for _ in range(scaled(60, 3)):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(rng.randint(1, 5)):
                if not process.stdout.readline():
                    break
            process.kill()
        if path.exists():
            break
    subprocess.run(command, check=True, capture_output=True)
    assert sorted(numbers(path)) == list(range(events))
    assert [one.name for one in tmp_path.iterdir()] == ["events.parquet"]


def test_an_export_that_is_killed_while_it_writes_row_groups_leaves_no_partial_file(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 100)
    path = tmp_path / "events.parquet"
    program = """
import os, signal, sys
import pyarrow.parquet
from honeyhive_ext import HoneyHive
from honeyhive_ext.export import parquet
parquet.GROUP_ROWS = 20
write = pyarrow.parquet.ParquetWriter.write_table
def killed(self, *args, **options):
    write(self, *args, **options)
    os.kill(os.getpid(), signal.SIGKILL)
pyarrow.parquet.ParquetWriter.write_table = killed
with HoneyHive(api_key="hh_x", base_url=sys.argv[1]) as hh:
    hh.events.search(page_size=20).to_parquet(sys.argv[2])
"""
    done = subprocess.run([sys.executable, "-c", program, server.url, str(path)], check=False)
    assert done.returncode == -9
    assert not path.exists()
    before = searches(server)
    assert hh.events.search(page_size=20).to_parquet(path) == 100
    assert searches(server) == before
    assert sorted(numbers(path)) == list(range(100))
    assert [one.name for one in tmp_path.iterdir()] == ["events.parquet"]
