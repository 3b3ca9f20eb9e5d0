"""Senders and pools on real sockets: headers, keys, given clients, threads, forks, loops, closing."""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import signal
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import httpx
import pytest

from honeyhive_ext import __version__
from honeyhive_ext.client.aio import AsyncHoneyHive
from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigError,
    PickleRefusedError,
    RateLimitError,
)
from honeyhive_ext.transports import AiohttpTransport
from tests.support.clients import KINDS, EitherClient, Kind
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import Misbehaving, answer, hang

EVENT_ID = "caf77ace-3417-4da4-944d-f4a0688f3c23"
SUCCESS = answer(200, f'{{"success": true, "event_id": "{EVENT_ID}"}}')
READ = answer(200, f'{{"event": {{"event_id": "{EVENT_ID}", "event_type": "tool"}}}}')


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


def create(hh: Any) -> Any:
    return hh.events.create("tool", event_id=EVENT_ID)


def test_every_attempt_says_who_calls_and_when_the_call_began(kind: Kind) -> None:
    times = iter([1_700_000_000.5, *[1_800_000_000.0] * 9])
    with (
        Misbehaving(answer(503), SUCCESS, READ) as server,
        EitherClient(kind, server.url, wall=lambda: next(times)) as client,
    ):
        client.do(create)
        client.do(lambda hh: hh.events.get(EVENT_ID))
    first, second, read = server.requests
    assert first == second
    assert first.headers | {"user-agent": ""} == {
        "host": server.url.removeprefix("http://"),
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "user-agent": "",
        "authorization": "Bearer hh_test_key",
        "content-type": "application/json",
        "content-length": str(len(first.body)),
        "hh-client-package": "honeyhive-ext",
        "hh-client-version": __version__,
        "hh-client-language": "python",
        "hh-client-timestamp": "1700000000500",
    }
    assert "content-type" not in read.headers
    assert read.headers.get("content-length", "0") == "0"


def test_writes_carry_the_ingestion_key_and_reads_the_project_key(kind: Kind) -> None:
    session = answer(200, f'{{"event_id": "{EVENT_ID}", "session_id": "{EVENT_ID}", "org_id": "o",'
                          ' "workspace_id": "w", "project_id": "p"}')  # fmt: skip
    script = (SUCCESS, answer(200), session, READ)
    with (
        Misbehaving(*script) as server,
        EitherClient(kind, server.url, ingestion_api_key="hh_ingst_1") as client,
    ):
        client.do(create)
        client.do(lambda hh: hh.events.update(EVENT_ID, metadata={"a": 1}))
        assert client.do(lambda hh: hh.sessions.create(session_id=EVENT_ID)).org_id == "o"
        client.do(lambda hh: hh.events.get(EVENT_ID))
    keys = [r.headers["authorization"].removeprefix("Bearer ") for r in server.requests]
    assert keys == ["hh_ingst_1"] * 3 + ["hh_test_key"]


def test_a_client_with_an_ingestion_key_alone_writes_and_says_why_it_cannot_read(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HH_API_KEY", raising=False)
    only = {"api_key": None, "ingestion_api_key": "hh_ingst_1"}
    with Misbehaving(SUCCESS) as server, EitherClient(kind, server.url, **only) as client:
        assert client.do(create).success
        with pytest.raises(ConfigError, match="project key"):
            client.do(lambda hh: hh.events.get(EVENT_ID))
    assert len(server.requests) == 1


def test_one_connection_serves_many_calls(kind: Kind) -> None:
    with Misbehaving(then=SUCCESS) as server, EitherClient(kind, server.url) as client:
        for _ in range(20):
            client.do(create)
    assert (len(server.requests), server.connections) == (20, 1)


def test_a_client_that_was_given_keeps_its_headers_and_stays_open(kind: Kind) -> None:
    make = httpx.Client if kind == "sync" else httpx.AsyncClient
    own = make(
        base_url="http://elsewhere.invalid",
        headers={"X-Gateway": "g1", "Authorization": "Bearer other"},
        params={"team": "a"},
        follow_redirects=True,
    )
    moved = answer(302, b"", {"Location": "/x"})
    with (
        Misbehaving(SUCCESS, moved, SUCCESS) as server,
        EitherClient(kind, server.url, http_client=own) as client,
    ):
        client.do(create)
        with pytest.raises(Exception, match="302"):
            client.do(create)
        client.do(lambda hh: hh.close())
        assert not own.is_closed
        first = server.requests[0]
        assert (first.path, first.headers["x-gateway"]) == ("/v1/events?team=a", "g1")
        assert first.headers["authorization"] == "Bearer hh_test_key"
        assert first.headers["content-length"] == str(len(first.body))
        if isinstance(own, httpx.AsyncClient):
            client.do(lambda hh: own.aclose())
        else:
            own.close()


def test_a_transport_that_was_given_gets_the_whole_request(kind: Kind) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return LIBRARY.Response(200, json={"success": True, "event_id": EVENT_ID})

    url, transport = "https://service.example/base", LIBRARY.MockTransport(handle)
    with EitherClient(kind, url, transport=transport) as client:
        assert client.do(create).event_id == EVENT_ID
    assert str(seen[0].url) == "https://service.example/base/v1/events"
    assert b'"event_type":"tool"' in seen[0].content
    assert seen[0].headers["host"] == "service.example"


def test_a_client_and_a_transport_together_are_refused(kind: Kind) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    with pytest.raises(ConfigError, match="contradict"):
        EitherClient(kind, "http://a.example", transport=transport, http_client=LIBRARY.Client(verify=False))
    other: Any = LIBRARY.Client(verify=False) if kind != "sync" else LIBRARY.AsyncClient(verify=False)
    with pytest.raises(ConfigError, match=r"give an httpx\.(Async)?Client"):
        EitherClient(kind, "http://a.example", http_client=other)


def test_a_closed_client_says_so(kind: Kind) -> None:
    with Misbehaving(SUCCESS) as server, EitherClient(kind, server.url) as client:
        client.do(create)
        client.do(lambda hh: hh.close())
        with pytest.raises(ConfigError, match="closed"):
            client.do(create)


def test_the_context_managers_close(kind: Kind) -> None:
    async def enter() -> None:
        async with AsyncHoneyHive("hh_1", base_url=server.url) as hh:
            await create(hh)
        with pytest.raises(ConfigError, match="closed"):
            await create(hh)

    with Misbehaving(then=SUCCESS) as server:
        if kind == "async":
            asyncio.run(enter())
            return
        with HoneyHive("hh_1", base_url=server.url) as hh:
            create(hh)
        with pytest.raises(ConfigError, match="closed"):
            create(hh)


def test_clients_cannot_be_pickled_and_show_no_key(kind: Kind) -> None:
    with EitherClient(kind, "http://127.0.0.1:9", ingestion_api_key="hh_ingst_1") as client:
        assert repr(client.hh).endswith("HoneyHive(base_url='http://127.0.0.1:9')")
        for thing in (client.hh, client.sender, client.sender.settings):
            with pytest.raises(PickleRefusedError):
                pickle.dumps(thing)
            assert "hh_" not in repr(thing)


def test_many_threads_share_one_client_and_its_connections() -> None:
    barrier = threading.Barrier(16)
    with (
        Misbehaving(then=SUCCESS) as server,
        HoneyHive("hh_1", base_url=server.url) as hh,
        ThreadPoolExecutor(16) as executor,
    ):
        assert all(executor.map(lambda _: (barrier.wait(60), create(hh))[1].success, range(16)))
        assert all(sent.success for sent in executor.map(lambda _: create(hh), range(200)))
    assert len(server.requests) == 216
    assert server.connections <= 16


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # newer Pythons warn about fork with threads
def test_a_forked_child_opens_connections_of_its_own() -> None:
    with Misbehaving(then=SUCCESS) as server, HoneyHive("hh_1", base_url=server.url) as hh:
        create(hh)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if create(hh).success and create(hh).success else 1
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        create(hh)
    assert [r.connection for r in server.requests] == [0, 1, 1, 0]


def test_an_async_client_works_in_one_event_loop_after_another_with_connections_of_each() -> None:
    async def twice(hh: AsyncHoneyHive) -> None:
        await create(hh)
        await create(hh)

    with Misbehaving(then=SUCCESS) as server:
        hh = AsyncHoneyHive("hh_1", base_url=server.url)
        asyncio.run(twice(hh))
        asyncio.run(twice(hh))
        asyncio.run(hh.close())
    assert [request.connection for request in server.requests] == [0, 0, 1, 1]


def test_the_tls_context_is_made_once_and_only_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    original = httpx.create_ssl_context

    def counted() -> ssl.SSLContext:
        made.append(original())
        return made[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", counted)
    with HoneyHive("hh_1", base_url="https://127.0.0.1:9", retry=False) as hh:
        assert made == []
        for _ in range(3):
            with pytest.raises(APIConnectionError):
                create(hh)
        assert len(made) == 1
        assert made[0].verify_mode is ssl.CERT_REQUIRED


def test_options_of_a_call_win_over_those_of_the_client(kind: Kind) -> None:
    bad = answer(429, b"{}", {"Retry-After": "2"})
    with (
        Misbehaving(*[bad] * 4, SUCCESS) as server,
        EitherClient(kind, server.url, retry=False) as client,
    ):
        with pytest.raises(RateLimitError) as caught:
            client.do(lambda hh: hh.events.create("tool", retry=RetryPolicy(attempts=3)))
        assert caught.value.attempts == 3
        assert client.do(lambda hh: hh.events.create("tool", event_id=EVENT_ID, retry=True)).success
        for option in ({"retry": 3}, {"timeout": 0}, {"timeout": float("inf")}):
            with pytest.raises(ConfigError):
                client.do(lambda hh: hh.events.create("tool", **option))  # noqa: B023 - called at once
    assert len(server.requests) == 5
    with (
        Misbehaving(then=hang()) as silent,
        EitherClient(kind, silent.url, retry=False) as client,
        pytest.raises(APITimeoutError, match=r"within 0\.05 s"),
    ):
        client.do(lambda hh: hh.events.create("tool", timeout=0.05))


def test_retries_of_all_calls_share_one_budget(kind: Kind) -> None:
    with (
        Misbehaving(then=answer(503)) as server,
        EitherClient(kind, server.url, retry=RetryPolicy(budget=3)) as client,
    ):
        attempts = []
        for _ in range(3):
            with pytest.raises(Exception, match="503") as caught:
                client.do(create)
            attempts.append(caught.value.attempts)  # type: ignore[attr-defined]
    assert attempts == [4, 1, 1]
    assert len(server.requests) == 6


def test_hooks_see_every_step_of_a_call(kind: Kind) -> None:
    seen: list[Any] = []
    hooks: dict[str, Any] = dict.fromkeys(("on_request", "on_response", "on_retry"), seen.append)
    limited = answer(429, b"{}", {"X-Request-Id": "r9"})
    with Misbehaving(limited, SUCCESS) as server, EitherClient(kind, server.url, **hooks) as client:
        client.do(create)
    names = [(type(info).__name__, info.attempt) for info in seen]
    assert names == [
        ("RequestInfo", 1),
        ("ResponseInfo", 1),
        ("RetryInfo", 1),
        ("RequestInfo", 2),
        ("ResponseInfo", 2),
    ]
    assert {(i.operation, i.method, i.path) for i in seen} == {("createEvent", "POST", "/v1/events")}
    assert [(i.status, i.request_id) for i in seen if hasattr(i, "status")] == [(429, "r9"), (200, None)]
    assert seen[2].wait == client.waits[0]


def test_a_cancelled_call_ends_at_once_and_leaves_the_client_usable() -> None:
    held = hang()

    async def scenario() -> None:
        async with AsyncHoneyHive("hh_1", base_url=server.url) as hh:
            task = asyncio.create_task(create(hh))
            assert await asyncio.to_thread(held.reached.wait, 60)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await create(hh)).success

    with Misbehaving(held, SUCCESS) as server:
        asyncio.run(scenario())
    assert len(server.requests) == 2


def test_a_retry_leaves_the_application_s_random_state_alone(kind: Kind) -> None:
    before = random.getstate()
    with Misbehaving(answer(503), SUCCESS) as server, EitherClient(kind, server.url) as client:
        client.do(create)
        assert len(client.waits) == 1
    assert random.getstate() == before


@pytest.mark.parametrize("given", [{}, {"Content-Type": "text/plain"}])
def test_below_a_client_of_httpx_the_aiohttp_transport_adds_no_content_type(given: dict[str, str]) -> None:
    async def scenario() -> None:
        async with httpx.AsyncClient(transport=AiohttpTransport()) as client:
            await client.post(server.url, content=b"x", headers=given)

    with Misbehaving(SUCCESS) as server:
        asyncio.run(scenario())
    assert server.requests[0].headers.get("content-type") == given.get("Content-Type")


@pytest.mark.parametrize("given", [False, True])
def test_the_time_limit_of_a_signal_handler_reaches_the_caller_of_a_call_that_waits(given: bool) -> None:
    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("the limit of the application")

    def ring() -> None:
        assert held.reached.wait(60)
        signal.pthread_kill(main, signal.SIGUSR1)

    held, main, own = hang(), threading.get_ident(), LIBRARY.Client() if given else None
    before = signal.signal(signal.SIGUSR1, late)
    try:
        with Misbehaving(held) as server, HoneyHive("hh_1", base_url=server.url, http_client=own) as hh:
            ringing = threading.Thread(target=ring)
            ringing.start()
            with pytest.raises(TimeoutError, match="the limit of the application"):
                hh.events.create("tool")
            ringing.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
        if own is not None:
            own.close()
    assert len(server.requests) == 1
