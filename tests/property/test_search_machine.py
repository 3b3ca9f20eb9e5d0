"""Searches of the local server, while events arrive and go between any two of their requests."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from honeyhive_ext.local import LocalServer
from tests.support.between import MATCHES, Between
from tests.support.scale import scaled

BASE = 1_767_225_600_000
TIMES = (
    st.integers(0, 40).map(lambda tick: BASE + tick)
    | st.integers(0, 400).map(lambda n: BASE + n / 10)
    | st.integers(0, 10**7).map(lambda ms: BASE + ms)
)
WHEN = st.just(0) | st.integers(1, 6) | st.integers(1, 100)  # 0: now; n: before the nth coming request
OPTIONS = st.fixed_dictionaries(
    {
        "ties": st.sampled_from(["newest", "shuffled"]),
        "missing": st.sampled_from(["matches", "exclude"]),
        "count": st.sampled_from(["total", "page"]),
        "timestamps": st.sampled_from(["kept", "rounded"]),
        "times": st.lists(TIMES, max_size=40),
        "bounded": st.booleans(),
        "parallel": st.sampled_from([1, 1, 3]),
    }
)
LARGEST = scaled(10_000)  # events in one millisecond
IS_WHOLE = scaled(100) == 100


class SearchMachine(RuleBasedStateMachine):
    """The searches are a client's, the server is real; only the socket is left out."""

    walks = 0  # that came to their end, over more events than a page
    tied = 0  # those of them with more events in one millisecond than a page
    largest = 0  # events in one millisecond during a walk

    def __init__(self) -> None:
        super().__init__()
        self.server: LocalServer | None = None

    def start(
        self, times: list[float], bounded: bool, parallel: int, page_size: int, most: int, **switches: Any
    ) -> None:
        self.server = LocalServer(max_filters=most, **switches)
        self.coming: dict[int, list[Callable[[], None]]] = {}
        self.requests = 0
        self.position: float = BASE
        self.page_size = page_size
        limits = {"start": BASE, "end": BASE + 2 * 10**7} if bounded else {}
        self.options: dict[str, Any] = {**limits, "page_size": page_size, "parallel": parallel}
        self.events = Between(self.server, random.Random(0), self.next_request)
        self.events.add(times)
        self.begin(None)

    def begin(self, resume: str | None) -> None:
        search = self.events.client.events.search
        self.result = search(MATCHES, resume=resume, **self.options).raw()
        self.found: Iterator[dict[str, Any]] = iter(self.result)
        if resume is None:
            self.events.begin()
            self.got: dict[str, float] = {}

    def take(self, event: dict[str, Any]) -> None:
        assert event["event_id"] not in self.got, "twice"
        self.position = self.got[event["event_id"]] = event["start_time"]

    def next_request(self) -> None:
        self.requests += 1
        for change in self.coming.pop(self.requests, ()):
            change()

    def at(self, when: int, change: Callable[[], None]) -> None:
        with self.events.lock:
            if when == 0:
                change()
            else:
                self.coming.setdefault(self.requests + when, []).append(change)

    @rule(times=st.lists(TIMES, min_size=1, max_size=4), when=WHEN)
    def arrive(self, times: list[float], when: int) -> None:
        self.at(when, lambda: self.events.add(times))

    @rule(time=TIMES, number=st.integers(5, 30), when=WHEN)
    def arrive_in_one_millisecond(self, time: float, number: int, when: int) -> None:
        self.at(when, lambda: self.events.add([time] * number))

    @rule(back=st.floats(-5, 2_000), number=st.integers(1, 4), when=WHEN)
    def arrive_late(self, back: float, number: int, when: int) -> None:
        """Around where the search stands."""
        self.at(when, lambda: self.events.add([max(BASE, round(self.position - back, 1))] * number))

    @rule(which=st.integers(0, 10_000), when=WHEN)
    def leave(self, which: int, when: int) -> None:
        def change() -> None:
            keys = sorted(self.events.stored)
            self.events.remove(keys[which % len(keys) :][:1] if keys else [])

        self.at(when, change)

    @rule(around=st.floats(0, 5), when=WHEN)
    def leave_where_the_search_stands(self, around: float, when: int) -> None:
        """What it expects to see again."""

        def change() -> None:
            stored = self.events.stored.items()
            self.events.remove([key for key, time in stored if abs(time - self.position) <= around])

        self.at(when, change)

    @rule(number=st.integers(1, 25) | st.integers(1, 1_000))
    def read(self, number: int) -> None:
        for _ in range(number):
            event = next(self.found, None)
            if event is None:
                self.finish()
                return
            self.take(event)

    @rule()
    def go_on_in_another_process(self) -> None:
        self.begin(self.result.checkpoint().to_json())

    def finish(self) -> None:
        with self.events.lock:
            missed = self.events.throughout - self.got.keys()
        assert not missed, f"missed {len(missed)} of {len(self.events.throughout)}"
        in_one = max(Counter(int(time) for time in self.got.values()).values(), default=0)
        SearchMachine.walks += len(self.got) > self.page_size
        SearchMachine.tied += in_one > self.page_size
        SearchMachine.largest = max(SearchMachine.largest, in_one)
        self.begin(None)

    def teardown(self) -> None:
        if self.server is not None:
            for event in self.found:
                self.take(event)
            self.finish()
            self.events.client.close()
            self.server.close()


class SmallPages(SearchMachine):
    """Pages of a few events, so that everything happens at their edges."""

    @initialize(page_size=st.integers(3, 15), most=st.sampled_from([0, 24]), options=OPTIONS)
    def begins(self, page_size: int, most: int, options: dict[str, Any]) -> None:
        self.start(page_size=page_size, most=most, **options)


class LargeTies(SearchMachine):
    """Far more events in one millisecond than fit a page."""

    @initialize(
        page_size=st.integers(max(20, scaled(500)), scaled(1000)),
        most=st.sampled_from([0, 200]),
        options=OPTIONS,
    )
    def begins(self, page_size: int, most: int, options: dict[str, Any]) -> None:
        self.start(page_size=page_size, most=most, **options)

    @precondition(lambda self: len(self.events.stored) < LARGEST)
    @rule(time=TIMES, number=st.integers(1, LARGEST) | st.just(LARGEST), when=WHEN)
    def arrive_by_the_thousand(self, time: float, number: int, when: int) -> None:
        self.at(when, lambda: self.events.add([time] * number))

    @rule(number=st.integers(1, LARGEST))
    def read_on(self, number: int) -> None:
        self.read(number)


@pytest.mark.parametrize(
    ("machine", "walks", "largest"),
    [(SmallPages, 9_900 if IS_WHOLE else 100, 0), (LargeTies, 100 if IS_WHOLE else 5, LARGEST)],
)
def test_what_is_there_throughout_comes_exactly_once_and_nothing_comes_twice(
    machine: type[SearchMachine], walks: int, largest: int
) -> None:
    SearchMachine.walks = SearchMachine.tied = SearchMachine.largest = 0
    at_once = max(20, walks // 2)  # in one go, as a second one draws the same where all runs draw the same
    examples = settings(max_examples=at_once, stateful_step_count=25, deadline=None, database=None)
    while SearchMachine.walks < walks or SearchMachine.largest < largest:
        run_state_machine_as_test(machine, settings=examples)
    found = SearchMachine
    print(
        f"{found.walks} walks, {found.tied} with more events in one ms than a page, at most {found.largest}"
    )
    assert 0 < found.tied <= found.walks  # the machine has met what it is for
