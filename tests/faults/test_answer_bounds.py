"""Answers that are too large, too late or about something else, over every way of sending."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from honeyhive_ext import HoneyHive, RetryPolicy
from honeyhive_ext.errors import APIConnectionError, APITimeoutError, HoneyHiveError, ResponseError
from honeyhive_ext.local import LocalServer
from tests.support.misbehaving import (
    Answer,
    EndOfConnectionError,
    Misbehaving,
    Recorded,
    Wire,
    answer,
    raw,
    stored,
)
from tests.support.ways import WAYS, Way, client_over

A = "caf77ace-3417-4da4-944d-f4a0688f3c23"
B = "0b2f3bd4-5ddc-4a4e-8c8b-1f0d6c0a9a11"
BOUND = 100_000
FAST = RetryPolicy(attempts=3, first_wait=0.01)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


def create(hh: Any) -> Any:
    return hh.events.create("tool", event_id=A)


def padded(size: int) -> bytes:
    return f'{{"success":true,"event_id":"{A}","pad":"'.encode().ljust(size - 2, b"x") + b'"}'


def endless(head: bytes, piece: bytes) -> Answer:
    """Send these bytes again and again, until the client closes the connection."""

    def play(wire: Wire, _: Recorded) -> None:
        wire.send(head)
        while not wire.stopping.is_set():
            wire.send(piece)
        raise EndOfConnectionError

    return Answer(play)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
SPACES = b" " * 65_536
TOO_LARGE = {
    "with a length": answer(200, padded(BOUND + 1)),
    "announced and never sent": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{}"),
    "to the end": endless(b"HTTP/1.1 200 OK\r\n\r\n", SPACES),
    "chunked": endless(CHUNKED + b"\r\n", chunk(SPACES)),
    "in tiny chunks": endless(CHUNKED + b"\r\n", chunk(b"  ") * 10_000),
    "gzip": answer(200, gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"}),
    "gzip without end": endless(
        CHUNKED + b"Content-Encoding: gzip\r\n\r\n", chunk(gzip.compress(bytes(50_000)))
    ),
    "a success without a document": answer(299, SPACES * 2),
}


@pytest.mark.parametrize("form", sorted(TOO_LARGE))
def test_a_success_that_is_too_large_is_a_response_error_and_not_tried_again(way: Way, form: str) -> None:
    with (
        Misbehaving(TOO_LARGE[form], then=stored) as server,
        client_over(way, server.url, max_answer_bytes=BOUND) as client,
    ):
        with pytest.raises(ResponseError, match=r"more than 100,000 bytes \(max_answer_bytes=\)") as refused:
            client.do(create)
        assert refused.value.maybe_stored
        assert client.do(create).success
    assert [request.connection for request in server.requests] == [0, 1]


def test_an_answer_as_large_as_it_may_be_is_read(way: Way) -> None:
    large = answer(200, gzip.compress(padded(BOUND)), {"Content-Encoding": "gzip"})
    with (
        Misbehaving(answer(200, padded(BOUND)), large) as server,
        client_over(way, server.url, max_answer_bytes=BOUND) as client,
    ):
        for _ in range(2):
            assert client.do(create)["pad"]


def test_an_error_with_a_large_body_is_tried_again_as_its_status_says(way: Way) -> None:
    bomb = answer(503, gzip.compress(bytes(3_000_000)), {"Content-Encoding": "gzip"})
    refusal = answer(400, b" " * 1_000_001)
    with Misbehaving(bomb, stored, refusal) as server, client_over(way, server.url, retry=FAST) as client:
        assert client.do(create).success
        with pytest.raises(ResponseError, match="answered 400, but its body has more than 1,000,000 bytes"):
            client.do(create)
    assert len(server.requests) == 3


@pytest.mark.parametrize("unit", [b"[],", b"{},", b'{"a":1},'])
def test_a_small_answer_of_values_that_would_fill_the_memory_is_refused_before_it_is_read(
    way: Way, unit: bytes
) -> None:
    body = padded(100)[:-1] + b',"events":[' + unit * 2_000_000 + b"1]}"
    bomb = answer(200, gzip.compress(body, 1), {"Content-Encoding": "gzip"})
    with (
        Misbehaving(bomb, bomb, then=stored) as server,
        client_over(way, server.url, max_answer_bytes=20_000_000) as client,
    ):
        with pytest.raises(ResponseError, match="more values than fit into memory"):
            client.do(create)
        with pytest.raises(ResponseError, match="more values than fit into memory"):
            client.do(lambda hh: hh.events.search(limit=1).to_list())
        assert client.do(create).success
    assert len(server.requests) == 3


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zstd"])
def test_a_coding_that_was_not_asked_for_is_a_response_error(way: Way, coding: str) -> None:
    body = gzip.compress(gzip.compress(b"{}"))
    with (
        Misbehaving(answer(200, body, {"Content-Encoding": coding}), then=stored) as server,
        client_over(way, server.url) as client,
    ):
        with pytest.raises(ResponseError, match="was not asked for"):
            client.do(create)
        assert client.do(create).success
    assert len(server.requests) == 2


def test_an_answer_in_process_is_bounded_too() -> None:
    mock = httpx.MockTransport(lambda _: httpx.Response(200, content=padded(BOUND + 1)))
    with (
        HoneyHive("k", base_url="http://a.test", transport=mock, max_answer_bytes=BOUND) as hh,
        pytest.raises(ResponseError, match="more than 100,000 bytes"),
    ):
        create(hh)
    with LocalServer() as local, HoneyHive("k", transport=local.transport(), base_url="http://a.test") as hh:
        for _ in range(2):
            hh.events.create("tool", inputs={"text": "x" * BOUND})
        with (
            HoneyHive(
                "k", transport=local.transport(), base_url="http://a.test", max_answer_bytes=BOUND
            ) as small,
            pytest.raises(ResponseError, match="more than 100,000 bytes"),
        ):
            small.events.search().to_list()


def test_a_batch_whose_answer_is_too_large_reports_its_events_as_failed(way: Way) -> None:
    with (
        Misbehaving(then=answer(200, b" " * 300)) as server,
        client_over(way, server.url, max_answer_bytes=200) as client,
    ):
        report = client.do(
            lambda hh: hh.events.create_batch([{"event_type": "tool", "event_id": A}], on_error="collect")
        )
    assert [failure.reason for failure in report.failures] == ["failed"]
    assert isinstance(report.failures[0].error, ResponseError)


# The answers of these never end. Each sends its beginning, and then a piece whenever the last one was taken.
SLOW: dict[str, tuple[bytes, bytes]] = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "informational": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
    "chunks": (CHUNKED + b"\r\n", b"1\r\n \r\n"),
    "chunk line": (CHUNKED + b"\r\n1", b";"),
    "trailers": (CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", b"X-T: a\r\n"),
    "gzip": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    "silence": (b"", b""),
}


def trickle(head: bytes, piece: bytes, every: float) -> Answer:
    def play(wire: Wire, _: Recorded) -> None:
        wire.send(head)
        while not wire.stopping.wait(every):
            wire.send(piece)
        raise EndOfConnectionError

    return Answer(play)


@pytest.mark.parametrize("form", sorted(SLOW))
def test_the_timeout_ends_an_answer_that_trickles(way: Way, form: str) -> None:
    # An answer that never ends ends the call only by its timeout: the test fails by hanging otherwise.
    with (
        Misbehaving(then=trickle(*SLOW[form], 0.02)) as server,
        client_over(way, server.url, timeout=0.4, retry=False) as client,
        pytest.raises(APITimeoutError),
    ):
        client.do(create)


@pytest.mark.parametrize("form", sorted(SLOW.keys() - {"silence"}))
def test_an_answer_without_end_at_full_speed_ends_in_time(way: Way, form: str) -> None:
    head, piece = SLOW[form]
    flood = endless(head, piece * (60_000 // len(piece)))
    with (
        Misbehaving(then=flood) as server,
        client_over(way, server.url, timeout=0.4, retry=False) as client,
        pytest.raises((APIConnectionError, ResponseError)),
    ):
        client.do(create)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_proxy_that_trickles_its_answer_to_connect_ends_in_time(
    is_async: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.ways.PROXIED", "https://api.example")
    way: Way = "proxy async" if is_async else "proxy"
    with Misbehaving(then=trickle(b"HTTP/1.1 200 ", b"O", 0.02)) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        with (
            client_over(way, server.url, timeout=0.4, retry=False) as client,
            pytest.raises(APITimeoutError),
        ):
            client.do(create)


def said(event_id: str) -> dict[str, Callable[[Recorded], Answer]]:
    """Return answers to each operation that name this id."""

    def of(document: Any) -> Callable[[Recorded], Answer]:
        return lambda _: answer(200, json.dumps(document))

    session = {"org_id": "o", "workspace_id": "w", "project_id": "p"}
    return {
        "create": of({"success": True, "event_id": event_id}),
        "get": of({"event": {"event_id": event_id, "event_type": "tool"}}),
        "update": of({"success": True, "event_id": event_id}),
        "update with the event": of({"event": {"event_id": event_id}}),
        "session": of({"event_id": event_id, "session_id": event_id, **session}),
        "session's event": of({"event_id": event_id, "session_id": A, **session}),
    }


CALLS: dict[str, Callable[[Any], Any]] = {
    "create": create,
    "get": lambda hh: hh.events.get(A),
    "update": lambda hh: hh.events.update(A, metadata={"a": 1}),
    "update with the event": lambda hh: hh.events.update(A, metadata={"a": 1}),
    "session": lambda hh: hh.sessions.create(session_id=A),
    "session's event": lambda hh: hh.sessions.create(session_id=A),
}


OTHERS = [B, "", "x", A[:-1], 7, [A], {"id": A}, "\u202e" + A]


@pytest.mark.parametrize("operation", sorted(CALLS))
def test_an_answer_about_another_event_names_both_ids_and_ends_its_connection(
    way: Way, operation: str
) -> None:
    call, right = CALLS[operation], said(A)[operation]
    script = [answer for other in OTHERS for answer in (said(other)[operation], right)]
    with Misbehaving(*script) as server, client_over(way, server.url) as client:
        for other in OTHERS:
            with pytest.raises(ResponseError) as mixed:
                client.do(call)
            client.do(call)
            assert A in str(mixed.value)
            assert (repr(other) if isinstance(other, (str, int)) else type(other).__name__) in str(
                mixed.value
            )
            assert mixed.value.maybe_stored == (operation != "get")
    connections = [request.connection for request in server.requests]
    assert connections == [n // 2 for n in range(1, 2 * len(OTHERS) + 1)]


@pytest.mark.parametrize("operation", sorted(CALLS))
@pytest.mark.parametrize("written", [A.upper(), A.replace("-", ""), "{" + A + "}", f"urn:uuid:{A}"])
def test_an_id_in_another_spelling_is_the_same_id(operation: str, written: str) -> None:
    with Misbehaving(then=said(written)[operation]) as server, client_over("sync", server.url) as client:
        for _ in range(2):
            result = client.do(CALLS[operation])
            if result is not None:
                assert UUID(result.event_id) == UUID(A)
            if operation in ("create", "session"):
                assert result.event_id == A  # as the caller wrote it
    assert {request.connection for request in server.requests} == {0}


def test_an_event_without_an_id_comes_as_it_is_since_the_document_requires_none(way: Way) -> None:
    with (
        Misbehaving(then=answer(200, b'{"event": {"event_type": "tool"}}')) as server,
        client_over(way, server.url) as client,
    ):
        assert client.do(CALLS["get"]).to_dict() == {"event_type": "tool"}


def test_an_answer_too_many_is_not_taken_for_that_of_the_next_call(way: Way) -> None:
    def read(request: Recorded) -> Answer:
        event_id = request.path.rpartition("/")[2]
        return answer(200, json.dumps({"event": {"event_id": event_id, "event_type": "tool"}}))

    def twice(request: Recorded) -> Answer:
        surplus = answer(200, json.dumps({"event": {"event_id": B}})).message
        return Answer(lambda wire, _: wire.send(read(request).message + surplus))

    with Misbehaving(twice, then=read) as server, client_over(way, server.url) as client:
        for event_id in (A, B, A):
            assert client.do(lambda hh, one=event_id: hh.events.get(one)).event_id == event_id
    assert [request.connection for request in server.requests] == [0, 1, 1]


def test_a_connection_on_which_something_came_since_is_not_used_again(way: Way) -> None:
    page = answer(200, b'{"events":[],"count":0}')
    sent, more = threading.Event(), threading.Event()

    def late(wire: Wire, _: Recorded) -> None:
        wire.send(page.message)
        more.wait(60)
        wire.send(answer(200, json.dumps({"events": [{"event_id": B}], "count": 1})).message)
        sent.set()

    with Misbehaving(Answer(late), then=page) as server, client_over(way, server.url) as client:
        assert client.do(lambda hh: hh.events.search().to_list()) == []
        more.set()
        assert sent.wait(60)
        assert client.do(lambda hh: hh.events.search().to_list()) == []
    assert [request.connection for request in server.requests] == [0, 1]


LOCATIONS = [
    "http:127.0.0.1:1/x",
    "http:",
    "//",
    "/\t/x",
    "http://[bad",
    "http://[::1",
    "http://a:99999/",
    "http://a:-1/",
    "http://a:b/",
    "http://xn--\x7f/",
    "http://xn--/",
    "http://xn--a-\xe9/",
    "http://" + "a" * 300,
    "\x80\xff",
    "http://\xe9\xe9.example/",
    "javascript:alert(1)",
    "?" + "x" * 60_000,
    "http://user:password@host/",
    "/\x00",
    "/\r",
    "/" + "x" * 200_000,
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_hostile_location_is_a_typed_error_and_no_write_is_repeated(way: Way, location: str) -> None:
    for status in (301, 303, 307, 308):
        line = b"Location: " + location.encode("latin-1")
        message = b"HTTP/1.1 %d X\r\n%s\r\nContent-Length: 2\r\n\r\n{}" % (status, line)
        with (
            Misbehaving(then=raw(message)) as server,
            client_over(way, server.url, retry=FAST) as client,
            pytest.raises(HoneyHiveError),
        ):
            client.do(create)
        followed = location.startswith("?") and status in (307, 308)
        assert len(server.requests) <= (6 if followed else 1)


FRAMINGS = [
    b"Content-Length: " + b"0" * 4_400 + b"2",
    b"Content-Length: " + b"9" * 5_000,
    b"Content-Length: -2",
    b"Content-Length: 2\r\nContent-Length: 3",
    b"Content-Length: 2, 3",
    b"Content-Length: \xb2",
    b"Transfer-Encoding: gzip, chunked",
]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_answer_whose_length_cannot_be_told_is_a_typed_error(way: Way, framing: bytes) -> None:
    hostile = raw(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n{}")
    with Misbehaving(hostile, then=stored) as server, client_over(way, server.url, retry=False) as client:
        with pytest.raises((ResponseError, APIConnectionError)):
            client.do(create)
        assert client.do(create).success
    assert [request.connection for request in server.requests] == [0, 1]


def test_rows_that_are_nested_as_deeply_as_they_can_be_read_are_rows(way: Way) -> None:
    for depth in (500, 990, 1_010):
        nested = b"[" * depth + b"]" * depth
        rows = b'{"x":%b}' % nested, b'{"event_id":"a","metadata":{"x":%b}}' % nested, nested
        page = b'{"count":3,"events":[%b]}' % b",".join(rows)
        with Misbehaving(then=answer(200, page)) as server, client_over(way, server.url) as client:
            found = client.do(lambda hh: hh.events.search().raw().to_list())
        assert len(found) == 3


@pytest.mark.parametrize("cookie", ["a=\xb0", "\xe9=b", "a=\x1a", "a=b; c=\x7f"])
def test_a_cookie_that_cannot_be_sent_ends_no_later_call(way: Way, cookie: str) -> None:
    kept = [("Set-Cookie", "kept=yes"), ("Set-Cookie", cookie)]
    with Misbehaving(answer(500, b"{}", kept), then=stored) as server, client_over(way, server.url) as client:
        for _ in range(2):
            assert client.do(create).success
    assert {request.headers.get("cookie", "kept=yes") for request in server.requests} <= {
        "kept=yes",
        "kept=yes; a=b",
    }
