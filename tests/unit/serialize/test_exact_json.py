"""Values read from JSON are written again, with or without recursion alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import summarize
from honeyhive_ext.export.flatten import leaves
from honeyhive_ext.export.table import cells, event_of
from honeyhive_ext.search.pages.rows import read_rows
from honeyhive_ext.serialize.exact_json import exact_json, exact_value

documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


def deep(levels: int, unit: Any) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if unit is dict else [value]
    return value


@given(documents, st.booleans())
def test_a_value_that_is_too_deep_for_json_is_written_as_json_writes_others(
    value: Any, sort_keys: bool
) -> None:
    expected = json.dumps(value, sort_keys=sort_keys, separators=(",", ":"))
    assert exact_json(value, sort_keys=sort_keys) == expected
    real = json.dumps

    def shallow(value: Any, **options: Any) -> str:
        if isinstance(value, (dict, list)):
            raise RecursionError
        return real(value, **options)

    with mock.patch.object(json, "dumps", shallow):
        assert exact_json(value, sort_keys=sort_keys) == expected


@pytest.mark.parametrize("unit", [dict, list])
@pytest.mark.parametrize("levels", [900, 1_000, 1_023])
def test_what_orjson_reads_is_written_and_read_whatever_its_depth(unit: type, levels: int) -> None:
    value = deep(levels, unit)
    text = exact_json(value)
    assert exact_json(exact_value(text)) == text
    assert len(read_rows([{"x": value}, value])) == 2
    row = cells({"event_id": "a", "metadata": {"x": value}})
    assert exact_json(event_of(row)).startswith('{"event_id":"a","metadata":{"x":')
    assert len(dict(leaves({"a": value}))) == 1


def test_an_integer_of_more_digits_than_python_reads_is_a_float_and_hides_no_other_value(
    tmp_path: Path,
) -> None:
    digits = "9" * 5_000
    exact = 123456789012345678901
    assert exact_value(f'{{"m":[{digits},-{digits}],"n":{exact},"x":NaN}}') == {
        "m": [float("inf"), -float("inf")],
        "n": exact,
        "x": mock.ANY,
    }
    with pytest.raises(json.JSONDecodeError):
        exact_value(f'{{"m":{digits}')
    line = f'{{"event_id":"a","event_type":"tool","duration":5,"metrics":{{"n":{digits}}}}}\n'
    path = tmp_path / "events.jsonl"
    path.write_text(line * 2, "utf-8")
    assert summarize(path, by="event_type")["tool"].count == 2
