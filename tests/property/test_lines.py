"""A page that is cut into lines has the rows of the parsed page, or is left to the parser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.search.pages import lines
from honeyhive_ext.search.pages.json import loads
from honeyhive_ext.search.pages.lines import cut
from honeyhive_ext.search.pages.rows import read_rows

BRACKETS = st.text(st.sampled_from('{}[]",:\\ \n\u00e9\U0001f41dn'), max_size=8)
LOOKS_LIKE_AN_EDGE = st.sampled_from(
    ['},{"event_id":"x"', '},{\\"event_id\\"', '"}]},{', "\\", '\\\\"', '"events":[{"event_id":"x"}]']
)
TEXTS = st.one_of(BRACKETS, LOOKS_LIKE_AN_EDGE, st.text(max_size=5))
KEYS = st.sampled_from(["event_id", "start_time", "events", "x", "", '"', "{", "inputs"])
ATOMS: list[Any] = [None, True, False, [], {}]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(TEXTS, st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False))
    | st.sampled_from(ATOMS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
IDS = st.one_of(st.sampled_from(["a", "b", "\u00e9", "", "x\\y"]), st.integers(0, 10**9).map(str), VALUES)
TIMES = st.one_of(st.integers(0, 10**13), st.floats(0, 1e13), VALUES)


@st.composite
def events(draw: st.DrawFn) -> Any:
    """An event with its properties in any order; now and then something else."""
    if draw(st.integers(0, 30)) == 0:
        return draw(VALUES)
    given = {"inputs": VALUES, "outputs": VALUES, "event_id": IDS, "start_time": TIMES, "duration": TIMES}
    names = draw(st.permutations(sorted(given)))
    event = {name: draw(given[name]) for name in names[: draw(st.integers(3, 5))]}
    return {**event, **draw(st.dictionaries(KEYS, VALUES, max_size=1))}


PAGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"events": st.lists(events(), max_size=5), "count": VALUES}
)
FORMS: dict[str, Callable[[Any], str]] = {
    "dense": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "ascii": lambda value: json.dumps(value, separators=(",", ":")),
    "spaced": json.dumps,
    "indented": lambda value: json.dumps(value, indent=1),
}


def with_its_id_first(event: Any) -> Any:
    if not isinstance(event, dict):
        return event
    fields = cast("dict[str, Any]", event)
    return {"event_id": fields.get("event_id", "z"), **fields}


@pytest.mark.parametrize("form", FORMS)
@given(page=PAGES, first=st.booleans())
def test_rows_of_a_cut_page_are_those_of_the_parsed_one(form: str, page: dict[str, Any], first: bool) -> None:
    if first:  # an event_id before anything else, as most services write it
        page["events"] = [*map(with_its_id_first, page["events"])]
    content = FORMS[form](page).encode()
    found = cut(content)
    if found is not None:
        rows, rest = found
        assert rest == {**page, "events": []}
        assert [loads(row.value) for row in rows] == page["events"]
        parsed = read_rows(loads(content)["events"])  # type: ignore[index]
        assert [(row.key, row.time) for row in rows] == [(row.key, row.time) for row in parsed]
        assert all(b"\n" not in row.value for row in rows)


PLAIN: dict[str, Any] = {
    "event_type": "tool",
    "inputs": {"q": 'a "}],[{" \\ \n'},
    "event_id": "a",
    "x": [{}],
    "start_time": 5,
}
LATE: dict[str, Any] = {**PLAIN, "end_time": 6, "error": None}
EARLY: dict[str, Any] = {
    "event_id": "a",
    "start_time": 5.5,
    "inputs": {"events": [{"x": 1}, {"event_id": "b"}]},
}
CUT: list[dict[str, Any]] = [PLAIN, LATE, {**EARLY, "inputs": {"x": [[]]}}]


@pytest.mark.parametrize("form", ["dense", "ascii", "spaced"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("event", CUT)
def test_plain_pages_are_cut(form: str, number: int, event: dict[str, Any]) -> None:
    content = FORMS[form]({"events": [event] * number, "count": number}).encode()
    found = cut(content)
    assert found is not None
    assert [(row.key, row.time, orjson.loads(row.value)) for row in found[0]] == [
        ("a", event["start_time"], event)
    ] * number
    assert all(row.value in content for row in found[0])


@pytest.mark.parametrize(
    "content",
    [
        FORMS["dense"]({"events": [EARLY] * 2}).encode(),  # an array inside an event has the same edge
        b'{"events":[{"a":1},{"b":2},{"a":3}]}',
        b'{"events":[{"a":1},null,{"a":3}]}',
        b'{"events":[{"a":1},{"a":3},5]}',
        b'{"events":[{"a":1},{"a":[3}]]}',
        b'{"events":[{"a":"1},{"a":3"}]}',
        b'{"events":[{"a":"\xff"}]}',
        b'{"events":[{"a":"\t"}]}',
        b'{"events":[{"a":1}],"other":[{"a":1}]}',
        b'{"events":[{"a":1}]',
        b'[{"events":[{"a":1}]}]',
        b'{"x":{"events":[{"a":1}]},"events":[]}',
        b'{"x":{"events":[{"a":1}]},"events":[0]}',
        b'{"events":[{"a":1}],"events":[{"b":1}]}',
        b'{"events":[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",  # deeper than a parser goes
        b'{"events":[{"a":tru}]}',
        b'{"events":[{"a":01}]}',
        b'{"events":[{"a":1,}]}',
        b'{"events":[{"a":NaN,"b":"\xed\xa0\x80"}]}',  # a lone surrogate, which is not UTF-8
        b'{"events":[{"a":\n1}]}',  # a line of a file is one event
        b'{"x":"' + b"a" * 5000 + b'","events":[{"a":1}]}',  # they begin too far in to be looked for
        b'{"events":[{"a":1,\r"b":2}]}',  # some readers take it for the end of a line
    ],
)
def test_an_unusual_page_is_left_to_the_parser(content: bytes) -> None:
    assert cut(content) is None


@pytest.mark.parametrize(
    "event",
    [
        b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a":NaN,"b":-Infinity}',
        b'{"a":"\\ud800","b":1.50,"c":"\\u00e9\\/"}',
        b'{"a":"\xc3\xa9","b":18446744073709551616}',
    ],
)
def test_texts_of_a_cut_page_are_the_service_s_own(event: bytes) -> None:
    found = cut(b'{"events":[' + event + b", " + event + b"]}")
    assert found is not None
    assert [row.value for row in found[0]] == [event, event]


def test_text_before_the_events_is_not_a_border_between_them() -> None:
    found = cut(b'{"more":[{"event_id":"x"},{"event_id":"y"}],"events":[{"event_id":"a","start_time":5}]}')
    assert found is not None
    assert [row.value for row in found[0]] == [b'{"event_id":"a","start_time":5}']


def test_a_plain_page_is_not_looked_at_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "read_rows", None)
    found = cut(b'{"events":[{"event_id":"a","start_time":5},{"event_id":"b","start_time":7.5}]}')
    assert found is not None
    assert [(row.key, row.time) for row in found[0]] == [("a", 5), ("b", 7.5)]


def test_rows_without_an_id_are_distinguished_as_in_a_parsed_page() -> None:
    events: list[dict[str, Any]] = [
        {"a": 1},
        {"a": 1, "event_id": "e", "start_time": 3},
        {"a": 1},
        {"a": 2.5},
    ]
    content = FORMS["dense"]({"events": events}).encode()
    found = cut(content)
    assert found is not None
    assert [row.key for row in found[0]] == [row.key for row in read_rows(events)]
    assert len({row.key for row in found[0]}) == 4
