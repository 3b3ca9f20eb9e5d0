"""How a walk finds out whether the service reads times to the millisecond, as requests side by side need."""

from __future__ import annotations

import random
from typing import Any

import pytest

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.steps import Position
from honeyhive_ext.search.walk.walk import Walk
from tests.support.shifting import HI, Service, cut_to, service
from tests.support.side_by_side import drive_parallel


def walked(answering: Service, *, hi: int = HI, prove: bool = True) -> Walk:
    """A whole walk with pages of three events."""
    walk = Walk(Position(0, hi), size=3, prove=prove)
    steps = walk.run()
    step = next(steps)
    while step.ask is not None:
        step = steps.send(answering.answer(step.ask))
    return walk


def asked(*page: float | None) -> Ask | None:
    """What a walk asks for after this page of three events."""
    steps = Walk(Position(0, HI), size=3, prove=True).run()
    next(steps)
    return steps.send(Page([{"event_id": str(n), "start_time": time} for n, time in enumerate(page)])).ask


def proven_by(*answer: float | None) -> bool:
    """Whether this answer to the range from 6001 to 7000 is a proof, where events lie at 6000 and 7000."""
    walk = Walk(Position(0, HI), size=3, prove=True)
    steps = walk.run()
    next(steps)
    steps.send(Page([{"event_id": str(time), "start_time": time} for time in (8000, 7000, 6000)]))
    steps.send(Page([{"event_id": str(time), "start_time": time} for time in answer]))
    return walk.proven


def test_nothing_is_proven_before_an_answer() -> None:
    assert Walk(Position(0, HI), size=3, prove=True).proven is False


@pytest.mark.parametrize(
    ("hi", "time", "proven"),
    [(9005, 9001, True), (9005, 9005, True), (9005, 9000, False), (9000, 9000, False), (9000, 8999, False)],
)
def test_an_event_that_a_service_that_cuts_times_would_not_have_shown_is_a_proof(
    hi: int, time: int, proven: bool
) -> None:
    answering = service(time)
    assert walked(answering, hi=hi, prove=False).proven is proven
    assert answering.asks == [Ask(0, hi, 3)]


def test_an_empty_answer_is_no_proof() -> None:
    assert walked(service(), hi=9005).proven is False


def test_a_proof_costs_one_request_for_a_range_right_above_an_event() -> None:
    answering = service(8000, 7000, 6000, 5000)
    assert walked(answering).proven
    assert answering.asks == [Ask(0, HI, 3), Ask(6001, 7000, 3), Ask(0, 6001, 3)]


def test_a_service_that_cuts_times_is_asked_once_and_has_proven_nothing() -> None:
    answering = service(*range(1000, 9000, 1000), parse=cut_to(10))
    assert walked(answering).proven is False
    assert [ask for ask in answering.asks if ask.lo] == [Ask(6001, 7000, 3)]


@pytest.mark.parametrize(
    ("page", "low", "high"),
    [
        ((8000, 6001, 6000), 6001, 6001),
        ((8000, 7000.25, 6000.5), 6001, 7001),
        ((8000, 7003, 5999), 7004, 8000),  # a service that cuts times to 10 ms cuts nothing off 6000
    ],
)
def test_the_range_begins_where_a_service_that_cuts_times_shows_the_event_below(
    page: tuple[float, ...], low: int, high: int
) -> None:
    assert asked(*page) == Ask(low, high, 3)


@pytest.mark.parametrize("far", [10.0**15, -(10.0**15)])
def test_a_time_beyond_the_years_of_a_date_range_proves_nothing(far: float) -> None:
    assert asked(far, 8000, 7000) == Ask(7001, 8000, 3)
    ask = asked(far, far, 8000)
    assert ask is None or ask.lo == 0


@pytest.mark.parametrize("page", [(7000, 7000, 7000), (7009, 7009, 7009), (8000, 7999, 7999), (8000,)])
def test_a_page_without_a_possible_proof_costs_no_request(page: tuple[float, ...]) -> None:
    ask = asked(*page)
    assert ask is None or ask.lo == 0


def test_a_later_page_is_asked_about_where_the_first_could_prove_nothing() -> None:
    answering = service(9000, 9000, 9000, 8000, 7000, 6000)
    assert walked(answering).proven
    assert Ask(6001, 7000, 3) in answering.asks


def test_a_proof_that_is_there_or_not_wanted_costs_no_request() -> None:
    for walk in (
        lambda answering: walked(answering, hi=9005),
        lambda answering: walked(answering, prove=False),
    ):
        answering = service(9001, 8000, 7000, 6000)
        walk(answering)
        assert {ask.lo for ask in answering.asks} == {0}


@pytest.mark.parametrize(
    ("answer", "proven"),
    [
        ((7000,), True),
        ((7000, 6001), True),
        ((7000, 6000), False),
        ((7000, 7000, 7000), False),  # a full page may hide more
        ((), False),
        ((None,), False),
    ],
)
def test_only_a_whole_answer_without_the_event_below_is_a_proof(
    answer: tuple[float | None, ...], proven: bool
) -> None:
    assert proven_by(*answer) is proven


def test_a_page_without_a_time_is_an_error_here_too() -> None:
    with pytest.raises(PaginationIncomplete, match="without a readable start_time"):
        asked(None, None, None)


@pytest.mark.parametrize("unit", [1, 10, 100])
def test_no_event_is_lost_where_the_oldest_of_the_first_page_lies_right_below_the_unit(unit: int) -> None:
    rng = random.Random(7)
    answering = Service(rng, shuffled=False, parse=cut_to(unit))
    later: list[Any] = [answering.add(1_001_000 + 1000 * number) for number in range(49)]
    earlier: list[Any] = [answering.add(1000 * number + rng.randrange(10)) for number in range(900)]
    oldest = answering.add(999_999)
    query = Query(start=0, end=2_000_000, page_size=50, parallel=4)
    got = [event["event_id"] for event in drive_parallel(answering, query, rng)]
    assert sorted(got) == sorted(event["event_id"] for event in (*later, oldest, *earlier))
