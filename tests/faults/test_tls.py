"""TLS: a server is verified however its URL is written, and the key goes to nobody else."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from honeyhive_ext import APIConnectionError, AsyncHoneyHive, HoneyHive
from honeyhive_ext.transports import AiohttpTransport
from tests.support.misbehaving import SUCCESS_ID, success

SPELLINGS = ["https://localhost", "HTTPS://localhost", "Https://LOCALHOST", "hTTPS://localhost"]


class TLSServer:
    """A server that answers every request over TLS, and keeps what it read."""

    def __init__(self, certificate: trustme.LeafCert) -> None:
        self.read: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)
        self._listener = socket.create_server(("localhost", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                try:
                    with self._context.wrap_socket(peer, server_side=True) as encrypted:
                        self._answer(encrypted)
                except OSError:
                    continue

    def _answer(self, encrypted: ssl.SSLSocket) -> None:
        while data := encrypted.recv(65536):
            self.read.append(data)
            if data.endswith(b"}"):
                encrypted.sendall(success().message)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)


@contextmanager
def tls_server(authority: trustme.CA) -> Iterator[TLSServer]:
    server = TLSServer(authority.issue_cert("localhost"))
    try:
        yield server
    finally:
        server.close()


def sync(url: str) -> str:
    with HoneyHive("hh_secret", base_url=url, retry=False) as hh:
        return hh.events.create("tool", event_id=SUCCESS_ID).event_id


def asyncio_with(transport: Callable[[], Any]) -> Callable[[str], str]:
    def call(url: str) -> str:
        async def main() -> str:
            async with AsyncHoneyHive("hh_secret", base_url=url, retry=False, transport=transport()) as hh:
                return (await hh.events.create("tool", event_id=SUCCESS_ID)).event_id

        return asyncio.run(main())

    return call


CLIENTS: dict[str, Callable[[str], str]] = {
    "sync": sync,
    "async": asyncio_with(lambda: None),
    "aiohttp": asyncio_with(AiohttpTransport),
    "httpx": asyncio_with(httpx.AsyncHTTPTransport),
}


@pytest.mark.parametrize("client", sorted(CLIENTS))
@pytest.mark.parametrize("url", SPELLINGS)
def test_a_server_with_an_unknown_certificate_gets_no_key_however_its_url_is_written(
    client: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(trustme.CA()) as server:
        for given in (f"{url}:{server.port}", f" {url}:{server.port}/\n"):
            with pytest.raises(APIConnectionError, match=r"TLS|certificate"):
                CLIENTS[client](given)
    assert server.read == []


@pytest.mark.parametrize("client", ["sync", "async", "aiohttp"])
def test_a_server_with_a_known_certificate_is_called(
    client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with tls_server(authority) as server:
        assert CLIENTS[client](f"HTTPS://LocalHost:{server.port}") == SUCCESS_ID
        with pytest.raises(APIConnectionError, match=r"TLS|certificate"):
            CLIENTS[client](f"https://127.0.0.1:{server.port}")  # the certificate is of another name
    assert b"".join(server.read).count(b"Bearer hh_secret") == 1
