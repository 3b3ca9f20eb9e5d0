"""Columns of values inside objects: one grammar, clear errors, types that hold what is there."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honeyhive_ext import ConfigError
from honeyhive_ext.export import by_column
from honeyhive_ext.export.by_column import some_columns
from honeyhive_ext.export.flatten import column_name
from honeyhive_ext.export.nested_columns import (
    KINDS,
    NestedColumn,
    decided,
    read_columns,
    undecided,
)
from honeyhive_ext.export.table import columns, fits
from honeyhive_ext.http.drive import drive
from honeyhive_ext.reading.json import loads
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.query import Query
from honeyhive_ext.serialize.exact_json import exact_json

PARENTS = ["inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties"]
KEYS = st.text(st.characters(), max_size=5) | st.sampled_from(
    ["a.b", 'a"b', "a,b", "a:number", " a", "", "\\"]
)
PATHS = st.tuples(st.sampled_from(PARENTS), st.lists(KEYS, min_size=1, max_size=3)).map(
    lambda path: (path[0], *path[1])
)
TYPES = st.sampled_from([None, *KINDS])


@pytest.mark.parametrize(
    "given",
    [
        "metadata.cost:number,metadata.model",
        " metadata.cost : number , metadata.model ",
        ["metadata.cost:number", "metadata.model"],
        ("metadata.cost:number", "metadata.model"),
        {"metadata.cost": "number", "metadata.model": None},
        '"metadata"."cost":number,metadata."model"',
    ],
)
def test_columns_are_written_in_several_forms(given: Any) -> None:
    assert read_columns(given) == (
        NestedColumn(("metadata", "cost"), "number"),
        NestedColumn(("metadata", "model")),
    )


def test_the_name_of_a_column_is_its_path() -> None:
    (column,) = read_columns(['metadata.usage."prompt_details.cache_read":integer'])
    assert column == NestedColumn(("metadata", "usage", "prompt_details.cache_read"), "integer")
    assert column.name == 'metadata.usage."prompt_details.cache_read"'


@given(path=PATHS, kind=TYPES)
@example(path=("metadata", "a:number"), kind=None)
def test_what_column_name_writes_is_the_key_of_a_mapping(path: tuple[str, ...], kind: Any) -> None:
    assert read_columns({column_name(*path): kind}) == (NestedColumn(path, kind),)


@given(paths=st.lists(st.tuples(PATHS, TYPES), min_size=1, max_size=3, unique_by=lambda pair: pair[0]))
def test_the_text_of_columns_is_read_as_these_columns(paths: list[tuple[tuple[str, ...], Any]]) -> None:
    asked = tuple(NestedColumn(path, kind) for path, kind in paths)
    assert read_columns([column.text() for column in asked]) == asked
    assert read_columns(" , ".join(column.text() for column in asked)) == asked


PIECES = st.sampled_from(["metadata.", "metrics", "number", *'ab.":, \\'])


@given(text=st.lists(PIECES, max_size=8).map("".join))
@example(text='metadata."a')
@example(text='metadata."a"b')
@example(text="metadata.a:")
def test_any_text_is_columns_or_a_clear_error(text: str) -> None:
    forms: list[Any] = [text, [text], {text: "number"}]
    for form in forms:
        try:
            made = read_columns(form)
        except ConfigError as error:
            said = str(error)
        else:
            said = ""
            assert {column.path[0] for column in made} <= {*PARENTS, "additional_properties"}
        assert said.startswith("columns: ") or not said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["metadata.cost", "metadata.cost:number"], r"'metadata.cost' is there twice"),
        (['metadata.cost', '"metadata".cost'], r"'metadata.cost' is there twice"),
        ("cost", r"'cost' is not a column with values inside: write the whole path, such as 'metadata.cost'"),
        ("metdata.cost:number", r"'metdata' is not .* did you mean 'metadata.cost'\?"),
        ("metadata", r"a column already, of JSON text: name a value inside, such as metadata.cost"),
        ("event_type", r"'event_type': it is a column already"),
        ("unreadable", r"'unreadable': it is a column already"),
        ("event_type.x", r"event_type has no values inside"),
        ("children_ids.0", r"children_ids has no values inside"),
        ("null_properties.x", r"null_properties has no values inside"),
        ("additional_properties.metadata.x", r"metadata is a property of its own"),
        ("metadata.cost:nubmer", r"there is no type 'nubmer': did you mean 'number'\?"),
        ("metadata.cost:decimal128", r"there are string, number, integer, boolean, json"),
        ("metadata.cost:", r"there is no type ''"),
        ("metadata.a:b", r"there is no type 'b': .*a key with a colon is in quotes"),
        ({"metadata.cost": 5}, r"there is no type 5"),
        ({"metadata.cost": ["number"]}, r"there is no type \['number'\]"),
        ({5: "number"}, r"5 is not the name of a column"),
        ([None], r"None is not the name of a column"),
        (5, r"columns is 5: give names such as"),
        (b"metadata.cost", r"not the name of a column"),
        ("", r"a key is missing"),
        ("metadata.cost,", r"a key is missing"),
        ("metadata..cost", r'an empty key is ""'),
        ('metadata."cost', r"a string of JSON"),
        ('metadata.co"st"', r"put the key with '\"' in quotes"),
        ({"metadata.\ud800": None}, r"."),
    ],
)  # fmt: skip
def test_what_cannot_be_a_column_is_refused(given: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_columns(given)


def test_a_lone_surrogate_needs_a_type() -> None:
    name = column_name("metadata", "\ud800")
    assert read_columns({name: "number"})[0].path == ("metadata", "\ud800")
    with pytest.raises(ConfigError, match="give a type"):
        read_columns({name: None})


def asked(
    given: Any, events: list[Any], query: Query | None = None
) -> tuple[tuple[NestedColumn, ...], list[Ask]]:
    asks: list[Ask] = []

    def answer(ask: Ask) -> Page:
        asks.append(ask)
        return Page(events)

    return drive(decided(read_columns(given), query or Query()), answer), asks


def test_a_type_that_is_given_costs_no_request() -> None:
    made, asks = asked("metadata.cost:number,metadata.model:string", [])
    assert [column.kind for column in made] == ["number", "string"]
    assert asks == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "string"),
        ([None, {}], "string"),
        ([{"n": None}], "string"),
        ([{"n": 1}, {"n": 2}], "integer"),
        ([{"n": 1}, {"n": 2.5}], "number"),
        ([{"n": 2**53 + 1}, {"n": 2.5}], "json"),
        ([{"n": True}], "boolean"),
        ([{"n": "x"}, {"m": 1}], "string"),
        ([{"n": "x"}, {"n": 1}], "json"),
        ([{"n": {"a": 1}}], "json"),
        ([{"n": [1]}], "json"),
    ],
)
def test_the_type_holds_the_values_of_the_newest_events(values: list[Any], kind: str) -> None:
    (column,), asks = asked(
        ["metadata.n"], [{"event_id": str(n), "metadata": v} for n, v in enumerate(values)]
    )
    assert column == NestedColumn(("metadata", "n"), kind)  # type: ignore[arg-type]
    assert not undecided([column])
    assert asks == [
        Ask(None, None, 100, extra=({"field": "metadata.n", "operator": "exists", "value": None},))
    ]


def test_the_type_is_asked_in_the_range_of_the_search() -> None:
    given = ["additional_properties.score"]
    (column,), (ask,) = asked(given, [{"event_id": "1", "score": 0.5}], Query(start=5, end=9, page_size=20))
    assert column.kind == "number"
    assert (ask.lo, ask.hi, ask.limit, ask.extra[0]["field"]) == (5, 9, 20, "score")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=5,
)
EVENTS = st.lists(
    st.fixed_dictionaries({"metadata": st.dictionaries(st.sampled_from(["a", "b"]), VALUES)}) | VALUES
)


@given(events=EVENTS, kind=st.sampled_from(KINDS))
def test_a_cell_is_the_value_or_empty_and_the_other_columns_stay(events: list[Any], kind: Any) -> None:
    nested = [NestedColumn(("metadata", "a"), kind), NestedColumn(("metadata", "b", "a"), kind)]
    texts = [exact_json(event).encode() for event in events]
    made: dict[str, list[Any]] = {}
    for some in some_columns(texts, nested):
        for name, cells in some.items():
            made.setdefault(name, []).extend(cells)
    plain: dict[str, list[Any]] = {}
    for some in some_columns(texts):
        for name, cells in some.items():
            plain.setdefault(name, []).extend(cells)
    assert repr({name: cells for name, cells in made.items() if "." not in name}) == repr(plain)
    for column in nested if events else ():
        expected = []
        for text in texts:
            value: Any = loads(text)
            for key in column.path:
                value = value.get(key) if isinstance(value, dict) else None
            expected.append(None if value is None else fits(kind, value))
        assert repr(made[column.name]) == repr(expected)


NAMES = [column.name for column in columns()]


@given(events=EVENTS, only=st.sets(st.sampled_from(NAMES)))
def test_the_columns_that_are_wanted_have_the_same_cells_alone(events: list[Any], only: set[str]) -> None:
    texts = [exact_json(event).encode() for event in events]
    every = [*some_columns(texts)]
    some = [*some_columns(texts, only=only)]
    wanted = [{name: cells for name, cells in part.items() if name in only} for part in every]
    assert repr(some) == repr(wanted)


def test_columns_that_are_not_wanted_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_column, "_texts", None)
    texts = [b'{"event_type":"tool","inputs":{"a":1},"metadata":{"cost":0.5}}']
    nested = [NestedColumn(("metadata", "cost"), "number")]
    assert [*some_columns(texts, nested, only=["event_type"])] == [
        {"event_type": ["tool"], "metadata.cost": [0.5]}
    ]


def test_nan_is_a_number_and_no_json() -> None:
    texts = [b'{"metadata":{"a":NaN}}']
    number, text = (
        next(some_columns(texts, [NestedColumn(("metadata", "a"), kind)])) for kind in ("number", "json")
    )
    assert math.isnan(number["metadata.a"][0])
    assert text["metadata.a"] == [None]
    assert text["unreadable"] == ['{"metadata":{"a":NaN}}']
