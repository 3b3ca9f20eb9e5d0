"""Hosts with several addresses, with none, and with names that no resolver is asked for."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import APIConnectionError, APITimeoutError
from tests.support.clients import EitherClient, Kind
from tests.support.misbehaving import SUCCESS_ID, TIMEOUTS, Misbehaving, success
from tests.support.sockets import refusing

HOST = "many.test"
ONCE = RetryPolicy(attempts=1)
KINDS: tuple[Kind, ...] = ("sync", "async")

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "::1"])

Resolve = Callable[..., None]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Return what gives the host its addresses."""
    known = socket.getaddrinfo

    def addresses(*found: str) -> None:
        def look_up(host: Any, *args: Any, **options: Any) -> list[Any]:
            if host != HOST:
                return known(host, *args, **options)
            if options.get("flags", 0) & socket.AI_NUMERICHOST:
                raise socket.gaierror(socket.EAI_NONAME, "not an address")
            return [one for address in found for one in known(address, *args, **options)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return addresses


@contextlib.contextmanager
def silent(port: int) -> Iterator[str]:
    """Lend an address where nothing answers: its queue of connections is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.2", port))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.2", port))
        yield "127.0.0.2"


def create(hh: Any) -> Any:
    return hh.events.create("tool", event_id=SUCCESS_ID)


def client(kind: Kind, port: int, **options: Any) -> EitherClient:
    return EitherClient(kind, f"http://{HOST}:{port}", retry=ONCE, **options)


def test_an_address_that_is_silent_leaves_time_for_the_next_one(kind: Kind, resolve: Resolve) -> None:
    with Misbehaving(then=success()) as server, silent(server.port) as address:
        resolve(address, "127.0.0.1")
        for timeout in TIMEOUTS:
            with client(kind, server.port, timeout=timeout) as tried, contextlib.suppress(APITimeoutError):
                assert tried.do(create).event_id == SUCCESS_ID
                break
        else:
            pytest.fail("the address that answers was never asked")


def test_addresses_that_are_all_silent_are_a_timeout_of_connecting(kind: Kind, resolve: Resolve) -> None:
    with Misbehaving() as server, silent(server.port) as address:
        resolve(address, address)
        with (
            client(kind, server.port, timeout=0.2) as tried,
            pytest.raises(APITimeoutError, match=r"no connection within 0\.2 s"),
        ):
            tried.do(create)
    assert not server.connections


def test_addresses_that_all_refuse_are_a_typed_error(kind: Kind, resolve: Resolve) -> None:
    resolve("::1", "127.0.0.1")
    with (
        refusing() as port,
        client(kind, port) as tried,
        pytest.raises(APIConnectionError, match=r"refused|failed"),
    ):
        tried.do(create)


def test_an_address_of_a_family_that_the_machine_lacks_is_passed_over(
    kind: Kind, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithoutIPv6(socket.socket):
        def __init__(self, family: int = -1, *args: Any, **options: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")
            super().__init__(family, *args, **options)

    resolve("::1", "127.0.0.1")
    with Misbehaving(success()) as server, client(kind, server.port) as tried:
        monkeypatch.setattr(socket, "socket", WithoutIPv6)
        try:
            assert tried.do(create).event_id == SUCCESS_ID
        finally:
            monkeypatch.undo()


@pytest.mark.parametrize("host", ["a..test", f"{'a' * 64}.test", ".test"])
def test_a_name_that_cannot_be_asked_for_is_a_typed_error(kind: Kind, host: str) -> None:
    with (
        EitherClient(kind, f"http://{host}", retry=ONCE) as tried,
        pytest.raises(APIConnectionError, match="is not the name of a host"),
    ):
        tried.do(create)
