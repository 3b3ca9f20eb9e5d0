"""The HTTP client behind a client is made from the machine's settings, and says which of them is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.pool import AsyncPool, Pool
from tests.support.shells import KINDS, Kind, Shell


def get(kind: Kind, url: str) -> Any:
    async def made() -> Any:
        pool = AsyncPool(url, None, None)
        try:
            return pool.get()
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
    assert get(kind, "http://a.example").is_closed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "url", ["http://exa mple.com", "http://a\nb.example", "http://a.example/\x01", "http://xn--\xff.example"]
)
def test_a_url_that_cannot_be_called_is_refused_at_once(kind: Kind, url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        Shell(kind, url)
