"""JSON of a service, read fast where it is JSON and at all where it nearly is."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from typing import Any

import pytest

from honeyhive_ext.search.pages.json import loads, parsed


@pytest.fixture(params=[True, False])
def collecting(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("content", [b'{"a":1}', b"{", b'{"a":NaN}'])
def test_the_garbage_collector_is_as_it_was(content: bytes, collecting: bool) -> None:
    try:
        loads(content)
    except ValueError:
        assert content == b"{"
    assert gc.isenabled() is collecting


def test_what_is_json_is_read_by_the_fast_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(content: Any) -> Any:
        raise AssertionError(content)

    monkeypatch.setattr(json, "loads", slow)
    content = b'{"a":[1,"\xc3\xa9"]}'
    assert loads(content) == parsed(content) == {"a": [1, "é"]}


def test_what_is_nearly_json_is_read_too() -> None:
    found: Any = loads(b'{"a":NaN,"b":-Infinity,"c":"\\ud800","d":1}')
    assert (found["a"] != found["a"], found["b"], found["c"], found["d"]) == (
        True,
        -float("inf"),
        "\ud800",
        1,
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b'{"a":1}', {"a": 1}),
        (b'{"a":-Infinity}', {"a": -float("inf")}),
        ({"a": b"1"}, {"a": b"1"}),
        ("1", "1"),
    ],
)
def test_a_row_may_come_as_its_text(value: Any, found: Any) -> None:
    assert parsed(value) == found
