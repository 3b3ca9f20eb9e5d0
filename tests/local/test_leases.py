"""A server that is lent to one test after the other: what an earlier one still sends changes nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from honeyhive_ext import HoneyHive
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import LocalServer, Request, Response
from honeyhive_ext.local.leases import Leases
from honeyhive_ext.local.listener import OPEN
from honeyhive_ext.local.routes import control
from tests.support.local_api import HEADERS
from tests.support.sockets import listening

TOOL = {"event_type": "tool", "inputs": {}}
POST = Request("POST", "/v1/events", b'{"event_type": "tool", "inputs": {}}', HEADERS)


@pytest.fixture
def owner() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


def over_asgi(server: LocalServer) -> int:
    async def send() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(server.asgi())) as client:
            return (await client.post("http://localhost/v1/events", json=TOOL, headers=HEADERS)).status_code

    return asyncio.run(send())


def over_async_transport(server: LocalServer) -> int:
    async def send() -> int:
        async with httpx.AsyncClient(transport=server.async_transport()) as client:
            return (await client.post("http://localhost/v1/events", json=TOOL, headers=HEADERS)).status_code

    return asyncio.run(send())


def over_transport(server: LocalServer) -> int:
    with httpx.Client(transport=server.transport()) as client:
        return client.post("http://localhost/v1/events", json=TOOL, headers=HEADERS).status_code


WAYS: dict[str, Callable[[LocalServer], int]] = {
    "transport": over_transport,
    "async transport": over_async_transport,
    "asgi": over_asgi,
    "handle": lambda server: server.handle(POST).status,
}


@pytest.mark.parametrize("way", WAYS)
def test_in_process_a_request_of_an_earlier_test_is_refused_and_named(owner: LocalServer, way: str) -> None:
    first = owner.lend("first")
    assert WAYS[way](first) == 200
    second = owner.lend("second")
    second.faults.add("status", status=503, times=1)
    assert WAYS[way](first) == 410
    assert (second.events(), list(second.requests), len(second.faults.unused())) == ([], [], 1)
    (late,) = owner.take_late()
    assert (late.holder, late.first, late.number) == ("first", "POST /v1/events", 1)
    assert owner.take_late() == []
    assert [WAYS[way](second) for _ in range(2)] == [503, 200]


@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
def test_on_a_socket_every_route_of_an_earlier_address_is_refused(owner: LocalServer, kept: bool) -> None:
    first = owner.lend("tests/test_a.py::test_first[ä]").start()
    with httpx.Client(base_url=first.url, headers=HEADERS) as client:
        if kept:
            assert client.get("/_local/health").status_code == 200
        second = owner.lend("second").start()
        assert second.url not in (first.url, owner.url)
        second.seed([TOOL])
        for method, path in [
            ("POST", "/v1/events"),
            ("POST", "/v1/events/search"),
            ("DELETE", "/_local/requests"),
            ("POST", "/_local/reset"),
            ("GET", "/_local/health"),
            ("GET", "/nowhere"),
        ]:
            answer = client.request(method, path, json=TOOL)
            assert answer.status_code == 410
            assert "tests/test_a.py::test_first[ä], which has ended" in answer.json()["message"]
    assert len(second.events()) == 1
    assert second.requests[:] == []
    (late,) = owner.take_late()
    assert str(late).startswith(
        "tests/test_a.py::test_first[ä] left something running that sends: 6 requests came, the first after "
        "its end (POST /v1/events)."
    )


def test_a_request_that_was_half_sent_when_its_test_ended_is_refused(owner: LocalServer) -> None:
    first = owner.lend("first").start()
    body = b'{"event_type": "tool", "inputs": {}}'
    head = f"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", int(first.url.rpartition(":")[2]))) as one:
        one.sendall(head.encode() + b"Authorization: Bearer hh_1\r\n\r\n" + body[:10])
        second = owner.lend("second").start()
        one.sendall(body[10:])
        assert one.recv(1 << 16).startswith(b"HTTP/1.1 410 ")
    assert second.events() == []


def test_a_retry_that_outlives_its_test_is_refused_at_once(owner: LocalServer) -> None:
    first = owner.lend("first").start()
    first.faults.add("rate_limit", retry_after=0, times=1)
    waiting, go = threading.Event(), threading.Event()
    failures: list[str] = []

    def wait(_: object) -> None:
        waiting.set()
        go.wait()

    def send() -> None:
        with HoneyHive("hh_1", base_url=first.url, on_retry=wait) as hh:
            try:
                hh.events.create("tool")
            except Exception as problem:  # noqa: BLE001 - it is compared
                failures.append(str(problem))

    thread = threading.Thread(target=send)
    thread.start()
    waiting.wait()
    second = owner.lend("second").start()
    go.set()
    thread.join()
    assert second.events() == []
    assert len(failures) == 1
    assert "this address was that of first, which has ended" in failures[0]
    assert [late.number for late in owner.take_late()] == [1]


def test_what_an_earlier_test_holds_of_the_server_can_no_longer_be_used(owner: LocalServer) -> None:
    first = owner.lend("first").start()
    second = owner.lend("second").start()
    uses: list[Callable[[], object]] = [
        first.events,
        first.reset,
        first.stop,
        first.start,
        first.close,
        lambda: first.seed([TOOL]),
        lambda: first.configure(count="page"),
        lambda: first.faults,
        lambda: first.requests,
        lambda: first.switches,
    ]
    for use in uses:
        with pytest.raises(ConfigError, match="first has ended"):
            use()
    assert httpx.post(f"{second.url}/v1/events", json=TOOL, headers=HEADERS).status_code == 200


def test_the_owners_address_is_answered_whoever_has_the_server(owner: LocalServer) -> None:
    url = owner.url
    for name in ("first", "second"):
        lent = owner.lend(name).start()
        assert lent.events() == []
        assert httpx.post(f"{url}/v1/events", json=TOOL, headers=HEADERS).status_code == 200
        assert len(lent.events()) == len(owner.events()) == len(owner.requests) == 1
    assert owner.take_late() == []


def test_a_lent_server_that_was_stopped_or_closed_starts_again_for_the_next(owner: LocalServer) -> None:
    first = owner.lend("first").start()
    first.stop()
    with pytest.raises(ConfigError, match="does not listen"):
        _ = first.url
    first.start()
    assert httpx.post(f"{first.url}/v1/events", json=TOOL, headers=HEADERS).status_code == 200
    with first:
        pass
    second = owner.lend("second").start()
    assert httpx.post(f"{second.url}/v1/events", json=TOOL, headers=HEADERS).status_code == 200
    assert httpx.post(f"{owner.url}/v1/events", json=TOOL, headers=HEADERS).status_code == 200


def test_many_tests_keep_few_ports_open_and_no_port_is_given_twice(owner: LocalServer) -> None:
    before, threads = listening(), set(threading.enumerate())
    urls = [owner.lend(f"test {number}").start().url for number in range(3 * OPEN)]
    assert len(set(urls)) == 3 * OPEN
    assert len(listening() - before) == OPEN + 1
    assert set(threading.enumerate()) <= threads
    for url in urls[-OPEN - 1 : -1 : 10]:
        assert httpx.post(f"{url}/v1/events", json=TOOL, headers=HEADERS).status_code == 410
    assert int(urls[0].rpartition(":")[2]) not in listening()
    assert {late.holder for late in owner.take_late()} == {
        f"test {number}" for number in range(2 * OPEN - 1, 3 * OPEN - 1, 10)
    }
    assert httpx.post(f"{urls[-1]}/v1/events", json=TOOL, headers=HEADERS).status_code == 200


def test_a_lease_ends_only_when_the_requests_under_it_have_ended() -> None:
    leases = Leases()
    lease = leases.renew("first")
    inside, go = threading.Event(), threading.Event()
    order: list[str] = []

    def handle(_: Request) -> Response:
        inside.set()
        go.wait()
        order.append("request")
        return Response(200)

    def next_one() -> None:
        leases.renew("second")
        order.append("second")

    sending = threading.Thread(target=leases.answer, args=(lease, handle, POST))
    sending.start()
    inside.wait()
    waiting = threading.Thread(target=next_one)
    waiting.start()
    while leases.answer(lease, lambda _: Response(200), POST).status != 410:  # until `renew` has begun
        pass
    go.set()
    sending.join()
    waiting.join()
    assert order == ["request", "second"]


def test_a_request_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honeyhive_ext.local.leases._PATIENCE", 0.01)
    leases = Leases()
    lease = leases.renew("first")
    with (
        leases.use(lease),
        pytest.raises(ConfigError, match=r"a request of first has not ended after 0\.01 s"),
    ):
        leases.renew("second")
    leases.renew("third")


def test_a_server_knows_every_address_that_it_had(owner: LocalServer) -> None:
    first = owner.lend("first").start()
    urls = [owner.url, first.url, f"{first.url}/base"]
    owner.stop()
    second = owner.lend("second").start()
    for url in (*urls, owner.url, second.url):
        assert owner.serves(url)
        assert second.serves(url)
    for url in (
        f"{second.url}0",
        "http://127.0.0.1",
        "https" + second.url[4:],
        "https://api.example.com",
        "",
    ):
        assert not owner.serves(url)


def test_an_export_ends_with_its_lease(owner: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_PIECE", 2000)
    first = owner.lend("the first test")
    first.seed(TOOL for _ in range(300))
    asked = httpx.Request("GET", "http://localhost/_local/export", headers=HEADERS)
    answer = first.transport().handle_request(asked)
    pieces = answer.iter_bytes()
    next(pieces)
    second = owner.lend("the second test")
    second.seed(TOOL for _ in range(600))
    with pytest.raises(httpx.RemoteProtocolError):
        list(pieces)
