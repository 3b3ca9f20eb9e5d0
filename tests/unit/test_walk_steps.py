"""Which requests a walk asks for, one by one, against services that answer in some particular way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from honeyhive_ext.errors import BadRequestError, PaginationIncomplete
from honeyhive_ext.search.drain import Learned, drain
from honeyhive_ext.search.rows import YEAR_9999, YEAR_ONE
from honeyhive_ext.search.steps import Ask, Page, Position, Refusal
from honeyhive_ext.search.walk import Walk
from tests.support.shifting import Service, cut_to, drive

HI = 10_000


def service(*times: float | None, **switches: Any) -> Service:
    """Events at these times, in ms."""
    made = Service(random.Random(7), shuffled=False, **switches)
    for time in times:
        made.add(time)
    return made


def walked(answering: Service, size: int, lo: int | None = 0, hi: int | None = HI, **more: Any) -> list[Any]:
    """The times of the events that a walk hands out."""
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


def test_a_millisecond_that_fills_a_page_is_drained_by_leaving_out_what_was_had() -> None:
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


def test_a_walk_without_a_range_asks_for_one_once_it_has_to_go_on() -> None:
    answering = service(9000, 8000, 7000, 6000, None)
    assert walked(answering, 3, lo=None, hi=None, open=True) == [9000, 8000, 7000, 6000, None]
    assert asked(answering) == [(None, None), (0, 7001), (None, None)]
    assert [dict(one) for one in answering.asks[-1].extra] == [
        {"field": "start_time", "operator": "not exists", "value": None}
    ]


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
    second = [ask for ask in answering.asks if ask.page == 2]
    assert [(ask.limit, ask.lo, ask.hi) for ask in second][:1] == [(2, 0, HI)]
    assert {ask.limit for ask in answering.asks[-2:]} == {2}


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
    assert asked(answering)[:3] == [(0, HI), (0, 8086), (0, 8096)]  # cut to 8080, and then to 8090


def test_a_page_without_a_time_says_so() -> None:
    assert str(answers([{"event_id": "a"}, {"event_id": "b"}])) == (
        "A whole page of 2 events without a readable start_time: there is no time to go on from. "
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


def test_a_refused_request_of_the_walk_itself_is_the_service_s_error() -> None:
    steps = Walk(Position(0, HI), size=2).run()
    next(steps)
    refused = BadRequestError(400, "no")
    with pytest.raises(BadRequestError) as raised:
        steps.send(Refusal(refused))
    assert raised.value is refused


def test_a_drain_whose_filters_are_refused_says_so() -> None:
    asking = drain(5, 6, Learned(1))
    next(asking)
    asking.send(Page([{"event_id": "a", "start_time": 5}]))
    with pytest.raises(PaginationIncomplete) as raised:  # noqa: PT012
        while True:
            asking.send(Refusal(BadRequestError(400, "too many filters")))
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
