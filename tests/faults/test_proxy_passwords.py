"""The user and the password of a proxy are in nothing that a call leaves, whatever the proxy answers."""

from __future__ import annotations

import asyncio
import base64
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.errors import APIError, ConfigError
from honeyhive_ext.transports import AiohttpTransport
from tests.faults.test_planted_keys import left_by
from tests.support.frames import is_ours
from tests.support.misbehaving import Answer, Misbehaving, Recorded, raw

PASSWORD = "canary-5c1f/77ab"
USER = "user-9d31"
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
URLS = ("http://api.test", "https://api.test")


def refusal(request: Recorded) -> Answer:
    """Repeat what the proxy got, in the reason, a header and the body."""
    said = request.headers["proxy-authorization"].encode()
    told = said + b" " + base64.b64decode(said.split()[1])
    return raw(
        b"HTTP/1.1 407 %b\r\nX-Request-Id: %b\r\nContent-Length: %d\r\n\r\n%b" % (said, told, len(told), told)
    )


def not_http(request: Recorded) -> Answer:
    return raw(request.headers["proxy-authorization"].encode() + b"\r\n\r\n")


def sync(url: str) -> None:
    with HoneyHive("hh_1", base_url=url, retry=False) as hh:
        hh.events.create("tool")


def in_asyncio(url: str, **given: Any) -> None:
    async def main() -> None:
        async with AsyncHoneyHive("hh_1", base_url=url, retry=False, **given) as hh:
            await hh.events.create("tool")

    asyncio.run(main())


def call(kind: str, url: str, proxy: str) -> None:
    if kind == "sync":
        sync(url)
    else:
        in_asyncio(url, **({"transport": AiohttpTransport(proxy=proxy)} if kind == "aiohttp" else {}))


def hidden_in(error: BaseException) -> None:
    for text in left_by(error):
        assert PASSWORD not in text
        assert "canary" not in text
        assert BASIC not in text


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("answered", [refusal, not_http])
@pytest.mark.parametrize("kind", ["sync", "async", "aiohttp"])
def test_a_proxy_that_repeats_its_credentials_is_quoted_without_them(
    kind: str, answered: Callable[[Recorded], Answer], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Misbehaving(then=answered) as server:
        proxy = f"http://{USER}:{PASSWORD.replace('/', '%2F')}@127.0.0.1:{server.port}"
        if kind != "aiohttp":
            monkeypatch.setenv("HTTP_PROXY", proxy)
            monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(APIError) as failed:
            call(kind, url, proxy)
        assert server.requests
    hidden_in(failed.value)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("kind", ["sync", "async", "aiohttp"])
def test_a_proxy_that_is_not_there_is_named_without_its_credentials(
    kind: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = f"http://{USER}:{PASSWORD.replace('/', '%2F')}@127.0.0.1:9"
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(APIError) as failed:
        call(kind, url, proxy)
    hidden_in(failed.value)


@pytest.mark.parametrize(
    "proxy", ["http://{}@p:port", "socks5://{}@p", "{}", "http://[{}", "ftp://{}@p", "://{}@"]
)
def test_a_proxy_argument_that_is_no_url_of_a_proxy_is_refused_without_being_shown(proxy: str) -> None:
    given = proxy.format(f"{USER}:{PASSWORD.replace('/', '%2F')}")
    around = sys.exc_info()[1]  # what runs the tests may be handling an exception
    with pytest.raises(ConfigError, match="proxy= is not the URL of an HTTP proxy") as refused:
        AiohttpTransport(proxy=given)
    frames = traceback.TracebackException.from_exception(refused.value, capture_locals=True).stack
    shown = [repr(frame.locals) for frame in frames if is_ours(frame.filename)]
    assert shown
    assert "canary" not in "".join(shown)
    assert refused.value.__context__ is around
