"""A search of the local server, while events arrive and go between any two of its steps."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer
from tests.support.scale import scaled

BASE = 1_767_225_600_000
TIMES = st.integers(0, 40).map(lambda tick: BASE + tick) | st.integers(0, 400).map(lambda n: BASE + n / 10)


class SearchMachine(RuleBasedStateMachine):
    """The walk is a client's, the server is real; only the socket is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = random.Random(0)
        self.server: LocalServer | None = None

    @initialize(
        ties=st.sampled_from(["newest", "shuffled"]),
        missing=st.sampled_from(["matches", "exclude"]),
        count=st.sampled_from(["total", "page"]),
        most=st.sampled_from([0, 12]),
        timestamps=st.sampled_from(["kept", "rounded"]),
        page_size=st.integers(3, 9),
        times=st.lists(TIMES, max_size=40),
        bounded=st.booleans(),
    )
    def start(
        self,
        ties: Any,
        missing: Any,
        count: Any,
        most: int,
        timestamps: Any,
        page_size: int,
        times: list[float],
        bounded: bool,
    ) -> None:
        self.server = LocalServer(
            ties=ties, missing=missing, count=count, max_filters=most, timestamps=timestamps
        )
        self.stored: dict[str, float] = {}
        self.add(times)
        self.hh = HoneyHive(
            api_key="x", base_url="http://127.0.0.1:1", transport=self.server.transport(), retry=False
        )
        self.limits: dict[str, Any] = {"start": BASE, "end": BASE + 41} if bounded else {}
        self.page_size = page_size
        self.begin(None)

    def begin(self, resume: str | None) -> None:
        self.result = self.hh.events.search(page_size=self.page_size, resume=resume, **self.limits).raw()
        self.events: Iterator[dict[str, Any]] = iter(self.result)
        if resume is None:
            self.throughout = set(self.stored)
            self.got: Counter[str] = Counter()

    def add(self, times: list[float]) -> None:
        assert self.server is not None
        new = {str(UUID(int=self.ids.getrandbits(128), version=4)): time for time in times}
        self.server.seed(
            {"event_id": key, "event_type": "tool", "inputs": {}, "start_time": time, "session_id": key}
            for key, time in new.items()
        )
        self.stored.update(new)

    @rule(times=st.lists(TIMES, min_size=1, max_size=4))
    def arrive(self, times: list[float]) -> None:
        self.add(times)

    @rule(time=TIMES, number=st.integers(5, 30))
    def arrive_in_one_millisecond(self, time: float, number: int) -> None:
        self.add([time] * number)

    @rule(which=st.integers(0, 10_000))
    def leave(self, which: int) -> None:
        """Out of the range, which is what a deletion is to a search."""
        assert self.server is not None
        if self.limits and self.stored:
            key = sorted(self.stored)[which % len(self.stored)]
            del self.stored[key]
            self.throughout.discard(key)
            gone = {"event_id": key, "event_type": "tool", "inputs": {}, "start_time": BASE - 10**6}
            self.server.seed([gone])

    @rule(number=st.integers(1, 25))
    def read(self, number: int) -> None:
        for _ in range(number):
            event = next(self.events, None)
            if event is None:
                self.finish()
                return
            self.got[event["event_id"]] += 1

    @rule()
    def go_on_in_another_process(self) -> None:
        self.begin(self.result.checkpoint().to_json())

    def finish(self) -> None:
        missed = self.throughout - self.got.keys()
        assert not missed, f"missed {len(missed)} of {len(self.throughout)}"
        self.begin(None)

    @invariant()
    def nothing_comes_twice(self) -> None:
        if self.server is not None:
            assert not [key for key, times in self.got.items() if times > 1]

    def teardown(self) -> None:
        if self.server is not None:
            self.got.update(event["event_id"] for event in self.events)
            self.nothing_comes_twice()
            self.finish()
            self.hh.close()
            self.server.close()


SearchMachine.TestCase.settings = settings(
    max_examples=scaled(600), stateful_step_count=25, deadline=None, database=None
)
TestASearchWhileEventsComeAndGo = SearchMachine.TestCase
