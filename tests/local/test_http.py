"""HTTP itself: what is refused, what is waited for, and that nothing of an incomplete request is stored."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.adapters import channel
from tests.support.local_api import HEADERS, Api

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
EVENT = json.dumps(TOOL).encode()
START = b"Host: 127.0.0.1\r\nAuthorization: Bearer hh_1\r\n"
POSTS = [
    "/v1/events",
    "/v1/events/batch",
    "/v1/events/search",
    "/v1/sessions",
    "/v1/sessions/7f22137a-6911-4ed3-bc36-110f1dde6b66/events/batch",
    "/events",
    "/events/batch",
    "/session/start",
    "/_local/seed",
    "/_local/reset",
]
BODIES = {
    "/v1/events/batch": b'{"events":[%b]}' % EVENT,
    "/v1/sessions/7f22137a-6911-4ed3-bc36-110f1dde6b66/events/batch": b'{"events":[%b]}' % EVENT,
    "/v1/events/search": b"{}",
    "/v1/sessions": b"{}",
    "/events": b'{"event":%b}' % EVENT,
    "/events/batch": b'{"events":[%b]}' % EVENT,
    "/session/start": b'{"session":{}}',
}


@contextmanager
def connected(server: LocalServer) -> Iterator[socket.socket]:
    """A connection to the server."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """Everything that comes until the server closes the connection."""
    answer = b""
    while piece := connection.recv(1 << 16):
        answer += piece
    return answer


def statuses(answer: bytes) -> list[int]:
    """The statuses of the answers in these bytes."""
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def head(path: str = "/v1/events", lines: bytes = b"", method: bytes = b"POST") -> bytes:
    return method + b" " + path.encode() + b" HTTP/1.1\r\n" + START + lines + b"\r\n"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_that_is_shorter_than_announced_is_400_and_not_carried_out(
    server: LocalServer, path: str, framing: str
) -> None:
    server.seed([TOOL])
    before = len(server.requests)
    body = BODIES.get(path, EVENT)
    if framing == "length":
        data = head(path, b"Content-Length: %d\r\n" % (len(body) + 1)) + body
    else:
        data = head(path, b"Transfer-Encoding: chunked\r\n") + b"%x\r\n%b\r\n" % (len(body), body)
    with connected(server) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = rest(connection)
    assert statuses(answer) == [400]
    assert b"incomplete" in answer
    assert len(server.events()) == 1
    assert len(server.requests) == before


def test_a_sender_that_goes_away_stores_nothing() -> None:
    server = LocalServer().start()
    for lines in (b"Content-Length: 1000\r\n", b"Transfer-Encoding: chunked\r\n"):
        with connected(server) as connection:
            connection.sendall(head(lines=lines) + EVENT)
    server.stop()  # waits for the threads of both
    assert server.events() == []
    server.close()


def scope(
    *headers: tuple[str, str], method: str = "POST", path: str = "/v1/events"
) -> MutableMapping[str, Any]:
    """An ASGI scope."""
    given = [("authorization", "Bearer hh_1"), *headers]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given],
    }


def asgi(
    server: LocalServer, given: MutableMapping[str, Any], *messages: MutableMapping[str, Any]
) -> list[Any]:
    """What the ASGI application sends in answer to these messages."""
    sent: list[Any] = []
    waiting = list(messages)

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(server.asgi()(given, receive, send))
    return sent


HOST = ("host", "localhost")


def part(body: bytes, *, more: bool = False) -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_an_asgi_client_that_goes_away_stores_nothing_and_gets_nothing(server: LocalServer) -> None:
    gone = {"type": "http.disconnect"}
    assert asgi(server, scope(HOST), part(EVENT, more=True), gone) == []
    assert asgi(server, scope(HOST), gone) == []
    assert server.events() == []


@pytest.mark.parametrize("length", [len(EVENT) + 1, len(EVENT) - 1, 0])
def test_a_body_of_another_length_than_announced_is_refused_by_each_adapter_without_a_socket(
    server: LocalServer, length: int
) -> None:
    sent = asgi(server, scope(HOST, ("content-length", str(length))), part(EVENT))
    assert sent[0]["status"] == 400
    for transport in (server.transport(), server.async_transport()):
        headers = {**HEADERS, "content-length": str(length)}
        request = httpx.Request("POST", "http://localhost/v1/events", content=EVENT, headers=headers)
        if isinstance(transport, httpx.BaseTransport):
            answer = transport.handle_request(request)
        else:
            answer = asyncio.run(transport.handle_async_request(request))
        assert answer.status_code == 400
    assert server.events() == []


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 38\r\nContent-Length: 38\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n",
        b"X: a\r\n Content-Length: 0\r\n",
        b"X: a\nContent-Length: 0\r\n",
        b"X: a\rContent-Length: 0\r\n",
        b"Host: 127.0.0.1\r\n",
        b"Origin: http://127.0.0.1\r\nOrigin: http://127.0.0.1\r\n",
    ],
)
def test_after_a_request_that_can_be_read_in_two_ways_nothing_more_is_read(
    server: LocalServer, lines: bytes
) -> None:
    second = head("/v1/events", b"Content-Length: %d\r\n" % len(EVENT)) + EVENT
    with connected(server) as connection:
        connection.sendall(head("/v1/events", lines) + second + second)
        answer = rest(connection)
    assert statuses(answer) == [400]
    assert b"connection: close\r\n" in answer
    assert server.events() == []
    assert list(server.requests) == []


def test_two_of_one_header_are_refused_by_every_adapter(server: LocalServer) -> None:
    twice = ("origin", "http://localhost")
    assert asgi(server, scope(HOST, HOST), part(EVENT))[0]["status"] == 400
    assert asgi(server, scope(HOST, twice, twice), part(EVENT))[0]["status"] == 400
    assert asgi(server, scope(), part(EVENT))[0]["status"] == 400
    with httpx.Client(transport=server.transport(), base_url="http://localhost") as client:
        pairs = [*HEADERS.items(), ("host", "a"), ("host", "b")]
        assert client.post("/v1/events", content=EVENT, headers=pairs).status_code == 400
        pairs = [*HEADERS.items(), ("host", "localhost:x")]
        assert client.post("/v1/events", content=EVENT, headers=pairs).status_code == 400
    assert server.events() == []


@pytest.mark.parametrize("lines", [b"Content-Length: %d\r\n" % len(EVENT), b"Transfer-Encoding: chunked\r\n"])
def test_a_client_that_waits_is_told_at_once_to_send_its_body(server: LocalServer, lines: bytes) -> None:
    body = EVENT if b"Length" in lines else b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENT), EVENT)
    with connected(server) as connection:
        for _ in range(2):  # and the connection stays
            connection.sendall(head(lines=lines + b"Expect: 100-continue\r\n"))
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body)
            assert statuses(connection.recv(1000)) == [200]
    assert len(server.events()) == 2


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"Host: evil.example\r\nContent-Length: 5\r\n", 403),
        (b"Host: localhost\r\nOrigin: http://evil.example\r\nContent-Length: 5\r\n", 403),
        (b"Host: localhost:x\r\nContent-Length: 5\r\n", 400),
        (b"Content-Length: 5\r\n", 400),
        (b"Host: localhost\r\nContent-Length: 60000000\r\n", 413),
        (b"Host: localhost\r\nContent-Length: 5\r\nContent-Length: 5\r\n", 400),
    ],
)
def test_a_request_that_is_refused_by_its_headers_is_not_told_to_send_its_body(
    server: LocalServer, lines: bytes, status: int
) -> None:
    start = b"POST /v1/events HTTP/1.1\r\nAuthorization: Bearer hh_1\r\n" + lines
    with connected(server) as connection:
        connection.sendall(start + b"Expect: 100-continue\r\n\r\n")
        answer = rest(connection)
    assert statuses(answer) == [status]
    assert server.events() == []


def test_another_expectation_is_417(server: LocalServer) -> None:
    with connected(server) as connection:
        connection.sendall(head(lines=b"Expect: 103-checkpoint\r\n"))
        assert statuses(rest(connection)) == [417]


@pytest.mark.parametrize("size", [60_000_000, 3])
def test_the_answer_to_a_refused_body_reaches_a_client_that_sends_it_all_first(
    server: LocalServer, size: int
) -> None:
    if size < 100:
        server.configure(max_body=2)
    try:
        with connected(server) as connection:
            connection.sendall(head(lines=b"Content-Length: %d\r\n" % size) + b"x" * size)
            assert statuses(rest(connection)) == [413]
    finally:
        server.configure(max_body=50_000_000)


def test_head_is_answered_like_get_without_the_body(api: Api) -> None:
    event_id = api.create()
    for path in (
        "/_local/health",
        "/_local/stats",
        "/_local/export",
        f"/v1/events/{event_id}",
        "/v1/events/7",
    ):
        get, bare = api.get(path), api.request("HEAD", path)
        assert bare.status_code == get.status_code
        for name in ("content-type", "content-length"):
            assert bare.headers[name] == get.headers[name]
        assert bare.content == b""
        assert get.content != b""
    assert api.request("HEAD", "/v1/events").headers["allow"] == "POST"
    assert api.request("PUT", "/_local/health").headers["allow"] == "GET, HEAD"


def test_another_request_follows_head_on_its_connection(server: LocalServer) -> None:
    with connected(server) as connection:
        connection.sendall(head("/_local/health", method=b"HEAD") + head("/v1/nothing", method=b"HEAD")
                           + head("/_local/health", b"Connection: close\r\n", b"GET"))  # fmt: skip
        answer = rest(connection)
    assert statuses(answer) == [200, 404, 200]
    assert answer.count(b"{") == 1


def test_a_status_without_a_body_has_none(api: Api) -> None:
    for status in (204, 304):
        api.server.faults.add("status", status=status, times=1)
        answer = api.post("/v1/events", TOOL)
        assert (answer.status_code, answer.content) == (status, b"")
        assert "content-length" not in answer.headers
    assert api.post("/v1/events", TOOL).status_code == 200


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://127.0.0.1/_local/health", "127.0.0.1", 200),
        ("HTTP://LOCALHOST:1/_local/health", "localhost:1", 200),
        ("http://localhost/_local/health", "evil.example", 200),  # RFC 9112, 3.2.2: the URL counts
        ("http://evil.example/_local/health", "localhost", 403),
        ("http://127.0.0.1", "127.0.0.1", 200),
        ("https://127.0.0.1/_local/health", "127.0.0.1", 400),
    ],
)
def test_a_request_may_name_the_whole_url(server: LocalServer, target: str, host: str, status: int) -> None:
    with connected(server) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert statuses(rest(connection)) == [status]
    assert asgi(server, scope(("host", host), method="GET", path=target), part(b""))[0]["status"] == status


def test_gzip_has_two_names_and_comes_once(api: Api) -> None:
    body = gzip.compress(EVENT)
    for coding in ("gzip", "x-gzip", "X-GZIP", "identity, gzip"):
        headers = {"content-encoding": coding}
        assert api.request("POST", "/v1/events", content=body, headers=headers).status_code == 200
    for coding in ("gzip, gzip", "gzip, x-gzip", "br", "deflate", "gzip, br"):
        answer = api.request("POST", "/v1/events", content=body, headers={"content-encoding": coding})
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip")
    cut = api.request("POST", "/v1/events", content=body[:-6], headers={"content-encoding": "x-gzip"})
    assert cut.status_code == 400
    assert api.search()["count"] == 4


def test_https_to_an_http_port_is_refused_at_once(server: LocalServer) -> None:
    with connected(server) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert statuses(rest(connection)) == [400]


def test_a_client_that_falls_silent_gets_408_within_a_request_and_nothing_between_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel, "IDLE", 0.05)
    with LocalServer() as server:
        with connected(server) as connection:
            assert rest(connection) == b""
        for data in (
            b"GET /_loc",
            head(lines=b"Content-Length: 5\r\n"),
            head("/_local/health", method=b"GET"),
        ):
            with connected(server) as connection:
                connection.sendall(data)
                answer = rest(connection)
            assert statuses(answer) == ([200] if b"health" in data else [408])
        assert server.events() == []


def test_http_1_0_is_answered_and_closed(server: LocalServer) -> None:
    with connected(server) as connection:
        connection.sendall(
            b"GET /_local/health HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
        )
        answer = rest(connection)
    assert statuses(answer) == [200]
    assert b"connection: close" in answer
