"""Windows in parallel yield the events of one walk, in the same order, with hardly more requests."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.drain import Learned
from honeyhive_ext.search.walk.steps import Position
from honeyhive_ext.search.walk.windows import AHEAD, Window, Windows
from tests.property.test_walk import BASE, populate, shifting, steady
from tests.support.scale import scaled, seed
from tests.support.shifting import Service, cut_to, drive, read_exactly
from tests.support.side_by_side import drive_parallel


def one_search(number: int) -> tuple[set[str], Counter[str], list[Any]]:
    rng = random.Random(number)
    service = Service(rng)
    service.shuffled = rng.random() < 0.8
    service.parse = rng.choice([read_exactly] * 5 + [cut_to(1000)])
    service.count_is = rng.choice(["total", "page", "nonsense"])
    service.missing_matches_not = rng.random() < 0.5
    populate(service, rng, rng.choice([0, 20, 200, 600]))
    for _ in range(rng.choice([0, 0, 3])):
        service.add(None)
    bounded = rng.random() < 0.5
    throughout = {key for key, one in service.events.items() if not (bounded and one["start_time"] is None)}
    service.between = shifting(rng, throughout, rng.choice([0, 1, 3]))
    query = Query(
        start=0 if bounded else None,
        end=BASE + 10**9 if bounded else None,
        page_size=rng.choice([5, 20, 50]),
        parallel=rng.choice([2, 4, 16]),
    )
    got = list(drive_parallel(service, query, rng))
    # What arrives meanwhile may come late, above the events that were yielded.
    timed = [event for event in got if event["start_time"] is not None and event["event_id"] in throughout]
    return throughout, Counter(event["event_id"] for event in got), [event["start_time"] for event in timed]


def test_what_is_there_throughout_comes_exactly_once_newest_first() -> None:
    first = seed()
    for number in range(first, first + scaled(10_000)):
        throughout, got, times = one_search(number)
        assert not throughout - got.keys(), f"missed {len(throughout - got.keys())} in search {number}"
        assert not [key for key, count in got.items() if count > 1], f"doubled in search {number}"
        assert times == sorted(times, reverse=True), f"order in search {number}"


@pytest.mark.parametrize("gap", [1, 20, 5_000])
def test_requests_stay_close_to_the_fewest_possible(gap: float) -> None:
    rng = random.Random(seed())
    service = steady(rng, 20_000, gap=gap)
    query = Query(start=0, end=BASE + 10**10, page_size=500, parallel=4)
    got = sum(1 for _ in drive_parallel(service, query, rng))
    assert len(service.asks) <= 1.3 * -(-got // 500)


@pytest.mark.parametrize(("unit", "side_by_side"), [(1, True), (10, False), (1000, False)])
def test_whole_seconds_are_walked_side_by_side_if_the_service_reads_milliseconds(
    unit: int, side_by_side: bool
) -> None:
    rng = random.Random(seed())
    service = Service(rng, parse=cut_to(unit))
    for number in range(1_000):
        service.add(BASE + 1000 * number)
    query = Query(start=0, end=BASE + 10**7, page_size=50, parallel=4)
    assert sum(1 for _ in drive_parallel(service, query, rng)) == 1_000
    windows = [ask for ask in service.asks if ask.lo and ask.hi and ask.hi - ask.lo > 2000]
    assert bool(windows) is side_by_side


def test_bursts_do_not_cost_many_more_requests() -> None:
    rng = random.Random(seed())
    service, time = Service(rng), float(BASE)
    for _ in range(60):
        time += rng.expovariate(1 / 600_000)
        for _ in range(rng.choice([1, 5, 200, 1_500])):
            time += rng.expovariate(1 / 2)
            service.add(round(time))
    sent = set(service.events)
    query = Query(start=0, end=BASE + 10**11, page_size=500, parallel=4)
    got = [event["event_id"] for event in drive_parallel(service, query, rng)]
    assert sorted(got) == sorted(sent)
    assert len(service.asks) <= 2.5 * -(-len(got) // 500)


def test_nothing_is_held_back_but_a_few_pages_for_each_worker() -> None:
    rng = random.Random(seed())
    service = steady(rng, 20_000, gap=20)
    service.between = None
    query = Query(start=0, end=BASE + 10**10, page_size=100, parallel=4)
    waiting = [
        len(service.asks) * 100 - handed_out
        for handed_out, _ in enumerate(drive_parallel(service, query, rng))
    ]
    wasted = len(service.asks) * 100 - 20_000
    assert max(waiting) <= wasted + 100 * (4 * AHEAD + 2)


def test_it_gives_the_same_as_one_walk() -> None:
    rng = random.Random(seed())
    service = steady(rng, 3_000, gap=20)
    service.between, service.shuffled = None, False
    query = Query(page_size=100, parallel=4)
    side_by_side = [event["event_id"] for event in drive_parallel(service, query, rng)]
    assert side_by_side == [event["event_id"] for event in drive(service, query.position(), size=100)]


def test_a_service_that_wants_fewer_requests_gets_fewer() -> None:
    at = Position(BASE, BASE + 10**7, reach=float(BASE + 10**7))
    windows = Windows(at, Learned(10), 8)

    def under_way() -> list[Window]:
        found = []
        while (window := windows.next()) is not None:
            found.append(window)
        return found

    first = under_way()
    assert len(first) == 2
    windows.done(first[0], [], slowed=False)
    second = under_way()
    assert len(second) == 2
    windows.done(first[1], [], slowed=True)
    assert under_way() == []
    windows.done(second[0], [], slowed=True)
    windows.done(second[1], [], slowed=True)
    assert len(under_way()) == 1
