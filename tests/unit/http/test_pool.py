"""Connections are made from the machine's settings, and a wrong setting is named in the error."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.pool import MAX_CONNECTIONS, AsyncPool, Pool
from tests.support.shells import KINDS, Kind, Shell


def get(kind: Kind, url: str) -> Any:
    async def made() -> Any:
        pool = AsyncPool(url, None, None)
        try:
            return pool.get().http
        finally:
            await pool.aclose()

    if kind == "async":
        return asyncio.run(made())
    pool = Pool(url, None, None)
    try:
        return pool.get()
    finally:
        pool.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_that_cannot_be_used_is_named(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy.example:70")
    with pytest.raises(ConfigError, match="ALL_PROXY"):
        get(kind, "http://a.example")


@pytest.mark.parametrize("kind", KINDS)
def test_certificates_that_cannot_be_loaded_are_named(
    kind: Kind, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "certificates.pem"
    broken.write_text("nothing")
    monkeypatch.setenv("SSL_CERT_FILE", str(broken))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        get(kind, "https://a.example")
    get(kind, "http://a.example")  # needs none


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "url", ["http://exa mple.com", "http://a\nb.example", "http://a.example/\x01", "http://xn--\xff.example"]
)
def test_a_url_that_cannot_be_called_is_refused_at_once(kind: Kind, url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        Shell(kind, url)


def test_calls_one_after_the_other_share_a_connection_and_many_at_once_are_spread() -> None:
    async def scenario() -> tuple[int, int]:
        pool = AsyncPool("http://127.0.0.1:9", None, None)
        alone = {id(pool.get()) for _ in range(100)}
        taken = [pool.get().__enter__() for _ in range(MAX_CONNECTIONS + 1)]
        await pool.aclose()
        return len(alone), len(set(taken))

    assert asyncio.run(scenario()) == (1, MAX_CONNECTIONS)


def test_threads_that_start_together_share_one_pool_of_connections() -> None:
    barrier = threading.Barrier(16)
    pool = Pool("http://127.0.0.1:9", None, None)
    with ThreadPoolExecutor(16) as executor:
        made = list(executor.map(lambda _: (barrier.wait(60), pool.get())[1], range(16)))
    pool.close()
    assert len(set(map(id, made))) == 1


def test_each_event_loop_keeps_its_own_connections() -> None:
    pool = AsyncPool("http://127.0.0.1:9", None, None)

    async def get() -> Any:
        return pool.get()

    with asyncio.Runner() as one, asyncio.Runner() as other:
        first, second = one.run(get()), other.run(get())
        assert first is not second
        assert (one.run(get()), other.run(get())) == (first, second)
        for runner, connection in ((one, first), (other, second)):
            runner.run(connection.http.aclose())


def test_a_client_that_was_given_is_the_only_one() -> None:
    async def scenario() -> None:
        async with httpx.AsyncClient() as given:
            pool = AsyncPool("http://127.0.0.1:9", given, None)
            assert {pool.get().__enter__() for _ in range(MAX_CONNECTIONS)} == {given}
            await pool.aclose()
            assert not given.is_closed

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_would_leave_the_machine_unencrypted_is_warned_about(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    private = ("http://127.0.0.1:8080", "http://[::1]:8080", "http://honeyhive:8080", "http://local.test")
    for url in (*private, "https://api.example.com"):
        Shell(kind, url)
    assert "unencrypted" not in caplog.text
    for number, url in enumerate(("http://api.example.com", "http://192.0.2.1", "http://[2001:db8::1]"), 1):
        Shell(kind, url)
        assert caplog.text.count("unencrypted") == number
