"""The client's promises under the default switches, under each other value of a switch, and under every pair.

The service does not document which of these behaviours it has. So each promise holds under all of them, or
this file and the guides say what differs.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from honeyhive_ext import F
from honeyhive_ext.errors import PaginationIncomplete
from honeyhive_ext.local.adapters.in_process import AsyncLocalTransport, LocalTransport
from honeyhive_ext.local.app import App
from honeyhive_ext.local.state import now_ms, open_state
from honeyhive_ext.local.switches import TABLE, Switches
from tests.support.clients import EitherClient, Kind
from tests.support.pairs import pairwise

KINDS: tuple[Kind, ...] = ("sync", "async")
# The other value of the switches that hold a number.
NUMBERS = {
    "visibility_delay": 60_000,
    "max_body": 6_000,
    "max_batch": 10,
    "max_filters": 6,
    "max_read_ms": 60_000,
}
OPTIONS: dict[str, list[Any]] = {
    name: list(switch.choices) or [switch.default, NUMBERS[name]] for name, switch in TABLE.items()
}
SINGLE = [
    {name: value} for name, values in OPTIONS.items() for value in values if value != TABLE[name].default
]
PAIRS = pairwise(OPTIONS)
T0 = 1_767_225_600_000


class World:
    """One client and one server with these switches, in this process, with a clock that a test sets."""

    def __init__(self, kind: Kind, switches: dict[str, Any]) -> None:
        self.ahead = 0
        self.server = open_state(switches=switches, clock=lambda: now_ms() + self.ahead)
        self.switches = self.server.switches
        handle = App(self.server).handle
        transport = LocalTransport(handle) if kind == "sync" else AsyncLocalTransport(handle)
        self.client = EitherClient(kind, "http://local", transport=transport, max_concurrency=2)
        self.do = self.client.do

    def settle(self) -> None:
        """Let the time pass after which search shows what was stored."""
        self.ahead += self.switches.visibility_delay

    def search(self, *filters: Any, **options: Any) -> list[Any]:
        found: list[Any] = self.do(lambda c: c.events.search(*filters, **options).to_list())
        return found

    def ids(self, *filters: Any, **options: Any) -> list[str]:
        return [event.event_id for event in self.search(*filters, **options)]

    def close(self) -> None:
        self.client.__exit__()
        self.server.store.close()


def create_and_get(world: World) -> None:
    fields = {
        "event_name": "answer",
        "inputs": {"text": "höi ✓", "deep": {"a.b": [1, None, True]}},
        "outputs": {"a": 1},
        "metadata": {"cost": 0.02},
        "start_time": T0 + 0.25,
        "duration": timedelta(milliseconds=750),
    }
    sent = world.do(lambda c: c.events.create("model", **fields))
    event = world.do(lambda c: c.events.get(sent.event_id))
    assert (event.event_name, event.inputs, event.outputs) == ("answer", fields["inputs"], {"a": 1})
    # The switch `timestamps`: a time finer than a millisecond is kept or rounded.
    kept = world.switches.timestamps == "kept"
    assert event.start_time == (T0 + 0.25 if kept else T0)
    assert event.duration == 750


def a_new_event_is_read_at_once_by_its_id_and_found_once_it_is_visible(world: World) -> None:
    sent = world.do(lambda c: c.events.create("tool", event_name="fresh"))
    assert world.do(lambda c: c.events.get(sent.event_id)).event_name == "fresh"
    here = F.event_id == sent.event_id
    assert world.ids(here) == ([] if world.switches.visibility_delay else [sent.event_id])
    world.settle()
    assert world.ids(here) == [sent.event_id]


def creating_an_id_again_succeeds_and_it_is_found_once(world: World) -> None:
    event_id = str(uuid.uuid4())
    for name in ("first", "second"):
        answer = world.do(lambda c, name=name: c.events.create("tool", event_id=event_id, event_name=name))
        assert (answer.success, answer.event_id) == (True, event_id)
    world.settle()
    assert world.ids(F.event_id == event_id) == [event_id]
    # The switch `repost`: the service decides which of the two is stored.
    assert world.do(lambda c: c.events.get(event_id)).event_name == (
        "first" if world.switches.repost == "reject" else "second"
    )


def a_lost_answer_neither_loses_nor_doubles_an_event(world: World) -> None:
    world.server.faults.add("commit_reset", path="/v1/events", times=1)
    sent = world.do(lambda c: c.events.create("tool", event_name="once"))
    assert len(world.client.waits) > 0
    world.settle()
    assert world.ids(F.event_id == sent.event_id) == [sent.event_id]


def a_batch_arrives_whole_in_order(world: World) -> None:
    name = f"batch {uuid.uuid4()}"
    events = [
        {"event_type": "tool", "event_name": name, "inputs": {"n": n, "text": "x" * 400}} for n in range(24)
    ]
    report = world.do(lambda c: c.events.create_batch(events))
    assert report.success
    world.settle()
    found = {event.event_id: event.inputs["n"] for event in world.search(F.event_name == name)}
    assert [found[event_id] for event_id in report.event_ids] == list(range(24))


def a_batch_in_part_is_sent_on_until_all_of_it_is_there(world: World) -> None:
    events = [{"event_type": "tool", "event_id": str(uuid.uuid4())} for _ in range(7)]
    world.server.faults.add("partial", keep=3, times=1)
    report = world.do(lambda c: c.events.create_batch(events))
    assert report.event_ids == [event["event_id"] for event in events]
    assert report.retries > 0
    world.settle()
    for event in events:
        assert world.ids(F.event_id == event["event_id"]) == [event["event_id"]]


def a_batch_whose_answer_is_lost_is_stored_once(world: World) -> None:
    events = [{"event_type": "tool", "event_id": str(uuid.uuid4())} for _ in range(5)]
    world.server.faults.add("commit_reset", path="/v1/events/batch", times=1)
    report = world.do(lambda c: c.events.create_batch(events, on_error="collect"))
    refused = events if told_as_an_error(world) else []
    assert [one.event_id for one in report.failures] == [event["event_id"] for event in refused]
    assert report.event_ids == ([] if refused else [event["event_id"] for event in events])
    world.settle()
    for event in events:
        assert world.ids(F.event_id == event["event_id"]) == [event["event_id"]]


def told_as_an_error(world: World) -> bool:
    """Whether a stored id is an error of a partial 500: docs/batches.md, "What to know about ids"."""
    return world.switches.repost == "reject" and world.switches.bad_event == "partial"


def a_batch_with_an_id_that_is_stored_already_delivers_its_neighbours(world: World) -> None:
    there = world.do(lambda c: c.events.create("tool", event_name="there")).event_id
    events = [{"event_type": "tool", "event_id": str(uuid.uuid4())} for _ in range(4)]
    events.insert(2, {"event_type": "tool", "event_id": there})
    report = world.do(lambda c: c.events.create_batch(events, on_error="collect"))
    refused = {there} if told_as_an_error(world) else set()
    assert {one.event_id for one in report.failures} == refused
    assert report.event_ids == [e["event_id"] for e in events if e["event_id"] not in refused]
    world.settle()
    for event in events:
        assert world.ids(F.event_id == event["event_id"]) == [event["event_id"]]


def an_event_too_large_is_reported_alone(world: World) -> None:
    sizes = [10, 10, 9_000, 10]
    events = [{"event_type": "tool", "inputs": {"text": "x" * size}} for size in sizes]
    report = world.do(lambda c: c.events.create_batch(events, on_error="collect"))
    refused = [2] if world.switches.max_body < 9_000 else []
    assert [(one.index, one.reason) for one in report.failures] == [(at, "too_large") for at in refused]
    assert len(report.event_ids) == len(sizes) - len(refused)


def one_session_over_many_requests_is_one_session(world: World) -> None:
    events = [{"event_type": "chain", "inputs": {"row": row}} for row in range(12)]
    properties = {"session_name": "nightly", "metadata": {"run": 7}}
    report = world.do(
        lambda c: c.events.create_batch(
            events, single_session=True, session_properties=properties, max_events=5
        )
    )
    world.settle()
    trace = world.search(F.session_id == report.session_id)
    assert {event.event_id for event in trace} == {report.session_id, *report.event_ids}
    (root,) = [event for event in trace if event.event_type == "session"]
    assert (root.event_name, root.metadata) == ("nightly", {"run": 7})


def a_session_created_twice_is_one_with_both_metadata(world: World) -> None:
    session_id = str(uuid.uuid4())
    for metadata in ({"a": 1}, {"b": 2}):
        session = world.do(
            lambda c, m=metadata: c.sessions.create(session_id=session_id, session_name="s", metadata=m)
        )
    assert session.event_id == session.session_id == session_id
    assert session.metadata == {"a": 1, "b": 2}
    world.do(lambda c: c.sessions.create_event_batch(session_id, [{"event_type": "tool"}] * 3))
    world.settle()
    assert len(world.search(F.session_id == session_id)) == 4


def an_update_merges_objects_by_key_and_replaces_outputs(world: World) -> None:
    sent = world.do(
        lambda c: c.events.create("model", metadata={"a": 1, "in": {"x": 1}}, outputs={"old": 1, "both": 1})
    )
    answer = world.do(
        lambda c: c.events.update(
            sent, metadata={"b": 2, "in": {"y": 2}}, outputs={"both": 2}, feedback={"rating": 5}
        )
    )
    assert answer is None
    event = world.do(lambda c: c.events.get(sent.event_id))
    # The switch `update`: objects inside are replaced (shallow) or merged too (deep).
    inside = {"y": 2} if world.switches.update == "shallow" else {"x": 1, "y": 2}
    assert event.metadata == {"a": 1, "b": 2, "in": inside}
    assert (event.outputs, event.feedback) == ({"both": 2}, {"rating": 5})


def a_search_yields_every_event_exactly_once_newest_first(world: World) -> None:
    name = f"walk {uuid.uuid4()}"
    ticks = [T0, T0, T0, T0 + 1, T0 + 1, T0 + 5, T0 + 9, T0 + 9, T0 + 9, T0 + 10]
    report = world.do(
        lambda c: c.events.create_batch(
            {"event_type": "tool", "event_name": name, "start_time": at} for at in ticks
        )
    )
    world.settle()
    for size in (2, 4, 1000):
        try:
            found = world.search(F.event_name == name, page_size=size)
        except PaginationIncomplete:
            # Filters divide a millisecond that fills a page, and the service may refuse so many filters.
            assert world.switches.max_filters
            assert size == 2
            continue
        assert sorted(event.event_id for event in found) == sorted(report.event_ids)
        assert [event.start_time for event in found] == sorted(ticks, reverse=True)
    assert len(world.search(F.event_name == name, limit=3)) == 3
    count = world.do(lambda c: c.events.search(F.event_name == name).count())
    assert int(count) == len(ticks)
    between = world.search(F.event_name == name, start=T0 + 1, end=T0 + 9)
    assert len(between) == 6


def filters_find_what_they_say(world: World) -> None:
    name = f"filter {uuid.uuid4()}"
    rows: list[dict[str, Any]] = [
        {"metadata": {"cost": 0.5, "model": "Small-1", "ok": True}},
        {"metadata": {"cost": 5, "model": "large", "ok": False}},
        {"metadata": {"model": "small-2"}},
    ]
    events = [{"event_type": "tool", "event_name": name, "start_time": T0, **row} for row in rows]
    ids = world.do(lambda c: c.events.create_batch(events)).event_ids
    world.settle()
    number = dict(zip(ids, itertools.count(), strict=False))

    def found(*filters: Any) -> list[int]:
        return sorted(number[event_id] for event_id in world.ids(F.event_name == name, *filters))

    switches = world.switches
    assert found(F("metadata.cost") > 1) == [1]
    assert found(F("metadata.cost") < 1) == [0]
    assert found(F("metadata.cost") == 5) == [1]
    assert found(F("metadata.cost").exists()) == [0, 1]
    assert found(F("metadata.cost").not_exists()) == [2]
    assert found(F("metadata.ok") == True) == [0]  # noqa: E712 - it builds a filter
    assert found(F("metadata.model") == "large", F("metadata.cost") > 1) == [1]
    # The switch `contains`: whether the case of letters counts.
    assert found(F("metadata.model").contains("small")) == (
        [0, 2] if switches.contains == "ignore_case" else [2]
    )
    # The switch `missing`: whether a negation matches an event without the field.
    lacking = [2] if switches.missing == "matches" else []
    assert found(F("metadata.cost") != 5) == [0, *lacking]
    assert found(F.start_time.after(T0 - 1), F.start_time.before(T0 + 1)) == [0, 1, 2]


def the_events_of_an_evaluation_are_found_where_the_service_looks(world: World) -> None:
    run = str(uuid.uuid4())
    for name in ("evaluation_id", "run_id"):
        world.do(lambda c, name=name: c.events.create("chain", event_name=name, metadata={name: run}))
    world.settle()
    found = sorted(event.event_name for event in world.search(evaluation_id=run))
    # The switch `evaluation_id`. At the top an event created by the API's document has neither.
    wanted = {
        "any": ["evaluation_id", "run_id"],
        "metadata.evaluation_id": ["evaluation_id"],
        "metadata.run_id": ["run_id"],
        "top": [],
    }
    assert found == wanted[world.switches.evaluation_id]


PROMISES: list[Callable[[World], None]] = [
    create_and_get,
    a_new_event_is_read_at_once_by_its_id_and_found_once_it_is_visible,
    creating_an_id_again_succeeds_and_it_is_found_once,
    a_lost_answer_neither_loses_nor_doubles_an_event,
    a_batch_arrives_whole_in_order,
    a_batch_in_part_is_sent_on_until_all_of_it_is_there,
    a_batch_whose_answer_is_lost_is_stored_once,
    a_batch_with_an_id_that_is_stored_already_delivers_its_neighbours,
    an_event_too_large_is_reported_alone,
    one_session_over_many_requests_is_one_session,
    a_session_created_twice_is_one_with_both_metadata,
    an_update_merges_objects_by_key_and_replaces_outputs,
    a_search_yields_every_event_exactly_once_newest_first,
    filters_find_what_they_say,
    the_events_of_an_evaluation_are_found_where_the_service_looks,
]


@pytest.fixture
def world(switches: dict[str, Any], kind: Kind) -> Iterator[World]:
    world = World(kind, switches)
    yield world
    world.close()


def described(switches: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in switches.items()) or "default"


def keep_promises(world: World) -> None:
    print(world.switches)  # shown where a promise breaks
    for promise in PROMISES:
        promise(world)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("switches", [{}, *SINGLE], ids=described)
def test_promises_hold_under_the_default_and_under_each_other_value(world: World) -> None:
    keep_promises(world)
    assert world.server.faults.unused() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("switches", PAIRS, ids=itertools.count())
def test_promises_hold_under_every_pair_of_values(world: World) -> None:
    keep_promises(world)
    assert world.server.faults.unused() == []


def test_the_combinations_hold_every_pair() -> None:
    held = {frozenset(pair) for row in PAIRS for pair in itertools.combinations(row.items(), 2)}
    for one, two in itertools.combinations(OPTIONS, 2):
        for x, y in itertools.product(OPTIONS[one], OPTIONS[two]):
            assert frozenset({(one, x), (two, y)}) in held, (one, x, two, y)
    assert set(OPTIONS) == set(Switches().as_dict())
    assert len(PAIRS) < 40
