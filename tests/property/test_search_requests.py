"""How many requests a search of the local server takes, while events arrive and go at every one of them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from honeyhive_ext.local import LocalServer
from tests.support.between import MATCHES, Between
from tests.support.scale import scaled, seed

BASE = 1_767_225_600_000
PAGE = 100
EVENTS = 4_000

Times = Callable[[random.Random], list[float]]


def steady(rng: random.Random) -> list[float]:
    """At random times, 1 ms to 5 s apart on average."""
    gap, time, times = rng.choice([1, 20, 5_000]), 0.0, list[float]()
    while len(times) < EVENTS:
        time += rng.expovariate(1 / gap)
        times.append(BASE + round(time))
    return times


def bursty(rng: random.Random) -> list[float]:
    """Bursts of one event to fifteen hundred, ten minutes apart on average."""
    time, times = 0.0, list[float]()
    while len(times) < EVENTS:
        time += rng.expovariate(1 / 600_000)
        for _ in range(rng.choice([1, 5, 200, 1_500])):
            time += rng.expovariate(1 / 2)
            times.append(BASE + round(time))
    return times


@pytest.mark.parametrize(
    ("times", "parallel", "most"),
    [(steady, 1, 1.15), (steady, 4, 1.3), (bursty, 1, 2.5), (bursty, 4, 2.5)],
)
def test_requests_stay_close_to_the_fewest_possible(times: Times, parallel: int, most: float) -> None:
    rng = random.Random(seed())
    worst = 0.0
    for _ in range(scaled(60)):
        events, got = searched(rng, times(rng), parallel)
        assert events.throughout <= set(got)
        assert len(got) == len(set(got))
        worst = max(worst, events.asked / -(-len(got) // PAGE))
        assert worst <= most
    print(f"{scaled(60)} searches, at most {worst:.3f} times the fewest requests")


def searched(rng: random.Random, times: list[float], parallel: int) -> tuple[Between, list[str]]:
    """A search over events at these times, and the ids that it yielded."""

    def change() -> None:
        """At every request one event goes, one is new, and one comes late."""
        events.remove(rng.sample(list(events.stored), 1))
        known = list(events.stored.values())
        events.add([max(known) + 1_000_000, rng.choice(known) - rng.randrange(100)])

    with LocalServer(ties="shuffled") as server:
        events = Between(server, rng, change)
        events.add(times)
        events.begin()
        search = events.client.events.search
        found = search(MATCHES, start=BASE - 100, end=BASE + 10**10, page_size=PAGE, parallel=parallel)
        got = [event["event_id"] for event in found.raw()]
        events.client.close()
    return events, got
