"""Whatever an option is, the error is one of the package: also for a value without a repr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import HoneyHive, HoneyHiveError, RetryPolicy
from honeyhive_ext.config.checks import seconds, whole_number
from honeyhive_ext.local import LocalServer


class NoRepr:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class NoInt(int):
    def __int__(self) -> int:
        raise RuntimeError("no int")


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(3_000):
        value = [value]
    return value


VALUES = [NoRepr(), NoInt(3), deep(), {}, [[]], 5, 2.5]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_an_option_that_cannot_be_used_is_refused_by_the_package(value: Any, tmp_path: Path) -> None:
    with LocalServer() as server, HoneyHive("k", base_url=server.url) as hh:
        hh.events.create("tool")
        calls = (
            lambda: whole_number(value, "n", 1, 2),
            lambda: seconds(value, "s", most=1),
            lambda: RetryPolicy(attempts=value, deadline=-1),
            lambda: hh.events.create_batch([], max_events=value, progress=value),
            lambda: hh.events.search().to_list(progress=value),
            lambda: hh.events.search().to_parquet(tmp_path / "x", compression=value),
            lambda: hh.events.search().to_dataframe(value),
            lambda: hh.events.search().to_dataframe("polars", times=value),
            lambda: hh.events.search().to_dataframe("polars", nested=value),
            lambda: hh.events.search().to_dataframe("polars", flatten=value or [NoRepr()]),
        )
        for call in calls:
            with pytest.raises(HoneyHiveError):
                call()
