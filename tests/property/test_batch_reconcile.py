"""The promises of a batch, against a service in memory that refuses, forgets, cuts and limits."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.limits import MARGIN, ObservedSizeLimit, RequestLimits
from honeyhive_ext.batch.plan import Part, Planner
from honeyhive_ext.errors import APIError
from tests.support.batches import CUT, Entry, Service, bound, chunk_of, entries, run
from tests.support.scale import scaled, seed

MODES = ("400", "500", "200", "empty")


def test_exactly_the_refused_events_are_reported_and_accepted_ones_are_never_sent_again() -> None:
    """1,000 random partial failures at full scale: k of n refused, in each way a service can say so."""
    rng = random.Random(seed())
    for number in range(scaled(1000, 40)):
        count = rng.choice((1, 2, 3, 10, 100, 499, 500, rng.randint(1, 500)))
        bad = rng.choice((0, 1, 1, 2, rng.randint(0, min(20, count)), rng.randint(0, count)))
        batch = entries(count, rng)
        refused = {entry.event_id for entry in rng.sample(batch, min(bad, count))}
        service = Service(refused, MODES[number % 4], status=rng.choice((400, 422)))
        report, made = run(service, batch)
        case = f"{service.mode}, {len(refused)} of {count}"
        assert {failure.event_id for failure in report.failures} == refused, case
        assert report.event_ids == [e.event_id for e in batch if e.event_id not in refused], case
        assert all(failure.reason == "refused" for failure in report.failures), case
        assert service.sent_again == [], case
        assert all(times == 1 for times in service.stored.values()), case
        assert made.requests_of_chunk[0][1] <= bound(len(refused), count), case


Worst = tuple[int, tuple[int, ...]]  # how many requests, for which positions of the bad events


@cache
def worst_known(count: int, bad: int) -> Worst:
    """The most expensive case for `count` events with `bad` refused ones, if it is known that some are."""
    if count == 1:
        return 1, (0,)
    half = count // 2
    cases: list[Worst] = []
    for left in range(max(0, bad - (count - half)), min(bad, half) + 1):
        cost, places = worst(half, left)
        # if the first half arrives whole, the second has the bad ones: it is not sent whole
        more, others = worst_known(count - half, bad) if left == 0 else worst(count - half, bad - left)
        cases.append((cost + more, (*places, *(half + place for place in others))))
    return max(cases)


@cache
def worst(count: int, bad: int) -> Worst:
    if bad == 0 or count == 1:
        return 1, (0,) * bad
    cost, places = worst_known(count, bad)
    return 1 + cost, places


def test_the_bound_on_requests_holds_for_the_worst_positions_of_the_bad_events() -> None:
    for count in range(1, 201):
        for bad in range(1, count + 1):
            # and one more: a refusal that looks temporary is sent a second time, whole
            assert worst(count, bad)[0] + 1 <= bound(bad, count), (count, bad)


@pytest.mark.parametrize(("mode", "more"), [("400", 0), ("empty", 1)])
@pytest.mark.parametrize("count", [1, 2, 3, 9, 18, 34, 66, 100])
def test_the_worst_positions_cost_as_many_requests_as_calculated(count: int, mode: str, more: int) -> None:
    batch = entries(count, random.Random(count))
    for bad in {1, 2, 3, count // 2, count} & set(range(1, count + 1)):
        cost, places = worst(count, bad)
        service = Service({batch[place].event_id for place in places}, mode)
        report, _ = run(service, batch)
        assert [failure.index for failure in report.failures] == list(places)
        assert report.requests == cost + more <= bound(bad, count)


@given(st.data())
def test_bad_events_at_any_positions_of_a_small_batch_are_found_within_the_bound(data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=1, max_size=40))
    mode = data.draw(st.sampled_from(MODES))
    batch = entries(len(flags), random.Random(len(flags)))
    refused = {entry.event_id for entry, flag in zip(batch, flags, strict=True) if flag}
    service = Service(refused, mode)
    report, made = run(service, batch)
    assert [failure.index for failure in report.failures] == [i for i, flag in enumerate(flags) if flag]
    assert service.sent_again == []
    assert made.requests_of_chunk[0][1] <= bound(len(refused), len(flags))


@pytest.mark.parametrize("largest", [64_000, 200_000, 1_000_000, 2_345_678, 4_999_999])
def test_every_event_that_fits_arrives_and_an_observed_limit_costs_few_more_requests(largest: int) -> None:
    rng = random.Random(seed())
    total = max(scaled(400_000_000), 4 * largest)
    batch = entries(total // 1_600, rng, size=lambda: rng.randint(300, 3_000))
    too_large = [
        Entry(
            len(batch) + i,
            entry.event_id,
            b'{"event_id":"%s","inputs":"%s"}' % (entry.event_id.encode(), b"y" * largest),
        )
        for i, entry in enumerate(entries(3, rng))
    ]
    service = Service(largest=largest)
    report, _ = run(service, batch + too_large, max_events=100_000)
    assert [failure.index for failure in report.failures] == [entry.position for entry in too_large]
    assert {failure.reason for failure in report.failures} == {"too_large"}
    assert report.event_ids == [entry.event_id for entry in batch]
    assert service.sent_again == []

    observed = ObservedSizeLimit()
    run(Service(largest=largest), batch, max_events=100_000, observed=observed)
    again = Service(largest=largest)
    run(again, batch, max_events=100_000, observed=observed)
    knows, _ = run(Service(), batch, max_events=100_000, max_bytes=largest)
    if observed.value is not None:
        assert MARGIN * largest * 0.99 <= observed.value <= largest
    assert len(again.sizes) <= 1.3 * knows.requests, (len(again.sizes), knows.requests)
    assert all(status == 200 for status, _ in again.sizes)


def test_a_limit_far_below_the_plan_is_found_in_few_requests() -> None:
    batch = entries(3_000, random.Random(seed()), size=lambda: 1_500)
    service = Service(largest=64_000)
    report, _ = run(service, batch, max_events=100_000)
    assert report.success
    assert sum(status == 413 for status, _ in service.sizes) <= 10
    refused = [size for status, size in service.sizes if status == 413]
    assert refused == sorted(refused, reverse=True)


@pytest.mark.parametrize("again", ["replace", "reject"])
def test_answers_lost_after_the_events_were_stored_lose_and_duplicate_no_event(again: str) -> None:
    rng = random.Random(seed())
    batch = entries(scaled(20_000), rng)
    service = Service(again=again, cut=lambda: rng.random() < 0.3)
    report, _ = run(service, batch, max_events=20, tries=60)
    assert report.success
    assert report.event_ids == [entry.event_id for entry in batch]
    assert set(service.stored) == set(report.event_ids)
    assert service.sent_again == []


@given(
    seed=st.integers(0, 2**32), rate=st.sampled_from([0.01, 0.3, 0.7]), mode=st.sampled_from(["500", "200"])
)
def test_events_left_out_by_chance_arrive_in_the_end(seed: int, rate: float, mode: str) -> None:
    rng = random.Random(seed)
    batch = entries(rng.randint(1, 60), rng)
    stop_after = rng.randint(0, 3)
    calls = 0

    def flaky() -> bool:
        return calls <= stop_after and rng.random() < rate

    service = Service(mode=mode, flaky=flaky)

    def post(content: bytes) -> BatchAnswer | APIError:
        nonlocal calls
        calls += 1
        return service.post(content)

    report, _ = run(post, batch)
    assert service.sent_again == []
    # only an event that is sent alone can be left out often enough to count as refused
    delivered = set(report.event_ids)
    assert delivered == set(service.stored)
    assert delivered | {failure.event_id for failure in report.failures} == {e.event_id for e in batch}


@given(st.data())
def test_every_event_is_delivered_or_fails_once_for_any_answers(data: st.DataObject) -> None:
    batch = entries(data.draw(st.integers(1, 12)), random.Random(1))
    ids = [entry.event_id for entry in batch]
    listed = st.lists(st.sampled_from([*ids, "somebody else's"]))
    bodies = st.one_of(
        st.builds(lambda i, s: {"event_ids": i, "success": s}, listed, st.booleans()),
        st.builds(lambda i: {"event_ids": i, "errors": ["no"], "success": False}, listed),
        st.sampled_from([None, [], {}, {"event_ids": None}, {"event_ids": [1]}, {"success": True}, "text"]),
    )
    sent: list[set[str]] = []

    def post(content: bytes) -> BatchAnswer | APIError:
        sent.append({event["event_id"] for event in orjson.loads(content)["events"]})
        status = data.draw(st.sampled_from([200, 200, 500, 400, 404, 409, 413, 422, 0]))
        if status == 0:
            return CUT
        broken = data.draw(st.booleans()) and data.draw(st.booleans())
        return BatchAnswer(status, b"<html>" if broken else orjson.dumps(data.draw(bodies)))

    report, _ = run(post, batch, tries=2)
    failed = [failure.event_id for failure in report.failures]
    assert sorted([*report.event_ids, *failed]) == sorted(ids)
    assert [f.index for f in report.failures] == sorted(f.index for f in report.failures)
    assert report.requests == len(sent)


@given(
    sizes=st.lists(st.integers(2, 400), min_size=1, max_size=60),
    max_events=st.integers(1, 20),
    max_bytes=st.integers(1, 2_000),
)
def test_chunks_keep_the_order_and_stay_within_the_limits(
    sizes: list[int], max_events: int, max_bytes: int
) -> None:
    batch = [Entry(i, str(i), b"x" * size) for i, size in enumerate(sizes)]
    planner = Planner(RequestLimits(max_events, max_bytes))
    chunks = [chunk for entry in batch if (chunk := planner.add(*entry))]
    if rest := planner.flush():
        chunks.append(rest)
    parts = [Part.of(chunk) for chunk in chunks]
    assert [event for part in parts for event in part.events()] == batch
    for part in parts:
        assert len(part) <= max_events
        assert len(part) == 1 or part.size <= max_bytes
        assert part.body() == part.chunk.content
        assert len(part.body()) == part.size
    for part, following in pairwise(parts):
        assert (
            len(part) == max_events or part.size + 1 + len(batch[following.positions[0]].content) > max_bytes
        )


@given(sizes=st.lists(st.integers(0, 50), min_size=1, max_size=30), data=st.data())
def test_the_bytes_of_an_event_are_the_same_in_every_part(sizes: list[int], data: st.DataObject) -> None:
    batch = entries(len(sizes), random.Random(1), size=lambda: 60 + sizes[0])
    part = Part.of(chunk_of(batch))
    kept = set(data.draw(st.lists(st.sampled_from([entry.event_id for entry in batch]))))
    at = data.draw(st.integers(0, len(batch)))
    first, second = part.cut(at)
    for some in (part, first, second, part.only(kept), part.without(kept)):
        events = list(some.events())
        if len(some):
            assert some.body() == b'{"events":[' + b",".join(content for _, _, content in events) + b"]}"
            assert some.size == len(some.body())
        assert [event_id for _, event_id, _ in events] == list(some.ids)
        assert [position for position, _, _ in events] == list(some.positions)
        assert all(batch[event[0]] == event for event in events)


@given(st.lists(st.integers(1, 1_000), min_size=2, max_size=50))
def test_a_cut_by_bytes_makes_two_parts_of_about_half_the_size(sizes: list[int]) -> None:
    batch = [Entry(i, str(i), b"x" * size) for i, size in enumerate(sizes)]
    cut = Part.of(chunk_of(batch)).half_of_bytes()
    left, right = sizes[:cut], sizes[cut:]
    assert left
    assert right
    assert abs(sum(left) - sum(right)) <= max(sizes)
