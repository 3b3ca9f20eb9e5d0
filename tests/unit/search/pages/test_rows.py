"""What a walk reads in a row: who it is, and when it was."""

from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest

from honeyhive_ext.search.pages.rows import (
    YEAR_9999,
    YEAR_ONE,
    Row,
    as_rows,
    field_text,
    iso,
    newest_first,
    read_rows,
    time_of,
    times,
)


def test_plain_events_are_read_as_they_are() -> None:
    events = [{"event_id": "a", "start_time": 5}, {"event_id": "b", "start_time": 7}]
    rows = read_rows(events)
    assert rows == [Row("a", 5, events[0]), Row("b", 7, events[1])]
    assert {type(row) for row in rows} == {Row}
    assert read_rows(rows) == rows
    assert read_rows([]) == []


@pytest.mark.parametrize("number", [2, 2_000])
def test_a_plain_page_costs_as_few_python_calls_as_a_short_one(number: int) -> None:
    events = [{"event_id": f"e{n}", "start_time": n} for n in range(number)]
    calls: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)

    gc.disable()  # libraries of tests have callbacks of the collector, which may run here
    sys.setprofile(note)
    try:
        rows = read_rows(events)
    finally:
        sys.setprofile(None)
        gc.enable()
    assert len(rows) == number
    assert len(calls) < 10, calls[:20]


@pytest.mark.parametrize(
    "odd",
    [
        {"event_id": "", "start_time": 5},
        {"event_id": 7, "start_time": 5},
        {"event_id": "b", "start_time": 5.5},
        {"event_id": "b", "start_time": True},
        {"event_id": "b", "start_time": "1970-01-01T00:00:00Z"},
        {"event_id": "b"},
        5,
    ],
)
def test_an_odd_row_among_plain_ones_is_read_as_it_is_alone(odd: Any) -> None:
    plain = {"event_id": "a", "start_time": 5}
    assert read_rows([plain, odd, plain]) == [*read_rows([plain]), *read_rows([odd]), *read_rows([plain])]


def test_columns_are_rows_if_each_has_an_id() -> None:
    assert as_rows(["a", "b"], [5, 7.5], [0, 1]) == [Row("a", 5, 0), Row("b", 7.5, 1)]
    assert as_rows(["a", "b"], [5, "soon"], [0, 1]) == [Row("a", 5, 0), Row("b", None, 1)]
    for ids in (["a", ""], ["a", 5], ["a", None]):
        assert as_rows(ids, [5, 7], [0, 1]) is None


def test_columns_of_different_lengths_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        as_rows(["a"], [5, 6], [0])


def test_equal_rows_without_an_id_are_as_many_as_they_are() -> None:
    assert [row.key.rpartition(".")[2] for row in read_rows([5, 5, 6, 5])] == ["0", "1", "0", "2"]


def test_a_time_beyond_all_floats_is_a_time() -> None:
    rows = read_rows([{"event_id": "a", "start_time": 10**400}, {"event_id": "b"}])
    assert [row.time for row in rows] == [10**400, None]


@pytest.mark.parametrize(
    "odd", [{"start_time": 5}, {"event_id": "", "start_time": 5}, {"event_id": 7}, 5, None]
)
def test_a_row_without_an_id_is_known_by_its_content_and_the_others_by_their_ids(odd: Any) -> None:
    events = [{"event_id": "a", "start_time": 5}, odd, {"event_id": "b", "start_time": 7.5}, odd]
    first, second = read_rows(events), read_rows(events)
    assert first == second
    keys = [row.key for row in first]
    assert (keys[0], keys[2]) == ("a", "b")
    assert keys[1].startswith("#")
    assert keys[1].endswith(".0")
    assert keys[3] == keys[1].removesuffix("0") + "1"
    assert [row.value for row in first] == events
    assert [row.time for row in first][::2] == [5, 7.5]
    assert first[1].time == (odd.get("start_time") if isinstance(odd, dict) else None)


def test_the_key_of_a_row_without_an_id_stays_the_same_in_checkpoints() -> None:
    (row,) = read_rows([{"b": [1, {"x": "é\ud800"}], "a": None}])
    assert row.key == "#8c86bcf4b443410fe82e1107.0"
    assert read_rows([{"a": None, "b": [1, {"x": "é\ud800"}]}])[0].key == row.key


@pytest.mark.parametrize(
    "event",
    [
        {"event_id": "a", "start_time": 7.5},
        {"event_id": "a", "start_time": "7.5"},
        {"event_id": "a", "start_time": "1970-01-01T00:00:00.0075Z"},
    ],
)
def test_a_time_in_another_form_is_read_too(event: dict[str, Any]) -> None:
    assert read_rows([{"event_id": "b", "start_time": 5}, event])[1] == Row("a", 7.5, event)


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (5, 5),
        (5.5, 5.5),
        (0, 0),
        (True, None),
        (False, None),
        (float("nan"), None),
        (float("inf"), None),
        ("5.5", 5.5),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("1970-01-01T00:00:01", 1000),
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T02:00:01+02:00", 1000),
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000),
        (None, None),
        ([5], None),
    ],
)
def test_times_are_read_and_nothing_else_is(value: Any, time: float | None) -> None:
    assert time_of(value) == time
    assert read_rows([{"event_id": "a", "start_time": value}])[0].time == time


def test_a_time_goes_over_the_wire_to_the_millisecond() -> None:
    assert iso(1_767_225_600_123) == "2026-01-01T00:00:00.123Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert iso(YEAR_ONE) == "0001-01-01T00:00:00.000Z"
    assert iso(YEAR_9999) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": "x"}, "x"),
        (b'{"a":"x"}', "x"),
        ({"a": 5}, None),
        ({"a": None}, None),
        ({"b": "x"}, None),
        ([], None),
        (None, None),
        (b"5", None),
    ],
)
def test_a_filter_can_compare_with_text_alone(value: Any, text: str | None) -> None:
    assert field_text(Row("k", 5, value), "a") == text


def test_rows_without_a_time_come_last_and_have_none() -> None:
    rows = [Row("none", None, 0), Row("old", -5, 0), Row("new", 5, 0), Row("old too", -5, 0)]
    assert [row.key for row in newest_first(rows)] == ["new", "old", "old too", "none"]
    assert times(rows) == [-5, 5, -5]
