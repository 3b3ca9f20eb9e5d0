"""The walk against a service whose events come and go between any two requests."""

from __future__ import annotations

import random
from collections import Counter

from honeyhive_ext.search.steps import Position
from tests.support.scale import scaled, seed
from tests.support.shifting import Service, cut_to, drive, read_exactly, rounded_to

BASE = 1_767_225_600_000


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


def shifting(rng: random.Random, throughout: set[str], inserted: list[str]):  # type: ignore[no-untyped-def]
    busy = rng.choice([0, 1, 3])

    def between(service: Service) -> None:
        known = list(service.events.values())
        for _ in range(rng.randrange(busy + 1)):
            near = float(rng.choice(known)["start_time"]) if known else float(BASE)
            time = rng.choice([near, near + rng.random(), near - rng.randrange(2_000), BASE + 10_000_000.0])
            inserted.append(service.add(time)["event_id"])
        for _ in range(rng.randrange(busy + 1)):
            if service.events:
                gone = rng.choice(list(service.events))
                del service.events[gone]
                throughout.discard(gone)
        last = service.asks[-1]
        if busy and last.hi is not None and rng.random() < 0.2:  # delete what the walk expects to see again
            for event_id, event in list(service.events.items()):
                if last.hi - 3 <= event["start_time"] <= last.hi:
                    del service.events[event_id]
                    throughout.discard(event_id)

    return between


def one_walk(number: int) -> tuple[Service, set[str], Counter[str]]:
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
    service.most_filters = rng.choice([100_000, 100_000, 100])
    populate(service, rng, events)
    throughout, inserted = set(service.events), list[str]()
    service.between = shifting(rng, throughout, inserted)
    open_range = rng.random() < 0.3
    at = Position(None, None, open=True) if open_range else Position(0, 4_102_444_800_000)
    got = Counter(event["event_id"] for event in drive(service, at, size=size))
    return service, throughout, got


def test_what_is_there_throughout_comes_exactly_once_and_nothing_comes_twice() -> None:
    first = seed()
    for number in range(first, first + scaled(10_000)):
        _, throughout, got = one_walk(number)
        assert not throughout - got.keys(), f"missed {len(throughout - got.keys())} in walk {number}"
        assert not [key for key, times in got.items() if times > 1], f"doubled in walk {number}"
