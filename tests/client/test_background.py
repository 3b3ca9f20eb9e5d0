"""Sending in the background, through both clients, against the local server and a misbehaving one."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from honeyhive_ext import (
    AsyncHoneyHive,
    Background,
    ConfigError,
    EventError,
    F,
    HoneyHive,
    QueueFullError,
    current_span,
)
from honeyhive_ext.local import LocalServer
from tests.support.clients import KEY, KINDS, EitherClient, Kind
from tests.support.httpx_library import LIBRARY
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer, hang

NEVER = Background(flush_seconds=3600, flush_events=10**9, flush_bytes=10**9)  # only a flush sends


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def stored(request: Recorded) -> Answer:
    """Answer a batch as the service does that stores all of it."""
    if request.method == "PUT":
        return answer(200, b"{}")
    ids = [event["event_id"] for event in orjson.loads(request.body)["events"]]
    return answer(200, orjson.dumps({"success": True, "event_ids": ids}))


def ids_in(server: Misbehaving) -> list[str]:
    return [
        e["event_id"] for r in server.requests if r.method == "POST" for e in orjson.loads(r.body)["events"]
    ]


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def balanced(hh: Any) -> bool:
    now = hh.stats()
    found: bool = now.accepted == now.delivered + now.lost + now.queued + now.in_flight + now.spooled
    return found


def test_a_read_of_the_same_client_finds_what_it_enqueued(kind: Kind, server: LocalServer) -> None:
    with EitherClient(kind, server.url, background=NEVER) as either:
        event_id = either.hh.events.enqueue("tool", event_name="one", inputs={"x": 1})
        assert either.do(lambda hh: hh.events.get(event_id)).inputs == {"x": 1}
        either.hh.events.enqueue("tool", event_name="two")
        found = either.do(lambda hh: hh.events.search(F.event_name == "two").to_list())
        assert len(found) == 1
        last = either.hh.events.enqueue("tool", event_name="three")
        either.do(lambda hh: hh.events.update(last, metadata={"y": 2}))
        assert either.do(lambda hh: hh.events.get(last)).metadata == {"y": 2}
        assert balanced(either.hh)


def test_reads_that_do_not_flush_can_be_chosen(kind: Kind, server: LocalServer) -> None:
    options = Background(flush_seconds=3600, read_flush_seconds=0)
    with EitherClient(kind, server.url, background=options) as either:
        either.hh.events.enqueue("tool")
        assert either.do(lambda hh: hh.events.search().to_list()) == []
        assert either.do(lambda hh: hh.flush()).success
        assert len(either.do(lambda hh: hh.events.search().to_list())) == 1


def test_a_read_waits_no_longer_for_what_cannot_be_sent_than_it_may(kind: Kind, server: LocalServer) -> None:
    server.faults.add("status", status=503, path="/v1/events/batch")
    options = Background(read_flush_seconds=0.05)
    with EitherClient(kind, server.url, background=options) as either:
        either.hh.events.enqueue("tool")
        assert either.do(lambda hh: hh.events.search().to_list()) == []
        assert either.hh.stats().waiting == 1
        server.faults.clear()
        assert either.do(lambda hh: hh.flush()).success


def test_input_becomes_an_event_at_the_call(kind: Kind, server: LocalServer) -> None:
    with EitherClient(kind, server.url, background=NEVER) as either:
        inputs = {"messages": ["hello"]}
        event_id = either.hh.events.enqueue("model", inputs=inputs)
        inputs["messages"].append("changed later")
        assert either.do(lambda hh: hh.events.get(event_id)).inputs == {"messages": ["hello"]}
        with pytest.raises(EventError, match="inputs"):
            either.hh.events.enqueue("model", inputs={"a": object()})
        assert either.hh.stats().accepted == 1


def test_events_belong_to_the_span_around_them(kind: Kind, server: LocalServer) -> None:
    async def run(hh: Any) -> None:
        async with hh.session("chat"):
            hh.events.enqueue("tool", event_name="inside")

    with EitherClient(kind, server.url) as either:
        if kind == "sync":
            with either.hh.session("chat"):
                either.hh.events.enqueue("tool", event_name="inside")
        else:
            either.do(run)
        events = {event["event_name"]: event for event in server.events()}
        assert events["inside"]["parent_id"] == events["chat"]["event_id"]


def test_a_client_that_waits_enqueues_nothing(kind: Kind, server: LocalServer) -> None:
    with EitherClient(kind, server.url, background=False) as either:
        for enqueue in (either.hh.events.enqueue, either.hh.events.enqueue_update):
            with pytest.raises(ConfigError, match="background=False"):
                enqueue("tool")
        assert either.do(lambda hh: hh.flush()).success


def test_a_client_that_is_closed_enqueues_nothing(kind: Kind, server: LocalServer) -> None:
    with EitherClient(kind, server.url) as either:
        either.hh.events.enqueue("tool")
        assert either.do(lambda hh: hh.close()).success
        for _ in range(2):
            with pytest.raises(ConfigError, match="closed"):
                either.hh.events.enqueue("tool")
    assert len(server.events()) == 1


@pytest.mark.parametrize("given", [1, None, "yes", {"max_events": 1}])
def test_the_option_is_checked(given: Any, kind: Kind) -> None:
    with pytest.raises(ConfigError, match="background="):
        EitherClient(kind, "http://127.0.0.1:9", background=given)


def test_the_traced_code_does_not_wait_for_a_service_that_hangs(kind: Kind) -> None:
    async def steps(hh: Any) -> int:
        async with hh.session("chat"):
            for _ in range(20):
                async with hh.span("step"):
                    pass
        return len(server.requests)

    held = hang()
    with Misbehaving(then=held) as server, EitherClient(kind, server.url, timeout=600) as either:
        if kind == "sync":
            with either.hh.session("chat"):
                for _ in range(20):
                    with either.hh.span("step"):
                        pass
        else:
            either.do(steps)
        assert either.hh.stats().accepted == 21
        assert either.do(lambda hh: hh.flush(0.05)).waiting == 21
        wait_until(lambda: len(server.requests) == 1)
        report = either.do(lambda hh: hh.close(0.05))
        assert (report.delivered, report.lost + report.waiting) == (0, 21)
        assert balanced(either.hh)
        held.release()


def test_no_request_is_made_in_the_thread_of_the_application(kind: Kind, server: LocalServer) -> None:
    threads: set[int] = set()
    options: dict[str, Any] = {"on_request": lambda _: threads.add(threading.get_ident())}
    with EitherClient(kind, server.url, background=NEVER, **options) as either:

        async def work() -> int:
            return 1

        span = either.hh.span("step")
        for _ in range(3):
            if kind == "sync":
                span(lambda: 1)()
            else:
                decorated = span(work)
                either.do(lambda _: decorated())  # noqa: B023
        either.do(lambda hh: hh.flush())
        assert threads
        if kind != "aiohttp":  # a transport that was given sends where it belongs, in the loop
            assert threading.get_ident() not in threads
    assert len(server.events()) == 3


def test_updates_keep_their_order_behind_the_creation(kind: Kind, server: LocalServer) -> None:
    with EitherClient(kind, server.url, background=NEVER) as either:
        event_id = either.hh.events.enqueue("model", metadata={"a": 1}, outputs={"text": "first"})
        for number in range(3):
            either.hh.events.enqueue_update(event_id, metadata={"n": number}, outputs={"text": str(number)})
        assert either.do(lambda hh: hh.flush()).delivered == 4
        assert [request.method for request in server.requests] == ["POST"]  # merged: it still waited
        for number in range(3, 6):
            either.hh.events.enqueue_update(event_id, metadata={"n": number})
        server.faults.add("status", status=503, method="PUT", times=2)
        assert either.do(lambda hh: hh.flush()).success
        (event,) = server.events()
        assert (event["metadata"], event["outputs"]) == ({"a": 1, "n": 5}, {"text": "2"})


def test_an_event_that_is_refused_is_told_once_and_the_others_arrive(kind: Kind, server: LocalServer) -> None:
    told: list[tuple[str, str]] = []
    options = Background(flush_seconds=3600, on_drop=lambda *loss: told.append(loss))
    with EitherClient(kind, server.url, background=options) as either:
        good = [either.hh.events.enqueue("tool") for _ in range(20)]
        missing = "11111111-1111-4111-8111-111111111111"
        either.hh.events.enqueue_update(missing, metadata={"a": 1})
        report = either.do(lambda hh: hh.flush())
        assert (report.delivered, report.lost, report.waiting) == (20, 1, 0)
        assert either.hh.stats().rejected == {"refused": 1}
        assert sorted(event["event_id"] for event in server.events()) == sorted(good)
    assert told == [(missing, "refused")]


def test_an_update_that_is_refused_takes_its_event_with_it_to_nowhere(kind: Kind) -> None:
    """An event and an update go out as one; if that is refused, each is sent alone."""

    def no_metadata(request: Recorded) -> Answer:
        if b"forbidden" in request.body:
            return answer(400, b'{"message": "metadata is forbidden", "success": false}')
        return stored(request)

    with Misbehaving(then=no_metadata) as server, EitherClient(kind, server.url, background=NEVER) as either:
        event_id = either.hh.events.enqueue("tool")
        either.hh.events.enqueue_update(event_id, metadata={"forbidden": 1})
        report = either.do(lambda hh: hh.flush())
        assert (report.delivered, report.lost) == (1, 1)
        assert either.hh.stats().rejected == {"refused": 1}


def test_an_update_that_is_refused_is_kept_with_the_id_of_its_event(
    kind: Kind, server: LocalServer, tmp_path: Path
) -> None:
    missing = "11111111-1111-4111-8111-111111111111"
    with EitherClient(kind, server.url, background=Background(spool=tmp_path)) as either:
        either.hh.events.enqueue_update(missing, metadata={"a": 1})
        assert either.do(lambda hh: hh.flush()).lost == 1
    (line,) = (tmp_path / "rejected.jsonl").read_bytes().splitlines()
    kept = orjson.loads(line)
    assert (kept["kind"], kept["reason"]) == ("update", "refused")
    assert kept["event"] == {"event_id": missing, "changes": {"metadata": {"a": 1}}}


@pytest.mark.parametrize("size", [10, 1_100, 5_000])
def test_what_waits_takes_little_more_memory_than_its_json(size: int) -> None:
    with HoneyHive(KEY, base_url="http://127.0.0.1:9", background=NEVER) as hh:
        event_id = hh.events.enqueue("tool")
        inputs = {"x": "y" * size}
        tracemalloc.start()
        try:
            for _ in range(300):
                hh.events.enqueue("tool", inputs=inputs)
                hh.events.enqueue_update(event_id, metadata=inputs)
                with hh.span("x", inputs=inputs):
                    pass
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        stats = hh.stats()
        assert held < 1.1 * stats.queued_bytes + 700 * stats.queued
        hh.close(0.01)


def test_what_is_too_large_for_one_request_is_split(kind: Kind) -> None:
    def small(request: Recorded) -> Answer:
        return answer(413) if len(request.body) > 2_000 else stored(request)

    with Misbehaving(then=small) as server, EitherClient(kind, server.url, background=NEVER) as either:
        sent = [either.hh.events.enqueue("tool", inputs={"x": "y" * 200}) for _ in range(40)]
        huge = either.hh.events.enqueue("tool", inputs={"x": "y" * 3_000})
        report = either.do(lambda hh: hh.flush())
        assert (report.delivered, report.lost) == (40, 1)
        assert either.hh.stats().rejected == {"too_large": 1}
    assert set(ids_in(server)) == {*sent, huge}


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_key_that_is_refused_keeps_the_events_and_says_which_variable(
    kind: Kind, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING, "honeyhive_ext.background"),
        Misbehaving(answer(status), then=stored) as server,
        EitherClient(kind, server.url, background=NEVER) as either,
    ):
        for _ in range(5):
            either.hh.events.enqueue("tool")
        report = either.do(lambda hh: hh.flush(0.3))
        if report.waiting:  # what is refused is not asked again soon
            assert report.waiting == 5
            assert str(status) in str(report.error)
            assert str(status) in str(either.hh.stats().last_error)
        wait_until(lambda: str(status) in caplog.text)
        assert either.do(lambda hh: hh.flush()).waiting == 0
        assert either.hh.stats().delivered == 5
        assert either.hh.stats().last_error is None
    assert ("HH_API_KEY" in caplog.text) == (status != 402)
    assert KEY not in caplog.text


def test_events_wait_until_the_service_is_back(kind: Kind) -> None:
    script = [answer(503), answer(200, b"<html>"), answer(500), answer(429, headers={"Retry-After": "0.2"})]
    with Misbehaving(*script, then=stored) as server, EitherClient(kind, server.url) as either:
        sent = [either.hh.events.enqueue("tool") for _ in range(3)]
        wait_until(lambda: either.hh.stats().delivered == 3)
        assert balanced(either.hh)
    assert set(ids_in(server)) == set(sent)


@pytest.mark.parametrize("overflow", ["drop_newest", "drop_oldest"])
def test_losses_are_counted_told_and_said(
    kind: Kind, overflow: Any, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, str]] = []
    options = Background(
        max_events=10, overflow=overflow, flush_seconds=3600, on_drop=lambda *loss: told.append(loss)
    )
    with (
        caplog.at_level(logging.ERROR, "honeyhive_ext.background"),
        Misbehaving(then=stored) as server,
        EitherClient(kind, server.url, background=options) as either,
    ):
        sent = [either.hh.events.enqueue("tool") for _ in range(25)]
        kept = sent[:10] if overflow == "drop_newest" else sent[-10:]
        report = either.do(lambda hh: hh.flush())
        assert ids_in(server) == kept
        assert (report.delivered, either.hh.stats().dropped) == (10, {"overflow": 15})
    assert [event_id for event_id, _ in told] == [one for one in sent if one not in kept]
    assert {reason for _, reason in told} == {"overflow"}
    assert "15 overflow" in " ".join(r.getMessage() for r in caplog.records) or len(caplog.records) > 1
    assert "max_bytes" in caplog.text


def test_an_overflow_may_raise_where_an_event_is_enqueued_and_not_in_traced_code(kind: Kind) -> None:
    options = Background(max_events=2, overflow="raise", flush_seconds=3600)
    with Misbehaving(then=stored) as server, EitherClient(kind, server.url, background=options) as either:
        either.hh.events.enqueue("tool")
        either.hh.events.enqueue("tool")
        with pytest.raises(QueueFullError, match="max_bytes"):
            either.hh.events.enqueue("tool")

        async def traced() -> int:
            return 7

        if kind == "sync":
            assert either.hh.span()(lambda: 7)() == 7
        else:
            decorated = either.hh.span()(traced)
            assert either.do(lambda _: decorated()) == 7
        assert either.hh.stats().dropped == {"overflow": 1}
        assert either.hh.stats().accepted == 3


def test_an_overflow_may_wait_for_room(server: LocalServer) -> None:
    options = Background(max_events=5, overflow="block", block_seconds=60, flush_seconds=3600)
    with HoneyHive(KEY, base_url=server.url, background=options) as hh:
        for _ in range(200):
            hh.events.enqueue("tool")
    assert len(server.events()) == 200


def test_a_wait_for_room_ends_and_the_event_is_dropped() -> None:
    options = Background(max_events=1, overflow="block", block_seconds=0.05)
    held = hang()
    with Misbehaving(then=held) as server, HoneyHive(KEY, base_url=server.url, background=options) as hh:
        for _ in range(3):
            hh.events.enqueue("tool")
        assert hh.stats().dropped["overflow"] >= 1
        hh.close(0.05)
        held.release()


def test_on_drop_may_raise_enqueue_flush_and_close(
    server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def on_drop(event_id: str, reason: str) -> None:
        calls.append(reason)
        if len(calls) < 50:
            hh.events.enqueue("tool")
            hh.flush()
        if len(calls) == 2:
            raise ValueError("of the application")

    hh = HoneyHive(KEY, base_url=server.url, background=Background(max_events=1, on_drop=on_drop))
    for _ in range(3):
        hh.events.enqueue("tool")
    wait_until(lambda: len(calls) >= 2)
    assert hh.close().waiting == 0
    assert balanced(hh)
    assert "on_drop raises ValueError" in caplog.text


def test_a_log_handler_may_enqueue(server: LocalServer) -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            hh.events.enqueue("tool", event_name="log")

    log, handler = logging.getLogger("honeyhive_ext"), Handler()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        hh = HoneyHive(KEY, base_url=server.url, background=Background(flush_seconds=0.01))
        hh.events.enqueue("tool", event_name="first")
        wait_until(lambda: hh.stats().delivered > 3)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    assert hh.close().success


def test_threads_enqueue_each_event_once(server: LocalServer) -> None:
    with HoneyHive(KEY, base_url=server.url) as hh:
        made: list[list[str]] = [[] for _ in range(8)]

        def work(mine: list[str]) -> None:
            mine += [hh.events.enqueue("tool") for _ in range(250)]

        threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert hh.flush().success
    arrived = [event["event_id"] for event in server.events()]
    assert sorted(arrived) == sorted(one for mine in made for one in mine)


def test_a_client_that_is_thrown_away_still_sends(server: LocalServer) -> None:
    hh = HoneyHive(KEY, base_url=server.url)
    hh.events.enqueue("tool")
    worker = hh._later._made[None].worker
    assert worker is not None
    running, sender = worker._running, hh._sender
    del hh, worker
    gc.collect()
    wait_until(lambda: len(server.events()) == 1)
    wait_until(lambda: not running.locked())  # its thread has ended
    sender.close()


def test_the_redact_hook_sees_each_event_before_it_waits(server: LocalServer) -> None:
    def redact(event: dict[str, Any]) -> dict[str, Any]:
        seen.append(threading.get_ident())
        return {**event, "inputs": {}}

    seen: list[int] = []
    with HoneyHive(KEY, base_url=server.url, redact=redact) as hh:
        hh.events.enqueue("tool", inputs={"secret": 1})
        with hh.span("x", inputs={"secret": 1}):
            pass
    assert [event["inputs"] for event in server.events()] == [{}, {}]
    assert set(seen) == {threading.get_ident()}


def test_a_redact_hook_that_raises_in_a_span_loses_the_event_and_says_so(
    server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    def redact(event: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError(event["inputs"]["secret"])

    with HoneyHive(KEY, base_url=server.url, redact=redact) as hh:
        with hh.span("x", inputs={"secret": "canary"}):
            pass
        assert hh.stats().dropped == {"invalid": 1}
    assert "cannot be made" in caplog.text
    assert "canary" not in caplog.text


def test_a_block_that_asks_for_errors_waits(server: LocalServer) -> None:
    with HoneyHive(KEY, base_url=server.url, background=NEVER, retry=False) as hh:
        with hh.span("x", on_error="raise"):
            pass
        assert hh.stats().accepted == 0
        assert [event["event_name"] for event in server.events()] == ["x"]


def test_after_a_fork_each_process_sends_its_own_once(server: LocalServer) -> None:
    with HoneyHive(KEY, base_url=server.url, background=NEVER) as hh:
        hh.events.enqueue("tool", event_name="before")
        child = os.fork()
        if not child:
            status = 1
            try:
                hh.events.enqueue("tool", event_name="child")
                done = hh.flush(30)
                status = 0 if (done.delivered, done.waiting) == (1, 0) else 2
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        hh.events.enqueue("tool", event_name="after")
        assert hh.flush().delivered == 2
    assert sorted(event["event_name"] for event in server.events()) == ["after", "before", "child"]


def test_a_transport_that_was_given_sends_in_the_background(server: LocalServer) -> None:
    with HoneyHive(KEY, base_url="http://x.test", transport=server.transport()) as hh:
        hh.events.enqueue("tool")
        assert hh.flush().success
    assert len(server.events()) == 1


@pytest.mark.parametrize("given", ["transport", "client"])
def test_what_was_given_to_an_event_loop_sends_there_and_after_it(given: str, server: LocalServer) -> None:
    async def inside() -> Any:
        async with LIBRARY.AsyncClient() as client:
            options: dict[str, dict[str, Any]] = {
                "transport": {"transport": server.async_transport()},
                "client": {"http_client": client},
            }
            async with AsyncHoneyHive(KEY, base_url=server.url, **options[given]) as hh:
                for _ in range(3):
                    await hh.events.create("tool")
                    hh.events.enqueue("tool")
                    async with hh.span("x"):
                        span = current_span()
                        assert span is not None
                return await hh.flush()

    assert asyncio.run(inside()).waiting == 0
    assert len(server.events()) == 9


def test_the_end_of_an_event_loop_does_not_lose_what_was_enqueued_in_it(server: LocalServer) -> None:
    async def enqueue(hh: AsyncHoneyHive) -> None:
        hh.events.enqueue("tool")

    hh = AsyncHoneyHive(KEY, base_url=server.url, background=NEVER)
    for _ in range(3):
        asyncio.run(enqueue(hh))
    assert asyncio.run(hh.close()).success
    assert hh.stats().delivered == 3  # the end of a loop may have begun to send them
    assert len(server.events()) == 3


@pytest.fixture
def quiet() -> Iterator[None]:
    gc.collect()
    yield
    gc.collect()


def test_spans_that_garbage_collection_ends_are_sent(server: LocalServer, quiet: None) -> None:
    with HoneyHive(KEY, base_url=server.url) as hh:

        @hh.span("left open")
        def steps() -> Iterator[int]:
            yield 1
            yield 2

        for _ in range(5):
            running = steps()
            next(running)
            box: list[Any] = [running]
            box.append(box)
        del running, box
        gc.collect()
        wait_until(lambda: len(server.events()) == 5)
    assert [event["outputs"] for event in server.events()] == [{"result": [1]}] * 5


def test_nothing_that_waits_shows_the_key() -> None:
    with HoneyHive(KEY, base_url="http://127.0.0.1:9", background=NEVER) as hh:
        hh.events.enqueue("tool")
        assert KEY not in repr([hh.stats(), hh.flush(0.01), vars(hh), hh.events])
        hh.close(0.01)
