"""A service that loses many of its answers is served to the end; one that is down is not stormed."""

from __future__ import annotations

import asyncio
import random
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import HoneyHiveError, ServerError
from tests.support.clients import KINDS, EitherClient, Kind
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer, committed, reset

DOWN = answer(503, b"{}")
LOST = 0.3
ATTEMPTS = RetryPolicy().attempts


class Lossy:
    """A service that stores every event and loses the answers to 30% of the requests, by a seed.

    What is lost depends on the event and on how often it came, and not on the order of the requests. The
    last attempt of a call is answered: what is tried here is the budget, not the number of attempts.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.stored: set[str] = set()
        self.came: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Recorded) -> Answer:
        body = orjson.loads(request.body)
        many = "events" in body
        ids = [event["event_id"] for event in (body["events"] if many else [body])]
        with self._lock:
            self.came[ids[0]] += 1
            attempt = self.came[ids[0]]
        draw = random.Random(f"{self.seed} {ids[0]} {attempt}")
        lost = attempt < ATTEMPTS and draw.random() < LOST
        said: dict[str, Any] = {"event_ids": ids} if many else {"event_id": ids[0]}
        content = answer(200, orjson.dumps({"success": True, **said}))
        then = draw.choice((reset(), answer(503, b"{}"))) if lost else content
        return committed(lambda _: self.stored.update(ids), then)

    @property
    def retries(self) -> int:
        return self.came.total() - len(self.came)


def ids(count: int, first: int = 0) -> list[str]:
    return [str(uuid.uuid5(uuid.NAMESPACE_URL, str(n))) for n in range(first, first + count)]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


def create_all(client: EitherClient, wanted: list[str], at_once: int) -> list[Exception]:
    """Create an event for each id, `at_once` at a time, and return the errors."""
    create = client.hh.events.create
    if client.kind == "sync":

        def one(event_id: str) -> Exception | None:
            try:
                create("tool", event_id=event_id)
            except HoneyHiveError as error:
                return error
            return None

        with ThreadPoolExecutor(at_once) as threads:
            return [error for error in threads.map(one, wanted) if error is not None]

    async def some(left: list[str]) -> list[Exception]:
        errors: list[Exception] = []
        while left:
            try:
                await create("tool", event_id=left.pop())
            except HoneyHiveError as error:
                errors.append(error)
        return errors

    async def all_of_them() -> list[Exception]:
        left = list(wanted)
        return [error for one in await asyncio.gather(*[some(left) for _ in range(at_once)]) for error in one]

    found: list[Exception] = client.do(lambda _: all_of_them())
    return found


@pytest.mark.parametrize("at_once", [1, 16])
def test_single_creations_are_all_sent_to_a_service_that_loses_answers(kind: Kind, at_once: int) -> None:
    lossy, wanted = Lossy(at_once), ids(600)
    with Misbehaving(then=lossy) as server, EitherClient(kind, server.url) as client:
        assert create_all(client, wanted, at_once) == []
    assert lossy.stored == set(wanted)
    assert lossy.retries > 100


@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_batch_is_sent_whole_to_a_service_that_loses_answers(kind: Kind, concurrency: int) -> None:
    lossy, wanted = Lossy(concurrency), ids(20_000)
    events = [{"event_type": "tool", "event_id": one} for one in wanted]
    options = {"max_events": 50, "max_concurrency": concurrency}
    with Misbehaving(then=lossy) as server, EitherClient(kind, server.url) as client:
        report = client.do(lambda hh: hh.events.create_batch(events, **options))
    assert report.event_ids == wanted
    assert lossy.stored == set(wanted)
    assert lossy.retries > 100


@pytest.mark.parametrize("at_once", [1, 16])
def test_a_service_that_is_down_gets_no_more_retries_than_the_budget(kind: Kind, at_once: int) -> None:
    with Misbehaving(then=DOWN) as server, EitherClient(kind, server.url) as client:
        errors = create_all(client, ids(200), at_once)
    assert [type(error) for error in errors] == [ServerError] * 200
    assert 200 < len(server.requests) <= 200 + RetryPolicy().budget


def test_a_service_that_goes_down_in_the_middle_and_comes_back_is_not_stormed(kind: Kind) -> None:
    up = Lossy(0)
    broken = False

    def service(request: Recorded) -> Answer:
        return DOWN if broken else up(request)

    with Misbehaving(then=service) as server, EitherClient(kind, server.url) as client:
        assert create_all(client, ids(100), 16) == []
        broken = True
        before = len(server.requests)
        assert len(create_all(client, ids(200), 16)) == 200
        assert len(server.requests) - before <= 200 + RetryPolicy().budget
        broken = False
        create_all(client, ids(400, 1000), 16)  # each success at once gives back a tenth of a retry
        last = ids(200, 2000)
        assert create_all(client, last, 16) == []
    assert up.stored >= set(last)
