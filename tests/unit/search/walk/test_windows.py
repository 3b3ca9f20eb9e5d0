"""Which windows a range is cut into, one by one, and where a search stands after each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from honeyhive_ext.errors import BadRequestError, PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.rows import Row
from honeyhive_ext.search.walk.drain import Learned
from honeyhive_ext.search.walk.steps import Position, WalkStep
from honeyhive_ext.search.walk.windows import AHEAD, Window, Windows


def rows(*times: float) -> list[Row]:
    return [Row(str(time), time, {"start_time": time}) for time in times]


def evenly(number: int, span: int) -> Mapping[str, float | None]:
    """That many ids seen in that many milliseconds, and one without a time."""
    return {"timeless": None, **{str(n): float(span * n / (number - 1)) for n in range(number)}}


def cut(
    lo: int,
    hi: int,
    *,
    seen: Mapping[str, float | None] | None = None,
    size: int = 3,
    workers: int = 4,
    **more: Any,
) -> Windows:
    return Windows(Position(lo, hi, seen=seen or {}, **more), Learned(size), workers)


def edges(windows: Windows) -> tuple[int, int] | None:
    """The window that is asked next."""
    window = windows.next()
    return None if window is None else (window.a, window.b)


def ask(windows: Windows) -> Window:
    window = windows.next()
    assert window is not None
    return window


def answer(windows: Windows, window: Window, *times: float, full: bool = False) -> None:
    window.full = full
    windows.done(window, rows(*times), slowed=False)


@pytest.mark.parametrize(("lo", "hi"), [(None, None), (0, None), (None, 5)])
def test_a_range_without_two_ends_has_no_windows(lo: int | None, hi: int | None) -> None:
    with pytest.raises(PaginationIncomplete) as raised:
        Windows(Position(lo, hi), Learned(2), 4)
    assert str(raised.value) == "Windows need a range with two ends."


@pytest.mark.parametrize(
    ("lo", "hi", "reach", "window"),
    [
        (95, 100, None, (94, 100)),
        (95, 100, 97.5, (94, 98)),
        (95, 100, 105.0, (94, 100)),
        (100, 100, None, (99, 100)),
        (95, 100, 94.0, None),
    ],
)
def test_the_windows_are_the_rest_of_the_range(
    lo: int, hi: int, reach: float | None, window: tuple[int, int] | None
) -> None:
    windows = cut(lo, hi, reach=reach)
    assert windows.finished is (window is None)
    assert edges(windows) == window


@pytest.mark.parametrize(
    ("seen", "width"),
    [
        ({}, 15),  # of pages of 3: as if every millisecond held an event
        ({"a": 50}, 15),
        ({"a": None}, 15),
        (evenly(10, 100), 142),
        (evenly(10, 1000), 1411),
        (evenly(1000, 100), 2),
        (evenly(2000, 100), 1),
    ],
)
def test_a_window_is_as_wide_as_a_few_pages_by_the_density_of_what_was_seen(
    seen: Mapping[str, float | None], width: int
) -> None:
    assert edges(cut(1, 10_000, seen=seen)) == (10_000 - width, 10_000)


@pytest.mark.parametrize(("hi", "windows"), [(22, [(0, 22)]), (23, [(8, 23), (0, 8)])])
def test_a_rest_of_up_to_half_a_window_is_not_cut_off(hi: int, windows: list[tuple[int, int]]) -> None:
    made = cut(1, hi, seen={})
    assert [edges(made) for _ in windows] == windows


def test_the_density_fades_with_the_windows() -> None:
    windows = cut(1, 1000, seen=evenly(10, 100))
    answer(windows, ask(windows), 999, 998, 990, 980, 970)
    # 10 events in 100 ms weigh 0.7: 12 events in 212 ms.
    assert edges(windows) == (858 - 250, 858)


def test_after_a_nearly_empty_window_the_rest_is_one_window() -> None:
    windows = cut(1, 1000, seen=evenly(10, 100), workers=1)
    answer(windows, ask(windows), 999, 998, 990)  # 14 were expected
    assert edges(windows) == (0, 858)


def test_a_window_with_a_quarter_of_the_expected_events_is_not_nearly_empty() -> None:
    windows = cut(1, 1000, seen=evenly(10, 100))
    answer(windows, ask(windows), 1000, 990, 920, full=True)  # two in 80 ms, where 8 were expected
    assert edges(windows) == (858, 920)
    below = ask(windows)
    assert below.b == 858
    assert below.a > 0


@pytest.mark.parametrize(("workers", "first"), [(1, 1), (2, 2), (8, 2)])
def test_two_requests_are_enough_to_begin_with(workers: int, first: int) -> None:
    windows = cut(1, 10_000, workers=workers)
    assert [edges(windows) is not None for _ in range(3)] == [number < first for number in range(3)]


def test_each_answer_allows_one_more_request_in_flight_up_to_the_number_of_workers() -> None:
    windows = cut(1, 10_000, workers=5)
    under_way = [ask(windows), ask(windows)]
    for number in (3, 4, 5, 5):
        answer(windows, under_way.pop(), *range(9900, 9990))
        while (window := windows.next()) is not None:
            under_way.append(window)
        assert len(under_way) == number


@pytest.mark.parametrize(("before", "after"), [(8, 4), (2, 1), (1, 1)])
def test_a_service_that_slows_down_gets_half_the_requests_but_never_none(before: int, after: int) -> None:
    windows = cut(1, 10_000, workers=before)
    for slowed in [*[False] * before, True]:  # one more request after each answer, up to one for each worker
        window = ask(windows)
        windows.done(window, rows(*range(window.a + 1, window.b + 1)), slowed=slowed)
        assert [*windows.released()]
    assert [edges(windows) is not None for _ in range(before)] == [number < after for number in range(before)]


def test_the_windows_that_wait_for_a_slow_one_are_bounded() -> None:
    windows = cut(1, 100_000, workers=2)
    slow, asked = ask(windows), 1
    while (window := windows.next()) is not None:
        asked += 1
        answer(windows, window, *range(window.a + 1, window.b + 1))
    assert asked == AHEAD * 2
    assert [*windows.released()] == []
    answer(windows, slow, 99_999)
    assert len([*windows.released()]) == AHEAD * 2
    assert windows.next() is not None


def test_the_first_window_is_asked_whatever_is_held() -> None:
    windows = cut(1, 100_000, workers=2)
    first, second = ask(windows), ask(windows)
    for window in (second,):
        answer(windows, window, *range(window.a + 1, window.b + 1))
    while (window := windows.next()) is not None:
        answer(windows, window, *range(window.a + 1, window.b + 1))
    answer(windows, first, *[first.b] * 3, full=True)  # dense: to be asked again
    assert windows.next() is first


@pytest.mark.parametrize(
    ("times", "own", "waiting"),
    [
        ((100, 99, 95), (100, 99), [(94, 95)]),
        ((100, 99, 95.5), (100, 99), [(94, 96)]),
        ((100, 99, 94.5), (100, 99), [(94, 95)]),
        ((100, 99, 94), (100, 99), []),
        ((100, 99, 93), (100, 99), []),
    ],
)
def test_a_full_page_keeps_its_rows_above_its_oldest_millisecond(
    times: tuple[float, ...], own: tuple[float, ...], waiting: list[tuple[int, int]]
) -> None:
    windows = cut(95, 100)
    answer(windows, ask(windows), *times, full=True)
    assert [[row.time for row in step.rows] for step in windows.released()] == [[*own]]
    assert [edges(windows) for _ in waiting] == waiting
    assert windows.finished is not bool(waiting)


@pytest.mark.parametrize(("lo", "waiting"), [(95, (94, 99)), (100, None), (99, (98, 99))])
def test_a_millisecond_that_fills_a_page_is_drained(lo: int, waiting: tuple[int, int] | None) -> None:
    windows = cut(lo, 100)
    first = ask(windows)
    answer(windows, first, 100, 99.5, 99.1, full=True)
    assert windows.next() is first
    assert (first.a, first.b, first.state) == (99, 100, "asked")
    assert edges(windows) == waiting
    job = windows.job(first)
    assert next(job) == Ask(99, 100, 3)
    found = [{"event_id": str(n), "start_time": 100} for n in range(2)]
    with pytest.raises(StopIteration) as stop:
        job.send(Page(found))
    windows.done(first, stop.value.value, slowed=False)
    assert [[row.time for row in step.rows] for step in windows.released()] == [[100, 100]]


@pytest.mark.parametrize("times", [(1000, 999.5, 998.5), (1000, 1000, 1000)])
def test_the_rest_of_a_window_comes_before_the_windows_below_it(times: tuple[float, ...]) -> None:
    windows = cut(1, 1000, seen=evenly(10, 100))
    first, second = ask(windows), ask(windows)
    answer(windows, second, *range(second.a + 1, second.b + 1))  # so many that what is left is cut again
    answer(windows, first, *times, full=True)
    while (window := windows.next()) is not None:
        answer(windows, window, window.b)
    found = [row.time for step in windows.released() for row in step.rows]
    assert windows.finished
    assert found == sorted(found, reverse=True)


def test_a_full_page_without_a_time_says_so() -> None:
    windows = cut(95, 100)
    window = ask(windows)
    window.full = True
    with pytest.raises(PaginationIncomplete) as raised:
        windows.done(window, [Row("a", None, None), Row("b", None, None)], slowed=False)
    assert str(raised.value) == (
        "A whole page of 2 events between 94 and 100 (Unix ms) has no "
        "readable start_time: there is no time to continue from. A larger page_size may help."
    )


@pytest.mark.parametrize(("number", "count", "full"), [(3, None, True), (2, 2, False), (2, 3, True)])
def test_a_window_asks_for_itself_and_sees_whether_there_is_more(
    number: int, count: int | None, full: bool
) -> None:
    windows = Windows(Position(95, 100), Learned(3, counts=True), 4)
    window = ask(windows)
    job = windows.job(window)
    assert next(job) == Ask(94, 100, 3)
    with pytest.raises(StopIteration) as stop:
        job.send(Page([{"event_id": str(n), "start_time": 99} for n in range(number)], count))
    assert [row.time for row in stop.value.value] == [99] * number
    assert window.full is full


def test_an_error_of_a_window_is_the_service_s() -> None:
    windows, refused = cut(95, 100), BadRequestError(400, "no")
    job = windows.job(ask(windows))
    next(job)
    with pytest.raises(BadRequestError) as raised:
        job.send(PageRefused(refused))
    assert raised.value is refused


def steps(windows: Windows, *answers: tuple[float, ...]) -> list[WalkStep]:
    under_way = []
    while (window := windows.next()) is not None:
        under_way.append(window)
    for window, times in zip(under_way, answers, strict=True):
        answer(windows, window, *times)
    return [*windows.released()]


# An event in every millisecond, so that a window of pages of 3 is 15 ms wide.
SEEN = {"timeless": None, "edge": 8.0, "low": 1.0, **{f"old{number}": 30.0 for number in range(27)}}


def test_a_step_has_the_position_of_a_walk_before_and_after_it() -> None:
    at = Position(1, 23, reach=30, past=40, drained=True, failed=(50,), overlap=1, seen=SEEN)
    windows = Windows(at, Learned(3), 4)
    low = {key: time for key, time in SEEN.items() if not key.startswith("old")}
    first, second = steps(windows, (20, 10, 8.5), (8, 5, 1))
    assert [row.time for row in first.rows] == [20, 10, 8.5]
    assert first.before == Position(1, 23, seen=low)
    assert first.after == second.before == Position(1, 8, seen=low)
    assert second.after is None
    assert (first.ask, second.ask) == (None, None)


def test_the_lowest_millisecond_is_asked_if_a_window_ends_above_it() -> None:
    windows = cut(1, 23)
    answer(windows, ask(windows), 23, 20, 9)
    answer(windows, ask(windows), 8, 5, 1, full=True)
    *_, last = windows.released()
    assert last.after == Position(1, 1)


def test_an_open_search_is_not_over_before_the_events_without_a_time() -> None:
    windows = cut(1, 22, open=True, seen={"timeless": None})
    (step,) = steps(windows, (20, 1.5, 1, 0.5))
    assert step.after == Position(1, 1, open=True, seen={"timeless": None, "1": 1, "0.5": 0.5})


def test_events_already_yielded_do_not_come_again() -> None:
    windows = cut(1, 22, open=True, seen={"20": 20.0, "#timeless": None, "a": None})
    (step,) = steps(windows, (20, 10))
    assert [row.time for row in step.rows] == [10]
    job = windows.last()
    assert next(job).extra[0]["operator"] == "not exists"
    with pytest.raises(StopIteration) as stop:
        job.send(Page([{"event_id": "a"}, {"event_id": "b"}]))
    assert [row.key for row in stop.value.value] == ["b"]


def test_only_an_open_search_asks_for_events_without_a_time() -> None:
    with pytest.raises(StopIteration) as stop:
        next(cut(1, 22).last())
    assert stop.value.value == []


def test_the_last_step_has_no_request() -> None:
    at, found = Position(1, 22, open=True), rows(5)
    assert Windows(at, Learned(3), 4).end(found) == WalkStep(found, at, None, None)


def test_each_row_comes_once_newest_first() -> None:
    window = Window(5, 10)
    assert [row.time for row in window.holds(rows(6, 5, 10, 11, 5.5, 6))] == [10, 6, 5.5]
    assert window.holds([Row("a", None, None)]) == []
