"""One pass over a search: its rows, its limit, its checkpoints, and when it goes on side by side."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from attrs import evolve

from honeyhive_ext.errors import ResultCountError
from honeyhive_ext.filters import F
from honeyhive_ext.search.checkpoint import Checkpoint
from honeyhive_ext.search.cursor import Count, Cursor, described, judge_count, only, probe, unlimited
from honeyhive_ext.search.pages.form import ROWS, Form
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.pages.read import read_texts
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.query import Query, build_query
from honeyhive_ext.search.walk.steps import Position, WalkStep

HI = 10_005

# These tests are about other things than names; their fields have short ones.
pytestmark = pytest.mark.filterwarnings("ignore:.*events have no field '.':honeyhive_ext.FilterWarning")


def page(*times: float, count: int | None = None) -> Page:
    return Page([{"event_id": str(time), "start_time": time} for time in times], count)


def query(**options: Any) -> Query:
    return Query(**{"start": 0, "end": HI, "page_size": 3, "range_text": "r", **options})


def begun(*pages: Page, resume: Checkpoint | None = None, **options: Any) -> Cursor:
    """A cursor that got these answers and handed all of their rows out."""
    cursor = Cursor(query(**options), resume)
    for answer in pages:
        cursor.taken = len(cursor.rows)
        cursor.feed(answer)
    return cursor


def times(cursor: Cursor) -> list[float | None]:
    return [row.time for row in cursor.rows]


def test_a_pass_begins_with_a_request_and_no_row() -> None:
    cursor = begun()
    assert (cursor.rows, cursor.taken, cursor.ask) == ((), 0, Ask(0, HI, 3))
    assert cursor.checkpoint() == Checkpoint(query().fingerprint(), "r", Position(0, HI), 0)


def test_an_open_search_begins_at_1970_once_it_has_to_go_on() -> None:
    cursor = begun(page(9000, 8000, 7000), start=None, end=None)
    assert cursor.ask == Ask(0, 7001, 3)


def test_a_checkpoint_within_a_page_asks_for_it_again_and_knows_the_events_yielded() -> None:
    cursor = begun(page(9000, 8000, 7000), page(7000, 6000, 5000))
    before = Position(0, 7001, reach=7000, past=HI, seen={"9000": 9000, "8000": 8000, "7000": 7000})
    assert times(cursor) == [6000, 5000]
    assert (cursor.taken, cursor.checkpoint().position, cursor.checkpoint().handed_out) == (0, before, 3)
    cursor.taken = 1
    found = cursor.checkpoint()
    assert (found.handed_out, found.range) == (4, "r")
    assert found.position == Position(
        *(0, 7001), reach=7000, past=HI, seen={"9000": 9000, "8000": 8000, "7000": 7000, "6000": 6000}
    )
    cursor.taken = 2
    assert cursor.checkpoint().position == Position(
        *(0, 5001), reach=5000, past=7001, seen={"7000": 7000, "6000": 6000, "5000": 5000}
    )
    assert cursor.checkpoint().handed_out == 5


class Value(dict[str, Any]):
    """An event whose end can be seen."""


def test_released_rows_leave_the_memory() -> None:
    event = Value(event_id="a", start_time=9000)
    seen = weakref.ref(event)
    cursor = begun(Page([event]))
    del event
    gc.collect()
    assert seen() is not None
    cursor.release()
    gc.collect()
    assert seen() is None


def test_released_rows_count_as_yielded() -> None:
    cursor = begun(page(9000, 8000, 7000))
    cursor.taken = 3
    before = cursor.checkpoint()
    cursor.release()
    assert (times(cursor), cursor.taken) == ([], 0)
    assert cursor.checkpoint() == before
    cursor.feed(page(7000, 6000))
    assert times(cursor) == [6000]
    cursor.taken = 1
    assert cursor.checkpoint().handed_out == 4
    cursor.release()
    assert cursor.checkpoint().handed_out == 4
    assert (cursor.ask, cursor.checkpoint().position) == (None, None)


@pytest.mark.parametrize(
    ("limit", "asked", "handed_out"), [(0, 0, 0), (2, 1, 2), (3, 1, 3), (4, 2, 4), (9, 2, 5)]
)
def test_a_limit_ends_the_requests_with_its_last_row(limit: int, asked: int, handed_out: int) -> None:
    cursor, number, had = begun(limit=limit), 0, 0
    pages = [page(9000, 8000, 7000), page(7000, 6000, 5000), page(5000)]
    while cursor.ask is not None and number < 2:
        assert not cursor.finished
        cursor.feed(pages[number])
        number += 1
        had += len(cursor.rows)
        cursor.taken = len(cursor.rows)
    assert (number, had, cursor.checkpoint().handed_out) == (asked, handed_out, handed_out)
    assert cursor.finished is (limit < 9)
    assert (cursor.ask is None) is (limit < 9)


def test_without_a_limit_it_is_never_reached() -> None:
    assert not begun(page(9000, 8000, 7000)).finished


def resumed(position: Position | None, handed_out: int = 2) -> Checkpoint:
    return Checkpoint(query().fingerprint(), "first range", position, handed_out)


def test_a_resumed_search_continues_at_the_position_and_the_count_of_the_first() -> None:
    at = Position(0, 7001, reach=7000, past=HI, seen={"7000": 7000})
    cursor = begun(resume=resumed(at), limit=3)
    assert cursor.ask == Ask(0, 7001, 3)
    cursor.feed(page(7000, 6000, 5000))
    assert times(cursor) == [6000]
    assert (cursor.finished, cursor.ask) == (True, None)
    cursor.taken = 1
    found = cursor.checkpoint()
    assert (found.range, found.handed_out) == ("first range", 3)


@pytest.mark.parametrize(("position", "handed_out"), [(None, 2), (Position(0, HI), 3), (Position(0, HI), 4)])
def test_a_search_that_is_over_sends_nothing(position: Position | None, handed_out: int) -> None:
    cursor = begun(resume=resumed(position, handed_out), limit=3)
    assert (cursor.ask, cursor.rows, cursor.windows()) == (None, (), None)
    assert cursor.checkpoint() == resumed(position, handed_out)  # a higher limit goes on from there


def test_a_search_for_nothing_stays_at_its_beginning() -> None:
    cursor = begun(limit=0)
    assert (cursor.ask, cursor.finished) == (None, True)
    assert cursor.checkpoint().position == Position(0, HI)


PROOF = page(10_001, 9000, 8000)  # a service that cuts times to 10 ms would not have shown the first


def test_a_parallel_search_has_windows_once_the_service_is_seen_to_read_milliseconds() -> None:
    cursor = begun(PROOF, parallel=4)
    windows = cursor.windows()
    assert windows is not None
    window = windows.next()
    assert window is not None
    assert (window.b, next(windows.job(window)).limit) == (8000, 3)


@pytest.mark.parametrize(
    "pages",
    [
        (),
        (page(9000),),  # the end
        (page(10_001, 10_001.1, 10_001.2), page(10_001, 10_001.1, 10_001.2)),  # in a drain
        (page(10_001, 10_001.1, 10_001.2),) * 3,
        (PROOF, page(8000, 7000, count=9)),  # in doubt about the count
        (PROOF, page()),  # something failed to appear
        (page(10_001, 8000, 8005),),  # the service sorts coarsely
    ],
)
def test_there_are_no_windows_while_a_question_is_open(pages: tuple[Page, ...]) -> None:
    assert begun(*pages, parallel=4).windows() is None


def test_there_are_no_windows_without_parallel_or_without_a_proof() -> None:
    assert begun(PROOF).windows() is None
    assert begun(PROOF, parallel=4, limit=3).windows() is None
    assert begun(PROOF, parallel=2).windows() is not None
    unproven = begun(page(9000, 8000, 7000), parallel=4)
    assert unproven.ask == Ask(7001, 8000, 3)  # to find out
    assert unproven.windows() is None
    unproven.feed(page(8000, 7000))
    assert unproven.ask == Ask(0, 7001, 3)
    assert unproven.windows() is None


def test_a_proof_that_was_asked_for_is_one() -> None:
    cursor = begun(page(9000, 8000, 7000), page(8000), parallel=2)
    assert times(cursor) == [9000, 8000, 7000]
    assert cursor.windows() is not None


def test_a_step_of_windows_counts_as_one_of_the_walk() -> None:
    cursor = begun(PROOF, parallel=4, limit=5)
    rows = [Row(str(time), time, {}) for time in (7000, 6000, 5000)]
    before, after = Position(0, 8000), Position(0, 5000)
    cursor.show(WalkStep(rows, before, after, None))
    assert times(cursor) == [7000, 6000]
    assert cursor.finished
    cursor.taken = 2
    assert cursor.checkpoint().position == evolve(before, seen={"7000": 7000, "6000": 6000})
    assert cursor.checkpoint().handed_out == 5
    cursor.show(WalkStep([], after, None, None))
    assert cursor.checkpoint().handed_out == 5


def test_rows_are_converted_when_they_are_asked_for() -> None:
    cursor = begun(page(9000))
    assert [*cursor.shown(ROWS)] == [*cursor.rows]
    made: list[Row] = []
    shown = cursor.shown(Form(read_texts, made.append))
    assert made == []
    assert [*shown] == [None]
    assert made == [*cursor.rows]


def test_a_count_says_who_counted() -> None:
    count = Count(5, by="walk", is_total=False)
    assert (count, count.by, count.is_total) == (5, "walk", False)
    assert repr(count) == "Count(5, by='walk', is_total=False)"


@pytest.mark.parametrize(
    ("rows", "count", "asked", "judged"),
    [
        (1, 7, 1, (7, "service", True)),
        (2, 7.0, 2, (7, "service", True)),
        (1, 1, 1, None),
        (1, None, 1, None),
        (0, 0, 1, (0, "service", None)),
        (1, 1, 2, (1, "service", None)),
        (1, None, 2, (1, "service", None)),
    ],
)
def test_a_count_is_believed_if_it_exceeds_the_rows_or_the_rows_are_fewer_than_asked(
    rows: int, count: float | None, asked: int, judged: tuple[int, str, bool | None] | None
) -> None:
    found = judge_count(Page([{}] * rows, count), asked)
    assert (None if found is None else (found, found.by, found.is_total)) == judged


def test_only_one_event_is_only_one_event() -> None:
    row = Row("5", 5, {"event_id": "5", "start_time": 5})
    assert only(page(5)) == only(page(5, 5)) == row
    for answer, found in ((page(), "none"), (page(5, 7), "several: the two newest are 5 and 7")):
        with pytest.raises(ResultCountError) as raised:
            only(answer)
        assert str(raised.value) == (
            f"one() needs a search that matches exactly one event; this one matches {found}"
        )


def test_a_probe_asks_for_the_newest_rows_alone() -> None:
    assert probe(query(), 2) == Ask(0, HI, 2)
    assert probe(query(start=None, end=None), 1) == Ask(None, None, 1)


def test_a_search_for_all_is_the_same_without_its_limit() -> None:
    assert unlimited(query(limit=3)) == query()


def test_a_search_is_described_as_it_was_asked() -> None:
    asked = build_query(
        (F("a") == 1, F.event_type == "tool"), start=1e12, end=2e12, evaluation_id="r", limit=0, now_ms=0
    )
    assert described(asked) == (
        "F('a') == 1, F.event_type == 'tool', start=2001-09-09T01:46:40.000Z, "
        "end=2033-05-18T03:33:20.000Z, evaluation_id='r', limit=0"
    )
    assert described(build_query((), now_ms=0)) == ""
