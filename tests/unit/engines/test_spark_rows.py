"""Rows of a data frame become events, with ids that do not depend on the order of the rows."""

from __future__ import annotations

import random
from typing import Any

import pytest

from honeyhive_ext.engines.spark_rows import check_columns, events_of
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.table import cells, columns
from honeyhive_ext.payload.ids import all_canonical


def ids(rows: list[dict[str, Any]], place: str = "job/0") -> list[str]:
    return [event["event_id"] for event in events_of(rows, place)]


ROWS = [{"event_type": "tool", "inputs": f'{{"n":{number // 2}}}'} for number in range(40)]


def test_ids_are_the_same_when_a_task_runs_again_in_another_order() -> None:
    again = ROWS[:]
    random.Random(5).shuffle(again)
    assert sorted(ids(ROWS)) == sorted(ids(again))
    first = dict(zip(ids(ROWS), [row["inputs"] for row in ROWS], strict=True))
    assert first == dict(zip(ids(again), [row["inputs"] for row in again], strict=True))


def test_equal_rows_are_different_events() -> None:
    assert len({*ids(ROWS)}) == 40
    assert len({*ids([ROWS[0]] * 1000)}) == 1000


def test_ids_are_uuids_of_the_job_and_the_partition() -> None:
    assert all_canonical(ids(ROWS))
    assert not {*ids(ROWS, "job/0")} & ({*ids(ROWS, "job/1")} | {*ids(ROWS, "other/0")})


def test_an_id_that_is_given_stays() -> None:
    assert ids([{"event_type": "tool", "event_id": "x"}]) == ["x"]


def test_json_text_is_read_and_empty_cells_are_left_out() -> None:
    row = {
        "event_type": "tool",
        "inputs": '{"n":1}',
        "metadata": {"cost": 1},
        "outputs": None,
        "event_id": "x",
    }
    assert [*events_of([row], "")] == [
        {"event_type": "tool", "inputs": {"n": 1}, "metadata": {"cost": 1}, "event_id": "x"}
    ]


def test_text_that_is_no_json_stays_for_the_check_of_the_event() -> None:
    (event,) = events_of([{"event_type": "tool", "inputs": "{broken"}], "")
    assert event["inputs"] == "{broken"


def test_what_was_read_can_be_written() -> None:
    event = {
        "event_type": "tool",
        "event_id": "caf77ace-3417-4da4-944d-f4a0688f3c23",
        "inputs": {"a.b": [1]},
        "children_ids": ["x"],
        "start_time": 5.5,
        "error": None,
        "more": 1,
    }
    check_columns([column.name for column in columns()])
    (again,) = events_of([{column.name: cells(event).get(column.name) for column in columns()}], "")
    assert again == {
        name: event[name] for name in ("event_type", "event_id", "inputs", "children_ids", "start_time")
    }


def test_a_value_of_another_type_is_sent_as_it_was() -> None:
    (event,) = events_of([{"event_type": "tool", "unreadable": '{"start_time":"soon"}'}], "")
    assert event["start_time"] == "soon"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["event_type", "evnt_name"], "did you mean event_name"),
        (["event_type", "cost"], "no field 'cost'.*metadata"),
        (["inputs"], "no column event_type"),
    ],
)
def test_columns_that_no_event_has_are_refused_before_anything_is_sent(
    names: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_columns(names)
