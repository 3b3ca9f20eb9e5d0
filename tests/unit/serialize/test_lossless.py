"""Types that look like others keep their meaning, or are refused with their path."""

from __future__ import annotations

import array
import email.message
import os
from collections import ChainMap, Counter, deque
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx
import multidict
import numpy
import pandas
import polars
import pytest

from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.bounded import bounded
from honeyhive_ext.serialize.dumps import to_json
from honeyhive_ext.serialize.to_builtins import to_builtins
from tests.support.strict import strict


class Lists(dict[str, list[str]]):
    """A dict as werkzeug and django have it: it gives one value of a key, and `lists` gives all."""

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key)[0]

    def getlist(self, key: str) -> list[str]:
        return super().__getitem__(key)

    def lists(self) -> Iterator[tuple[str, list[str]]]:
        return iter(dict.items(self))


class Pairs(Mapping[str, str]):
    """Headers as starlette has them: a key is iterated as often as it is there."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs

    def __getitem__(self, key: str) -> str:
        return next(value for name, value in self.pairs if name == key)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self.pairs])

    def __len__(self) -> int:
        return len(self.pairs)

    def items(self) -> Any:
        return list(self.pairs)


TWICE = [("a", "1"), ("b", "3"), ("a", "2")]


@pytest.mark.parametrize(
    "value",
    [
        httpx.QueryParams(TWICE),
        httpx.Headers(TWICE),
        multidict.MultiDict(TWICE),
        multidict.CIMultiDictProxy(multidict.CIMultiDict(TWICE)),
        Pairs(*TWICE),
        Lists(a=["1", "2"], b=["3"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_key_that_a_mapping_holds_twice_has_the_list_of_its_values(value: Any) -> None:
    for mode in ("raise", "null", "repr"):
        assert to_builtins([value], mode) == [{"a": ["1", "2"], "b": "3"}]  # type: ignore[arg-type]
    assert bounded({"v": value}, "repr") == {"v": {"a": ["1", "2"], "b": "3"}}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (array.array("d", [0.5, 1]), [0.5, 1.0]),
        (deque([1]), [1]),
        (ChainMap({"a": 1}, {"a": 2, "b": 3}), {"a": 1, "b": 3}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (memoryview(b"\x00\xff"), "AP8="),
        (SimpleNamespace(a=[1]), {"a": [1]}),
        (pandas.Timestamp("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
        (pandas.Timedelta(2, "s"), 2000),
        (numpy.datetime64(5, "ns"), "1970-01-01T00:00:00.000000005"),
        (numpy.timedelta64(5, "us"), 0.005),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_type_that_is_like_another_keeps_its_meaning(value: Any, written: Any) -> None:
    assert to_builtins({"v": value}) == {"v": written} == bounded({"v": value}, "repr")


REFUSED: Mapping[str, Any] = {
    "NaT": pandas.NaT,
    "NA": pandas.NA,
    "numpy NaT": numpy.datetime64("NaT", "ms"),
    "numpy NaT of a duration": numpy.timedelta64("NaT", "ms"),
    "numpy months": numpy.timedelta64(5, "M"),
    "numpy number of nothing": numpy.zeros(1, "m8")[0],  # numpy warns of any other way to make one
    "masked": numpy.ma.masked,
    "masked array": numpy.ma.array([1], mask=[True]),
    "array without dimension": numpy.array(1),
    "complex": numpy.complex64(1j),
    "Series": pandas.Series([1]),
    "DataFrame": pandas.DataFrame({"a": [1]}),
    "Index": pandas.Index([1]),
    "polars Series": polars.Series([1]),
    "polars DataFrame": polars.DataFrame({"a": [1]}),
    "numbers as bytes": memoryview(array.array("i", [1])),
    "message": email.message.Message(),
    "Decimal NaN": Decimal("NaN"),
    "Decimal sNaN": Decimal("sNaN"),
    "environment": os.environ,
    "mock": mock.MagicMock(),
    "mock of a dict": mock.MagicMock(spec=dict),
    "exception": ValueError("x"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_without_one_right_encoding_is_refused_with_its_path(name: str) -> None:
    with pytest.raises(EventError) as caught:
        to_json({"a": [0, {"b": REFUSED[name]}]})
    assert caught.value.path == "a[1].b"
    assert strict(to_json({"a": REFUSED[name], "b": 1}, "null")) == {"a": None, "b": 1}
    assert isinstance(strict(to_json({"a": REFUSED[name]}, "repr"))["a"], str)


def test_the_environment_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "canary-7431")
    for value in (os.environ, {os.environ["HOME"]: os.environ}, {"a": [os.environ]}):
        assert "canary" not in to_json({"a": value}, "repr").decode()
        assert "canary" not in str(bounded({"a": value}, "repr"))


def doubled(value: Any, wrap: Any) -> Any:
    for _ in range(100):
        value = wrap(value)
    return value


@pytest.mark.parametrize("mode", ["raise", "null", "repr"])
@pytest.mark.parametrize(
    "value",
    [
        doubled(0, lambda value: [value, value]),
        doubled(0, lambda value: {"a": value, "b": value}),
        doubled(date(2026, 1, 2), lambda value: (value, value)),
        doubled(0, lambda value: SimpleNamespace(a=value, b=value)),
        ["A" * 1_000_000] * 1_000,
        [date(2026, 1, 2), ["A" * 1_000_000] * 1_000],
        [b"A" * 10_000_000] * 100,
    ],
    ids=["lists", "dicts", "tuples", "objects", "text", "text with a date", "bytes"],
)
def test_a_value_that_would_be_written_without_end_is_refused_with_its_place(mode: Any, value: Any) -> None:
    with pytest.raises(EventError, match="more than 1") as caught:
        to_json({"event_type": "tool", "inputs": {"v": value}}, mode)
    assert caught.value.path.startswith("inputs.v")


def test_an_object_that_is_shared_is_written_each_time() -> None:
    shared = {"a": 1}
    assert to_json({"x": [shared] * 3}) == b'{"x":[{"a":1},{"a":1},{"a":1}]}'
