"""Batches of both clients on real sockets, against a service that fails in every way."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from honeyhive_ext import errors
from honeyhive_ext.batch import BatchReport
from honeyhive_ext.batch.answers import BatchAnswer
from honeyhive_ext.batch.reconcile import STRIKES
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIError, BatchError
from tests.support.batches import BOTH, CUT, Service, bound, event_id, sent_ids, serving, tools
from tests.support.clients import EitherClient, Kind
from tests.support.misbehaving import Misbehaving, Recorded, answer, committed, cut
from tests.support.scale import scaled, seed

PATIENT = RetryPolicy(budget=10_000)
"""For tests in which many requests fail on purpose: they do not test the budget."""


def collect(client: EitherClient, events: object, **options: Any) -> BatchReport:
    report = client.do(lambda hh: hh.events.create_batch(events, on_error="collect", **options))
    assert isinstance(report, BatchReport)
    return report


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("mode", ["400", "500", "200", "empty"])
def test_refused_events_are_isolated_and_the_others_arrive(kind: Kind, mode: str) -> None:
    rng = random.Random(seed())
    ids = [event_id(rng) for _ in range(250)]
    refused = set(rng.sample(ids, 5))
    service = Service(refused, mode)
    with Misbehaving(then=serving(service.post)) as server, EitherClient(kind, server.url) as client:
        report = collect(client, [{"event_type": "tool", "event_id": identity} for identity in ids])
    assert {failure.event_id for failure in report.failures} == refused
    assert report.event_ids == [identity for identity in ids if identity not in refused]
    assert service.sent_again == []
    assert report.requests == len(server.requests) <= bound(5, 250)
    assert all(failure.reason == "refused" for failure in report.failures)
    said = {"400": "1 bad", "500": "1 events not stored", "empty": "a bad event", "200": "gave no reason"}[
        mode
    ]
    assert all(said in str(failure.error) for failure in report.failures)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("largest", [64_000, 700_000, 5_000_000])
def test_a_413_splits_and_the_observed_limit_is_kept_for_the_client(kind: Kind, largest: int) -> None:
    service = Service(largest=largest)
    count = max(scaled(20_000), 5 * largest // 2_100)
    with Misbehaving(then=serving(service.post)) as server, EitherClient(kind, server.url) as client:
        options = {"max_events": 100_000, "max_bytes": 2 * largest, "max_concurrency": 2}
        giant = {"event_type": "tool", "inputs": {"x": "y" * largest}}
        report = collect(client, [giant, *tools(count, 2_000)], **options)
        assert [(failure.index, failure.reason) for failure in report.failures] == [(0, "too_large")]
        assert isinstance(report.failures[0].error, errors.PayloadTooLargeError)
        assert len(report.event_ids) == count == len(service.stored)
        service.sizes.clear()
        second = collect(client, tools(count, 2_000), **options)
    assert second.success
    assert {status for status, _ in service.sizes} == {200}
    ideal = sum(size for _, size in service.sizes) / largest
    assert second.requests <= 1.3 * ideal + 1


@pytest.mark.parametrize("kind", BOTH)
def test_connections_cut_after_the_events_were_stored_lose_and_duplicate_no_event(kind: Kind) -> None:
    """500 cuts for each client at full scale, each at a random byte of the answer."""
    rng = random.Random(seed())
    cuts = scaled(500)
    service = Service()
    lock = threading.Lock()
    seen: set[bytes] = set()

    def respond(request: Recorded) -> Any:
        with lock:
            outcome = service.post(request.body)
            assert isinstance(outcome, BatchAnswer)
            whole = answer(outcome.status, outcome.content)
            if request.body in seen:  # a retry sends the same bytes
                return whole
            seen.add(request.body)
            at = rng.randrange(len(whole.message))
        return committed(lambda _: None, cut(whole, at))

    with Misbehaving(then=respond) as server, EitherClient(kind, server.url, retry=PATIENT) as client:
        report = collect(client, tools(3 * cuts), max_events=3)
    assert report.success
    assert len(set(report.event_ids)) == 3 * cuts
    assert set(service.stored) == set(report.event_ids)
    assert set(service.stored.values()) == {2}  # the service saw each of them twice, under the same id
    assert report.requests == len(server.requests) == 2 * cuts
    assert report.retries == cuts


@pytest.mark.parametrize("kind", BOTH)
def test_one_session_although_its_first_request_and_the_first_batch_are_cut(kind: Kind) -> None:
    service = Service()
    respond = serving(service.post)
    cuts = iter(range(2))

    def once_cut(request: Recorded) -> Any:
        whole = respond(request)
        return cut(whole, 5) if next(cuts, None) is not None else whole

    sessions_cut_too = once_cut
    with Misbehaving(then=sessions_cut_too) as server, EitherClient(kind, server.url) as client:
        report = collect(
            client,
            ({"event_type": "tool", "session_id": event_id(random.Random(n))} for n in range(30)),
            single_session=True,
            session_properties={"session_name": "nightly", "metadata": {"run": 7}},
            max_events=10,
            max_concurrency=1,
        )
    opened = [orjson.loads(r.body) for r in server.requests if r.path == "/v1/sessions"]
    batches = [orjson.loads(r.body) for r in server.requests if r.path == "/v1/events/batch"]
    assert {session["session_id"] for session in opened} == {report.session_id}
    assert (opened[0]["session_name"], opened[0]["metadata"]) == ("nightly", {"run": 7})
    assert {event["session_id"] for batch in batches for event in batch["events"]} == {report.session_id}
    assert all(batch.keys() == {"events"} for batch in batches)
    assert report.success
    assert len(report.event_ids) == 30
    assert report.retries == 2


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("status", "error"), [(401, errors.AuthenticationError), (403, errors.PermissionDeniedError)]
)
def test_a_refused_key_stops_the_batch_at_once_and_is_the_error_of_every_event(
    kind: Kind, status: int, error: type[APIError]
) -> None:
    denied = answer(status, b'{"statusCode": %d, "message": "no", "success": false}' % status)
    with Misbehaving(then=denied) as server, EitherClient(kind, server.url) as client:
        events = list(tools(2_000))
        report = collect(client, events, max_events=100, max_concurrency=2)
        assert report.requests == len(server.requests) <= 2
        assert [failure.index for failure in report.failures] == list(range(2_000))
        assert all(isinstance(failure.error, error) for failure in report.failures)
        assert {failure.reason for failure in report.failures} == {"not_sent"}
        assert isinstance(report.stopped, error)

        rest = iter(events)
        report = collect(client, rest, max_events=100, max_concurrency=2)
        assert report.read == len(report.failures) < 500
        assert len(list(rest)) == 2_000 - report.read  # a generator is not read to its end

        with pytest.raises(BatchError) as caught:
            client.do(lambda hh: hh.events.create_batch(events))
        assert isinstance(caught.value.__cause__, error)
        assert len(caught.value.report.failures) == 2_000


@pytest.mark.parametrize("kind", BOTH)
def test_without_its_session_no_event_is_sent(kind: Kind) -> None:
    refused = answer(400, b'{"statusCode": 400, "message": "no such property", "success": false}')
    with Misbehaving(then=refused) as server, EitherClient(kind, server.url) as client:
        report = collect(client, list(tools(30)), single_session=True)
    assert [request.path for request in server.requests] == ["/v1/sessions"]
    assert {failure.reason for failure in report.failures} == {"not_sent"}
    assert len(report.failures) == 30
    assert isinstance(report.stopped, errors.BadRequestError)


@pytest.mark.parametrize("kind", BOTH)
def test_a_service_that_is_down_stops_the_batch(kind: Kind) -> None:
    with Misbehaving(then=answer(503)) as server, EitherClient(kind, server.url) as client:
        report = collect(
            client, list(tools(900)), max_events=10, max_concurrency=1, retry=RetryPolicy(attempts=2)
        )
    assert len(server.requests) <= 2 * STRIKES
    assert report.requests == len(server.requests)
    assert len(report.failures) == 900
    assert [f.reason for f in report.failures] == ["failed"] * (10 * STRIKES) + ["not_sent"] * (
        900 - 10 * STRIKES
    )
    assert isinstance(report.stopped, errors.ServerError)


@pytest.mark.parametrize("kind", BOTH)
def test_one_layer_retries(kind: Kind) -> None:
    """A plain 500 is tried again whole, by the sender alone. It changes nothing for other chunks."""
    service = Service()
    failing = iter([answer(500, b"oops"), answer(502, b"<html>"), answer(429, headers={"Retry-After": "3"})])
    respond = serving(service.post)
    with (
        Misbehaving(then=lambda request: next(failing, None) or respond(request)) as server,
        EitherClient(kind, server.url) as client,
    ):
        report = collect(client, list(tools(30)), max_events=10, max_concurrency=1)
        waits = client.waits
    assert report.success
    assert (report.requests, report.retries) == (6, 3)
    assert len({request.body for request in server.requests}) == 3
    assert len(waits) == 3
    assert waits[2] >= 3.0


@pytest.mark.parametrize("kind", BOTH)
def test_events_that_a_partial_500_leaves_out_wait_as_long_as_it_asks(kind: Kind) -> None:
    posts = 0

    def respond(request: Recorded) -> Any:
        nonlocal posts
        posts += 1
        ids = sent_ids(request.body)
        if posts == 1:
            body = {"event_ids": ids[:4], "errors": ["shard 3 is moving"], "success": False}
            return answer(500, orjson.dumps(body), {"Retry-After": "7"})
        return answer(200, orjson.dumps({"event_ids": ids, "success": True}))

    with Misbehaving(then=respond) as server, EitherClient(kind, server.url) as client:
        report = collect(client, tools(10))
        (wait,) = client.waits
    assert report.success
    assert [len(sent_ids(request.body)) for request in server.requests] == [10, 6]
    assert wait >= 7.0
    assert (report.requests, report.retries) == (2, 1)


@pytest.mark.parametrize("kind", BOTH)
def test_a_partial_500_that_asks_for_a_wait_beyond_the_deadline_fails(kind: Kind) -> None:
    def respond(request: Recorded) -> Any:
        body = {"event_ids": sent_ids(request.body)[:4], "errors": ["closed for the night"], "success": False}
        return answer(500, orjson.dumps(body), {"Retry-After": "61"})

    with Misbehaving(then=respond) as server, EitherClient(kind, server.url) as client:
        report = collect(client, tools(10))
        assert client.waits == []
    assert len(server.requests) == 1
    assert len(report.event_ids) == 4
    assert {failure.reason for failure in report.failures} == {"failed"}
    assert isinstance(report.failures[0].error, errors.ServerError)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "content",
    [b'{"event_ids": ["5b3c1f0e-0000-4000-8000-000000000000"], "success": true}', b"<html>", b"{}", b""],
)
def test_an_answer_about_other_events_delivers_nothing_by_position(kind: Kind, content: bytes) -> None:
    with Misbehaving(then=answer(200, content)) as server, EitherClient(kind, server.url) as client:
        report = collect(client, tools(1))
    assert report.event_ids == []
    assert [failure.reason for failure in report.failures] == ["failed"]
    assert isinstance(report.failures[0].error, errors.ResponseError)
    assert len(server.requests) == 3
    assert len({request.body for request in server.requests}) == 1


@pytest.mark.parametrize("kind", BOTH)
def test_a_page_that_is_not_the_api_stops_the_batch(kind: Kind) -> None:
    with Misbehaving(then=answer(200, b"<html>Welcome")) as server, EitherClient(kind, server.url) as client:
        report = collect(client, list(tools(900)), max_events=10, max_concurrency=1)
    assert len(server.requests) == 3 * STRIKES
    assert [f.reason for f in report.failures] == ["failed"] * (10 * STRIKES) + ["not_sent"] * (
        900 - 10 * STRIKES
    )
    assert isinstance(report.stopped, errors.ResponseError)


@pytest.mark.parametrize("kind", BOTH)
def test_a_conflict_on_our_own_ids_counts_as_delivered(kind: Kind) -> None:
    service = Service(again="reject")
    events = [{"event_type": "tool", "event_id": event_id(random.Random(n))} for n in range(20)]
    with Misbehaving(then=serving(service.post)) as server, EitherClient(kind, server.url) as client:
        first = collect(client, events[:7])
        report = collect(client, events)
    assert first.success
    assert report.success
    assert len(report.event_ids) == len(service.stored) == 20  # the 13 new events were stored too
    assert set(service.stored.values()) == {1}


@pytest.mark.parametrize("kind", BOTH)
def test_a_wrong_address_is_not_asked_for_every_event(kind: Kind) -> None:
    with Misbehaving(then=answer(404, b"not here")) as server, EitherClient(kind, server.url) as client:
        report = collect(client, list(tools(400)), max_events=10, max_concurrency=1)
    assert len(report.failures) == 400
    assert all(isinstance(failure.error, errors.NotFoundError) for failure in report.failures)
    assert len(server.requests) <= bound(10, 10) + 39


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("most", [1, 3])
def test_no_more_requests_are_in_flight_than_allowed(kind: Kind, most: int) -> None:
    service = Service()
    respond = serving(service.post)
    slots = threading.Semaphore(most)
    together = threading.Barrier(most)
    crowded: list[bool] = []

    def watch(request: Recorded) -> Any:
        free = slots.acquire(blocking=False)
        crowded.append(not free)
        together.wait(60)  # fails unless all of them are here at once
        slots.release()
        return respond(request)

    with Misbehaving(then=watch) as server, EitherClient(kind, server.url) as client:
        threads = threading.active_count()
        report = collect(client, tools(6 * most), max_events=1, max_concurrency=most)
        assert threading.active_count() <= threads + 2 * most  # the server's and the batch's
    assert report.success
    assert len(server.requests) == 6 * most
    assert not any(crowded)


@pytest.mark.parametrize("kind", BOTH)
def test_a_session_batch_is_confirmed_without_ids(kind: Kind) -> None:
    answers: list[Callable[[list[str]], BatchAnswer | APIError]] = [
        lambda ids: BatchAnswer(200, b'{"success": true}'),
        lambda ids: BatchAnswer(200, b'{"success": false}'),
        lambda ids: BatchAnswer(500, orjson.dumps({"event_ids": ids[:6], "errors": ["x"], "success": False})),
        lambda ids: CUT,
        lambda ids: BatchAnswer(200, b"{}"),
        lambda ids: BatchAnswer(200, b'{"success": true}'),
    ]
    sizes: list[int] = []

    def post(content: bytes) -> BatchAnswer | APIError:
        ids = sent_ids(content)
        sizes.append(len(ids))
        return answers.pop(0)(ids)

    session_id = event_id(random.Random(5))
    with Misbehaving(then=serving(post)) as server, EitherClient(kind, server.url) as client:
        report = client.do(
            lambda hh: hh.sessions.create_event_batch(session_id, tools(20), max_events=10, max_concurrency=1)
        )
    assert report.success
    assert (len(report.event_ids), report.session_id) == (20, session_id)
    assert sizes == [10, 10, 10, 4, 4, 4]
    assert {request.path for request in server.requests} == {f"/v1/sessions/{session_id}/events/batch"}
    for request in server.requests:
        assert {event["session_id"] for event in orjson.loads(request.body)["events"]} == {session_id}
