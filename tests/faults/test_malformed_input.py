"""Malformed values among good ones: typed errors for the bad, delivery for the good, strict JSON."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from honeyhive_ext.config.settings import EventSettings, OnUnserializable
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import prepare_event
from honeyhive_ext.payload.ids import new_id
from honeyhive_ext.serialize.to_builtins import MAX_DEPTH
from tests.support.batches import BOTH, Service, serving
from tests.support.clients import EitherClient, Kind
from tests.support.misbehaving import Misbehaving
from tests.support.scale import scaled, seed
from tests.support.strict import strict
from tests.support.values import MALFORMED, RaisingItem, deep

FIELDS = ("inputs", "outputs", "metadata", "config", "metrics", "feedback", "user_properties")

# Input that is not an event: refused under every setting.
NO_EVENTS: tuple[Any, ...] = (
    None,
    7,
    "nonsense",
    b"tool",
    [],
    object(),
    RaisingItem(),
    {},
    {7: "tool"},
    {"event_type": "tool", "metdata": {}},
    {"event_type": "tool", "event_id": "x"},
    {"event_type": "tool", "session_id": None},
    {"event_type": "tool", "start_time": float("nan")},
    {"event_type": "tool", "start_time": 1, "end_time": 2, "duration": 500},
    *(
        {"event_type": "tool", name: MALFORMED["raising class"]()}
        for name in ("event_id", "start_time", "duration")
    ),
)


def good(rng: random.Random) -> dict[str, Any]:
    values: list[Any] = [
        1,
        1.5,
        "ü",
        None,
        True,
        [1, {"a.b": 2}],
        {1, 2},
        (3,),
        deep(rng.randrange(MAX_DEPTH - 2)),
    ]
    return {
        "event_type": rng.choice(["model", "tool", "chain"]),
        "event_id": new_id(),
        **{name: {"value": rng.choice(values)} for name in rng.sample(FIELDS, 3)},
    }


def hidden(value: Any, rng: random.Random) -> Any:
    """Return the value inside of other values."""
    for _ in range(rng.randrange(4)):
        match rng.randrange(4):
            case 0:
                value = {"k": value, "n": None}
            case 1:
                value = [0, value]
            case 2:
                value = (value, "x" * rng.randrange(300))
            case _:
                value = {"a.b": {"c": [value]}}
    return value


def bad(rng: random.Random, name: str) -> dict[str, Any]:
    event = good(rng)
    event[rng.choice(FIELDS)] = {"value": hidden(MALFORMED[name](), rng)}
    return event


def mixed(count: int, rng: random.Random) -> tuple[list[Any], list[int]]:
    """Return `count` malformed events among as many good ones, and the indexes of the malformed ones."""
    names = sorted(MALFORMED)
    events: list[tuple[bool, Any]] = [(True, good(rng)) for _ in range(count)]
    for number in range(count):
        if number % 10 == 9:
            events.append((False, rng.choice(NO_EVENTS)))
        else:
            events.append((False, bad(rng, names[number % len(names)])))
    rng.shuffle(events)
    return [event for _, event in events], [index for index, (fine, _) in enumerate(events) if not fine]


@pytest.mark.parametrize("kind", BOTH)
def test_malformed_events_are_reported_and_every_good_neighbour_arrives(kind: Kind) -> None:
    rng = random.Random(seed())
    events, malformed = mixed(scaled(10_000, 150), rng)
    service = Service()
    with Misbehaving(then=serving(service.post)) as server, EitherClient(kind, server.url) as client:
        report = client.do(lambda hh: hh.events.create_batch(events, on_error="collect"))
    assert [failure.index for failure in report.failures] == malformed
    assert {failure.reason for failure in report.failures} == {"invalid"}
    assert all(type(failure.error) is EventError and failure.error.reason for failure in report.failures)
    wanted = [event["event_id"] for index, event in enumerate(events) if index not in set(malformed)]
    assert report.event_ids == wanted
    assert Counter(service.stored) == Counter(wanted), "each of them once, and nothing else"
    for request in server.requests:
        for event in strict(request.body)["events"]:
            assert event["event_type"] in ("model", "tool", "chain")


@pytest.mark.parametrize("mode", ["repr", "null"])
def test_with_repr_or_null_every_malformed_value_arrives_as_something(mode: OnUnserializable) -> None:
    rng = random.Random(seed())
    names = sorted(MALFORMED)
    events = [bad(rng, names[number % len(names)]) for number in range(scaled(10_000, 150))]
    service = Service()
    with (
        Misbehaving(then=serving(service.post)) as server,
        EitherClient("sync", server.url, on_unserializable=mode) as client,
    ):
        report = client.do(lambda hh: hh.events.create_batch(events))
    assert report.success
    assert report.event_ids == [event["event_id"] for event in events] == list(service.stored)
    for request in server.requests:
        strict(request.body)


@pytest.mark.parametrize("mode", ["raise", "repr", "null"])
def test_input_that_is_not_an_event_is_a_typed_error_under_every_setting(mode: OnUnserializable) -> None:
    settings = EventSettings(on_unserializable=mode)
    for event in NO_EVENTS:
        with pytest.raises(EventError) as caught:
            prepare_event(event, {}, settings=settings, now_ms=lambda: 0.0)
        assert caught.value.reason
