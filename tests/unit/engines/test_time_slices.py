"""A range is planned as slices that hold each event once, with a few requests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.engines.time_slices import TimeSlice, plan_slices
from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.http.drive import drive
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.pages.rows import YEAR_9999, read_rows
from honeyhive_ext.search.query import OPEN_END, Query

NOW = 1_800_000_000_000


class Service:
    """Events by time, answered as the API does.

    Args:
        times: Their start_time; None for an event without one.
        unit: What the service cuts the ends of ranges to, in ms.
        counts: Whether the count is that of all matches, or of the page.
        longest: The most events in a page, whatever was asked for.
        deepest: The last page that it has.
    """

    def __init__(
        self,
        times: Sequence[float | None],
        *,
        unit: int = 1,
        counts: str = "total",
        longest: int = 1000,
        deepest: float = math.inf,
    ) -> None:
        events = [{"event_id": f"e{at}", "start_time": time} for at, time in enumerate(times)]
        self.events = sorted(
            events, key=lambda one: -math.inf if one["start_time"] is None else one["start_time"]
        )[::-1]
        self.unit, self.counts, self.longest, self.deepest = unit, counts, longest, deepest
        self.asks: list[Ask] = []

    def answer(self, ask: Ask) -> Page:
        self.asks.append(ask)
        found = [one for one in self.events if self._matches(one["start_time"], ask)]
        size = min(ask.limit, self.longest)
        rows = found[(ask.page - 1) * size :][:size] if ask.page <= self.deepest else []
        return Page(rows, len(found) if self.counts == "total" else len(rows))

    def _matches(self, time: Any, ask: Ask) -> bool:
        if ask.extra:
            return time is not None and time < 0  # the only filter: before 1970
        if ask.lo is None or ask.hi is None:
            return True
        return time is not None and ask.lo - ask.lo % self.unit <= time <= ask.hi - ask.hi % self.unit

    def plan(self, query: Query, *, wanted: int | None = None, usual: int = 4) -> list[TimeSlice]:
        return drive(plan_slices(query, NOW, wanted=wanted, usual=usual), self.answer)

    def read(self, part: TimeSlice) -> list[str]:
        low, high = part.asked
        everything = [one for one in self.events if self._matches(one["start_time"], Ask(low, high, 1000))]
        return [row.key for row in part.own(read_rows(everything))]


times = (
    st.floats(0, 4_000, allow_nan=False).map(lambda ms: round(ms, 2))
    | st.integers(0, 4_000)
    | st.integers(0, 60)
)


@given(
    st.lists(times, max_size=120),
    st.integers(1, 9) | st.none(),
    st.sampled_from([1, 1, 10, 1000]),
    st.sampled_from(["total", "page"]),
    st.sampled_from([5, 20, 1000]),
    st.sampled_from([3, 7, 1000]),
    st.sampled_from([2.0, math.inf]),
)
def test_every_event_is_in_exactly_one_slice_whatever_the_service_is_like(
    given_times: list[float],
    wanted: int | None,
    unit: int,
    counts: str,
    size: int,
    longest: int,
    deepest: float,
) -> None:
    service = Service(given_times, unit=unit, counts=counts, longest=longest, deepest=deepest)
    slices = service.plan(Query(start=0, end=10_000, page_size=size), wanted=wanted)
    read = Counter(key for part in slices for key in service.read(part))
    assert read == Counter({f"e{at}": 1 for at in range(len(given_times))})
    assert 1 <= len(slices) <= (wanted or 4)


def test_slices_hold_about_equally_many_events_however_they_crowd() -> None:
    crowd = [1_000_000 + at for at in range(9_000)] + [10_000_000 * at for at in range(1, 1_000)]
    service = Service(crowd)
    slices = service.plan(Query(start=0, end=NOW), wanted=4)
    sizes = [len(service.read(part)) for part in slices]
    assert sum(sizes) == len(crowd)
    assert max(sizes) - min(sizes) <= 2
    assert len(service.asks) == 5  # a page, the proof of milliseconds, a border each


def test_a_service_that_counts_the_page_alone_is_asked_how_far_its_pages_reach() -> None:
    service = Service(range(40_000), counts="page")
    sizes = [len(service.read(part)) for part in service.plan(Query(start=0, end=NOW), wanted=4)]
    assert sum(sizes) == 40_000
    assert max(sizes) - min(sizes) < 4_000
    assert len(service.asks) < 20


def test_a_service_without_pages_so_far_back_gets_fewer_slices() -> None:
    service = Service(range(40_000), deepest=15_000)
    slices = service.plan(Query(start=0, end=NOW), wanted=4)
    assert sum(len(service.read(part)) for part in slices) == 40_000
    assert len(slices) == 2


def test_a_service_that_reads_times_coarsely_gets_one_slice() -> None:
    service = Service([at * 7 for at in range(5_000)], unit=1000)
    assert len(service.plan(Query(start=0, end=NOW), wanted=4)) == 1


def test_a_crowd_of_new_events_hides_nothing() -> None:
    service = Service([*range(5_000), *[9_000] * 1_500, *[9_001] * 1_500])
    slices = service.plan(Query(start=0), wanted=4)
    assert sum(len(service.read(part)) for part in slices) == 8_000
    assert len(slices) == 4


def test_by_default_there_are_not_more_slices_than_pages() -> None:
    assert len(Service(range(900)).plan(Query(start=0))) == 1
    assert len(Service(range(2_500)).plan(Query(start=0))) == 3
    assert len(Service(range(9_000)).plan(Query(start=0))) == 4


def test_slices_that_were_asked_for_are_made_of_few_events_too() -> None:
    service = Service([at * 11 for at in range(40)])
    slices = service.plan(Query(start=0), wanted=4)
    assert [len(service.read(part)) for part in slices] == [10, 10, 10, 10]
    assert len(service.asks) == 2


def test_a_range_without_an_end_ends_now_or_with_the_newest_event() -> None:
    (late,) = Service([NOW + 5_000, 7]).plan(Query(start=0), wanted=1)
    assert late.until == NOW + 5_000
    (usual,) = Service([7]).plan(Query(start=0), wanted=1)
    assert usual.until == NOW


def test_a_search_without_a_range_reaches_before_1970_beyond_2100_and_events_without_time() -> None:
    service = Service([-5_000, 3, 4, OPEN_END + 5, None])
    slices = service.plan(Query(), wanted=2)
    assert sorted(key for part in slices for key in service.read(part)) == ["e0", "e1", "e2", "e3"]
    assert [part.timeless for part in slices] == [False, True]


def test_only_a_search_without_a_range_reads_events_without_time() -> None:
    service = Service([3, 4, None])
    assert [part.timeless for part in service.plan(Query(start=0), wanted=1)] == [False]
    assert [part.timeless for part in service.plan(Query(end=50), wanted=1)] == [False]


def test_an_event_beyond_the_year_9999_is_an_error_and_not_left_out() -> None:
    with pytest.raises(PaginationIncomplete, match="not in milliseconds"):
        Service([YEAR_9999 + 1, 5]).plan(Query())


def test_a_batch_of_a_stream_begins_right_after_the_one_before() -> None:
    service = Service([10, 10.5, 11, 20])
    plan = plan_slices(Query(start=10, end=20), NOW, wanted=None, usual=4, after=10.0)
    (part,) = drive(plan, service.answer)
    assert service.read(part) == ["e3", "e2", "e1"]
