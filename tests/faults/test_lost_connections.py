"""Hung servers, resets, cut answers, TLS, DNS, pages instead of JSON: typed errors from both clients."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BadRequestError,
    NotFoundError,
    ResponseError,
    ServerError,
)
from tests.support.clients import KINDS, EitherClient, Kind
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import (
    TIMEOUTS,
    Answer,
    Misbehaving,
    Recorded,
    Wire,
    answer,
    dribble,
    hang,
    raw,
    reset,
)
from tests.support.sockets import refusing

EVENT_ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"
SUCCESS = answer(200, f'{{"success": true, "event_id": "{EVENT_ID}"}}')
ONE_CONNECTION = httpx.Limits(max_connections=1)
ONCE = RetryPolicy(attempts=1)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


def create(hh: Any) -> Any:
    return hh.events.create("tool", event_id=EVENT_ID)


def failing(kind: Kind, error: type[Exception], *script: Answer, **options: Any) -> Any:
    """The error of one creation against this script, without a retry."""
    with (
        Misbehaving(*script) as server,
        EitherClient(kind, server.url, **{"retry": ONCE, **options}) as client,
    ):
        with pytest.raises(error) as caught:
            client.do(create)
        return caught.value


def test_a_hung_server_is_a_timeout_that_names_the_seconds(kind: Kind) -> None:
    for timeout in TIMEOUTS:
        held = hang()
        error = failing(kind, APITimeoutError, held, timeout=timeout)
        if held.reached.is_set():
            break
    assert f"no complete answer within {timeout:g} s" in str(error)
    assert "same id is safe" in str(error)


def test_a_hung_server_that_recovers_is_one_event_for_the_caller(kind: Kind) -> None:
    for timeout in TIMEOUTS:
        with (
            Misbehaving(hang(), then=SUCCESS) as server,
            EitherClient(kind, server.url, timeout=timeout) as client,
        ):
            assert client.do(create).event_id == EVENT_ID
        assert client.waits
        assert len({(r.path, r.body) for r in server.requests}) == 1
        if len(server.requests) == 1 + len(client.waits):  # every attempt arrived
            break
    assert len(server.requests) == 1 + len(client.waits)


def test_html_from_a_proxy_is_a_server_error_that_says_so(kind: Kind) -> None:
    page = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    error = failing(
        kind, ServerError, answer(502, page, {"Content-Type": "text/html", "X-Request-Id": "r-7"})
    )
    assert (error.status, error.request_id, error.body) == (502, "r-7", page)
    assert "502 Bad Gateway (an HTML page" in str(error)


@pytest.mark.parametrize("status", [499, 520, 599])
def test_a_status_that_no_standard_knows_is_a_typed_error(kind: Kind, status: int) -> None:
    wanted = BadRequestError if status < 500 else ServerError
    assert failing(kind, wanted, answer(status, b"")).status == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"success": true}',
        b'{"event_id": 5, "success": true}',
        b"\xff",
        b"<html>",
    ],
)
def test_a_success_that_is_not_what_the_document_describes_is_a_response_error(
    kind: Kind, body: bytes
) -> None:
    error = failing(kind, ResponseError, answer(200, body), retry=True)
    assert (error.status, error.body, error.attempts) == (200, body, 1)
    assert "base_url" in str(error)


def test_another_success_than_200_counts_by_its_body(kind: Kind) -> None:
    created = answer(201, f'{{"success": true, "event_id": "{EVENT_ID}", "new": [1]}}')
    with Misbehaving(created, answer(204)) as server, EitherClient(kind, server.url) as client:
        assert client.do(create).event_id == EVENT_ID
        assert client.do(lambda hh: hh.events.update(EVENT_ID, metadata={"a": 1})) is None


def test_a_reset_connection_is_retried_and_then_a_typed_error(kind: Kind) -> None:
    error = failing(kind, APIConnectionError, *[reset()] * 3, retry=RetryPolicy(attempts=3))
    assert error.attempts == 3
    assert "(3 attempts)" in str(error)
    assert isinstance(error.__cause__, httpx.RequestError)


@pytest.mark.parametrize(
    "damaged",
    [
        raw(b""),
        raw(b"HTTP/1.1 200"),
        raw(b"\x00\x01\x02 nonsense\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
        answer(200, b"not gzip at all", {"Content-Encoding": "gzip"}),
    ],
    ids=["nothing", "half a line", "nonsense", "cut body", "cut chunk", "bad length", "bad gzip"],
)
def test_a_damaged_answer_is_retried_and_then_a_typed_error(kind: Kind, damaged: Answer) -> None:
    with Misbehaving(damaged, SUCCESS, damaged) as server, EitherClient(kind, server.url) as client:
        assert client.do(create).event_id == EVENT_ID
        with pytest.raises(APIConnectionError, match="broke before the answer was complete"):
            client.do(lambda hh: hh.events.create("tool", retry=False))


def test_a_refused_connection_says_to_check_the_url(kind: Kind) -> None:
    with (
        refusing() as port,
        EitherClient(kind, f"http://127.0.0.1:{port}", retry=False) as client,
        pytest.raises(APIConnectionError, match=r"no connection: .*HH_API_URL") as caught,
    ):
        client.do(create)
    assert not isinstance(caught.value, APITimeoutError)


def test_a_name_that_does_not_resolve_says_so(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with (
        EitherClient(kind, "https://name.invalid", retry=RetryPolicy(attempts=2)) as client,
        pytest.raises(APIConnectionError, match="Name or service not known") as caught,
    ):
        client.do(create)
    assert caught.value.attempts == 2


def test_https_to_a_plain_port_is_a_tls_error(kind: Kind) -> None:
    with (
        Misbehaving() as server,
        EitherClient(kind, server.url.replace("http:", "https:"), retry=False) as client,
        pytest.raises(APIConnectionError, match=r"TLS failed: .*https://"),
    ):
        client.do(create)


def test_a_pool_without_a_free_connection_is_a_timeout_that_says_so() -> None:
    held = hang(SUCCESS)
    with (
        Misbehaving(held) as server,
        LIBRARY.Client(limits=ONE_CONNECTION) as own,
        EitherClient("sync", server.url, http_client=own, retry=False) as client,
        ThreadPoolExecutor(1) as executor,
    ):
        first = executor.submit(create, client.hh)
        assert held.reached.wait(60)
        with pytest.raises(APITimeoutError, match=r"no free connection within 0\.05 s"):
            client.hh.events.create("tool", timeout=0.05)
        held.release()
        assert first.result(60).event_id == EVENT_ID


def test_an_async_pool_without_a_free_connection_is_a_timeout_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("honeyhive_ext.http.sender.ASYNC_GRACE", 60)  # the phase alone ends the attempt
    held = hang(SUCCESS)

    async def crowd(hh: Any) -> str:
        first = asyncio.create_task(create(hh))
        assert await asyncio.to_thread(held.reached.wait, 60)
        with pytest.raises(APITimeoutError, match=r"no free connection within 0\.05 s"):
            await hh.events.create("tool", timeout=0.05)
        held.release()
        sent: str = (await first).event_id
        await own.aclose()
        return sent

    own = LIBRARY.AsyncClient(limits=ONE_CONNECTION)
    with (
        Misbehaving(held) as server,
        EitherClient("async", server.url, http_client=own, retry=False) as client,
    ):
        assert client.do(crowd) == EVENT_ID


def test_a_body_that_dribbles_past_the_timeout_ends_the_blocking_attempt() -> None:
    clock = [0.0]

    def tick(piece: int) -> None:
        clock[0] += 40.0

    head = SUCCESS.message.index(b"\r\n\r\n") + 4
    with (
        Misbehaving(dribble(SUCCESS, tick, size=head + 2)) as server,
        EitherClient("sync", server.url, retry=False, timeout=60, clock=lambda: clock[0]) as client,
        pytest.raises(APITimeoutError, match=r"no complete answer within 60 s"),
    ):
        client.do(create)


def test_headers_that_never_end_end_the_async_attempt() -> None:
    begun, over = threading.Event(), threading.Event()

    def endless(wire: Wire, _: Recorded) -> None:
        begun.set()
        wire.send(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.01):
            wire.send(b"X-More: 1\r\n")

    for timeout in TIMEOUTS:
        with (
            Misbehaving(Answer(endless)) as server,
            EitherClient("async", server.url, retry=False, timeout=timeout) as client,
        ):
            try:
                with pytest.raises(APITimeoutError) as caught:
                    client.do(create)
            finally:
                over.set()
        if begun.is_set():
            break
        over.clear()
    assert f"no complete answer within {timeout:g} s" in str(caught.value)


def test_a_redirect_to_another_origin_never_carries_the_key(kind: Kind) -> None:
    with Misbehaving(then=SUCCESS) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            away = answer(status, b"", {"Location": f"{elsewhere.url}/v1/events?token=1"})
            error = failing(kind, APIStatusError, away, retry=True)
            assert (error.status, error.attempts) == (status, 1)
            assert elsewhere.url in str(error)
            assert "token" not in str(error)
    assert elsewhere.requests == []
    assert elsewhere.connections == 0


def test_a_redirect_within_the_origin_is_followed_with_the_same_bytes(kind: Kind) -> None:
    moved = answer(308, b"", {"Location": "/other/events"})
    with Misbehaving(moved, answer(503), SUCCESS) as server, EitherClient(kind, server.url) as client:
        assert client.do(create).event_id == EVENT_ID
    assert [r.path for r in server.requests] == ["/v1/events", "/other/events", "/other/events"]
    assert len({(r.method, r.body, r.headers["authorization"]) for r in server.requests}) == 1


def test_a_conflict_about_our_own_id_is_a_delivered_event_and_session(kind: Kind) -> None:
    with (
        Misbehaving(reset(), answer(409), answer(409), answer(409)) as server,
        EitherClient(kind, server.url) as client,
    ):
        sent = client.do(lambda hh: hh.events.create("tool"))
        assert sent.success is True
        assert sent.event_id == json.loads(server.requests[0].body)["event_id"]
        session = client.do(lambda hh: hh.sessions.create(session_name="s"))
        assert session.event_id == session.session_id == json.loads(server.requests[2].body)["session_id"]
        with pytest.raises(BadRequestError):
            client.do(lambda hh: hh.events.get(EVENT_ID))


def test_reading_what_is_not_there_is_a_not_found_error(kind: Kind) -> None:
    body = b'{"statusCode": 404, "message": "no such event", "success": false, "errorCode": "NOT_FOUND"}'
    with (
        Misbehaving(answer(404, body)) as server,
        EitherClient(kind, server.url) as client,
        pytest.raises(NotFoundError, match="404: no such event, code NOT_FOUND"),
    ):
        client.do(lambda hh: hh.events.get(EVENT_ID))
    assert (server.requests[0].method, server.requests[0].path) == ("GET", f"/v1/events/{EVENT_ID}")
