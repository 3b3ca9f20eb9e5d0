"""Connections cut at a random byte after the service acted: nothing is lost, nothing is stored twice."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from tests.support.clients import KINDS, EitherClient, Kind
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer, committed, cut, reset
from tests.support.scale import scaled, seed


class Service:
    """A service that stores each event and then loses the connection while it answers."""

    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.lock = threading.Lock()
        self.bodies: dict[str, list[bytes]] = {}
        self.cuts = 0

    def __call__(self, request: Recorded) -> Answer:
        event_id: str = json.loads(request.body)["event_id"]
        whole = answer(200, f'{{"success": true, "event_id": "{event_id}"}}')
        with self.lock:
            seen = len(self.bodies.get(event_id, []))
            at = self.random.randrange(-1, len(whole.message))
            again = seen > 0 and self.random.random() < 0.5
        if again:
            return committed(self.store, whole)
        self.cuts += 1
        return committed(self.store, reset() if at < 0 else cut(whole, at))

    def store(self, request: Recorded) -> None:
        with self.lock:
            self.bodies.setdefault(json.loads(request.body)["event_id"], []).append(request.body)


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_connections_cut_after_the_commit_lose_nothing_and_repeat_nothing(kind: Kind) -> None:
    number = scaled(1000, least=20)
    service = Service(random.Random(seed()))
    policy = RetryPolicy(attempts=60, budget=10**6, deadline=3600)
    with Misbehaving(then=service) as server, EitherClient(kind, server.url, retry=policy) as client:
        if kind == "sync":
            with ThreadPoolExecutor(8) as executor:
                sent = list(
                    executor.map(lambda n: client.hh.events.create("tool", inputs={"n": n}), range(number))
                )
        else:
            sent = client.do(lambda hh: _create_all(hh, number))
    assert service.cuts >= number
    ids = [answered.event_id for answered in sent]
    assert len(set(ids)) == number
    assert set(ids) == set(service.bodies)
    for attempts in service.bodies.values():
        assert len(attempts) > 1
        assert len(set(attempts)) == 1, "a retry sent other bytes"
    assert sorted(json.loads(b[0])["inputs"]["n"] for b in service.bodies.values()) == list(range(number))


async def _create_all(hh: Any, number: int) -> list[Any]:
    gate = asyncio.Semaphore(8)

    async def one(n: int) -> Any:
        async with gate:
            return await hh.events.create("tool", inputs={"n": n})

    return await asyncio.gather(*(one(n) for n in range(number)))
