"""Events by column have the cells that each event has alone, whatever is in them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honeyhive_ext.export import by_column
from honeyhive_ext.export.by_column import FEW, columns_of, few, some_columns
from honeyhive_ext.export.table import EXTRA_COLUMNS, cells, columns, properties
from honeyhive_ext.reading.json import loads
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.testing import stored_events

NAMES = [column.name for column in columns()]
NESTED = [column.name for column in columns() if column.kind == "json"]
ODD_TEXT = st.text(st.characters(exclude_categories=()), max_size=6) | st.sampled_from(
    ["null", "\ud800", "é"]
)
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**53, 2**53 + 1, -(2**53), 2**63, 2**64, -(2**70), 10**400, -0.0, 1e16, 1e999])
    | st.floats()
    | ODD_TEXT
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3)
)
KEYS = st.sampled_from([column.name for column in properties()]) | st.sampled_from(EXTRA_COLUMNS) | ODD_TEXT
# Values of the documented types as well, so that whole columns are usual, and one value of them is not.
USUAL = st.fixed_dictionaries(
    {},
    optional={
        "event_id": st.text(max_size=4),
        "start_time": st.integers(0, 2**54) | st.none(),
        "end_time": st.floats(0, 1e13),
        "error": st.none() | st.text(max_size=3),
        "inputs": st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2),
        "x": st.integers(),
    },
)
EVENTS = USUAL | stored_events() | st.dictionaries(KEYS, JSON, max_size=6) | JSON
AS_IS = st.sets(st.sampled_from(NESTED)).map(frozenset)


def alone(events: Sequence[Any], as_is: Any = ()) -> dict[str, list[Any]]:
    """The columns of the cells of each event by itself."""
    rows = [cells(event, as_is) for event in events]
    return {name: [row.get(name) for row in rows] for name in NAMES}


@given(events=st.lists(USUAL, max_size=6) | st.lists(EVENTS, max_size=6), as_is=AS_IS)
@example(events=[{"metadata": {"cost": math.nan}}, {"inputs": "null"}, {"x": math.inf}], as_is=frozenset())
@example(events=[{"start_time": 5}, {"start_time": 2**53 + 1}, {"start_time": True}], as_is=frozenset())
@example(events=[None, {}, {"children_ids": []}, 5, {"error": None, "y": None}], as_is=frozenset())
@example(events=[{"event_name": "\ud800"}, {"event_name": "é"}, {"event_name": "a"}], as_is=frozenset())
def test_columns_have_the_cells_of_each_event_alone(events: list[Any], as_is: frozenset[str]) -> None:
    made = columns_of(events, as_is)
    assert list(made) == NAMES
    assert repr(made) == repr(alone(events, as_is))  # NaN too, and 5.0 is not 5


WRITTEN: dict[str, Any] = {
    "dense": lambda value: orjson.dumps(value) if _strict(value) else exact_json(value).encode(),
    "spaced": lambda value: json.dumps(value, ensure_ascii=True).encode(),
    "indented": lambda value: json.dumps(value, indent=2).encode(),
}


def _strict(value: Any) -> bool:
    try:
        return bool(loads(orjson.dumps(value)) == value)
    except TypeError:
        return False


@pytest.mark.parametrize("form", WRITTEN)
@given(events=st.lists(EVENTS, max_size=6))
def test_columns_of_texts_are_those_of_what_is_parsed(form: str, events: list[Any]) -> None:
    texts = [WRITTEN[form](event) for event in events]
    expected = alone([loads(text) for text in texts])
    made: dict[str, list[Any]] = {name: [] for name in NAMES}
    for some in some_columns(texts):
        for name, values in some.items():
            made[name] += values
    assert repr(made) == repr(expected)


TEXTS = [
    b'{"event_id":"a","event_id":"b","inputs":{"x":1,"x":2},"start_time":1,"start_time":null}',
    b'{"inputs":{"a":1.50,"b":1E5,"c":-0,"d":1e21,"e":0.00001,"f":12345678901234567890123}}',
    b'{"inputs":{"a":"\\u00e9\\/\\u001B\\u000a\\ud83d\\ude00","\\u0061":"\x7f"}}',
    b' { "inputs" : [ 1 , 2 ] ,\r\n"metadata":{ } }',
    b'{"inputs":{"x":NaN},"error":null,"y":[1e999]}',
    b'{"inputs":' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"inputs":' + b"[" * 1010 + b"]" * 1010 + b"}",
    b'{"start_time":18446744073709551615,"end_time":9007199254740993,"duration":1e400}',
    b'{"\\u0065rror":"e","unreadable":{"a":1},"null_properties":null,"additional_properties":[]}',
    b"null",
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("place", [0, 1, FEW, 2 * FEW + 2])
def test_an_odd_event_is_itself_between_usual_ones(text: bytes, place: int) -> None:
    texts = [b'{"event_id":"%d","start_time":%d,"inputs":{"n":%d}}' % (n, n, n) for n in range(2 * FEW + 2)]
    texts.insert(place, text)
    made = [*some_columns(texts)]
    assert len(made) == 3
    expected = alone([*map(loads, texts)])
    assert {name: [cell for some in made for cell in some[name]] for name in NAMES} == expected


def test_usual_events_are_not_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_column, "cells", None)
    monkeypatch.setattr(by_column, "fits", None)
    events = [{"event_id": "a", "start_time": 5, "inputs": {"a": None}, "error": None, "more": 1}, {}]
    made = next(some_columns([*map(orjson.dumps, events)]))
    assert made["inputs"] == ['{"a":null}', None]
    assert made["null_properties"] == ['["error"]', None]
    assert made["additional_properties"] == ['{"more":1}', None]


@given(count=st.integers(0, 3 * FEW))
def test_a_few_at_a_time_are_all_of_them_in_their_order(count: int) -> None:
    some = [*few(iter(range(count)))]
    assert [one for part in some for one in part] == [*range(count)]
    assert all(0 < len(part) <= FEW for part in some)
