"""Events as rows of a table: nothing of any event is lost."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from honeyhive_client.models import Event
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.export import column_name
from honeyhive_ext.export.flatten import common_kind, kind_of, leaves
from honeyhive_ext.export.table import EXTRA_COLUMNS, cells, columns, event_of, json_text, properties

NAMES = [column.name for column in properties()]
ODD_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)  # with lone surrogates
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**53 + 1, 2**63, 2**64, -(2**70), 10**400])
    | st.floats(allow_nan=False)
    | ODD_TEXT
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3)
)
EVENTS = (
    st.dictionaries(st.sampled_from(NAMES) | ODD_TEXT | st.sampled_from(EXTRA_COLUMNS), JSON, max_size=8)
    | JSON
)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; true is not 1, and a string is not a number."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def with_doubles(event: Any) -> Any:
    """The event with floats in the columns of numbers, where the float is the same number."""
    if not isinstance(event, dict):
        return event
    doubles = {c.name for c in properties() if c.kind == "number"}
    return {
        key: float(value)
        if key in doubles and type(value) is int and abs(value) <= 1e300 and float(value) == value
        else value
        for key, value in event.items()
    }


@given(EVENTS)
def test_every_event_comes_back_from_its_cells(event: Any) -> None:
    row = cells(event)
    assert set(row) <= {column.name for column in columns()}
    assert same(with_doubles(event_of(row)), with_doubles(event))


@given(EVENTS)
def test_every_cell_is_of_the_type_of_its_column(event: Any) -> None:
    types = {"string": str, "json": str, "number": float, "integer": int, "boolean": bool}
    kinds = {column.name: column.kind for column in columns()}
    for name, cell in cells(event).items():
        assert type(cell) is types[kinds[name]], name
        if isinstance(cell, str):
            assert cell.encode().decode() == cell


def test_the_columns_are_the_properties_of_the_document_and_three_more() -> None:
    assert [name for name in Event.__annotations__ if name != "additional_properties"] == NAMES
    assert [column.name for column in columns()] == [*NAMES, *EXTRA_COLUMNS]
    kinds = {column.name: column.kind for column in columns()}
    assert kinds["event_type"] == kinds["error"] == "string"
    assert kinds["start_time"] == kinds["duration"] == "number"
    assert kinds["inputs"] == kinds["children_ids"] == kinds["additional_properties"] == "json"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [1, {"x": math.nan}]])
def test_nan_and_infinity_are_not_json_text_and_are_kept_unchanged(value: Any) -> None:
    assert json_text({"cost": value, "null": None}) is None
    row = cells({"metadata": {"cost": value}, "of my own": value})
    assert set(row) == {"unreadable"}
    assert str(event_of(row)) == str({"metadata": {"cost": value}, "of my own": value})


def test_null_and_not_sent_are_different() -> None:
    assert event_of(cells({"error": None, "inputs": None})) == {"error": None, "inputs": None}
    assert event_of(cells({})) == {}
    assert cells({"error": None}) == {"null_properties": '["error"]'}


def test_a_value_of_another_type_is_in_unreadable_and_its_column_is_empty() -> None:
    row = cells({"start_time": "2026-01-01T00:00:00Z", "event_name": 5, "duration": True, "inputs": "text"})
    assert json.loads(row.pop("unreadable")) == {
        "start_time": "2026-01-01T00:00:00Z",
        "event_name": 5,
        "duration": True,
    }
    assert row == {"inputs": '"text"'}


def test_names_of_flat_columns_do_not_collide() -> None:
    paths = [("a", "b"), ("a.b",), ("a", '"b"'), ('a."b"',), ("", "a"), (".a",), ("a", ""), ("a", "b", "c")]
    assert len({column_name(*path) for path in paths}) == len(paths)
    assert column_name("metadata", "gen_ai.usage.input_tokens") == 'metadata."gen_ai.usage.input_tokens"'
    assert column_name("a", "\ud800") == 'a."\\ud800"'


@given(st.lists(st.lists(ODD_TEXT, min_size=1, max_size=4).map(tuple), unique=True, max_size=6))
def test_no_two_paths_have_one_name(paths: list[tuple[str, ...]]) -> None:
    assert len({column_name(*path) for path in paths}) == len(paths)


@given(st.dictionaries(ODD_TEXT, JSON, max_size=4))
def test_every_value_inside_an_object_is_a_leaf(value: dict[str, Any]) -> None:
    for path, leaf in leaves(value):
        inner: Any = value
        for key in path:
            inner = inner[key]
        assert inner is leaf
        assert leaf is not None
        assert not isinstance(leaf, dict) or not leaf


def test_a_flat_column_has_the_narrowest_kind_that_holds_its_values() -> None:
    assert common_kind({"integer"}, [1]) == "integer"
    assert common_kind({"integer", "number"}, [1, 2.5, None]) == "number"
    assert common_kind({"boolean", "integer"}, [True, 1]) == "json"
    assert common_kind({"string", "integer"}, ["1", 1]) == "json"
    assert kind_of("\ud800") == kind_of({}) == "json"
