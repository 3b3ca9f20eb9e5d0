"""Every way that a client sends its requests, used alike."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from unittest import mock

from tests.support.clients import EitherClient
from tests.support.httpx_library import LIBRARY

# "given" is an `http_client=` of the caller, "transport" a `transport=`, "proxy" what HTTP_PROXY names.
Way = Literal[
    "sync",
    "async",
    "aiohttp",
    "given",
    "given async",
    "transport",
    "transport async",
    "proxy",
    "proxy async",
]
WAYS: tuple[Way, ...] = Way.__args__  # type: ignore[attr-defined]
PROXIED = "http://api.example"


@contextmanager
def client_over(way: Way, url: str, **options: Any) -> Iterator[EitherClient]:
    """Yield a client whose requests arrive at the server of this URL.

    Args:
        way: How it sends them.
        url: The server, which is also what a proxy's requests arrive at.
        **options: Those of the client.
    """
    kind, _, is_async = way.partition(" ")
    variables = {"HTTP_PROXY": url} if kind == "proxy" else {}
    given: Any = None
    if kind == "given":
        given = options["http_client"] = LIBRARY.AsyncClient() if is_async else LIBRARY.Client()
    elif kind == "transport":
        options["transport"] = LIBRARY.AsyncHTTPTransport() if is_async else LIBRARY.HTTPTransport()
    sends: Any = way if kind in ("sync", "async", "aiohttp") else "async" if is_async else "sync"
    with (
        mock.patch.dict(os.environ, variables),
        EitherClient(sends, PROXIED if kind == "proxy" else url, **options) as client,
    ):
        try:
            client.do(lambda _: client.sender._pool.direct())  # the environment is read now
            yield client
        finally:
            if given is not None:
                client.do(lambda _: given.aclose() if is_async else given.close())
