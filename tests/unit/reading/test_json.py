"""JSON of a service, read fast where it is JSON and at all where it nearly is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honeyhive_ext.errors import ResponseError
from honeyhive_ext.reading.json import loads, read_value


def test_json_is_read_by_the_fast_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(content: Any) -> Any:
        raise AssertionError(content)

    monkeypatch.setattr(json, "loads", slow)
    content = b'{"a":[1,"\xc3\xa9"]}'
    assert loads(content) == read_value(content) == {"a": [1, "é"]}


def test_json_with_nan_is_read_too() -> None:
    found: Any = loads(b'{"a":NaN,"b":-Infinity,"c":"\\ud800","d":1}')
    assert (found["a"] != found["a"], found["b"], found["c"], found["d"]) == (
        True,
        -float("inf"),
        "\ud800",
        1,
    )


@pytest.mark.parametrize(
    "text",
    [
        *("18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809"),
        *("-0", "1" * 300, "1" * 400, "-" + "1" * 5000),
    ],
)
def test_an_integer_is_the_same_number_next_to_any_other_value(text: str) -> None:
    alone = loads(f"[{text}]".encode())[0]
    beside = loads(f"[{text}, NaN]".encode())[0]
    assert (type(beside), beside) == (type(alone), alone)
    assert abs(alone) < 2**64 or type(alone) is float


def test_a_value_that_cannot_be_read_is_an_error_of_the_answer() -> None:
    with pytest.raises(ResponseError, match="nested deeper than can be read"):
        read_value(b"[" * 100_000 + b"]" * 100_000)
