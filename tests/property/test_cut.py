"""A page that is cut has the rows of the parsed page, whatever is in it and however it is written."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honeyhive_ext.reading import event as reading
from honeyhive_ext.reading.json import loads
from honeyhive_ext.search.pages import cut as cutting
from honeyhive_ext.search.pages.cut import cut, event_rows, text_rows
from honeyhive_ext.search.pages.rows import read_rows
from honeyhive_ext.serialize.exact_json import exact_json

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


def check(content: bytes) -> None:
    """Compare what is cut with what a parser reads."""
    page: Any = loads(content)
    texts, count, whole = cut(content)
    assert exact_json([loads(text) for text in texts]) == exact_json(page["events"])
    assert count == page.get("count") or math.isclose(count, page["count"])  # beyond 64 bits
    parsed = [(row.key, row.time) for row in read_rows(page["events"])]
    for rows in (text_rows(texts, whole), event_rows(texts, whole)):
        assert [(row.key, row.time) for row in rows] == parsed
    assert [row.value for row in text_rows(texts, whole)] == texts
    for row, value in zip(event_rows(texts, whole), page["events"], strict=True):
        assert exact_json(row.value.raw) == exact_json(value)


@pytest.mark.parametrize("form", FORMS)
@given(page=PAGES)
def test_rows_of_a_cut_page_are_those_of_the_parsed_one(form: str, page: dict[str, Any]) -> None:
    check(FORMS[form](page).encode())


BYTES = st.binary(max_size=3) | st.sampled_from(
    [
        b"NaN",
        b"1e999",
        b"\\ud800",
        b"\xed\xa0\x80",
        b"\xff",
        b"\xef\xbb\xbf",
        b"null",
        b"{}",
        b'"',
        b"\x01",
        b"0" * 30,
    ]
)


@given(page=PAGES, place=st.integers(0, 10**6), length=st.integers(0, 3), other=BYTES)
@example(page={"events": [{"event_id": "a", "x": "b"}], "count": 1}, place=28, length=1, other=b"\xff")
@example(page={"events": [{"event_id": "a", "x": 1}], "count": 1}, place=27, length=1, other=b"1e999")
def test_a_damaged_page_is_refused_where_a_parser_refuses_it(
    page: dict[str, Any], place: int, length: int, other: bytes
) -> None:
    content = FORMS["dense"](page).encode()
    place %= len(content)
    damaged = content[:place] + other + content[place + length :]
    try:
        parsed: Any = loads(damaged)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - of any parser
            cut(damaged)
        return
    if isinstance(parsed, dict) and isinstance(parsed.get("events"), list):
        check(damaged)
    else:
        with pytest.raises(TypeError):
            cut(damaged)


ODD = [
    b'{"event_id":"a","start_time":"2026-01-01T00:00:00Z"}',
    b'{"event_id":"a","start_time":123456789012345678901234567890}',
    b'{"event_id":"a","start_time":18446744073709551615}',
    b'{"event_id":"a","start_time":1e999}',
    b'{"event_id":"a","start_time":true}',
    b'{"event_id":"a","event_id":"b","start_time":1,"start_time":null}',
    b'{"event_id":5,"event_id":"b","start_time":1}',
    b'{"event_id":"","start_time":1}',
    b'{"event_id":"\\ud800","start_time":1}',
    b'{"event_id":"a","inputs":' + b"[" * 200 + b"]" * 200 + b"}",
    b'{"event_id":"a","inputs":' + b"[" * 1010 + b"]" * 1010 + b"}",
    b'{"event_id":"a","inputs":{"x":NaN}}',
    b'{"event_id":"a","inputs":{"x":-1e999}}',
    b'{"event_id":"a","(text)":1,"(read)":{"inputs":{}}}',
    b"null",
    b"[]",
    b"5",
    b'"a"',
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("alone", [True, False])
def test_odd_rows_are_read_next_to_others(odd: bytes, alone: bool) -> None:
    plain = b'{"event_id":"p","start_time":5}'
    check(b'{"events":[' + (odd if alone else b",".join([plain, odd, plain, odd])) + b'],"count":1}')


@pytest.mark.parametrize(
    "content",
    [
        b'{"events":[{"event_id":"a"}],"events":[{"event_id":"b"}]}',
        b'{"events":null,"events":[]}',
        b'{"count":1e999,"events":[{"event_id":"a"}]}',
        b'{"count":123456789012345678901,"more":"\xc3\xa9","events":[]}',
        b'\n { "events" :\t[ {\r\n"event_id" : "a" } , null ] } ',
        b'{"\\u0065vents":[{"\\u0065vent_id":"a","start_time":1}]}',
        b'\xef\xbb\xbf{"events":[{"event_id":"a"}]}',
        '{"events":[{"event_id":"é"}]}'.encode("utf-16"),
    ],
)
def test_unusual_pages_are_read_as_parsers_read_them(content: bytes) -> None:
    check(content)


@pytest.mark.parametrize("text", [b'{"a":1.50,"b":"\\u00e9\\/"}', b'{ "a" : 18446744073709551616 }'])
def test_texts_of_a_cut_page_are_the_service_s_own(text: bytes) -> None:
    texts, _, _ = cut(b'{"events":[' + text + b", " + text + b"]}")
    assert texts == [text, text]


def test_a_plain_page_is_neither_parsed_nor_looked_at_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((cutting, "loads"), (cutting, "read_rows"), (reading, "loads")):
        monkeypatch.setattr(module, name, None)
    content = (
        b'{"events":[{"event_id":"a","start_time":5,"x":[{}]},{"event_id":"b","start_time":7.5}],"count":2}'
    )
    texts, count, whole = cut(content)
    assert count == 2
    for rows in (text_rows(texts, whole), event_rows(texts, whole)):
        assert [(row.key, row.time) for row in rows] == [("a", 5), ("b", 7.5)]


def test_an_event_that_is_kept_does_not_keep_its_page() -> None:
    event = {"event_id": "a", "start_time": 5, "inputs": {"q": "x" * 100}}
    content = orjson.dumps({"events": [event] * 1000})
    texts, _, whole = cut(content)
    kept = event_rows(texts, whole)[0].value
    assert kept.inputs == {"q": "x" * 100}
    assert len(kept.__reduce__()[1][0]) < len(content) / 500
    assert math.isclose(kept.start_time, 5)
