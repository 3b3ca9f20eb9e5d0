"""What a program that logs at INFO sees of the client: nothing, unless something is wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.local import LocalServer
from honeyhive_ext.transports import AiohttpTransport


def sync(url: str, **options: Any) -> None:
    with HoneyHive("hh_1", base_url=url, **options) as hh, hh.session("s"):
        hh.events.create("tool")
        hh.events.create_batch([{"event_type": "tool"}] * 3)
        assert hh.events.search().first() is not None


def async_(url: str, **options: Any) -> None:
    async def main() -> None:
        async with AsyncHoneyHive("hh_1", base_url=url, **options) as hh, hh.session("s"):
            await hh.events.create("tool")
            await hh.events.create_batch([{"event_type": "tool"}] * 3)
            assert await hh.events.search().first() is not None

    asyncio.run(main())


@pytest.mark.parametrize(
    ("use", "options"),
    [
        (sync, dict),
        (sync, lambda: {"transport": httpx.HTTPTransport()}),
        (async_, dict),
        (async_, lambda: {"transport": AiohttpTransport()}),
        (async_, lambda: {"transport": httpx.AsyncHTTPTransport()}),
        (async_, lambda: {"coalesce": True}),
    ],
)
@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9"])
def test_nothing_is_logged_at_info(
    use: Callable[..., None],
    options: Callable[[], dict[str, Any]],
    proxy: str | None,
    server: LocalServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if proxy is not None:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    with caplog.at_level(logging.INFO):
        use(server.url, **options())
    assert [record.getMessage() for record in caplog.records] == []
