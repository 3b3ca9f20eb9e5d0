"""The known traps of the generator's output, one test each; over a real socket where it is about HTTP."""

from __future__ import annotations

import asyncio
import pickle
import traceback
from typing import Any

import httpx
import orjson
import pytest
from honeyhive_client import DEFAULT_TIMEOUT, AuthenticatedClient, errors
from honeyhive_client.api.events import (
    create_event,
    get_event,
    search_events,
)
from honeyhive_client.models import (
    CreateEventRequest,
    CreateEventResponse,
    ErrorResponse,
    GetEventResponse,
    SearchEventsRequest,
    SearchEventsResponse,
)

from tests.support.misbehaving import Misbehaving, answer, hang, raw

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


def test_the_default_timeout_is_finite() -> None:
    with AuthenticatedClient("http://127.0.0.1", TOKEN) as c:
        timeout = c.get_httpx_client().timeout
    assert timeout == DEFAULT_TIMEOUT
    assert all(value is not None and 0 < value <= 60 for value in timeout.as_dict().values())


def test_a_hung_server_ends_in_a_timeout() -> None:
    held = hang()
    with Misbehaving(held) as server, client(server, timeout=httpx.Timeout(60, read=0.05)) as c:
        with pytest.raises(httpx.ReadTimeout):
            create_event.sync(client=c, body=EVENT)
        assert held.reached.wait(60)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [499, 599, 520])
def test_a_status_that_python_does_not_know_is_a_number(status: int) -> None:
    """HTTPStatus(520) raises ValueError, which the stock code lets through."""
    body = b'{"message": "origin error"}'
    with Misbehaving(then=answer(status, body)) as server:
        outcomes = both(server, create_event, body=EVENT)
    for outcome in outcomes:
        assert outcome.status_code == status
        assert outcome.content == body
        if status >= 500:
            assert outcome.parsed == ErrorResponse.from_dict({"message": "origin error"})
        else:
            assert isinstance(outcome, errors.UnexpectedStatus)


@pytest.mark.parametrize("status", [201, 204, 302, 418])
def test_a_status_that_is_not_documented_raises_instead_of_answering_none(status: int) -> None:
    with Misbehaving(then=answer(status)) as server:
        outcomes = both(server, create_event, body=EVENT)
    assert [(type(outcome), outcome.status_code) for outcome in outcomes] == [
        (errors.UnexpectedStatus, status)
    ] * 2


def test_a_status_that_is_not_documented_can_be_answered_with_none_on_request() -> None:
    with (
        Misbehaving(then=answer(418, b"teapot")) as server,
        client(server, raise_on_unexpected_status=False) as c,
    ):
        outcome = create_event.sync_detailed(client=c, body=EVENT)
        assert create_event.sync(client=c, body=EVENT) is None
    assert (outcome.status_code, outcome.content, outcome.parsed) == (418, b"teapot", None)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"", "not JSON"),
        (200, b"<html>login</html>", "not JSON"),
        (200, b'{"success": tr', "not JSON"),
        (200, b"[" * 100_000, "not JSON"),
        (200, b"\xff\xfe", "not JSON"),
        (200, b"{}", "'success' is missing"),
        (200, b'{"success": true}', "'event_id' is missing"),
        (200, b"[]", "not as documented"),
        (200, b"null", "not as documented"),
        (200, b'"ok"', "not as documented"),
        (502, b"<html>Bad Gateway</html>", "not JSON"),
        (400, b"[1]", "not as documented"),
        (429, b"slow down", "not JSON"),
    ],
)
def test_a_malformed_body_is_one_typed_error(status: int, body: bytes, reason: str) -> None:
    with Misbehaving(then=answer(status, body)) as server:
        outcomes = both(server, create_event, body=EVENT)
    for outcome in outcomes:
        assert isinstance(outcome, errors.MalformedResponse)
        assert (outcome.status_code, outcome.content) == (status, body)
        assert reason in outcome.reason
        assert isinstance(outcome.__cause__, ValueError | KeyError | TypeError | RecursionError)
        assert len(str(outcome)) < 2_000


@pytest.mark.parametrize(
    "body",
    [b'{"events": null, "count": 1}', b'{"events": {}, "count": 1}', b'{"events": [5], "count": 1}'],
)
def test_a_page_without_a_list_of_objects_is_malformed(body: bytes) -> None:
    with pytest.raises(errors.MalformedResponse, match="not as documented"):
        search_events.parse_response(status_code=200, content=body)


def test_errors_survive_pickling() -> None:
    for error in (errors.UnexpectedStatus(418, b"teapot"), errors.MalformedResponse(200, b"x", "not JSON")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert (again.status_code, again.content, str(again)) == (
            error.status_code,
            error.content,
            str(error),
        )


@pytest.mark.parametrize("prefix", ["Bearer", ""])
def test_the_token_is_in_no_repr_and_still_sent(prefix: str) -> None:
    with Misbehaving(CREATED) as server:
        c = client(
            server,
            prefix=prefix,
            headers={"X-Other-Key": TOKEN},
            cookies={"session": TOKEN},
            httpx_args={"params": {"key": TOKEN}},
        )
        with c:
            create_event.sync(client=c, body=EVENT)
            assert TOKEN not in repr(c)
            assert TOKEN not in repr(c.with_timeout(5))
    assert server.requests[0].headers["authorization"] == f"{prefix} {TOKEN}".strip()


def test_the_token_is_in_no_traceback() -> None:
    """Not even in one that shows local variables, as test runners and error trackers print."""
    with (
        Misbehaving(answer(200, b"<html>")) as server,
        client(server) as c,
        pytest.raises(errors.MalformedResponse) as caught,
    ):
        create_event.sync(client=c, body=EVENT)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(shown.format())
    assert "create_event.py" in text
    assert TOKEN not in text


ODD_EVENTS: list[dict[str, Any]] = [
    {},
    {"event_type": "planet", "inputs": None, "children_ids": None, "duration": None},
    {"event_type": 5, "inputs": "text", "start_time": "yesterday", "children_ids": "x", "error": {"a": 1}},
    {"brand_new": {"deep": [1]}, "project": "p", "_id": 7},
]


def test_one_unusual_event_does_not_make_a_page_unreadable() -> None:
    body = orjson.dumps({"events": ODD_EVENTS, "count": None, "next": "x"})
    with Misbehaving(answer(200, body)) as server, client(server) as c:
        page = search_events.sync(client=c, body=SearchEventsRequest())
    assert isinstance(page, SearchEventsResponse)
    assert [event.to_dict() for event in page.events] == ODD_EVENTS
    assert page.events[3]["brand_new"] == {"deep": [1]}
    assert page["next"] == "x"


@pytest.mark.parametrize("text", [b'"\\ud800"', b"NaN", b"-Infinity", b"1" + b"0" * 400])
def test_json_that_the_fast_parser_refuses_is_still_read(text: bytes) -> None:
    """Python's own parser takes a lone surrogate, NaN and numbers without bound."""
    body = b'{"event": {"event_name": "odd", "outputs": {"x": ' + text + b"}}}"
    found = get_event.parse_response(status_code=200, content=body)
    assert isinstance(found, GetEventResponse)
    assert found.event.event_name == "odd"


def test_the_parsed_answer_of_sync_and_async_is_the_model() -> None:
    async def run(server: Misbehaving) -> object:
        async with client(server) as c:
            return await create_event.asyncio(client=c, body=EVENT)

    with Misbehaving(then=CREATED) as server, client(server) as c:
        expected = CreateEventResponse(success=True, event_id="e1")
        assert create_event.sync(client=c, body=EVENT) == expected
        assert asyncio.run(run(server)) == expected
    assert {(r.method, r.path) for r in server.requests} == {("POST", "/v1/events")}


def test_a_cut_answer_is_a_transport_error() -> None:
    with (
        Misbehaving(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")) as server,
        client(server) as c,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        create_event.sync(client=c, body=EVENT)
    assert len(server.requests) == 1
