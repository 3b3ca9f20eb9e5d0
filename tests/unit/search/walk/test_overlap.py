"""By how much one request of a walk overlaps the last, and where it asks again for what failed to appear."""

from __future__ import annotations

from typing import Any

import pytest

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.rows import YEAR_9999, Row
from honeyhive_ext.search.walk.overlap import coarseness, further_back, remember, unseen, wanted_overlap
from honeyhive_ext.search.walk.steps import Position

DAY = 86_400_000


def row(key: str, time: float | None) -> Row:
    return Row(key, time, None)


def test_known_rows_are_not_new_and_equal_rows_are_one() -> None:
    rows = [row("a", 1), row("b", 2), row("a", 1), row("c", 3)]
    assert unseen({"b": 2}, rows) == [rows[0], rows[3]]
    assert unseen({"b": 2}, rows[:2]) == rows[:1]


def test_ids_that_cannot_come_again_are_forgotten() -> None:
    at = Position(0, 100, seen={"old": 112, "edge": 110, "timeless": None})
    assert remember(at, 10, [row("new", 90)]) == {"edge": 110, "timeless": None, "new": 90}
    assert remember(Position(None, None, seen={"old": 112}), 10, []) == {"old": 112}


@pytest.mark.parametrize(
    ("hi", "overlap", "had", "wanted"),
    [
        (100, 1, [], 1),
        (100, 10, [], 10),
        (100, 1, [100, 99], 1),
        (100, 1, [101, 99], 1),  # the end of a range may be rounded up to it
        (100, 1, [101.5, 99], 10),
        (100, 1, [110, 99], 10),
        (100, 1, [111, 99], 100),
        (100, 100, [105, 99], 100),
        (100, 1, [100 + 2 * DAY], DAY),
        (None, 1, [100 + 2 * DAY], 1),
        (None, 1, [90, 95], 10),
        (None, 1, [90, 91, 80, 81], 1),
        (100, 1, [99, 90, 95, 80, 92], 100),
        (100, 1000, [99, 90, 95], 1000),
        (100, 1, [100 + DAY, 90, 95], DAY),
    ],
)
def test_the_overlap_is_the_unit_that_explains_times_above_the_end_or_out_of_order(
    hi: int | None, overlap: int, had: list[float], wanted: int
) -> None:
    assert wanted_overlap(Position(0, hi, overlap=overlap), had) == wanted


def seen(*times: float | None) -> dict[str, float | None]:
    return {str(number): time for number, time in enumerate(times)}


@pytest.mark.parametrize(
    ("failed", "hi", "times", "again"),
    [
        ((), 8000, (), 8010),
        ((), 8000, (None, 7000, 8000, 8500, 8600), 8501),
        ((), 8000, (8005.5,), 8010),
        ((8000,), 8010, (), 8100),
        ((8000, 8010), 8100, (), 9000),
        ((8000,), 8010, tuple(range(8100, 8200, 2)), 8107),  # past the fourth event
        ((8000, 8010), 8100, tuple(range(9000, 9200, 2)), 9031),  # past the sixteenth
        ((8000, 8010), 8100, (9000, 9500.5, 9400), 9502),  # past the last
        ((), 8000, (2 * DAY,), 20_000),
        ((1, 2, 3, 4, 5), 6, (), 20_000),
        ((1, 2, 3, 4, 5, 6), 7, (10,), 20_000),
    ],
)
def test_missing_rows_are_asked_for_with_a_later_and_later_end(
    failed: tuple[int, ...], hi: int, times: tuple[float | None, ...], again: int
) -> None:
    at = Position(0, hi, past=20_000, failed=failed, seen=seen(*times))
    after = Position(0, again, past=20_000, failed=(*failed, hi), seen=seen(*times))
    assert further_back(at) == after


def test_the_overlap_is_added_to_the_event_that_should_appear() -> None:
    at = Position(0, 8000, overlap=100, seen=seen(8500), failed=())
    assert further_back(at).hi == 8600


def test_an_event_beyond_the_years_of_a_date_range_is_asked_for_with_the_last_end_there_is() -> None:
    assert further_back(Position(0, 8000, seen=seen(10.0**15))).hi == YEAR_9999


def test_a_range_without_an_end_cannot_be_asked_with_a_later_one() -> None:
    with pytest.raises(PaginationIncomplete) as raised:
        further_back(Position(None, None, reach=5))
    assert str(raised.value) == "The service's answers to one range contradict each other."


def failed_at(*ends: int, hi: int = 8096, reach: float | None = 8085, overlap: int = 1) -> Position:
    return Position(0, hi, reach=reach, failed=ends, overlap=overlap, seen={"a": 8085, "t": None})


@pytest.mark.parametrize(
    ("at", "times", "unit"),
    [
        (failed_at(), {"a": 8085}, 1),
        (failed_at(8086, reach=None), {"a": 8085}, 1),
        (failed_at(8086), {"a": 8085}, 10),
        (failed_at(8086), {"a": 8086}, 10),
        (failed_at(8086), {"a": 8087}, 1),  # above the end that failed: it need not have appeared
        (failed_at(8086), {"a": 8084}, 1),
        (failed_at(8086), {"new": 8085}, 1),
        (failed_at(8086), {"t": None}, 1),
        (failed_at(8086), {}, 1),
        (failed_at(8086, 8096, hi=8186), {"a": 8085}, 100),
        (failed_at(8086, 8186, hi=9086), {"a": 8085}, 1000),
        (failed_at(8091, hi=8191, reach=8090), {"a": 8090}, 100),  # cut to 10 it would have appeared
        (failed_at(8086, hi=8089), {"a": 8085}, DAY),  # nothing that is cut explains it
        (failed_at(8086, hi=8196, overlap=10), {"a": 8085}, 100),
        (failed_at(8086, overlap=DAY), {"a": 8085}, DAY),
    ],
)
def test_the_overlap_is_the_smallest_unit_that_explains_the_missing_rows(
    at: Position, times: dict[str, Any], unit: int
) -> None:
    assert coarseness(at, [row(key, time) for key, time in times.items()]) == unit
