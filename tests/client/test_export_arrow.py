"""Arrow streams: every library reads them, a search ends with its reader, its errors stay what they are."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import traceback
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest

from honeyhive_ext import (
    AsyncHoneyHive,
    AuthenticationError,
    ConfigError,
    F,
    HoneyHive,
    QueryError,
    ResponseError,
)
from honeyhive_ext.export import read_parquet
from honeyhive_ext.export.arrow import arrow_schema
from honeyhive_ext.export.table import event_of
from honeyhive_ext.local import LocalServer
from tests.client.test_export_jsonl import BASE, fill, searches
from tests.client.test_export_parquet import ODD, page
from tests.support.misbehaving import Misbehaving, answer

KEY = "hh_key_that_shows_nowhere"


def search_threads() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name.startswith("honeyhive-search")}


def searches_end() -> bool:
    """Wait for the threads of searches that are over, of earlier tests too; return whether all end."""
    gc.collect()
    threads = search_threads()
    for one in threads:
        one.join(60)
    return not any(one.is_alive() for one in threads)


def numbers(table: Any) -> list[int]:
    return [json.loads(text)["n"] for text in table["inputs"]]


def failing(pages: int) -> Misbehaving:
    """A server that answers so many pages of two events, then 401 with the key in its message."""
    scripted = []
    for number in range(pages):
        events = [{"event_id": f"{number}.{n}", "start_time": BASE - 10 * (number + n)} for n in (0, 1)]
        scripted.append(answer(200, json.dumps({"events": events, "count": 99})))
    return Misbehaving(*scripted, then=lambda _: answer(401, json.dumps({"message": f"bad key {KEY}"})))


def test_a_reader_has_the_events_with_one_schema(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 50)
    reader = hh.events.search(page_size=20).to_arrow()
    assert isinstance(reader, pyarrow.RecordBatchReader)
    assert reader.schema == arrow_schema()
    table = reader.read_all()
    assert [*map(event_of, table.to_pylist())] == hh.events.search().raw().to_list()
    assert hh.events.search(F.event_type == "model").to_arrow().read_all().schema == arrow_schema()


def test_unusual_events_are_kept_in_a_stream() -> None:
    with page(ODD) as server, HoneyHive(api_key="hh_x", base_url=server.url) as hh:
        table = hh.events.search().to_arrow().read_all()
    assert [*map(event_of, table.to_pylist())] == ODD


WAYS: dict[str, Any] = {
    "pyarrow.table": lambda reader: numbers(pyarrow.table(reader).to_pydict()),
    "polars.DataFrame": lambda reader: numbers(polars.DataFrame(reader)),
    "polars.from_arrow": lambda reader: numbers(polars.from_arrow(reader)),
    "pandas": lambda reader: numbers(reader.read_pandas()),
    "capsule": lambda reader: numbers(pyarrow.RecordBatchReader.from_stream(reader).read_all().to_pydict()),
    "duckdb.from_arrow": lambda reader: numbers(duckdb.from_arrow(reader).to_df()),
    "duckdb.sql": lambda reader: numbers(duckdb.sql("select * from reader").to_df()),
    "dataset": lambda reader: numbers(pyarrow.dataset.Scanner.from_batches(reader).to_table().to_pydict()),
}


@pytest.mark.parametrize("way", WAYS)
def test_libraries_read_the_stream(hh: HoneyHive, server: LocalServer, way: str) -> None:
    fill(server, 50)
    assert sorted(WAYS[way](hh.events.search(page_size=20).to_arrow())) == list(range(50))
    assert searches_end()


def test_pandas_takes_a_stream(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 5)
    assert len(pandas.DataFrame(hh.events.search().to_arrow().read_all().to_pandas())) == 5


def test_duckdb_computes_over_typed_columns_on_its_own_threads(hh: HoneyHive, server: LocalServer) -> None:
    server.seed(
        {"event_type": "model", "inputs": {}, "metadata": {"cost": n / 4, "model": "ab"[n % 2]}}
        for n in range(40)
    )
    reader = hh.events.search(page_size=7).to_arrow(columns="metadata.cost:number,metadata.model")
    connection = duckdb.connect()
    connection.execute("set threads = 4")
    found = connection.execute(
        'select "metadata.model", sum("metadata.cost") from reader group by 1 order by 1'
    ).fetchall()
    assert found == [("a", 95.0), ("b", 100.0)]
    assert reader.schema.names[-2:] == ["metadata.cost", "metadata.model"]


def test_a_reader_is_read_once(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 5)
    reader = hh.events.search().to_arrow()
    assert len(reader.read_all()) == 5
    assert len(reader.read_all()) == 0


def test_batches_come_as_pages_come(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 100)
    reader = hh.events.search(page_size=10).to_arrow()
    assert searches(server) == 0
    assert reader.read_next_batch().num_rows == 10
    settled = searches(server)
    assert settled <= 2
    assert sum(batch.num_rows for batch in reader) == 90


def three_rows(reader: Any) -> int:
    """Let DuckDB find the reader by its name, and stop early. The frame that it looks into keeps it."""
    return len(duckdb.sql("select * from reader limit 3").fetchall())


@pytest.mark.parametrize("way", ["close", "with", "del", "duckdb"])
def test_closing_the_reader_ends_the_search_and_its_thread(
    hh: HoneyHive, server: LocalServer, way: str
) -> None:
    fill(server, 200)
    before = search_threads()  # those of another test may be about to end
    reader: Any = hh.events.search(page_size=10).to_arrow()
    if way == "duckdb":
        assert three_rows(reader) == 3
        del reader
    else:
        assert reader.read_next_batch().num_rows == 10
        assert len(search_threads() - before) == 1
        if way == "close":
            reader.close()
        elif way == "with":
            with reader:
                pass
        else:
            del reader
    assert searches_end()
    sent = searches(server)
    if way in ("close", "with"):
        with pytest.raises(ValueError, match="closed"):
            reader.read_next_batch()
        reader.close()
    assert searches(server) == sent < 20


def test_closing_in_another_thread_while_a_page_is_awaited_ends_the_search() -> None:
    waiting, proceed = threading.Event(), threading.Event()

    def then(_: Any) -> Any:
        waiting.set()
        proceed.wait(60)
        return answer(200, json.dumps({"events": [{"event_id": "1", "start_time": BASE}], "count": 9}))

    got: list[Any] = []

    def read(reader: Any) -> None:
        try:
            got.append(reader.read_next_batch())
        except (ValueError, OSError, StopIteration) as error:
            got.append(error)

    with Misbehaving(then=then) as server, HoneyHive(api_key="hh_x", base_url=server.url) as hh:
        reader = hh.events.search(page_size=1).to_arrow()
        thread = threading.Thread(target=read, args=(reader,))
        thread.start()
        assert waiting.wait(60)
        reader.close()
        proceed.set()
        thread.join(60)
        assert not thread.is_alive()
        assert len(got) == 1
        assert searches_end()


def test_threads_that_share_a_reader_get_each_event_once(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 400)
    reader = hh.events.search(page_size=20).to_arrow()
    with ThreadPoolExecutor(4) as pool:
        running = [
            pool.submit(lambda: [number for batch in reader for number in numbers(batch.to_pydict())])
            for _ in range(4)
        ]
        found = [number for one in running for number in one.result(60)]
    assert sorted(found) == [*range(400)]


@pytest.mark.parametrize("pages", [0, 2])
def test_an_error_of_the_search_comes_out_of_the_reader_as_it_is(pages: int) -> None:
    with failing(pages) as server, HoneyHive(api_key=KEY, base_url=server.url, retry=False) as hh:
        reader = hh.events.search(page_size=2).to_arrow()
        for _ in range(pages):
            assert reader.read_next_batch().num_rows == 2
        for _ in range(2):  # events are missing, so this is not the end
            with pytest.raises(AuthenticationError) as caught:
                reader.read_next_batch()
            assert caught.value.status == 401
            assert KEY not in "".join(traceback.format_exception(caught.value))
        with pytest.raises(AuthenticationError):
            reader.read_all()


CONSUMERS: dict[str, Any] = {
    "duckdb": lambda reader: duckdb.from_arrow(reader).fetchall(),
    "polars": lambda reader: polars.DataFrame(reader),
    "pyarrow.table": lambda reader: pyarrow.table(reader),
    "capsule": lambda reader: pyarrow.RecordBatchReader.from_stream(reader).read_all(),
}


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_a_library_that_reads_the_stream_says_what_went_wrong_without_the_key(consumer: str) -> None:
    with failing(1) as server, HoneyHive(api_key=KEY, base_url=server.url, retry=False) as hh:
        with pytest.raises(Exception, match="401") as caught:
            CONSUMERS[consumer](hh.events.search(page_size=2).to_arrow())
        assert KEY not in f"{caught.value!s}{caught.value!r}"


def test_an_event_that_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    with (
        Misbehaving(then=lambda _: answer(200, '{"events": 5}')) as server,
        HoneyHive(api_key="hh_x", base_url=server.url) as hh,
        pytest.raises(ResponseError),
    ):
        hh.events.search().to_arrow().read_all()


def test_a_missing_pyarrow_raises_before_anything_is_sent(
    hh: HoneyHive, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r'pip install "honeyhive-ext\[export\]"'):
        hh.events.search().to_arrow(columns=["metadata.cost"])
    assert searches(server) == 0


@pytest.mark.parametrize("method", ["to_arrow", "to_parquet"])
def test_a_mistyped_column_raises_before_anything_is_sent(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, method: str
) -> None:
    path = [tmp_path / "events.parquet"] if method == "to_parquet" else []
    with pytest.raises(ConfigError, match=r"did you mean 'metadata\.cost'"):
        getattr(hh.events.search(), method)(*path, columns=["metdata.cost"])
    assert searches(server) == 0
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_stream(hh: HoneyHive, server: LocalServer) -> None:
    def peak(events: int) -> int:
        server.reset()
        server.seed(
            {"event_type": "tool", "inputs": {"text": "x" * 2000}, "start_time": BASE + n}
            for n in range(events)
        )
        tracemalloc.start()
        assert sum(batch.num_rows for batch in hh.events.search(page_size=100).to_arrow()) == events
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(300)
    assert peak(3000) < 2 * peak(300)


def test_the_async_twin_yields_the_same_batches(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 50)

    async def main(*filters: Any) -> list[Any]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            batches = ahh.events.search(*filters, page_size=20).to_arrow(columns=["inputs.n"])
            return [batch async for batch in batches]

    batches = asyncio.run(main())
    assert len(batches) == 3
    assert pyarrow.Table.from_batches(batches) == hh.events.search().to_arrow(columns=["inputs.n"]).read_all()
    (empty,) = asyncio.run(main(F.event_type == "model"))
    assert (empty.num_rows, empty.schema.names) == (0, [*arrow_schema().names, "inputs.n"])


def test_typed_columns_are_in_the_file_and_change_no_event(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    server.seed(
        {"event_type": "tool", "inputs": {"n": n, "a.b": str(n)}, "metadata": {"cost": 1 if n else "free"}}
        for n in range(50)
    )
    path = tmp_path / "events.parquet"
    names = ["inputs.n", 'inputs."a.b"', "metadata.cost:number", "metrics.none"]
    assert hh.events.search(page_size=20).to_parquet(path, columns=names) == 50
    assert list(read_parquet(path)) == hh.events.search().raw().to_list()
    schema = pyarrow.parquet.read_schema(path)
    assert schema.names == [
        *arrow_schema().names,
        "inputs.n",
        'inputs."a.b"',
        "metadata.cost",
        "metrics.none",
    ]
    types = [str(schema.field(name).type) for name in schema.names[-4:]]
    assert types == ["int64", "string", "double", "string"]
    frame = polars.read_parquet(path)
    assert sorted(frame["inputs.n"]) == list(range(50))
    assert sorted(map(int, frame['inputs."a.b"'])) == list(range(50))
    assert frame["metadata.cost"].null_count() == 1
    assert duckdb.sql(f"select max(\"inputs.n\") from '{path}'").fetchall() == [(49,)]


def test_an_interrupted_export_keeps_the_types_it_began_with(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 50)
    path = tmp_path / "events.parquet"

    class Stop(Exception):  # noqa: N818
        pass

    def stop(done: int, total: int | None) -> None:
        if done:
            raise Stop

    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_parquet(path, columns=["inputs.n"], progress=stop)
    server.seed([{"event_type": "tool", "inputs": {"n": "text"}, "start_time": BASE - 1}])
    before = searches(server)
    assert hh.events.search(page_size=20).to_parquet(path, columns=["inputs.n"]) == 51
    assert str(pyarrow.parquet.read_schema(path).field("inputs.n").type) == "int64"
    asked = [one.json() for one in server.requests if one.path == "/v1/events/search"][before:]
    assert "inputs.n" not in str(asked)


def test_an_interrupted_export_with_other_columns_is_not_continued(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server, 50)
    path = tmp_path / "events.parquet"

    def stop(done: int, total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hh.events.search(page_size=20).to_parquet(path, columns={"inputs.n": "integer"}, progress=stop)
    for other in ((), ["inputs.m"], {"inputs.n": "string"}, ["inputs.n", "inputs.m"]):
        with pytest.raises(QueryError, match="in another form"):
            hh.events.search(page_size=20).to_parquet(path, columns=other)
    assert hh.events.search(page_size=20).to_parquet(path, columns="inputs.n:integer") == 50


def test_the_async_export_has_typed_columns(hh: HoneyHive, server: LocalServer, tmp_path: Path) -> None:
    fill(server, 50)

    async def main() -> int:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            search = ahh.events.search(page_size=20)
            return await search.to_parquet(tmp_path / "async.parquet", columns=["inputs.n"])

    assert asyncio.run(main()) == 50
    hh.events.search(page_size=20).to_parquet(tmp_path / "sync.parquet", columns=["inputs.n"])
    assert (tmp_path / "async.parquet").read_bytes() == (tmp_path / "sync.parquet").read_bytes()
