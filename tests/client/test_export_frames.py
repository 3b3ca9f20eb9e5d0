"""Search results as data frames of pandas and polars, and progress of every form."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas
import polars
import pytest

from honeyhive_ext import AsyncHoneyHive, ConfigError, HoneyHive
from honeyhive_ext.export import column_name
from honeyhive_ext.export.frames import FrameMaker
from honeyhive_ext.export.table import EXTRA_COLUMNS, columns
from honeyhive_ext.local import LocalServer
from honeyhive_ext.search.query import Query
from tests.client.test_export_parquet import ODD

BASE = 1_767_225_600_000
TRACES = sorted(Path("../shared/data/traces").glob("*.jsonl"))
NAMES = [column.name for column in columns()]
NESTED = [column.name for column in columns() if column.kind == "json"]


def made(library: str, events: list[Any], **options: Any) -> Any:
    with FrameMaker(library, Query(), **options) as maker:
        maker.add(events[:2])
        maker.add(events[2:])
        return maker.make()


def cell(value: Any) -> Any:
    """A cell as a Python value, None if it is empty."""
    return None if value is pandas.NA or (isinstance(value, float) and math.isnan(value)) else value


def fill(server: LocalServer, number: int) -> None:
    server.seed(
        {"event_type": "tool", "inputs": {"n": n}, "start_time": BASE + n + 0.5} for n in range(number)
    )


@pytest.mark.skipif(not TRACES, reason="needs ../shared/data/traces")
@pytest.mark.parametrize("flatten", [False, True])
def test_real_traces_are_in_the_frame(hh: HoneyHive, server: LocalServer, flatten: bool) -> None:
    lines = [line for trace in TRACES for line in trace.read_text(encoding="utf-8").splitlines()]
    server.seed(map(json.loads, lines))
    raw = hh.events.search().raw().to_list()
    frame = hh.events.search(page_size=20).to_dataframe("pandas", flatten=flatten)
    other = hh.events.search(page_size=20).to_dataframe("polars", flatten=flatten)
    assert len(frame) == len(other) == len(raw) > 100
    assert list(frame.columns) == other.columns

    def check(row: int, path: tuple[str, ...], wanted: Any) -> None:
        name = column_name(*path)
        if wanted is None:
            assert (cell(frame[name].iloc[row]), other[name][row]) == (None, None)
            return
        assert cell(frame[name].iloc[row]) == wanted, name
        read = other[name][row]
        assert read == wanted or json.loads(read) == wanted, name

    def compare(row: int, path: tuple[str, ...], value: Any) -> None:
        if flatten and isinstance(value, dict) and value:
            for key, inner in value.items():
                compare(row, (*path, key), inner)
        elif value is not None or path in {(name,) for name in NAMES if name not in NESTED}:
            check(row, path, value)

    for row, event in enumerate(raw):
        for key, value in event.items():
            if key in NAMES:
                compare(row, (key,), value)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_an_empty_frame_has_typed_columns(hh: HoneyHive, library: str) -> None:
    frame: Any = hh.events.search().to_dataframe(library)
    assert list(frame.columns) == NAMES
    assert len(frame) == 0
    found = {name: str(frame[name].dtype) for name in ("event_type", "start_time", "inputs", "unreadable")}
    if library == "pandas":
        wanted = {"event_type": "string", "start_time": "float64", "inputs": "object", "unreadable": "string"}
    else:
        wanted = {"event_type": "String", "start_time": "Float64", "inputs": "String", "unreadable": "String"}
    assert found == wanted
    flat: Any = hh.events.search().to_dataframe(library, flatten=True, times="datetime")
    assert list(flat.columns) == [name for name in NAMES if name not in NESTED]
    assert "us" in str(flat["start_time"].dtype)
    assert "UTC" in str(flat["start_time"].dtype)


def test_nested_values_are_objects_in_pandas_and_json_text_in_polars(
    hh: HoneyHive, server: LocalServer
) -> None:
    fill(server, 3)
    frame = hh.events.search().to_dataframe()
    assert frame["inputs"].tolist() == [{"n": 2}, {"n": 1}, {"n": 0}]
    assert frame["start_time"].tolist() == [BASE + 2.5, BASE + 1.5, BASE + 0.5]
    other = hh.events.search().to_dataframe("polars")
    assert other["inputs"].to_list() == ['{"n":2}', '{"n":1}', '{"n":0}']


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_times_are_datetimes_on_request(hh: HoneyHive, server: LocalServer, library: str) -> None:
    fill(server, 2)
    frame: Any = hh.events.search().to_dataframe(library, times="datetime")
    newest = frame["start_time"][0]
    assert newest == datetime(2026, 1, 1, 0, 0, 0, 1500, tzinfo=UTC)
    far = [{"start_time": 1e300, "error": 5}, {"start_time": math.inf}, {"start_time": -62_135_596_800_000}]
    frame = made(library, far, times="datetime")
    assert [json.loads(cell(text) or "{}") for text in frame["unreadable"]] == [
        {"error": 5, "start_time": 1e300},
        {"start_time": math.inf},
        {},
    ]
    assert frame["start_time"][2].year == 1


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("flatten", [False, True])
def test_unusual_events_are_rows_without_loss(library: str, flatten: bool) -> None:
    frame = made(library, ODD, flatten=flatten)
    assert len(frame) == len(ODD)
    unreadable = [cell(text) for text in frame["unreadable"]]
    assert json.loads(unreadable[1]) == {"start_time": "2026-01-01T00:00:00Z", "duration": True}
    assert [json.loads(text) for text in unreadable[6:]] == ODD[6:]
    assert json.loads(frame["null_properties"][0]) == ["inputs", "error"]
    if flatten:
        assert frame['additional_properties.score."a.b"'][2] == 1
    elif library == "pandas":
        assert frame["additional_properties"][2] == {"score": {"a.b": 1}}
    else:
        assert json.loads(frame["additional_properties"][2]) == {"score": {"a.b": 1}}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_dotted_columns_do_not_collide_and_take_the_type_of_their_values(library: str) -> None:
    events = [
        {"metadata": {"a.b": 1, "a": {"b": 2}, "cost": 1, "ok": True, "tags": ["x"], "none": None}},
        {"metadata": {"a": 7, "cost": 0.5, "mixed": 1, "name": "n", "big": 2**64}, "inputs": {}},
        {"metadata": {"mixed": "one", "big": 1}},
    ]
    frame = made(library, events, flatten=["metadata"])
    inner = [name for name in frame.columns if name.startswith("metadata")]
    assert inner == [
        'metadata."a.b"',
        "metadata.a",
        "metadata.a.b",
        "metadata.big",
        "metadata.cost",
        "metadata.mixed",
        "metadata.name",
        "metadata.ok",
        "metadata.tags",
    ]
    types = [str(frame[name].dtype) for name in inner]
    if library == "pandas":
        whole, text, flag, nested = "Int64", "string", "boolean", "object"
        assert frame["metadata.big"].tolist() == [None, 2**64, 1]
        assert frame["metadata.mixed"].tolist() == [None, 1, "one"]
    else:
        whole, text, flag, nested = "Int64", "String", "Boolean", "String"
        assert frame["metadata.big"].to_list() == [None, str(2**64), "1"]
        assert frame["metadata.mixed"].to_list() == [None, "1", '"one"']
    assert [kind.lower() for kind in types] == [
        kind.lower() for kind in (whole, whole, whole, nested, "float64", nested, text, flag, nested)
    ]
    assert [cell(value) for value in frame["metadata.cost"]] == [1, 0.5, None]
    assert "inputs" in frame.columns
    assert "metadata" not in frame.columns


def test_the_columns_to_flatten_are_those_that_hold_nested_values() -> None:
    assert list(made("pandas", [{"metadata": {"x": 1}}], flatten="metadata")["metadata.x"]) == [1]
    with pytest.raises(ConfigError, match="did you mean 'metadata'"):
        made("pandas", [], flatten=["metdata"])
    with pytest.raises(ConfigError, match="'start_time' is not a column with nested values"):
        made("pandas", [], flatten="start_time")


def test_impossible_arguments_raise_before_anything_is_fetched(
    hh: HoneyHive, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    result: Any = hh.events.search()
    with pytest.raises(ConfigError, match='give "pandas" or "polars"'):
        result.to_dataframe("dask")
    with pytest.raises(ConfigError, match='give "ms" or "datetime"'):
        result.to_dataframe(times="s")
    for library in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(ConfigError, match=rf'pip install "honeyhive-ext\[{library}\]"'):
            result.to_dataframe(library)
    assert not server.requests


def test_the_async_twin_makes_the_same_frames(hh: HoneyHive, server: LocalServer) -> None:
    fill(server, 50)
    told: list[tuple[int, int | None]] = []

    async def main() -> tuple[pandas.DataFrame, polars.DataFrame]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            result = ahh.events.search(page_size=20)
            return (
                await result.to_dataframe(flatten=True, progress=lambda *now: told.append(now)),
                await result.to_dataframe("polars"),
            )

    one, other = asyncio.run(main())
    pandas.testing.assert_frame_equal(one, hh.events.search().to_dataframe(flatten=True))
    assert other.equals(hh.events.search().to_dataframe("polars"))
    assert told[-1] == (50, None)
    assert len(told) > 1


def test_every_form_reports_its_progress(hh: HoneyHive, server: LocalServer, tmp_path: Path) -> None:
    fill(server, 50)
    result = hh.events.search(page_size=20, limit=45)
    told: dict[str, list[tuple[int, int | None]]] = {name: [] for name in ("list", "pandas", "polars")}
    events = result.to_list(progress=lambda *now: told["list"].append(now))
    result.to_dataframe(progress=lambda *now: told["pandas"].append(now))
    result.to_dataframe("polars", progress=lambda *now: told["polars"].append(now))
    assert len(events) == 45
    for name, calls in told.items():
        assert calls[-1] == (45, 45), name
        assert calls == sorted(set(calls)), name


def test_a_bar_is_drawn_and_closed(
    hh: HoneyHive, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(server, 5)
    assert len(hh.events.search().to_list(progress=True)) == 5
    assert len(hh.events.search().to_dataframe(progress=True)) == 5
    assert capsys.readouterr().err.count("5.00event") >= 2


def test_importing_and_searching_load_no_library_of_tables(server: LocalServer) -> None:
    program = """
import sys
from honeyhive_ext import AsyncSearchResult, HoneyHive, SearchResult
with HoneyHive(api_key="hh_x", base_url=sys.argv[1]) as hh:
    hh.events.search().raw().to_list()
print(sorted({"pandas", "polars", "pyarrow", "numpy", "tqdm", "honeyhive_ext.export"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, server.url], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_columns_are_the_names_of_the_document_and_three_more() -> None:
    assert tuple(NAMES[-3:]) == EXTRA_COLUMNS
    assert len(set(NAMES)) == len(NAMES)


MIXED = [
    {
        "outputs": {"content": "text"},
        "metadata": {"cost": 1, "list": [1], "deep": {"a": 1}},
        "children_ids": [],
    },
    {
        "outputs": {"content": [{"type": "text"}]},
        "metadata": {"cost": 0.5, "big": 2**70, "deep": {}, "list": []},
    },
    {"outputs": {"content": {"type": "text"}}, "metrics": {"ok": True, "score": "high"}, "error": None},
    {"outputs": {"content": 7}, "metrics": {"ok": 1, "score": 0.5}, "metadata": {"list": ["x", 1, None]}},
    {"outputs": None, "inputs": {}, "other": [1, "x"]},
]


@pytest.mark.parametrize("flatten", [False, True, ["outputs"]])
@pytest.mark.parametrize("times", ["ms", "datetime"])
def test_a_frame_of_mixed_cells_can_be_written_and_compared_with_nested_as_json(
    tmp_path: Path, flatten: Any, times: str
) -> None:
    frame = made("pandas", [*MIXED, *ODD], flatten=flatten, times=times, nested="json")
    assert "object" not in {str(kind) for kind in frame.dtypes}
    frame.to_parquet(tmp_path / "x.parquet")
    pandas.testing.assert_frame_equal(pandas.read_parquet(tmp_path / "x.parquet"), frame, check_dtype=False)
    frame.to_feather(tmp_path / "x.feather")
    assert len(frame.drop_duplicates()) <= len(frame)
    other = made("polars", [*MIXED, *ODD], flatten=flatten, times=times)
    for name in other.columns:
        assert list(map(cell, frame[name])) == other[name].to_list() or times == "datetime", name


def test_nested_values_as_json_are_the_values() -> None:
    frame = made("pandas", MIXED, nested="json")
    assert [json.loads(text) for text in frame["outputs"][:4]] == [one["outputs"] for one in MIXED[:4]]
    with pytest.raises(ConfigError, match='nested is \'text\': give "object" or "json"'):
        made("pandas", [], nested="text")
