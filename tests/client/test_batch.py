"""Batches of both clients against the local server on a real socket."""

from __future__ import annotations

import math
import random
import sys
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import orjson
import pytest
from honeyhive_client.models import CreateEventRequest, SessionProperties

from honeyhive_ext import HoneyHive
from honeyhive_ext.batch import BatchReport
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import BatchError, ConfigError, EventError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.payload.events import WireEvent, prepare_event
from tests.support.batches import BOTH, event_id, sent_ids, tools
from tests.support.clients import KEY, EitherClient
from tests.support.scale import scaled, seed

PATIENT = RetryPolicy(budget=10_000, attempts=30)
"""For tests in which many requests fail on purpose: they do not test the budget."""


@pytest.fixture(params=BOTH)
def client(request: pytest.FixtureRequest, server: LocalServer) -> Iterator[EitherClient]:
    with EitherClient(request.param, server.url) as made:
        yield made


def batch(client: EitherClient, events: object, **options: Any) -> BatchReport:
    report = client.do(lambda hh: hh.events.create_batch(events, **options))
    assert isinstance(report, BatchReport)
    return report


def stored(server: LocalServer) -> dict[str, dict[str, Any]]:
    return {event["event_id"]: event for event in server.events()}


def test_any_number_of_events_arrives_in_few_requests(client: EitherClient, server: LocalServer) -> None:
    report = batch(client, tools(1_234))
    assert report.success
    assert (report.requests, report.retries, report.read) == (3, 0, 1_234)
    kept = stored(server)
    assert [kept[identity]["event_name"] for identity in report.event_ids] == [
        f"step {n}" for n in range(1_234)
    ]
    assert report.bytes_sent == sum(len(request.body) for request in server.requests)


@pytest.mark.parametrize("count", [0, 1, 500, 501])
def test_the_edges_of_a_chunk(client: EitherClient, server: LocalServer, count: int) -> None:
    report = batch(client, list(tools(count)))
    assert len(report.event_ids) == len(server.events()) == count
    assert report.requests == len(server.requests) == math.ceil(count / 500)
    assert report.success


def test_mappings_and_models_mix(client: EitherClient, server: LocalServer) -> None:
    events = [CreateEventRequest(event_type="model", inputs={"n": 1}), {"event_type": "chain"}]
    report = batch(client, events)
    kept = stored(server)
    assert [kept[identity]["event_type"] for identity in report.event_ids] == ["model", "chain"]


def test_one_session_however_many_requests(client: EitherClient, server: LocalServer) -> None:
    elsewhere = event_id(random.Random(1))
    events = [{**event, "session_id": elsewhere} for event in tools(60)] + list(tools(60))
    properties = SessionProperties(session_name="nightly", metadata={"run": 7})
    report = batch(client, events, single_session=True, session_properties=properties, max_events=25)
    events_stored = [event for event in server.events() if event["event_type"] != "session"]
    (session,) = [event for event in server.events() if event["event_type"] == "session"]
    assert {event["session_id"] for event in events_stored} == {report.session_id} == {session["event_id"]}
    assert len(events_stored) == 120
    assert (session["event_name"], session["metadata"]) == ("nightly", {"run": 7})
    assert [request.path for request in server.requests] == ["/v1/sessions"] + ["/v1/events/batch"] * 5
    assert report.requests == 6


def test_a_single_session_without_events_creates_no_session(
    client: EitherClient, server: LocalServer
) -> None:
    report = batch(client, [], single_session=True)
    assert report.success
    assert len(server.requests) == 0


def test_events_go_to_the_session_of_the_path(client: EitherClient, server: LocalServer) -> None:
    session = client.do(lambda hh: hh.sessions.create(session_name="path"))
    elsewhere = event_id(random.Random(2))
    events = [{**event, "session_id": elsewhere} for event in tools(30)]
    report = client.do(lambda hh: hh.sessions.create_event_batch(session.session_id, events, max_events=20))
    assert report.success
    assert report.session_id == session.session_id
    kept = stored(server)
    assert {kept[identity]["session_id"] for identity in report.event_ids} == {session.session_id}


def test_surrounding_blocks_give_events_their_session_and_parent(server: LocalServer) -> None:
    with HoneyHive(api_key=KEY, base_url=server.url) as hh, hh.session("outer") as outer:
        report = hh.events.create_batch(tools(3))
        alone = hh.events.create_batch(tools(3), single_session=True)
    kept = stored(server)
    assert {kept[i]["session_id"] for i in report.event_ids} == {outer.session_id}
    assert {kept[i]["session_id"] for i in alone.event_ids} == {alone.session_id} != {outer.session_id}


def test_a_second_event_with_the_same_id_is_reported_and_not_sent(
    client: EitherClient, server: LocalServer
) -> None:
    events = [{**event, "event_id": event_id(random.Random(n % 7))} for n, event in enumerate(tools(14))]
    events[9]["event_id"] = str(events[9]["event_id"]).upper()  # the same UUID, RFC 9562 section 4
    report = batch(client, events, max_events=3, on_error="collect")
    assert [failure.index for failure in report.failures] == list(range(7, 14))
    assert {failure.reason for failure in report.failures} == {"duplicate"}
    kept = stored(server)
    assert [kept[identity]["event_name"] for identity in report.event_ids] == [f"step {n}" for n in range(7)]


class Angry:
    """An object that raises on every access."""

    def __iter__(self) -> Iterator[object]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


class AngryMapping(dict[str, object]):
    def keys(self) -> Any:
        raise RuntimeError("no")

    def items(self) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __getitem__(self, key: str) -> object:
        raise RuntimeError("no")


def deep() -> list[object]:
    value: list[object] = []
    for _ in range(3_000):
        value = [value]
    return value


def cyclic() -> dict[str, object]:
    value: dict[str, object] = {}
    value["self"] = value
    return value


BAD_VALUES: tuple[Callable[[], object], ...] = (
    deep,
    cyclic,
    Angry,
    lambda: math.nan,
    lambda: -math.inf,
    lambda: "\ud800",
    lambda: {"\udfff": 1},
    lambda: {1: "a", "1": "b"},
    lambda: {(1, 2): "a"},
    lambda: object(),
    lambda: lambda: None,
)
BAD_EVENTS: tuple[Callable[[], object], ...] = (
    lambda: None,
    lambda: "tool",
    lambda: 5,
    lambda: ["event_type", "tool"],
    Angry,
    dict,
    lambda: {"event_type": "agent"},
    lambda: {"event_type": "tool", "evnt_name": "x"},
    lambda: {"event_type": "tool", "event_id": "not a UUID"},
    lambda: {"event_type": "tool", "start_time": "yesterday"},
    lambda: {5: "tool"},
    lambda: AngryMapping(event_type="tool", event_id="x"),
)


def test_malformed_events_are_reported_and_every_good_event_arrives(
    client: EitherClient, server: LocalServer
) -> None:
    """5,000 malformed values for each client at full scale, one for each good event."""
    rng = random.Random(seed())
    bad: set[int] = set()
    good: dict[int, int] = {}

    def mixed() -> Iterator[object]:
        for position in range(scaled(10_000)):
            if rng.random() < 0.5:
                bad.add(position)
                if rng.random() < 0.4:
                    yield rng.choice(BAD_EVENTS)()
                else:
                    field = rng.choice(("inputs", "outputs", "metadata", "config"))
                    yield {"event_type": "tool", field: {"a": [rng.choice(BAD_VALUES)()]}}
            else:
                good[position] = rng.getrandbits(60)
                yield {
                    "event_type": "tool",
                    "inputs": {"n": good[position], "text": "\u2028 \x00 \U0001f600"},
                }

    report = batch(client, mixed(), on_error="collect", max_events=100)
    assert {failure.index for failure in report.failures} == bad
    assert all(isinstance(failure.error, EventError) for failure in report.failures)
    assert {failure.reason for failure in report.failures} == {"invalid"}
    kept = stored(server)
    assert [kept[identity]["inputs"]["n"] for identity in report.event_ids] == list(good.values())
    for request in server.requests:
        sent_ids(request.body)  # orjson reads RFC 8259 and nothing else


@pytest.mark.parametrize("bad_event", ["refuse", "partial"])
def test_refused_events_are_reported_with_the_service_s_words(
    client: EitherClient, server: LocalServer, bad_event: Any
) -> None:
    server.configure(bad_event=bad_event)
    with pytest.MonkeyPatch.context() as patch:
        # an event that the client accepts and the service refuses, as with an older client
        patch.setattr("honeyhive_ext.batch.intake.prepare_event", old_client)
        report = batch(client, tools(60), on_error="collect")
    assert [failure.index for failure in report.failures] == [7, 41]
    assert len(server.events()) == len(report.event_ids) == 58
    assert all("color" in str(failure.error) for failure in report.failures)
    event = report.failures[0].event
    assert event is not None
    assert event["event_name"] == "step 7"
    del event["color"]
    assert batch(client, [event]).event_ids == [report.failures[0].event_id]


def old_client(event: Any, fields: Any, **options: Any) -> Any:
    wire = prepare_event(event, fields, **options)
    if event["event_name"] in ("step 7", "step 41"):
        return WireEvent(wire.event_id, wire.session_id, b'{"color":"red",' + wire.content[1:])
    return wire


def test_a_limit_on_the_number_of_events_is_found_too(client: EitherClient, server: LocalServer) -> None:
    server.configure(max_batch=60)
    report = batch(client, tools(1_000))
    assert report.success
    assert len(server.events()) == 1_000


def test_errors_are_raised_with_the_report_or_collected(client: EitherClient) -> None:
    events = [{"event_type": "tool"}, {"event_type": "tol"}]
    with pytest.raises(BatchError, match=r"1 of 2 events not delivered \(1 invalid\)") as caught:
        batch(client, events)
    assert len(caught.value.report.event_ids) == 1
    assert isinstance(caught.value.__cause__, EventError)
    report = batch(client, events, on_error="collect")
    assert (len(report.event_ids), len(report.failures)) == (1, 1)


def test_progress_is_the_number_of_settled_events(client: EitherClient) -> None:
    told: list[tuple[int, int | None]] = []
    threads: set[threading.Thread] = set()

    def show(done: int, total: int | None) -> None:
        told.append((done, total))
        threads.add(threading.current_thread())

    batch(client, list(tools(95)), max_events=10, progress=show)
    assert told[-1] == (95, 95)
    assert told == sorted(set(told))
    assert threads == {threading.current_thread()}
    told.clear()
    batch(client, tools(5), progress=show)
    assert told == [(5, None)]


def test_a_progress_bar_is_drawn_on_stderr(client: EitherClient, capsys: pytest.CaptureFixture[str]) -> None:
    batch(client, list(tools(20)), max_events=10, progress=True)
    assert "20.0/20.0" in capsys.readouterr().err


def test_without_tqdm_the_error_says_what_to_install(
    client: EitherClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ConfigError, match=r"honeyhive-ext\[progress\]"):
        batch(client, tools(1), progress=True)


def test_async_iterables_are_sent_as_they_come(server: LocalServer) -> None:
    async def events() -> AsyncIterator[dict[str, object]]:
        for event in tools(120):
            yield event

    with EitherClient("async", server.url) as client:
        report = batch(client, events(), max_events=50)
    assert report.success
    assert len(server.events()) == 120
    assert report.requests == 3


@pytest.mark.parametrize("events", [{"event_type": "tool"}, "tool", b"tool", 5, None])
def test_input_that_is_not_an_iterable_of_events_is_refused_at_once(
    client: EitherClient, server: LocalServer, events: object
) -> None:
    with pytest.raises(EventError, match="give an iterable of events"):
        batch(client, events)
    assert len(server.requests) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_events": 0}, "max_events is 0"),
        ({"max_bytes": True}, "max_bytes is True"),
        ({"max_concurrency": 65}, "max_concurrency is 65: give a whole number, 1 to 64"),
        ({"on_error": "ignore"}, 'write "raise" or "collect"'),
        ({"session_properties": {"session_name": "x"}}, "single_session=True"),
        ({"retry": "often"}, "retry='often'"),
        ({"progress": "bar"}, "progress is 'bar': give True, False or a function"),
    ],
)
def test_options_are_checked_before_anything_is_sent(
    client: EitherClient, server: LocalServer, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        batch(client, tools(3), **options)
    assert len(server.requests) == 0


def test_wrong_session_properties_and_ids_are_refused_before_anything_is_sent(
    client: EitherClient, server: LocalServer
) -> None:
    with pytest.raises(EventError, match="metadata"):
        batch(client, tools(3), single_session=True, session_properties={"team": "search"})
    with pytest.raises(EventError, match="not a UUID"):
        client.do(lambda hh: hh.sessions.create_event_batch("today", tools(3)))
    assert len(server.requests) == 0


@pytest.mark.parametrize("fault", ["commit_reset", "reset", "truncate", "broken_json", "html", "rate_limit"])
def test_a_fault_at_any_request_loses_and_duplicates_no_event(
    client: EitherClient, server: LocalServer, fault: Any
) -> None:
    server.faults.add(fault, path="/v1/events/batch", probability=0.3)
    report = batch(client, tools(200), max_events=10, retry=PATIENT)
    assert report.success
    kept = server.events()
    assert sorted(event["event_id"] for event in kept) == sorted(report.event_ids)
    assert len(kept) == 200
    assert report.requests == len(server.requests)


def test_a_generator_costs_constant_memory(server: LocalServer) -> None:
    """200,000 events at full scale. The bound, 64 MB for a million, includes the ids in the report."""

    def handle(request: httpx.Request) -> httpx.Response:
        ids = sent_ids(request.read())
        return httpx.Response(200, content=orjson.dumps({"event_ids": ids, "success": True}))

    count = scaled(200_000)
    with HoneyHive(api_key=KEY, base_url=server.url, transport=httpx.MockTransport(handle)) as hh:
        hh.events.create_batch(tools(500, 1_300), max_concurrency=2)
        tracemalloc.start()
        try:
            report = hh.events.create_batch(tools(count, 1_300), max_concurrency=2)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(report.event_ids) == count
    assert peak < 16_000_000 + 48 * count
