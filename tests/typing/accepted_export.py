"""Code about exporting that type checkers must accept, with the types they must infer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, assert_type

import pandas
import polars

from honeyhive_ext import AsyncHoneyHive, Event, HoneyHive
from honeyhive_ext.export import column_name, read_parquet


def told(done: int, total: int | None) -> None:
    print(done, total)


def export(hh: HoneyHive) -> None:
    result = hh.events.search()
    assert_type(result.to_list(progress=told), list[Event])
    assert_type(result.to_jsonl(Path("events.jsonl"), progress=True), int)
    assert_type(result.to_parquet("events.parquet", compression="gzip", progress=told), int)
    assert_type(result.to_parquet_dataset("events", partition="hour", refresh=timedelta(days=-7)), int)
    assert_type(result.to_dataframe(), pandas.DataFrame)
    assert_type(result.to_dataframe("pandas", flatten=True, times="datetime"), pandas.DataFrame)
    assert_type(result.to_dataframe("polars", flatten=["metadata"], progress=True), polars.DataFrame)
    assert_type(read_parquet("events.parquet"), Iterator[Any])
    assert_type(column_name("metadata", "gen_ai.usage.input_tokens"), str)


async def export_async(hh: AsyncHoneyHive) -> None:
    result = hh.events.search()
    assert_type(await result.to_parquet("events.parquet", progress=told), int)
    assert_type(await result.to_parquet_dataset("events", columns=["metadata.cost"], overlap="6h"), int)
    assert_type(await result.to_dataframe(), pandas.DataFrame)
    assert_type(await result.raw().to_dataframe("polars"), polars.DataFrame)
