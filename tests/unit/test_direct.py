"""The asyncio client's own connections: kept while they are good, and never mistaken for one another."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from honeyhive_ext.aio import AsyncHoneyHive
from honeyhive_ext.errors import APIConnectionError, APITimeoutError
from honeyhive_ext.transports import direct
from tests.support.misbehaving import Answer, EndOfConnectionError, Misbehaving, Recorded, Wire, answer, hang
from tests.support.shells import Shell

IDS = [f"caf77ace-3417-4da4-944d-f4a0688f3c2{n}" for n in range(10)]


def stored(request: Recorded) -> Answer:
    return answer(200, json.dumps({"success": True, "event_id": json.loads(request.body)["event_id"]}))


def create(hh: Any, n: int = 0, **fields: Any) -> Any:
    return hh.events.create("tool", event_id=IDS[n], **fields)


def kept(hh: AsyncHoneyHive) -> direct._Kept:
    (one,) = hh._sender._pool._direct._kept.values()  # type: ignore[union-attr]
    return one


def test_a_connection_that_the_server_closed_while_no_loop_ran_is_not_used() -> None:
    told = threading.Event()

    def answered_and_later_closed(wire: Wire, request: Recorded) -> None:
        wire.send(stored(request).message)
        assert told.wait(10)
        raise EndOfConnectionError

    with (
        Misbehaving(Answer(answered_and_later_closed), then=stored) as server,
        Shell("async", server.url) as shell,
    ):
        shell.do(create)
        told.set()
        ((connection, _),) = kept(shell.client)._idle
        sock = connection._transport.get_extra_info("socket")
        assert select.select([sock], [], [], 10)[0], "the server's end did not arrive"
        assert shell.do(lambda hh: create(hh, 1, retry=False)).event_id == IDS[1]
        assert server.connections == 2


def test_bytes_that_nobody_asked_for_are_no_answer_to_the_next_request() -> None:
    first = answer(200, json.dumps({"success": True, "event_id": IDS[0]}))
    twice = Answer(lambda wire, _: wire.send(first.message * 2))
    with Misbehaving(twice, then=stored) as server, Shell("async", server.url, retry=False) as shell:
        assert [shell.do(lambda hh, n=n: create(hh, n)).event_id for n in range(3)] == IDS[:3]
        assert server.connections == 2


def test_a_cancelled_call_takes_its_connection_with_it() -> None:
    held = hang(answer(200, json.dumps({"success": True, "event_id": IDS[0]})))

    async def scenario(hh: Any) -> str:
        task = asyncio.create_task(create(hh))
        assert await asyncio.to_thread(held.reached.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        held.release()
        sent: str = (await create(hh, 1)).event_id
        return sent

    with Misbehaving(held, then=stored) as server, Shell("async", server.url, retry=False) as shell:
        assert shell.do(scenario) == IDS[1]
        assert server.connections == 2


def test_no_room_for_another_connection_is_a_timeout_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "MAX_CONNECTIONS", 1)
    held = hang(answer(200, json.dumps({"success": True, "event_id": IDS[0]})))

    async def crowd(hh: Any) -> list[str]:
        first = asyncio.create_task(create(hh))
        assert await asyncio.to_thread(held.reached.wait, 10)
        with pytest.raises(APITimeoutError, match=r"no free connection within 0\.05 s"):
            await create(hh, 1, timeout=0.05)
        third = asyncio.create_task(create(hh, 2))
        held.release()
        return [(await first).event_id, (await third).event_id]

    with Misbehaving(held, then=stored) as server, Shell("async", server.url, retry=False) as shell:
        assert shell.do(crowd) == [IDS[0], IDS[2]]
        assert server.connections == 1


def test_a_connection_that_was_idle_for_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Misbehaving(then=stored) as server, Shell("async", server.url) as shell:
        for _ in range(2):
            shell.do(create)
        assert server.connections == 1
        monkeypatch.setattr(direct, "KEEPALIVE_EXPIRY", -1.0)
        for _ in range(2):
            shell.do(create)
        assert server.connections == 3


def test_a_call_that_outlives_its_client_leaves_no_connection() -> None:
    held = hang(answer(200, json.dumps({"success": True, "event_id": IDS[0]})))

    async def scenario() -> int:
        hh = AsyncHoneyHive("hh_1", base_url=server.url)
        task = asyncio.create_task(create(hh))
        assert await asyncio.to_thread(held.reached.wait, 10)
        connections = kept(hh)
        await hh.close()
        held.release()
        assert (await task).event_id == IDS[0]
        return len(connections._idle)

    with Misbehaving(held) as server:
        assert asyncio.run(scenario()) == 0


def test_a_body_larger_than_any_buffer_arrives_whole_and_so_does_its_answer() -> None:
    text = "x" * 3_000_000

    def echo(request: Recorded) -> Answer:
        event = json.loads(request.body)
        return answer(200, json.dumps({"success": True, "event_id": event["event_id"], "more": event}))

    with Misbehaving(then=echo) as server, Shell("async", server.url) as shell:
        assert shell.do(lambda hh: create(hh, inputs={"text": text})).event_id == IDS[0]
        assert json.loads(server.requests[0].body)["inputs"]["text"] == text


def test_behind_a_proxy_every_request_goes_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with Misbehaving(then=stored) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with Shell("async", "http://service.invalid") as shell:
            assert shell.do(create).event_id == IDS[0]
        assert [request.path for request in proxy.requests] == ["http://service.invalid/v1/events"]


def test_a_client_or_transport_that_was_given_gets_every_request() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"success": True, "event_id": IDS[0]})

    mock = httpx.MockTransport(handle)
    for option in ({"transport": mock}, {"http_client": httpx.AsyncClient(transport=mock)}):
        with Shell("async", "http://127.0.0.1:9", retry=False, **option) as shell:
            assert shell.do(create).event_id == IDS[0]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A TLS server that answers every request, its URL, and the certificate of its authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    body = json.dumps({"success": True, "event_id": IDS[0]}).encode()
    message = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as sock:
                    while sock.recv(65536):
                        sock.sendall(message)
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://localhost:{listener.getsockname()[1]}", tmp_path / "ca.pem"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def test_tls_is_spoken_to_who_can_show_its_certificate_and_to_nobody_else(
    secure: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, authority = secure
    with (
        Shell("async", url, retry=False) as shell,
        pytest.raises(APIConnectionError, match=r"TLS failed: .*certificate verify failed"),
    ):
        shell.do(create)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with Shell("async", url, retry=False) as shell:
        assert [shell.do(create).event_id for _ in range(3)] == [IDS[0]] * 3
    with (
        Shell("async", url.replace("localhost", "127.0.0.1"), retry=False) as shell,
        pytest.raises(APIConnectionError, match=r"TLS failed: .*certificate verify failed"),
    ):
        shell.do(create)
