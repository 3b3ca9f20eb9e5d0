"""Events of spans that end in a finaliser or a signal handler, whatever their thread is in the middle of."""

from __future__ import annotations

import _thread
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Generator
from typing import Any

import httpx
import pytest

from honeyhive_ext import APIConnectionError, HoneyHive
from honeyhive_ext.client import deferring
from honeyhive_ext.local import LocalServer


class Once(httpx.BaseTransport):
    """A transport that cannot be entered twice by a thread; it does something inside of each request."""

    def __init__(self, server: LocalServer) -> None:
        self.inner = server.transport()
        self.inside = threading.local()
        self.do: Callable[[], object] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert not getattr(self.inside, "now", False), "entered twice"
        self.inside.now = True
        try:
            do, self.do = self.do, None
            if do is not None:
                do()
            return self.inner.handle_request(request)
        finally:
            self.inside.now = False


@pytest.fixture
def once(server: LocalServer) -> Once:
    return Once(server)


@pytest.fixture
def given(once: Once) -> Generator[HoneyHive]:
    with HoneyHive("hh_1", background=False, base_url="http://x.test", transport=once, retry=False) as hh:
        yield hh


def names(server: LocalServer) -> list[str]:
    return [event["event_name"] for event in server.events()]


def test_a_span_that_ends_inside_a_request_over_a_given_transport_is_sent_right_after_it(
    given: HoneyHive, once: Once, server: LocalServer
) -> None:
    def nested() -> None:
        with given.session("chat"), given.span("inner", on_error="raise"):
            pass
        assert names(server) == []

    once.do = nested
    given.events.create("tool", event_name="outer")
    assert sorted(names(server)) == ["chat", "inner", "outer"]
    root, inner = (next(e for e in server.events() if e["event_name"] == name) for name in ("chat", "inner"))
    assert inner["parent_id"] == root["event_id"]
    assert root.get("parent_id") is None


def test_it_keeps_the_place_of_its_span_in_the_trace(
    given: HoneyHive, once: Once, server: LocalServer
) -> None:
    once.do = lambda: given.span("inner", session_id=session.session_id).__call__(lambda: None)()
    with given.session("chat") as session, given.span("outer"):
        given.events.create("tool", event_name="step")
    inner = next(e for e in server.events() if e["event_name"] == "inner")
    outer = next(e for e in server.events() if e["event_name"] == "outer")
    assert inner["parent_id"] == outer["event_id"]


def test_a_signal_handler_may_use_spans_inside_a_request(
    given: HoneyHive, once: Once, server: LocalServer
) -> None:
    def handler(*_: object) -> None:
        with given.span("inner"):
            pass

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        once.do = lambda: os.kill(os.getpid(), signal.SIGUSR1)
        with given.span("outer"):
            pass
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert sorted(names(server)) == ["inner", "outer"]


def test_an_event_that_waits_and_cannot_be_sent_is_logged(
    given: HoneyHive, once: Once, caplog: pytest.LogCaptureFixture
) -> None:
    def nested() -> None:
        with given.span("inner"):
            pass
        once.do = broken

    def broken() -> None:
        once.do = broken
        raise httpx.ConnectError("no route")

    once.do = nested
    given.events.create("tool")
    with caplog.at_level(logging.ERROR), given.span("later"):
        pass
    once.do = None
    assert caplog.text.count("of a span was not sent: APIConnectionError") == 2


class TimeLimit(Exception):  # noqa: N818
    pass


def test_after_a_time_limit_the_application_does_not_wait_for_what_waits(
    given: HoneyHive, once: Once, server: LocalServer
) -> None:
    threads: list[int] = []

    def nested() -> None:
        with given.span("inner"):
            pass
        once.do = note
        raise TimeLimit

    def note() -> None:
        threads.append(threading.get_ident())
        begun.set()

    begun = threading.Event()
    once.do = nested
    with pytest.raises(TimeLimit):
        given.events.create("tool")
    assert begun.wait(60)
    given.close()
    assert names(server) == ["inner"]
    assert threads != [threading.get_ident()]


def garbage(hh: HoneyHive) -> None:
    @hh.span("left")
    def steps() -> Generator[int, None, None]:
        yield from range(3)

    running = steps()
    next(running)
    box: list[Any] = [running]
    box.append(box)


def test_a_generator_that_the_garbage_collector_closes_is_sent_from_another_thread(
    server: LocalServer,
) -> None:
    threads: list[int] = []
    begun = threading.Event()

    def note(_: object) -> None:
        threads.append(threading.get_ident())
        begun.set()

    with HoneyHive("hh_1", background=False, base_url=server.url, on_request=note) as hh:
        garbage(hh)
        gc.collect()
        assert begun.wait(60)
    assert names(server) == ["left"]
    assert threads != [threading.get_ident()]


def test_where_no_thread_starts_the_next_call_sends_it(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", none)
    with HoneyHive("hh_1", background=False, base_url=server.url) as hh:
        garbage(hh)
        gc.collect()
        assert names(server) == []
        hh.events.create("tool", event_name="next")
        assert names(server) == ["next", "left"]


def test_a_collection_in_any_thread_and_under_any_lock_never_waits_for_the_network(
    server: LocalServer,
) -> None:
    lock = threading.Lock()

    def needs_the_lock(_: object) -> None:
        with lock:
            pass

    with HoneyHive("hh_1", background=False, base_url=server.url, on_request=needs_the_lock) as hh:
        for _ in range(20):
            garbage(hh)
            with lock:
                gc.collect()
    assert names(server) == ["left"] * 20


def test_what_would_wait_beyond_the_limit_is_logged(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deferring, "MOST_WAITING", 0)
    with HoneyHive("hh_1", background=False, base_url=server.url) as hh:
        garbage(hh)
        gc.collect()
    assert "was not sent: 0 events wait already" in caplog.text


def test_a_forked_child_does_not_send_what_waits_in_its_parent(
    given: HoneyHive, once: Once, server: LocalServer
) -> None:
    def nested() -> None:
        with given.span("inner"):
            pass
        child = os.fork()
        if child == 0:
            os._exit(len(deferring._waiting.events))
        assert os.waitpid(child, 0)[1] == 0

    once.do = nested
    given.events.create("tool", event_name="outer")
    assert sorted(names(server)) == ["inner", "outer"]


def test_a_call_that_is_not_of_a_span_is_refused_there(given: HoneyHive, once: Once) -> None:
    refused: list[APIConnectionError] = []

    def nested() -> None:
        with pytest.raises(APIConnectionError, match="cannot be entered twice") as caught:
            given.events.create("tool")
        refused.append(caught.value)

    once.do = nested
    given.events.create("tool")
    assert len(refused) == 1
