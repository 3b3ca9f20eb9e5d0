"""A local server in process whose events come and go between any two requests of a search."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterable
from threading import RLock
from typing import Any
from uuid import UUID

import httpx

from honeyhive_ext import F, HoneyHive
from honeyhive_ext.filters import Filter
from honeyhive_ext.local import LocalServer

MATCHES: Filter = F("metadata.here") == True  # noqa: E712


class Between(httpx.BaseTransport):
    """The server, asked by `client`; requests come one at a time, each after what is to happen before it.

    Attributes:
        before: Called before each search request.
        lock: Held during a request and what happens before it.
        stored: The events that match, with their times.
        throughout: Those of them that matched since `begin`.
        asked: Search requests since then, without those of a drain.
        drained: Search requests since then with more filters than `MATCHES`: they split a range that does
            not fit a page.
    """

    def __init__(self, server: LocalServer, rng: random.Random, before: Callable[[], None]) -> None:
        self.before = before
        self.lock = RLock()
        self.stored: dict[str, float] = {}
        self._server, self._rng, self._to = server, rng, server.transport()
        self._sessions = [self._uuid() for _ in range(7)]
        self.client = HoneyHive(api_key="x", base_url="http://127.0.0.1:1", transport=self, retry=False)
        self.begin()

    def begin(self) -> None:
        """A search begins."""
        with self.lock:
            self.throughout = set(self.stored)
            self.asked = self.drained = 0

    def add(self, times: Iterable[float]) -> None:
        """New events with these times."""
        new = {self._uuid(): time for time in times}
        with self.lock:
            self._put(new, here=True)
            self.stored.update(new)

    def remove(self, keys: Collection[str]) -> None:
        """Let events match no longer, which is what a deletion is to a search."""
        with self.lock:
            self.throughout.difference_update(keys)
            self._put({key: self.stored.pop(key) for key in keys}, here=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            more = len(json.loads(request.read())["filters"]) > 1
            self.drained += more
            self.asked += not more
            self.before()
            return self._to.handle_request(request)

    def _put(self, events: dict[str, float], *, here: bool) -> None:
        self._server.seed(self._event(key, time, here) for key, time in events.items())

    def _event(self, key: str, time: float, here: bool) -> dict[str, Any]:
        return {
            "event_id": key,
            # Uneven, so that a page does not show every value there is.
            "event_type": self._rng.choices(["tool", "model", "chain"], [90, 9, 1])[0],
            "session_id": self._sessions[min(6, int(self._rng.expovariate(1)))],
            "inputs": {},
            "metadata": {"here": here},
            "start_time": time,
        }

    def _uuid(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))
