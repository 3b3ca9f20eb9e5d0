"""The low-level clients and what they send: independence, ids in paths, bodies, bodies of answers."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import threading
from typing import Any
from uuid import UUID

import httpx
import pytest
from honeyhive_client import AuthenticatedClient, Client, errors
from honeyhive_client.api.events import (
    create_event,
    create_event_batch,
    get_event,
    search_events,
    update_event,
)
from honeyhive_client.models import (
    CreateEventBatchResponse,
    CreateEventRequest,
    ErrorResponse,
    PartialBatchResponse,
    SearchEventsRequest,
    UpdateEventRequest,
)

from tests.support.misbehaving import Misbehaving, answer

TOKEN = "hh_very_secret"
EVENT = CreateEventRequest(event_type="tool", inputs={"q": "hi"})
CREATED = answer(200, b'{"success": true, "event_id": "e1"}')
ID = "7f22137a-6911-4ed3-bc36-110f1dde6b66"


def client(server: Misbehaving, **options: Any) -> AuthenticatedClient:
    return AuthenticatedClient(server.url, TOKEN, **options)


def both(server: Misbehaving, operation: Any, **arguments: Any) -> list[Any]:
    """What sync_detailed and asyncio_detailed return or raise, for the next two answers of the script."""

    async def run() -> Any:
        async with client(server) as c:
            return await operation.asyncio_detailed(client=c, **arguments)

    outcomes: list[Any] = []
    with client(server) as c:
        for call in (lambda: operation.sync_detailed(client=c, **arguments), lambda: asyncio.run(run())):
            try:
                outcomes.append(call())
            except errors.ResponseError as error:
                outcomes.append(error)
    return outcomes


def test_a_client_refuses_to_be_pickled_or_copied() -> None:
    for make in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"cannot be pickled or copied: make a new one"):
            make(AuthenticatedClient("http://127.0.0.1", TOKEN))  # type: ignore[operator]


def test_with_headers_leaves_the_original_and_its_connection_alone() -> None:
    """The stock code changes the live connection of the original as well."""
    with Misbehaving(then=CREATED) as server, client(server, headers={"X-A": "1"}) as first:
        create_event.sync(client=first, body=EVENT)
        live = first.get_httpx_client()
        before = (dict(live.headers), live.timeout, dict(live.cookies))
        with first.with_headers({"X-B": "2"}).with_cookies({"c": "3"}).with_timeout(5) as second:
            create_event.sync(client=second, body=EVENT)
            assert second.get_httpx_client() is not live
            assert second.get_httpx_client().timeout == httpx.Timeout(5)
        create_event.sync(client=first, body=EVENT)  # closing the second leaves the first open
        assert first.get_httpx_client() is live
        assert (dict(live.headers), live.timeout, dict(live.cookies)) == before
    sent = [(r.headers.get("x-a"), r.headers.get("x-b"), r.headers.get("cookie")) for r in server.requests]
    assert sent == [("1", None, None), ("1", "2", "c=3"), ("1", None, None)]
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {TOKEN}"}


def test_a_client_copies_the_dictionaries_that_it_gets() -> None:
    headers = {"X-A": "1"}
    c = Client("http://127.0.0.1", headers=headers)
    headers["X-B"] = "2"
    with c:
        assert "x-b" not in c.get_httpx_client().headers


def test_a_client_that_was_set_is_used_and_not_inherited() -> None:
    c = AuthenticatedClient("http://127.0.0.1", TOKEN)
    with httpx.Client() as mine:
        assert c.set_httpx_client(mine).get_httpx_client() is mine
        with c.with_timeout(1) as other:
            assert other.get_httpx_client() is not mine


def test_threads_that_start_together_share_one_connection_pool() -> None:
    c = AuthenticatedClient("http://127.0.0.1", TOKEN)
    gate = threading.Barrier(8)
    found: list[httpx.Client] = []

    def first_use() -> None:
        gate.wait()
        found.append(c.get_httpx_client())

    threads = [threading.Thread(target=first_use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    found[0].close()


@pytest.mark.parametrize("value", [ID, UUID(ID)])
def test_an_id_may_be_text_or_uuid(value: str | UUID) -> None:
    assert get_event.build_request(event_id=value) == {"method": "GET", "url": f"/v1/events/{ID}"}


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_an_id_cannot_make_the_url_name_something_else(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a path"):
        get_event.build_request(event_id=value)
    assert get_event.build_request(event_id="../search?x#y")["url"] == "/v1/events/..%2Fsearch%3Fx%23y"


def test_ready_bytes_are_sent_as_they_are() -> None:
    ready = b'{ "event_type":"tool","inputs":{} }'
    with Misbehaving(then=CREATED) as server:
        both(server, create_event, body=ready)
    assert [(r.body, r.headers["content-type"]) for r in server.requests] == [(ready, "application/json")] * 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_a_model_is_sent_as_strict_json_or_not_at_all(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        create_event.build_request(body=CreateEventRequest(event_type="tool", inputs={"x": value}))


def test_what_was_not_given_is_not_sent() -> None:
    assert search_events.build_request(body=SearchEventsRequest())["content"] == b"{}"
    sent = json.loads(
        update_event.build_request(event_id=ID, body=UpdateEventRequest(outputs=None))["content"]
    )
    assert sent == {"outputs": None}


def test_both_forms_of_a_partial_batch_and_the_plain_error_can_be_read() -> None:
    bodies = {
        200: (b'{"event_ids": ["a"], "success": true, "new": 1}', CreateEventBatchResponse),
        500: (b'{"event_ids": ["a"], "errors": null}', PartialBatchResponse),
        501: (b'{"message": "no"}', ErrorResponse),
    }
    for status, (body, model) in bodies.items():
        assert type(create_event_batch.parse_response(status_code=status, content=body)) is model
    plain = create_event_batch.parse_response(status_code=500, content=b'{"message": "no"}')
    assert type(plain) is ErrorResponse


def test_an_update_has_no_body_to_read() -> None:
    for body in (b"", b"{}", b"OK", b"<html>"):
        assert update_event.parse_response(status_code=200, content=body) is None
