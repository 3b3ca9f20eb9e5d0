"""The connections of the asyncio client: every form of an answer, and no call that harms another."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Awaitable

import httpx
import pytest

from honeyhive_ext.config.secrets import Unshown
from honeyhive_ext.http.asyncio_exchanger import AsyncioExchanger
from honeyhive_ext.http.bounds import AnswerBounds, AnswerError
from honeyhive_ext.http.exchange import Answer
from tests.support.frames import is_ours
from tests.support.misbehaving import Misbehaving, answer, cut, hang, raw, reset
from tests.support.sockets import connections_to, refusing, wait_until_readable

OK = answer(200, b'{"ok":true}')


def exchanger() -> AsyncioExchanger:
    return AsyncioExchanger()


async def ask(
    http: AsyncioExchanger, url: str, *, content: bytes = b"{}", method: str = "POST", limit: float = 20
) -> Answer:
    return await http.exchange(
        method, url + "/v1/events", [("X-Name", "value")], content, AnswerBounds(limit)
    )


def run(server: Misbehaving, *, times: int = 1, **options: object) -> list[Answer]:
    async def main() -> list[Answer]:
        http = exchanger()
        try:
            return [await ask(http, server.url, **options) for _ in range(times)]  # type: ignore[arg-type]
        finally:
            await http.aclose()

    return asyncio.run(main())


def chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n" + trailer + b"\r\n"


RAW_DEFLATE = zlib.compressobj(wbits=-15)
DEFLATED = RAW_DEFLATE.compress(b"{}") + RAW_DEFLATE.flush()


@pytest.mark.parametrize(
    ("given", "content"),
    [
        (OK, b'{"ok":true}'),
        (answer(204), b""),
        (answer(500, b"no"), b"no"),
        (raw(chunked(b"{", b"}")), b"{}"),
        (raw(chunked(b"{}", trailer=b"X-Late: 1\r\n")), b"{}"),
        (raw(b"HTTP/1.1 200 OK\r\n\r\nto the end"), b"to the end"),
        (raw(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"), b"{}"),
        (raw(b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), b"{}"),
        (answer(200, gzip.compress(b"{}"), {"Content-Encoding": "gzip"}), b"{}"),
        (answer(200, gzip.compress(b"{") + gzip.compress(b"}"), {"Content-Encoding": "x-gzip"}), b"{}"),
        (answer(200, zlib.compress(b"{}"), {"Content-Encoding": "deflate"}), b"{}"),
        (answer(200, DEFLATED, {"Content-Encoding": "deflate"}), b"{}"),
        (answer(200, b"{}", {"Content-Encoding": "identity"}), b"{}"),
    ],
)
def test_every_form_of_an_answer_is_read(given: object, content: bytes) -> None:
    with Misbehaving(given, then=OK) as server:  # type: ignore[arg-type]
        (received,) = run(server)
    assert received.content == content
    assert received.headers.get("CONTENT-LENGTH", "2") is not None


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (reset(), httpx.ReadError),
        (raw(b""), httpx.RemoteProtocolError),
        (raw(b"garbage\r\n\r\n"), httpx.RemoteProtocolError),
        (cut(OK, 10), httpx.RemoteProtocolError),
        (cut(OK, len(OK.message) - 1), httpx.RemoteProtocolError),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), httpx.RemoteProtocolError),
        (raw(b"HTTP/1.1 103 Early\r\n\r\n" * 200), httpx.RemoteProtocolError),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), AnswerError),
        (answer(200, b"no gzip", {"Content-Encoding": "gzip"}), httpx.DecodingError),
        (answer(200, gzip.compress(b"{}" * 99)[:-9], {"Content-Encoding": "gzip"}), httpx.DecodingError),
        (answer(200, b"{}", {"Content-Encoding": "br"}), AnswerError),
    ],
)
def test_what_is_no_answer_is_an_error_of_httpx_and_the_next_call_works(given: object, kind: type) -> None:
    async def main(url: str) -> tuple[BaseException, Answer]:
        http = exchanger()
        with pytest.raises(httpx.RequestError) as failed:
            await ask(http, url)
        after = await ask(http, url)
        await http.aclose()
        return failed.value, after

    with Misbehaving(given, then=OK) as server:  # type: ignore[arg-type]
        error, after = asyncio.run(main(server.url))
    assert type(error) is kind
    assert after.content == b'{"ok":true}'


def test_calls_one_after_the_other_use_one_connection_and_send_what_was_given() -> None:
    with Misbehaving(then=OK) as server:
        run(server, times=3)
        run(server, times=1, method="GET", content=b"")
    assert [request.connection for request in server.requests] == [0, 0, 0, 1]
    first, last = server.requests[0], server.requests[-1]
    assert (first.method, first.path, first.body) == ("POST", "/v1/events", b"{}")
    assert first.headers["x-name"] == "value"
    assert first.headers["host"] == server.url.removeprefix("http://")
    assert (last.body, "content-length" in last.headers) == (b"", False)


def test_a_connection_that_the_server_closes_or_writes_to_meanwhile_is_not_used_again() -> None:
    surplus = raw_and_open(OK.message + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
    closing = answer(200, b"{}", {"Connection": "close"})
    with Misbehaving(surplus, closing, then=OK) as server:
        bodies = [one.content for one in run(server, times=4)]
    assert bodies == [b'{"ok":true}', b"{}", b'{"ok":true}', b'{"ok":true}']
    assert [request.connection for request in server.requests] == [0, 1, 2, 2]


def raw_and_open(data: bytes) -> object:
    whole = answer(200, b"")
    whole.play = lambda wire, _: wire.send(data)
    return whole


def test_a_connection_that_ended_while_the_application_blocked_the_loop_is_not_used_again() -> None:
    async def main(url: str) -> list[int]:
        http = exchanger()
        first = await ask(http, url)
        wait_until_readable(url)  # no await: the loop learns nothing
        second = await ask(http, url)
        await http.aclose()
        return [first.status, second.status]

    with Misbehaving(raw(OK.message), then=OK) as server:
        assert asyncio.run(main(server.url)) == [200, 200]


def test_a_large_body_that_waits_to_be_sent_is_copied_once_at_most() -> None:
    content = bytes(32_000_000)

    def first_byte(listener: socket.socket) -> socket.socket:
        accepted, _ = listener.accept()
        accepted.recv(1)
        return accepted

    async def main(listener: socket.socket, url: str) -> int:
        asking = asyncio.create_task(ask(exchanger(), url, content=content))
        with await asyncio.to_thread(first_byte, listener):
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        return tracemalloc.get_traced_memory()[1]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        tracemalloc.start()
        try:
            peak = asyncio.run(main(listener, f"http://127.0.0.1:{listener.getsockname()[1]}"))
        finally:
            tracemalloc.stop()
    assert peak < 1.5 * len(content)


def test_a_connection_in_use_is_closed_after_its_request_when_the_client_was_closed() -> None:
    held = hang(OK)

    async def main(url: str) -> None:
        http = exchanger()
        asking = asyncio.create_task(ask(http, url))
        await asyncio.to_thread(held.reached.wait, 60)
        await http.aclose()
        held.release()
        assert (await asking).status == 200
        await asyncio.sleep(0)  # asyncio closes a socket in the next round
        assert connections_to(url) == 0

    with Misbehaving(held) as server:
        asyncio.run(main(server.url))


def test_an_answer_that_comes_before_the_body_was_read_is_seen() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    async def main() -> Answer:
        loop = asyncio.get_running_loop()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asking = asyncio.create_task(ask(exchanger(), url, content=b"x" * 50_000_000))
        listener.setblocking(False)
        peer, _ = await loop.sock_accept(listener)
        peer.setblocking(False)
        await loop.sock_recv(peer, 1000)
        await loop.sock_sendall(peer, b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        received = await asking  # nothing reads the rest of the body
        peer.close()
        return received

    with listener:
        assert asyncio.run(main()).status == 413


async def cancelled_after(steps: int, call: Awaitable[Answer]) -> bool:
    """Cancel a call after it had so many turns of the loop; whether it was still running."""
    task = asyncio.ensure_future(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    running = task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return running


def test_a_call_that_is_cancelled_at_any_await_harms_no_other() -> None:
    async def main(url: str) -> None:
        http = exchanger()
        await ask(http, url)
        before = connections_to(url)
        for fresh in (False, True):
            for steps in range(30):
                if fresh:
                    await http.aclose()
                await cancelled_after(steps, ask(http, url, content=b"x" * 300_000))
                assert (await ask(http, url)).status == 200
                assert connections_to(url) <= before
        await http.aclose()

    with Misbehaving(then=OK) as server:
        asyncio.run(main(server.url))


def test_a_call_that_is_late_says_in_which_phase() -> None:
    async def main(url: str) -> None:
        http = exchanger()
        with pytest.raises(httpx.ReadTimeout):
            await ask(http, url, limit=0.05)
        assert (await ask(http, url)).status == 200
        await http.aclose()

    with Misbehaving(hang(), then=OK) as server:
        asyncio.run(main(server.url))


def test_a_time_limit_of_the_caller_stays_the_caller_s() -> None:
    async def main(url: str) -> None:
        http = exchanger()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(http, url)
        await http.aclose()

    with Misbehaving(hang(), then=OK) as server:
        asyncio.run(main(server.url))


def test_nothing_that_listens_is_an_error_of_connecting() -> None:
    async def main(port: int) -> None:
        with pytest.raises(httpx.ConnectError) as failed:
            await ask(exchanger(), f"http://127.0.0.1:{port}")
        assert isinstance(failed.value.__cause__, ConnectionRefusedError)

    with refusing() as port:
        asyncio.run(main(port))


def test_loops_that_end_leave_no_connection_open() -> None:
    http = exchanger()

    async def job(url: str) -> None:
        await asyncio.gather(*(ask(http, url) for _ in range(3)))

    with Misbehaving(then=OK) as server:
        for _ in range(5):
            asyncio.run(job(server.url))
        assert connections_to(server.url) == 0


def test_more_calls_than_connections_wait_and_all_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honeyhive_ext.http.asyncio_exchanger.MAX_CONNECTIONS", 3)

    async def main(url: str) -> list[Answer]:
        http = exchanger()
        try:
            return await asyncio.gather(*(ask(http, url) for _ in range(20)))
        finally:
            await http.aclose()

    with Misbehaving(then=OK) as server:
        assert [one.status for one in asyncio.run(main(server.url))] == [200] * 20
    assert len({request.connection for request in server.requests}) <= 3


def test_the_key_is_in_no_frame_of_an_error() -> None:
    async def main(url: str) -> None:
        http = exchanger()
        await http.exchange(
            "POST", url, Unshown([("Authorization", "Bearer hh_secret\n")]), b"{}", AnswerBounds(10)
        )

    with Misbehaving(then=OK) as server, pytest.raises(httpx.LocalProtocolError) as failed:
        asyncio.run(main(server.url))
    error: BaseException | None = failed.value
    while error is not None:
        traceback = error.__traceback__
        while traceback is not None:
            if is_ours(traceback.tb_frame.f_code.co_filename):
                assert "hh_secret" not in repr(traceback.tb_frame.f_locals)
            traceback = traceback.tb_next
        error = error.__cause__ or error.__context__
