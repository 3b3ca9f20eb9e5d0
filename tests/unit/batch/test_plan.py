"""Where requests are cut: by count, by bytes, and by the limit observed from a 413."""

from __future__ import annotations

import pytest

from honeyhive_ext.batch.limits import MAX_BYTES, MAX_EVENTS, ObservedSizeLimit, RequestLimits
from honeyhive_ext.batch.plan import Chunk, Part, Planner, plan_prepared
from honeyhive_ext.payload.events import WireEvent

FRAME = len(b'{"events":[]}')


def part(*sizes: int) -> Part:
    """One request of events of these sizes, named by letters."""
    planner = Planner(RequestLimits(max_events=len(sizes), max_bytes=10**9))
    chunks = [planner.add(n, chr(97 + n), chr(97 + n).encode() * size) for n, size in enumerate(sizes)]
    assert chunks[-1] is not None
    return Part.of(chunks[-1])


def planned(limits: RequestLimits, *sizes: int) -> list[int]:
    """How many events of these sizes go into each chunk."""
    planner = Planner(limits)
    chunks = [planner.add(n, str(n), b"x" * size) for n, size in enumerate(sizes)]
    chunks.append(planner.flush())
    made: list[Chunk] = [chunk for chunk in chunks if chunk is not None]
    assert [position for chunk in made for position in chunk.positions] == list(range(len(sizes)))
    return [len(chunk.ids) for chunk in made]


def test_a_chunk_is_full_at_its_last_byte_and_not_before() -> None:
    three = FRAME + 3 * 10 + 2
    assert planned(RequestLimits(max_bytes=three), *[10] * 6) == [3, 3]
    assert planned(RequestLimits(max_bytes=three - 1), *[10] * 6) == [2, 2, 2]
    assert planned(RequestLimits(max_bytes=three + 10), *[10] * 6) == [3, 3]
    assert planned(RequestLimits(max_bytes=three + 11), *[10] * 6) == [4, 2]


def test_a_chunk_is_full_at_its_last_event() -> None:
    assert planned(RequestLimits(max_events=2), 1, 1, 1, 1, 1) == [2, 2, 1]
    assert planned(RequestLimits(max_events=1), 1, 1) == [1, 1]
    assert planned(RequestLimits(), *[1] * (MAX_EVENTS + 1)) == [MAX_EVENTS, 1]


def test_an_event_larger_than_the_limit_goes_alone() -> None:
    assert planned(RequestLimits(max_bytes=60), 10, 500, 10, 10) == [1, 1, 2]
    assert planned(RequestLimits(max_bytes=60, max_events=1), 10, 500) == [1, 1]


def test_a_limit_observed_while_a_chunk_fills_counts_from_the_next_event_on() -> None:
    limits = RequestLimits(max_bytes=1000)
    planner = Planner(limits)
    assert planner.add(0, "a", b"x" * 100) is None
    limits.observed.observe(200)
    full = planner.add(1, "b", b"y" * 100)
    assert full is not None
    assert (list(full.ids), planner.ids) == (["a"], ["b"])


def test_without_events_there_is_no_chunk() -> None:
    planner = Planner(RequestLimits())
    assert planner.flush() is None
    planner.add(0, "a", b"x")
    assert planner.flush() is not None
    assert planner.flush() is None


def test_the_observed_limit_comes_from_the_smallest_refused_size() -> None:
    observed = ObservedSizeLimit()
    assert observed.value is None
    observed.observe(1000)
    observed.observe(2000)
    assert observed.value == 900
    observed.observe(100)
    assert observed.value == 90
    observed.observe(1)
    assert observed.value == 1


def test_the_caller_s_limit_is_never_exceeded() -> None:
    limits = RequestLimits(max_bytes=500)
    assert limits.size == 500
    limits.observed.observe(10_000)
    assert limits.size == 500
    limits.observed.observe(500)
    assert limits.size == 450
    assert RequestLimits().size == MAX_BYTES


def test_as_many_events_are_counted_as_fit_into_the_body() -> None:
    four = part(10, 20, 30, 40)
    sizes = [FRAME + 10, FRAME + 10 + 1 + 20, FRAME + 60 + 2, FRAME + 100 + 3]
    assert four.size == sizes[-1] == len(four.body())
    for count, size in enumerate(sizes, start=1):
        assert four.fitting(size) == count
        assert four.fitting(size - 1) == max(1, count - 1)
    assert four.fitting(0) == 1
    assert four.fitting(10**6) == 4


@pytest.mark.parametrize(
    ("sizes", "first"),
    [
        ((10, 10), 1),
        ((10, 10, 10, 10), 2),
        ((100, 1, 1, 1), 1),
        ((1, 1, 1, 100), 3),
        ((10, 20, 10), 2),
        ((11, 20, 10), 1),
        ((10, 20, 11), 2),
        ((1, 1, 100, 1, 1), 3),
        ((3, 1, 1, 1), 1),
        ((1, 1, 1, 3), 3),
        ((2, 6, 4), 2),
        ((4, 6, 2), 1),
    ],
)
def test_a_cut_by_bytes_is_made_at_the_event_that_crosses_the_middle(
    sizes: tuple[int, ...], first: int
) -> None:
    assert part(*sizes).half_of_bytes() == first


def test_parts_keep_the_bytes_ids_and_positions_of_their_events() -> None:
    whole = part(1, 2, 3)
    assert (list(whole.ids), list(whole.positions)) == (["a", "b", "c"], [0, 1, 2])
    assert whole.body() == b'{"events":[a,bb,ccc]}'
    middle = whole.cut(1)[1].cut(1)[0]
    assert (list(middle.ids), list(middle.positions), middle.body()) == (["b"], [1], b'{"events":[bb]}')
    assert middle.size == len(middle.body())
    ends = whole.only({"a", "c"})
    assert list(ends.events()) == [(0, "a", b"a"), (2, "c", b"ccc")]
    assert (ends.body(), ends.size) == (b'{"events":[a,ccc]}', 18)
    assert list(whole.without({"a", "c"}).ids) == ["b"]
    assert (len(whole.cut(0)[0]), whole.cut(0)[0].size) == (0, FRAME)


def test_a_body_written_in_one_go_is_a_chunk_whose_events_are_found_again() -> None:
    body = b'{"events":[{"n":1},{"n":"a, b"},{"n":[2,3]}]}'
    planner = Planner(RequestLimits(max_bytes=len(body)))
    chunk = planner.add_body(7, ["a", "b", "c"], body)
    assert chunk is not None
    assert (list(chunk.positions), list(chunk.ids), chunk.content) == ([7, 8, 9], ["a", "b", "c"], body)
    events = [(7, "a", b'{"n":1}'), (8, "b", b'{"n":"a, b"}'), (9, "c", b'{"n":[2,3]}')]
    assert list(Part.of(chunk).events()) == events
    assert Part.of(chunk).only({"b"}).body() == b'{"events":[{"n":"a, b"}]}'
    assert Part.of(chunk).size == len(body)
    assert Planner(RequestLimits(max_bytes=len(body) - 1)).add_body(7, ["a", "b", "c"], body) is None


def prepared(count: int) -> list[WireEvent]:
    return [WireEvent(f"id {number}", None, b'{"x":%d.0}' % number) for number in range(count)]


def test_prepared_events_are_planned_by_count_in_the_bytes_that_they_have() -> None:
    events = prepared(250)
    chunks = list(plan_prepared(events, RequestLimits(max_events=100)))
    assert [list(chunk.positions) for chunk in chunks] == [
        list(range(100)),
        list(range(100, 200)),
        list(range(200, 250)),
    ]
    assert [list(chunk.ids) for chunk in chunks] == [
        [event.event_id for event in events[first : first + 100]] for first in (0, 100, 200)
    ]
    assert [chunk.content for chunk in chunks] == [
        b'{"events":[%b]}' % b",".join(event.content for event in events[first : first + 100])
        for first in (0, 100, 200)
    ]


@pytest.mark.parametrize("max_bytes", [40, 41, 42, 60, 100, 10_000])
@pytest.mark.parametrize("max_events", [1, 3, 7])
def test_prepared_events_are_planned_as_events_that_come_one_by_one(max_bytes: int, max_events: int) -> None:
    events = prepared(20)
    together = list(plan_prepared(events, RequestLimits(max_events, max_bytes)))
    planner = Planner(RequestLimits(max_events, max_bytes))
    single = [planner.add(number, event.event_id, event.content) for number, event in enumerate(events)]
    apart = [chunk for chunk in [*single, planner.flush()] if chunk is not None]
    assert [(list(chunk.positions), list(chunk.ids), chunk.content) for chunk in together] == [
        (list(chunk.positions), list(chunk.ids), chunk.content) for chunk in apart
    ]


def test_prepared_events_are_planned_with_the_size_that_is_observed_by_then() -> None:
    limits = RequestLimits(max_events=2)
    chunks = plan_prepared(prepared(4), limits)
    assert len(next(chunks).ids) == 2
    limits.observed.observe(1)
    assert [list(chunk.ids) for chunk in chunks] == [["id 2"], ["id 3"]]


def test_without_prepared_events_there_is_no_chunk() -> None:
    assert list(plan_prepared([], RequestLimits())) == []
