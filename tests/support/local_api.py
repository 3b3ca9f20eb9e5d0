"""A client of the local server that is the same through each of its adapters, and the core alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
from attrs import define

from honeyhive_ext.local import LocalServer, Request, Response
from honeyhive_ext.local.app import App
from honeyhive_ext.local.state import open_state

KEY = "hh_test_key"
ADAPTERS = ["socket", "transport", "async_transport", "asgi"]
HEADERS = {"authorization": f"Bearer {KEY}"}
TIMEOUT = 60.0


class Core(Protocol):
    """What answers requests: a `LocalServer`, or an `App` alone."""

    def handle(self, request: Request) -> Response:
        """Return the answer."""
        ...


@contextmanager
def core(db: Any = None, **options: Any) -> Iterator[App]:
    """Return the core without a server around it: a test reads its store and sets its clock."""
    state = open_state(db, **options)
    yield App(state)
    state.store.close()


@define
class Api:
    """A client of a local server that hides how it reaches the server.

    Args:
        server: The server.
        adapter: One of ADAPTERS.
    """

    server: LocalServer
    adapter: str
    _client: httpx.Client | httpx.AsyncClient
    _runner: asyncio.Runner | None = None

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        if isinstance(self._client, httpx.Client):
            return self._client.request(method, path, **options)
        assert self._runner is not None
        return self._runner.run(self._client.request(method, path, **options))

    def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None) -> httpx.Response:
        return self.request("PUT", path, json=json)

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def create(self, **event: Any) -> str:
        """Store an event and return its id."""
        answer = self.post("/v1/events", {"event_type": "tool", "inputs": {}, **event})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["event_id"])

    def event(self, event_id: str) -> dict[str, Any]:
        """Return the stored event."""
        answer = self.get(f"/v1/events/{event_id}")
        assert answer.status_code == 200, answer.text
        event: dict[str, Any] = answer.json()["event"]
        return event

    def search(self, *filters: tuple[Any, ...], **body: Any) -> dict[str, Any]:
        """Return the answer of a search. A filter is (field, operator, value), perhaps with a type."""
        given = [dict(zip(("field", "operator", "value", "type"), one, strict=False)) for one in filters]
        answer = self.post("/v1/events/search", {"filters": given, **body})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ids(self, *filters: tuple[Any, ...], **body: Any) -> list[str]:
        """Return the ids that a search finds, in order."""
        return [event["event_id"] for event in self.search(*filters, **body)["events"]]


def post(server: Core, path: str, body: Any, *, method: str = "POST") -> Any:
    """Send a request to the core and return its answer as Python values."""
    content = json.dumps(body).encode()
    answer = server.handle(Request(method, path, content, HEADERS))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)
