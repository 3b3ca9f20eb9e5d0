"""How many requests of a batch are in flight: the decision alone, in a simulation, and over both clients."""

from __future__ import annotations

import hashlib
import heapq
import json
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.concurrency import Concurrency
from tests.support.batches import BOTH, Service, deliver, memory
from tests.support.clients import EitherClient, Kind
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer

STEPS = st.one_of(
    st.just(("waited", 0.0)),
    st.tuples(st.just("answered"), st.floats(0, 10)),
    st.tuples(st.sampled_from([200, 413, 429, 500, 503]), st.integers(0, 3)),
)


@given(st.integers(1, 64), st.lists(STEPS, max_size=200), st.floats(0, 1))
def test_whatever_happens_there_is_at_least_one_request_and_never_more_than_allowed(
    most: int, steps: list[tuple[object, float]], busy: float
) -> None:
    concurrency, now = Concurrency(most), 0.0
    deliveries = [concurrency.accept() for _ in range(4)]
    for what, value in steps:
        if what == "waited":
            concurrency.waited()
        elif what == "answered":
            now += value
            concurrency.answered(value, now, now * busy)
        else:
            deliveries[int(value)](what, b"")  # type: ignore[arg-type]
        assert 1 <= concurrency.limit <= most
        assert concurrency.patience is None or 0 < concurrency.patience <= 0.5


def simulated(
    work: float, latency: Callable[[float], float], most: int, requests: int
) -> tuple[float, list[int]]:
    """Send requests that cost so much CPU one after the other, and wait for the service side by side.

    Returns:
        The seconds in all, and the limit after each answer.
    """
    concurrency = Concurrency(most)
    now = cpu = 0.0
    in_flight: list[tuple[float, float]] = []  # when the answer comes, when the request began
    limits: list[int] = []

    def answered() -> None:
        nonlocal now
        at, begun = heapq.heappop(in_flight)
        now = max(now, at)
        concurrency.answered(now - begun, now, cpu)
        limits.append(concurrency.limit)

    for _ in range(requests):
        while in_flight and in_flight[0][0] <= now:
            answered()
        while len(in_flight) >= concurrency.limit:
            patience = concurrency.patience
            if patience is not None and in_flight[0][0] > now + patience:
                now += patience
                concurrency.waited()
            else:
                answered()
        begun = now
        now, cpu = now + work, cpu + work
        heapq.heappush(in_flight, (now + latency(now), begun))
    while in_flight:
        answered()
    return now, limits


@given(st.floats(0.0005, 0.05), st.floats(0, 0.4), st.integers(1, 64))
def test_while_the_cpu_is_the_bottleneck_one_request_is_in_flight(
    work: float, share: float, most: int
) -> None:
    _, limits = simulated(work, lambda now: work * share, most, 100)
    assert limits[10:] == [1] * 90  # a first answer may take longer than an unknown CPU allows


@given(st.floats(0.0005, 0.005), st.floats(0.05, 1), st.integers(1, 64))
def test_while_the_client_waits_requests_fill_the_cpu_or_the_allowed_number(
    work: float, latency: float, most: int
) -> None:
    count = 30 * most
    took, _ = simulated(work, lambda now: latency, most, count)
    ideal = max(work * count, (work + latency) * count / most)
    assert took <= 2 * ideal + latency


def test_requests_become_fewer_when_the_service_becomes_fast() -> None:
    _, limits = simulated(0.002, lambda now: 0.2 if now < 2 else 0.0, 16, 2000)
    assert max(limits) == 16
    assert limits[-1] == 1


def test_each_429_of_a_time_halves_once() -> None:
    concurrency = Concurrency(64)
    for _ in range(20):
        concurrency.waited()
    first, second, third = (concurrency.accept() for _ in range(3))
    limits: list[int] = []
    for accept in (first, second, third, first, second):
        assert not accept(429, b"")
        limits.append(concurrency.limit)
    assert limits == [10, 10, 10, 5, 5]


def test_no_request_is_added_between_a_429_and_the_next_answer() -> None:
    concurrency = Concurrency(8)
    concurrency.accept()(429, b"")
    assert concurrency.patience is None
    concurrency.waited()
    assert concurrency.limit == 1
    concurrency.answered(0.5, 0.5, 0.001)
    concurrency.waited()
    assert concurrency.limit > 1


@pytest.mark.parametrize("most", [1, 3])
def test_slow_answers_fill_the_allowed_number_and_never_more(most: int) -> None:
    service = Service()
    meeting = threading.Barrier(most, timeout=60)  # breaks if fewer come
    inside: list[int] = []
    now: set[int] = set()

    def post(content: bytes) -> BatchAnswer:
        now.add(threading.get_ident())
        inside.append(len(now))
        meeting.wait()
        now.discard(threading.get_ident())
        meeting.wait()
        return service.post(content)

    events = [{"event_type": "tool"}] * (3 * most)
    report = deliver(memory("sync", post), events, max_events=1, max_concurrency=most)
    assert len(report.event_ids) == 3 * most
    assert max(inside) == most


def test_a_request_that_hangs_after_quick_ones_holds_up_none_of_the_others() -> None:
    service, others, stuck = Service(), threading.Event(), threading.Lock()
    sent = 0

    def post(content: bytes) -> BatchAnswer:
        nonlocal sent
        with stuck:
            sent += 1
            number = sent
        if number == 5:
            assert others.wait(60)
        if number == 9:
            others.set()
        return service.post(content)

    report = deliver(memory("sync", post), [{"event_type": "tool"}] * 9, max_events=1, max_concurrency=2)
    assert len(report.event_ids) == 9


def all_stored(request: Recorded) -> Answer:
    ids = [event["event_id"] for event in json.loads(request.body)["events"]]
    return answer(200, json.dumps({"success": True, "event_ids": ids}))


@pytest.mark.parametrize("kind", BOTH)
def test_a_429_of_the_service_reaches_the_decision(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Concurrency] = []
    real = Concurrency.__init__

    def noted(self: Concurrency, *arguments: float) -> None:
        real(self, *arguments)  # type: ignore[arg-type]
        self.limit = 8
        made.append(self)

    monkeypatch.setattr(Concurrency, "__init__", noted)
    refused = answer(429, "", {"Retry-After": "0.01"})
    with Misbehaving(refused, then=all_stored) as server, EitherClient(kind, server.url) as client:
        client.do(lambda hh: hh.events.create_batch([{"event_type": "tool"}], max_concurrency=8))
    assert [one.limit for one in made] == [4]


@pytest.mark.parametrize("kind", BOTH)
def test_other_threads_of_the_process_may_keep_the_cpu_busy(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, float]] = []
    real = Concurrency.answered

    def noted(self: Concurrency, seconds: float, now: float, cpu: float) -> None:
        seen.append((time.process_time(), cpu))
        real(self, seconds, now, cpu)

    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            hashlib.sha256(bytes(1_000_000)).digest()  # it needs no lock of the interpreter

    def after_other_work(request: Recorded) -> Answer:
        begun = time.process_time()
        while time.process_time() - begun < 0.2:  # the process works, the batch waits
            ended.wait(0.01)
        return all_stored(request)

    monkeypatch.setattr(Concurrency, "answered", noted)
    neighbour = threading.Thread(target=work)
    neighbour.start()
    try:
        with Misbehaving(then=after_other_work) as server, EitherClient(kind, server.url) as client:
            events = [{"event_type": "tool"}] * 2
            client.do(lambda hh: hh.events.create_batch(events, max_events=1, max_concurrency=1))
    finally:
        ended.set()
        neighbour.join()
    (all_first, first), (all_last, last) = seen
    assert last - first < (all_last - all_first) / 2
