"""The misbehaving server does as its script says. The fault tests depend on it."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from tests.support.misbehaving import (
    Misbehaving,
    answer,
    committed,
    cut,
    dribble,
    hang,
    raw,
    reset,
)


def test_answers_follow_the_script_then_the_last_one_on_one_kept_connection() -> None:
    with (
        Misbehaving(answer(520, "a"), answer(204), then=answer(200, b"rest")) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        got = [client.post(f"/{n}", content=b"x" * n) for n in range(4)]
    assert [(r.status_code, r.content) for r in got] == [
        (520, b"a"),
        (204, b""),
        (200, b"rest"),
        (200, b"rest"),
    ]
    assert [(r.method, r.path, r.body) for r in server.requests] == [
        ("POST", f"/{n}", b"x" * n) for n in range(4)
    ]
    assert server.connections == 1


def test_reset_cut_and_raw_bytes_are_protocol_errors_for_the_client() -> None:
    whole = answer(200, b"0123456789")
    with (
        Misbehaving(
            reset(), cut(whole, len(whole.message) - 3), raw(b"nonsense\r\n\r\n"), cut(whole, 0)
        ) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        for expected in (httpx.ReadError, *[httpx.RemoteProtocolError] * 3):
            with pytest.raises(expected):
                client.get("/")
    assert len(server.requests) == 4


def test_hang_waits_for_release_and_close_releases_everything() -> None:
    held, forgotten = hang(answer(200, b"late")), hang()
    with Misbehaving(held, forgotten) as server, httpx.Client(base_url=server.url) as client:

        def release() -> None:
            held.reached.wait(60)
            held.release()

        threading.Thread(target=release, daemon=True).start()
        assert client.get("/").content == b"late"
        with pytest.raises(httpx.ReadTimeout):
            client.get("/", timeout=httpx.Timeout(60, read=0.05))
        assert forgotten.reached.wait(60)


def test_commit_happens_before_the_cut_and_dribble_calls_between_pieces() -> None:
    stored: list[bytes] = []
    pieces: list[int] = []
    whole = answer(200, b"abc")
    script = (committed(lambda r: stored.append(r.body), reset()), dribble(whole, pieces.append, size=7))

    async def run() -> bytes:
        async with httpx.AsyncClient(base_url=server.url) as client:
            with pytest.raises(httpx.ReadError):
                await client.put("/", content=b"kept")
            return (await client.get("/")).content

    with Misbehaving(*script) as server:
        assert asyncio.run(run()) == b"abc"
    assert stored == [b"kept"]
    assert len(pieces) == -(-len(whole.message) // 7)
