"""The HTTP client behind a client is made from the machine's settings, and says which of them is wrong."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import HoneyHive
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.aio_pool import AsyncPool
from honeyhive_ext.http.pool import Pool
from tests.support.clients import KINDS, EitherClient, Kind
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import Misbehaving, answer, hang
from tests.support.sockets import connections_to

EVENT_ID = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
STORED = answer(200, f'{{"success":true,"event_id":"{EVENT_ID}"}}')


def get(kind: Kind, url: str) -> None:
    """Make what a client sends through, as its first request would."""

    async def made() -> None:
        pool = AsyncPool(url, None, None)
        pool.direct()
        await pool.aclose()

    if kind == "async":
        asyncio.run(made())
        return
    pool = Pool(url, None, None)
    pool.direct()
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
        EitherClient(kind, url)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_client_that_was_given_is_used_and_stays_open(kind: Kind) -> None:
    given: Any = LIBRARY.AsyncClient() if kind == "async" else LIBRARY.Client()
    with Misbehaving(then=STORED) as server, EitherClient(kind, server.url, http_client=given) as client:
        for _ in range(3):
            client.do(lambda hh: hh.events.create("tool", event_id=EVENT_ID))
        client.do(lambda hh: hh.close())
        assert not given.is_closed
        client.do(lambda _: given.aclose() if kind == "async" else given.close())
    assert {request.connection for request in server.requests} == {0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_would_leave_the_machine_unencrypted_is_warned_about(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    private = ("http://127.0.0.1:8080", "http://[::1]:8080", "http://honeyhive:8080", "http://local.test")
    in_numbers = ("http://127.1", "http://0x7f.1", "http://2130706433", "http://[::ffff:127.0.0.1]")
    for url in (*private, *in_numbers, "https://api.example.com"):
        EitherClient(kind, url)
    assert "unencrypted" not in caplog.text
    public = (
        "http://api.example.com",
        "http://192.0.2.1",
        "http://[2001:db8::1]",
        "http://[::ffff:192.0.2.1]",
    )
    for number, url in enumerate((*public, "http://3221225985", "http://0xc0000201", "http://0300.513"), 1):
        EitherClient(kind, url)
        assert caplog.text.count("unencrypted") == number


def test_a_connection_to_a_proxy_is_closed_after_its_request_when_the_client_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = hang(STORED)
    with Misbehaving(held) as proxy, ThreadPoolExecutor() as threads:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        hh = HoneyHive("hh_key", base_url="http://a.example", retry=False)
        creating = threads.submit(hh.events.create, "tool", event_id=EVENT_ID)
        assert held.reached.wait(60)
        hh.close()
        held.release()
        assert creating.result(60).success
        assert connections_to(proxy.url) == 0
