"""A client or a transport of httpx2 is used as one of httpx is. `nox -s tests_httpx2` runs more with it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from typing import Any

import httpx
import pytest

from honeyhive_ext import (
    APIConnectionError,
    APITimeoutError,
    AsyncHoneyHive,
    ConfigError,
    HoneyHive,
)
from honeyhive_ext.http.libraries import as_httpx, library_of
from tests.support.misbehaving import Misbehaving, hang, reset, stored

httpx2: Any = pytest.importorskip("httpx2")

KEY = "hh_planted_0123456789"


def create(url: str, *, is_async: bool, **options: Any) -> None:
    """Create an event over a client of httpx2."""

    async def in_asyncio() -> None:
        async with (
            httpx2.AsyncClient() as given,
            AsyncHoneyHive(KEY, base_url=url, http_client=given, **options) as hh,
        ):
            await hh.events.create("tool")

    if is_async:
        asyncio.run(in_asyncio())
        return
    with httpx2.Client() as given, HoneyHive(KEY, base_url=url, http_client=given, **options) as hh:
        hh.events.create("tool")


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("answered", "options", "kind", "behind"),
    [
        (reset(), {}, APIConnectionError, (httpx.ReadError, httpx.RemoteProtocolError)),
        (hang(), {"timeout": 0.2}, APITimeoutError, httpx.ReadTimeout),
    ],
)
def test_errors_of_httpx2_are_those_of_httpx_and_show_no_key(
    answered: Any, options: dict[str, Any], kind: type[Exception], behind: Any, is_async: bool
) -> None:
    with Misbehaving(answered) as server, pytest.raises(kind) as raised:
        create(server.url, is_async=is_async, retry=False, **options)
    error = raised.value
    assert type(error) is kind
    assert isinstance(error.__cause__, behind)
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert KEY not in "".join(shown.format())


def test_a_request_over_httpx2_is_sent_again_after_a_lost_connection() -> None:
    with Misbehaving(reset(), then=stored) as server, httpx2.Client() as given:
        with HoneyHive(KEY, base_url=server.url, http_client=given) as hh:
            assert hh.events.create("tool").success
        assert len(server.requests) == 2


def test_a_transport_of_httpx2_is_taken() -> None:
    with Misbehaving(then=stored) as server:
        with HoneyHive(KEY, base_url=server.url, transport=httpx2.HTTPTransport()) as hh:
            assert hh.events.create("tool").success

        async def in_asyncio() -> None:
            async with AsyncHoneyHive(KEY, base_url=server.url, transport=httpx2.AsyncHTTPTransport()) as hh:
                assert (await hh.events.create("tool")).success

        asyncio.run(in_asyncio())


def test_the_client_of_the_other_world_is_refused() -> None:
    with (
        httpx2.Client() as given,
        pytest.raises(ConfigError, match=r"give an httpx\.AsyncClient or an httpx2"),
    ):
        AsyncHoneyHive(KEY, http_client=given)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"is a str: give an httpx\.Client or an httpx2\.Client"):
        HoneyHive(KEY, http_client="client")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in httpx.__all__ if isinstance(getattr(httpx, name), type)])
def test_every_error_of_a_request_has_its_counterpart(name: str) -> None:
    kind = getattr(httpx, name)
    if not issubclass(kind, httpx.RequestError):
        return
    theirs = type("Mine", (getattr(httpx2, name),), {})("said")  # also one of the user's own
    theirs.__cause__ = OSError("the cause")
    made: Any = as_httpx(theirs)
    assert type(made) is kind
    assert str(made) == "said"
    assert isinstance(made.__cause__, OSError)


def test_other_errors_stay_what_they_are() -> None:
    for error in (ValueError("x"), httpx.ReadTimeout("x"), httpx2.StreamClosed(), KeyboardInterrupt()):
        assert as_httpx(error) is error


def test_what_is_of_neither_is_of_none() -> None:
    assert library_of(object(), "Client") is None
    assert library_of(httpx.HTTPTransport(verify=False), "AsyncBaseTransport") is None


def test_a_program_that_does_not_use_httpx2_does_not_import_it() -> None:
    code = "import sys, honeyhive_ext; honeyhive_ext.HoneyHive('hh_1').events; print('httpx2' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
