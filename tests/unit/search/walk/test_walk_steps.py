"""Which requests a walk asks for, one by one, against services that answer in some particular way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from honeyhive_ext.errors import BadRequestError, PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page, PageRefused
from honeyhive_ext.search.pages.rows import YEAR_9999, YEAR_ONE
from honeyhive_ext.search.walk.drain import Learned, drain
from honeyhive_ext.search.walk.steps import Position
from honeyhive_ext.search.walk.walk import Walk
from tests.support.shifting import HI, Service, cut_to, drive, raised_to, service


def walked(answering: Service, size: int, lo: int | None = 0, hi: int | None = HI, **more: Any) -> list[Any]:
    """The times of the events that a walk yields."""
    return [event["start_time"] for event in drive(answering, Position(lo, hi, **more), size=size)]


def asked(answering: Service) -> list[tuple[int | None, int | None]]:
    return [(ask.lo, ask.hi) for ask in answering.asks]


def answers(*pages: Sequence[Any], size: int = 2, count: int | None = None) -> PaginationIncomplete:
    """The error of a walk that gets these pages, one after the other."""
    steps = Walk(Position(0, HI), size=size).run()
    step = next(steps)
    with pytest.raises(PaginationIncomplete) as raised:  # noqa: PT012
        for page in pages:
            assert step.ask is not None
            step = steps.send(Page(page, count))
    return raised.value


def test_a_short_page_is_the_end() -> None:
    answering = service(5, 7)
    assert walked(answering, 3) == [7, 5]
    assert answering.asks == [Ask(0, HI, 3)]


def test_a_range_without_events_costs_one_request() -> None:
    answering = service()
    assert walked(answering, 3) == []
    assert asked(answering) == [(0, HI)]


def test_the_end_moves_down_to_a_millisecond_above_the_oldest_row() -> None:
    answering = service(9000, 8000, 7000, 6000, 5000)
    assert walked(answering, 3) == [9000, 8000, 7000, 6000, 5000]
    assert asked(answering) == [(0, HI), (0, 7001), (0, 5001)]


def test_a_part_of_a_millisecond_is_rounded_up() -> None:
    answering = service(9000, 8000.25, 7000.25, 6000)
    assert walked(answering, 3) == [9000, 8000.25, 7000.25, 6000]
    assert asked(answering) == [(0, HI), (0, 7002)]


def test_no_request_leaves_the_range() -> None:
    answering = service(9000, 8000, 7000, 6000, 5000, 4000)
    assert walked(answering, 2, lo=5500) == [9000, 8000, 7000, 6000]
    assert asked(answering) == [(5500, HI), (5500, 8001), (5500, 7001), (5500, 6001)]


def test_a_millisecond_that_fills_a_page_is_drained_by_excluding_known_events() -> None:
    answering = service(*[9000] * 4, 10)
    assert walked(answering, 3, hi=9000) == [9000] * 4 + [10]
    first, *more = answering.asks
    assert first == Ask(0, 9000, 3)
    filters = [[(one["field"], one["operator"]) for one in ask.extra] for ask in more[:3]]
    assert filters == [
        [],
        [("event_id", "is not")] * 3,
        [("event_id", "not exists")],
    ]
    # The drain goes two milliseconds below the overlap, where the next request ends.
    assert asked(answering)[:5] == [(0, 9000), *[(8997, 9000)] * 3, (0, 8999)]


def test_a_walk_without_a_range_asks_for_one_after_a_full_page() -> None:
    answering = service(9000, 8000, 7000, 6000, None)
    assert walked(answering, 3, lo=None, hi=None, open=True) == [9000, 8000, 7000, 6000, None]
    assert asked(answering) == [(None, None), (0, 7001), (None, None)]
    assert [dict(one) for one in answering.asks[-1].extra] == [
        {"field": "start_time", "operator": "not exists", "value": None}
    ]


@pytest.mark.parametrize("time", [-1, -0.5, -7])
def test_a_walk_without_a_range_goes_below_its_floor_once_it_has_seen_one_event_there(time: float) -> None:
    answering = service(5000, time, -8, -9)
    assert walked(answering, 2, lo=None, hi=None) == [5000, time, -8, -9]


def test_a_walk_without_a_range_begins_at_its_floor_where_the_events_do() -> None:
    answering = service(5000, 0, 0)
    assert walked(answering, 2, lo=None, hi=None) == [5000, 0, 0]
    assert {ask.lo for ask in answering.asks[1:]} == {0}


def test_a_walk_without_a_range_goes_below_its_floor_where_the_events_do() -> None:
    answering = service(-5, -6, -7, -8)
    assert walked(answering, 3, lo=None, hi=None) == [-5, -6, -7, -8]
    assert asked(answering)[1] == (YEAR_ONE, -6)


def test_events_without_a_time_come_only_where_no_range_is_asked_for() -> None:
    times = [9000.0, 8000.0, 7000.0, None]
    assert walked(service(*times), 2) == [9000, 8000, 7000]
    assert walked(service(*times), 2, lo=None, hi=None, open=True) == times


def test_a_service_that_cuts_its_pages_is_found_out_by_its_count() -> None:
    answering = service(*range(1000, 9000, 1000), cut=2)
    assert walked(answering, 100) == list(range(8000, 0, -1000))
    first, second = Ask(0, HI, 100), Ask(0, HI, 2, page=2)
    assert answering.asks[:5] == [first, second, first, second, first]
    assert answering.asks[5] == second  # three doubts are enough
    assert {(ask.limit, ask.page) for ask in answering.asks[6:]} == {(2, 1)}


def test_a_service_that_cuts_its_pages_is_believed_about_events_without_a_time() -> None:
    answering = service(*range(1000, 9000, 1000), None, cut=2)
    assert walked(answering, 100, lo=None, hi=None, open=True) == [*range(8000, 0, -1000), None]


def test_a_page_cut_shorter_than_earlier_pages_is_not_the_end() -> None:
    answering = service(*range(1000, 9000, 1000), cut=4)

    def cut_shorter(answering: Service) -> None:
        if len(answering.asks) == 6:
            answering.cut = 3

    answering.between = cut_shorter
    assert walked(answering, 100) == list(range(8000, 0, -1000))


def test_a_count_that_is_about_something_else_is_asked_about_once() -> None:
    answering = service(9000, 8000, count_is="nonsense")
    assert walked(answering, 3) == [9000, 8000]
    assert [(ask.page, ask.limit) for ask in answering.asks] == [(1, 3), (2, 2)]


def test_an_empty_page_with_a_count_is_asked_for_twice() -> None:
    answering = service(count_is="nonsense")
    assert walked(answering, 3) == []
    assert answering.asks == [Ask(0, HI, 3), Ask(0, HI, 3)]


def test_a_service_that_cuts_times_is_asked_with_a_wider_overlap() -> None:
    answering = service(*range(8000, 8100, 5), parse=cut_to(10))
    assert walked(answering, 3) == list(range(8095, 7999, -5))
    # The second is cut to 8080 and the third to 8090, so that the fourth has an overlap of 10.
    assert asked(answering)[:4] == [(0, HI), (0, 8086), (0, 8096), (0, 8090)]


def test_rows_come_in_the_order_of_the_service() -> None:
    rows = [None, {"event_id": "a"}, {"event_id": "b", "start_time": 5}, {"event_id": "c", "start_time": 7}]
    steps = Walk(Position(0, HI), size=9).run()
    next(steps)
    assert [row.value for row in steps.send(Page(rows)).rows] == rows


@pytest.mark.parametrize("lo", [8980, 0])
def test_a_service_that_reads_a_range_narrower_than_it_is_hides_nothing_behind_a_tie(lo: int) -> None:
    answering = service(*[9000] * 4, 8995, 8991, 8985, 8980, parse=cut_to(10), parse_start=raised_to(10))
    assert sorted(walked(answering, 3, lo=lo, hi=9000)) == [8980, 8985, 8991, 8995, *[9000] * 4]
    assert min(ask.lo or 0 for ask in answering.asks) == lo


def test_a_gap_below_a_tie_is_looked_for_only_where_it_can_be() -> None:
    answering = service(*[9000] * 4, 50)
    assert walked(answering, 3, hi=9000) == [9000] * 4 + [50]
    assert asked(answering)[4:] == [(0, 8999)] + [(49, 9000)] * 3


def test_a_gap_below_a_tie_is_not_looked_for_if_the_service_reads_to_the_millisecond() -> None:
    answering = service(9009, 9008, 9007, 9006, *[9003] * 4, 50)
    assert walked(answering, 3, hi=9009) == [9009, 9008, 9007, 9006] + [9003] * 4 + [50]
    assert asked(answering)[-1] == (0, 9002)


def test_a_tie_at_both_ends_of_the_range_ends_the_walk() -> None:
    answering = service(*[9000] * 4, 8998, 8997)
    assert walked(answering, 3, lo=8999, hi=9000) == [9000] * 4
    assert asked(answering) == [(8999, 9000)] * 4


def test_events_without_a_time_come_once_where_a_tie_ends_the_walk() -> None:
    answering = service(*[2] * 4, None, None, nulls="first")
    assert sorted(map(str, walked(answering, 4, lo=None, hi=None, open=True))) == ["2"] * 4 + ["None"] * 2


def test_events_without_a_time_come_once_where_more_of_them_are_there_than_a_page() -> None:
    answering = service(9000, 8000, 7000, *[None] * 9)
    assert sorted(map(str, walked(answering, 4, lo=None, hi=None, open=True))) == [
        *("7000", "8000", "9000"),
        *["None"] * 9,
    ]


def test_a_page_that_reaches_below_the_start_ends_the_walk() -> None:
    answering = service(5400, 5300, 5200, 5100, 5000, 5000, parse=cut_to(1000))
    assert walked(answering, 5, lo=5150) == [5400, 5300, 5200, 5100, 5000]
    assert asked(answering) == [(5150, HI)]


def test_events_without_a_time_come_after_a_page_that_reaches_below_the_floor() -> None:
    answering = service(12, 11, 10, 3, 2, None, parse_start=cut_to(10))
    steps = Walk(Position(None, None, open=True), size=3, floor=5).run()
    step, got = next(steps), list[Any]()
    while step.ask is not None:
        step = steps.send(answering.answer(step.ask))
        got += [row.time for row in step.rows]
    assert got == [12, 11, 10, 3, None]


@pytest.mark.parametrize(
    ("overlap", "time", "below"), [(1, 8998.5, 8995), (10, 8998.5, 8970), (10, 8990.5, 8969)]
)
def test_a_drain_goes_below_the_next_request_by_twice_the_overlap(
    overlap: int, time: float, below: int
) -> None:
    answering = service(*[time] * 4, 50)
    assert walked(answering, 3, hi=9000, overlap=overlap) == [time] * 4 + [50]
    assert asked(answering)[:5] == [(0, 9000), *[(below, 9000)] * 3, (0, below + 2 * overlap)]


def positions(answering: Service, size: int, at: Position) -> list[Position | None]:
    """Where a walk stands after each of its requests that moved it."""
    steps = Walk(at, size=size).run()
    step, found = next(steps), list[Position | None]()
    assert step.before == at
    while step.ask is not None:
        before, step = step.after, steps.send(answering.answer(step.ask))
        assert step.before == before
        found += [] if step.after == before else [step.after]
    return found


def test_a_position_after_a_page_knows_its_rows_and_forgets_the_ends_that_failed() -> None:
    answering = service(8000, 7000)
    ids = list(answering.events)
    begin = Position(
        0, 9000, reach=8000, past=9500, drained=True, failed=(8500,), seen={"x": 9002, "y": 9001}
    )
    after = Position(0, 7001, reach=7000, past=9000, seen={"y": 9001, ids[0]: 8000, ids[1]: 7000})
    assert positions(answering, 2, begin) == [after, None]


def test_a_position_after_a_drain_knows_that_it_was_one() -> None:
    answering = service(*[9000] * 3, 8998, 6000)
    ids = dict.fromkeys(list(answering.events)[:3], 9000)
    begin = Position(0, 9000, failed=(8500,), overlap=10)
    after = positions(answering, 2, begin)[0]
    assert after == Position(
        *(0, 8990),
        reach=8970,
        past=9000,
        drained=True,
        overlap=10,
        seen={**ids, list(answering.events)[3]: 8998},
    )


@pytest.mark.parametrize("times", [(8000, 7000, 7005), (9000, 8995, 9000)])
def test_a_wider_overlap_stays(times: tuple[int, ...]) -> None:
    steps = Walk(Position(0, 9000), size=3).run()
    step, page = next(steps), Page([{"event_id": str(n), "start_time": time} for n, time in enumerate(times)])
    while step.after is None or step.after.hi == 9000:
        assert step.ask is not None
        step = steps.send(page if step.ask == Ask(0, 9000, 3) else Page([]))
    assert step.after.overlap == 10


def test_a_page_without_a_time_says_so() -> None:
    assert str(answers([{"event_id": "a"}, {"event_id": "b"}])) == (
        "A whole page of 2 events without a readable start_time: there is no time to continue from. "
        "A larger page_size may hold them all."
    )


@pytest.mark.parametrize("time", [YEAR_9999, YEAR_ONE - 2])
def test_times_beyond_all_ranges_say_so(time: int) -> None:
    steps = Walk(Position(None, None), size=2).run()
    next(steps)
    with pytest.raises(PaginationIncomplete) as raised:
        steps.send(Page([{"event_id": "a", "start_time": time}, {"event_id": "b", "start_time": time}]))
    assert str(raised.value) == (
        f"A whole page of 2 events lies beyond the years 1 to 9999 (start_time {time}), where no date range "
        "reaches. Their times are probably not in milliseconds."
    )


@pytest.mark.parametrize("time", [YEAR_9999 - 1, YEAR_ONE - 1])
def test_the_first_and_the_last_millisecond_that_can_be_asked_for_are_asked_for(time: int) -> None:
    steps = Walk(Position(None, None), size=2).run()
    next(steps)
    step = steps.send(Page([{"event_id": "a", "start_time": time}, {"event_id": "b", "start_time": time}]))
    assert step.ask is not None
    assert step.ask.hi == time + 1


def test_a_long_walk_that_makes_progress_is_not_stopped() -> None:
    answering = service(*range(9000, 8400, -2))
    assert len(walked(answering, 2)) == 300
    assert len(answering.asks) == 300


def test_a_refusal_without_extra_filters_is_the_error_of_the_service() -> None:
    steps = Walk(Position(0, HI), size=2).run()
    next(steps)
    refused = BadRequestError(400, "no")
    with pytest.raises(BadRequestError) as raised:
        steps.send(PageRefused(refused))
    assert raised.value is refused


def test_a_drain_whose_filters_are_refused_says_so() -> None:
    asking = drain(5, 6, Learned(1))
    next(asking)
    asking.send(Page([{"event_id": "a", "start_time": 5}]))
    with pytest.raises(PaginationIncomplete) as raised:  # noqa: PT012
        while True:
            asking.send(PageRefused(BadRequestError(400, "too many filters")))
    assert str(raised.value).startswith("The time from 5 to 6 (Unix ms) holds more events than a page")


def test_events_that_no_filter_tells_apart_say_so() -> None:
    alike = [{"start_time": 5, "x": 1}, {"start_time": 5, "x": 1}]
    for lo, hi, where in ((5, 6, "The time from 5 to 6 (Unix ms)"), (None, None, "The range")):
        asking = drain(lo, hi, Learned(2))
        next(asking)
        with pytest.raises(PaginationIncomplete) as raised:  # noqa: PT012
            while True:
                asking.send(Page(alike))
        assert str(raised.value) == (
            f"{where} holds more events than a page of 2, and no filter tells them apart. "
            "A larger page_size may hold them all."
        )
