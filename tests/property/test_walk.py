"""The walk against a service whose events come and go between any two requests."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.walk.steps import Position
from honeyhive_ext.search.walk.walk import Walk
from tests.support.scale import scaled, seed
from tests.support.shifting import Service, cut_to, drive, read_exactly, rounded_to

BASE = 1_767_225_600_000
END = 4_102_444_800_000


def populate(service: Service, rng: random.Random, events: int) -> None:
    """Events in runs: sparse, dense, tied, with and without fractions of a millisecond."""
    time = float(BASE + rng.randrange(100_000))
    sessions = [f"s{i}" for i in range(rng.choice([1, 2, 30]))]
    left = events
    while left > 0:
        run = min(left, rng.randint(1, rng.choice([3, 20, 60])))
        style = rng.choice(["sparse", "dense", "tie", "fraction"])
        for _ in range(run):
            if style == "sparse":
                time += rng.randrange(1, 5_000)
            elif style == "dense":
                time += rng.randrange(0, 3)
            elif style == "fraction":
                time += rng.random()
            service.add(time, session_id=rng.choice(sessions), event_type=rng.choice(["model", "tool"]))
        time = float(int(time) + rng.randrange(1, 50)) if style != "tie" else time + rng.randrange(1, 3)
        left -= run


def shifting(rng: random.Random, throughout: set[str], busy: int) -> Callable[[Service], None]:
    """Inserts, late inserts and deletes; what is deleted was not there throughout."""

    def between(service: Service) -> None:
        known = [event for event in service.events.values() if event["start_time"] is not None]
        for _ in range(rng.randrange(busy + 1)):
            near = float(rng.choice(known)["start_time"]) if known else float(BASE)
            time = rng.choice([near, near + rng.random(), near - rng.randrange(2_000), BASE + 10_000_000.0])
            service.add(time)
        for _ in range(rng.randrange(busy + 1)):
            if service.events:
                gone = rng.choice(list(service.events))
                del service.events[gone]
                throughout.discard(gone)
        last = service.asks[-1]
        if busy and last.hi is not None and rng.random() < 0.2:  # delete what the walk expects to see again
            for event_id, event in list(service.events.items()):
                if last.hi - 3 <= (event["start_time"] or 0) <= last.hi:
                    del service.events[event_id]
                    throughout.discard(event_id)

    return between


def one_walk(number: int) -> tuple[set[str], Counter[str]]:
    rng = random.Random(number)
    service = Service(rng)
    service.shuffled = rng.random() < 0.8
    service.parse = rng.choice(
        [read_exactly] * 4 + [cut_to(10), cut_to(1000), rounded_to(1000), cut_to(60_000)]
    )
    service.count_is = rng.choice(["total", "page", "nonsense"])
    service.missing_matches_not = rng.random() < 0.5
    if service.count_is == "total":  # with neither a full page nor a count nobody can know that there is more
        service.cut = rng.choice([1000, 1000, 7])
    events = rng.choice([0, 5, 20, 20, 60, 200])
    size = rng.choice([1, 2, 5]) if events <= 20 else rng.choice([5, 20, 50])
    service.most_filters = 100 if size >= 5 and rng.random() < 0.3 else 100_000
    populate(service, rng, events)
    throughout = set(service.events)
    # With pages of one event, several new ones at every request are more than anybody can read.
    service.between = shifting(rng, throughout, rng.choice([0, 1, 3] if size >= 5 else [0, 1]))
    open_range = rng.random() < 0.3
    at = Position(None, None, open=True) if open_range else Position(0, END)
    got = Counter(event["event_id"] for event in drive(service, at, size=size))
    return throughout, got


def test_what_is_there_throughout_comes_exactly_once_and_nothing_comes_twice() -> None:
    first = seed()
    for number in range(first, first + scaled(10_000)):
        throughout, got = one_walk(number)
        assert not throughout - got.keys(), f"missed {len(throughout - got.keys())} in walk {number}"
        assert not [key for key, times in got.items() if times > 1], f"doubled in walk {number}"


def steady(rng: random.Random, events: int, *, gap: float) -> Service:
    """Events at random times, `gap` ms apart on average, while others arrive and go at every request."""
    service = Service(rng)
    time = float(BASE)
    for _ in range(events):
        time += rng.expovariate(1 / gap)
        service.add(round(time))

    def between(service: Service) -> None:
        service.add(float(BASE + rng.randrange(round(time - BASE) or 1)))
        service.add(time + 1_000_000)
        del service.events[rng.choice(list(service.events))]

    service.between = between
    return service


@pytest.mark.parametrize("gap", [1, 20, 5_000])
def test_requests_stay_close_to_the_fewest_possible(gap: float) -> None:
    rng = random.Random(seed())
    service = steady(rng, 10_000, gap=gap)
    got = sum(1 for _ in drive(service, Position(0, END), size=500))
    assert len(service.asks) <= 1.15 * -(-got // 500)


def many_at_once(service: Service, events: int, sessions: int) -> set[str]:
    for number in range(events):
        service.add(BASE, session_id=f"s{number % sessions}", event_type=["model", "tool"][number % 2])
    service.add(BASE - 10)
    service.add(BASE + 10)
    return set(service.events)


@pytest.mark.parametrize("sessions", [1, 20, 10_000])
@pytest.mark.parametrize("most_filters", [100_000, 200])
@pytest.mark.parametrize("count_is", ["total", "page", "nonsense"])
def test_ten_thousand_events_in_one_millisecond_come_exactly_once(
    sessions: int, most_filters: int, count_is: str
) -> None:
    service = Service(random.Random(seed()), most_filters=most_filters, count_is=count_is)
    sent = many_at_once(service, scaled(10_000, 1_500), sessions)
    got = [event["event_id"] for event in drive(service, Position(0, END), size=500)]
    assert len(got) == len(sent)
    assert set(got) == sent


@pytest.mark.parametrize("nulls", ["first", "last"])
@pytest.mark.parametrize("missing_matches_not", [True, False])
def test_rows_without_a_time_or_an_id_are_neither_lost_nor_doubled(
    nulls: str, missing_matches_not: bool
) -> None:
    service = Service(random.Random(seed()), nulls=nulls, missing_matches_not=missing_matches_not)
    for number in range(40):
        service.add(BASE + number // 3)
    service.add(None)
    service.add("2026-01-01T00:00:00.005Z")  # type: ignore[arg-type]
    for twin in range(2):  # two events that nothing tells apart
        service.events[f"twin {twin}"] = {"start_time": BASE + 7, "event_type": "tool"}
    got = list(drive(service, Position(None, None, open=True), size=8))
    assert len(got) == 44
    assert sum("event_id" not in event for event in got) == 2
    assert sum(event.get("start_time") is None for event in got) == 1


def test_rows_that_are_not_even_objects_are_yielded() -> None:
    steps = Walk(Position(0, END), size=10).run()
    next(steps)
    step = steps.send(Page([None, 5, "x", {"event_id": 7}, {"event_id": "a", "start_time": "soon"}], 5))
    assert [row.value for row in step.rows] == [
        None,
        5,
        "x",
        {"event_id": 7},
        {"event_id": "a", "start_time": "soon"},
    ]
    assert step.ask is None


def test_a_page_without_a_single_time_is_an_error_and_not_an_end() -> None:
    service = Service(random.Random(seed()))
    for _ in range(20):
        service.add(None)
    with pytest.raises(PaginationIncomplete, match="start_time"):
        list(drive(service, Position(None, None, open=True), size=10))


def test_times_that_no_date_range_reaches_are_an_error_and_not_an_end() -> None:
    service = Service(random.Random(seed()))
    for number in range(20):
        service.add(1_767_225_600_000_000 + number)  # microseconds, by mistake
    with pytest.raises(PaginationIncomplete, match="not in milliseconds"):
        list(drive(service, Position(None, None, open=True), size=10))


def test_events_before_1970_are_found_once_the_walk_sees_one() -> None:
    service = Service(random.Random(seed()))
    for number in range(40):
        service.add(-10 * number)
    assert len(list(drive(service, Position(None, None, open=True), size=10))) == 40


def test_what_no_filter_tells_apart_is_an_error_and_not_a_cut() -> None:
    service = Service(random.Random(seed()))
    for number in range(20):
        service.events[str(number)] = {"start_time": BASE, "event_type": "tool", "number": number}
    with pytest.raises(PaginationIncomplete, match="no filter tells them apart"):
        list(drive(service, Position(0, END), size=10))


def test_a_service_that_refuses_every_filter_is_an_error_and_not_a_cut() -> None:
    service = Service(random.Random(seed()), most_filters=0)
    many_at_once(service, 50, 3)
    with pytest.raises(PaginationIncomplete, match=r"no filter tells them apart|refuses"):
        list(drive(service, Position(0, END), size=10))


class Forgetful(Service):
    """Always answers with a page of events that were not there before."""

    def answer(self, ask: Ask) -> Page:
        return Page([self.add((ask.hi or END) - 5) for _ in range(ask.limit)])


def test_answers_that_never_show_what_was_there_are_an_error_and_not_a_loop() -> None:
    service = Forgetful(random.Random(seed()))
    with pytest.raises(PaginationIncomplete) as raised:
        list(drive(service, Position(0, END), size=5))
    assert str(raised.value) == (
        f"201 requests did not bring the search below {END} (Unix ms): events arrive "
        "there faster than they can be read. Set an earlier end, or a larger page_size."
    )
    assert len(service.events) == 5 * 202


def test_a_contradiction_between_count_and_page_costs_one_more_request() -> None:
    service = Service(random.Random(seed()), count_is="nonsense")
    for number in range(5):
        service.add(BASE + number)
    assert len(list(drive(service, Position(0, END), size=10))) == 5
    assert [ask.page for ask in service.asks] == [1, 2]


@pytest.mark.parametrize("stop", range(0, 60, 7))
def test_a_walk_continues_from_any_of_its_positions(stop: int) -> None:
    service = Service(random.Random(seed()), parse=cut_to(10))
    for number in range(60):
        service.add(BASE + number // 4)
    sent = set(service.events)
    steps = Walk(Position(0, END), size=6).run()
    step, had = next(steps), list[str]()
    while step.ask and len(had) < stop:
        step = steps.send(service.answer(step.ask))
        had += [row.key for row in step.rows]
    rest = [] if step.after is None else [e["event_id"] for e in drive(service, step.after, size=6)]
    assert sorted(had + rest) == sorted(sent)
