"""Sending in the background among hostile callbacks, signals, event loops and limits of threads."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NoReturn

import httpx
import orjson
import pytest

from honeyhive_ext import AsyncHoneyHive, Background, ConfigError, HoneyHive
from honeyhive_ext.background import process_end
from honeyhive_ext.background.background_sender import ends, late
from honeyhive_ext.background.worker import Worker
from honeyhive_ext.local import LocalServer
from tests.client.test_background import NEVER, balanced, ids_in, stored, wait_until
from tests.support.clients import KEY
from tests.support.httpx_library import LIBRARY
from tests.support.lines import at_signal_point
from tests.support.misbehaving import Misbehaving, answer, hang

LOG = "honeyhive_ext.background"


def worker_of(hh: Any) -> Worker:
    worker: Worker | None = hh._later._made[None].worker
    assert worker is not None
    return worker


def accepts(request: httpx.Request) -> httpx.Response:
    ids = [event["event_id"] for event in orjson.loads(request.content)["events"]]
    return httpx.Response(200, json={"success": True, "event_ids": ids})


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)


def test_on_drop_may_close_the_client_and_is_told_every_loss() -> None:
    told: list[str] = []

    def on_drop(event_id: str, reason: str) -> None:
        told.append(event_id)
        if len(told) == 1:
            hh.close(1)

    options = Background(max_events=5, flush_seconds=3600, on_drop=on_drop)
    with Misbehaving(then=stored) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=options)
        made = [hh.events.enqueue("tool") for _ in range(20)]
        wait_until(lambda: len(told) == 20)
    assert sorted(told) == sorted(made)
    assert hh.stats().lost == 20
    assert balanced(hh)


@pytest.mark.parametrize("where", ["the thread that sends", "close"])
def test_on_drop_may_call_sys_exit(where: str, caplog: pytest.LogCaptureFixture) -> None:
    options = Background(
        max_events=3, flush_seconds=0.05 if where != "close" else 3600, on_drop=lambda *_: sys.exit(3)
    )
    with Misbehaving(then=stored) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=options)
        for _ in range(6):
            hh.events.enqueue("tool")
        if where != "close":
            wait_until(lambda: hh.stats().delivered == 3)
        assert hh.close().waiting == 0
        assert (hh.stats().delivered, hh.stats().dropped) == (3, {"overflow": 3})
    assert caplog.text.count("on_drop raises SystemExit") == 1


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
def test_a_transport_may_raise_anything(kind: type[BaseException], caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def respond(request: httpx.Request) -> httpx.Response:
        calls.append(1)
        if len(calls) <= 2:
            raise kind
        return accepts(request)

    hh = HoneyHive(KEY, base_url="http://x.test", transport=httpx.MockTransport(respond))
    hh.events.enqueue("tool")
    while hh.stats().delivered < 1:
        hh.flush(0.2)
    assert (hh.close().waiting, hh.stats().lost, balanced(hh)) == (0, 0, True)
    assert len(caplog.records) == 1


def test_what_goes_wrong_for_each_event_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def redact(event: dict[str, Any]) -> NoReturn:
        raise ValueError

    def on_drop(*_: str) -> NoReturn:
        raise ValueError

    options = Background(on_drop=on_drop, flush_seconds=3600)
    with Misbehaving(then=stored) as server:
        hh = HoneyHive(KEY, base_url=server.url, redact=redact, background=options)
        for _ in range(50):
            with hh.span("x"):
                pass
        wait_until(lambda: not worker_of(hh).queue.losses)
        hh.close()
    messages = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert sum("cannot be made" in one for one in messages) == 1
    assert sum("on_drop raises" in one for one in messages) == 1
    assert sum("are lost" in one for one in messages) <= 2  # at first, and at the close


def test_a_client_that_cannot_send_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with Misbehaving(then=stored) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=NEVER)
        for _ in range(2_000):
            hh.events.enqueue("tool")
        hh._sender.close()
        assert hh.flush().lost == 2_000
        assert hh.stats().rejected == {"config": 2_000}
        hh.close()
    assert caplog.text.count("cannot be sent") == 1


def test_a_log_handler_that_raises_does_not_end_the_sending() -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> NoReturn:
            raise SystemExit if record.levelno < logging.ERROR else ValueError

    handler, log = Handler(), logging.getLogger(LOG)
    log.addHandler(handler)
    try:
        with Misbehaving(answer(503), then=stored) as server:
            hh = HoneyHive(KEY, base_url=server.url, background=Background(max_events=2, flush_seconds=0.05))
            for _ in range(5):
                hh.events.enqueue("tool")
            while hh.stats().delivered < 2:
                hh.flush(0.2)
            assert hh.close().success
    finally:
        log.removeHandler(handler)


def test_an_event_loop_that_ends_in_the_middle_of_a_request_delays_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if not reached.is_set():
                reached.set()
                await asyncio.Event().wait()
            return accepts(request)

    async def main() -> AsyncHoneyHive:
        options = Background(flush_seconds=0.01)
        hh = AsyncHoneyHive(KEY, base_url="http://x.test", transport=Transport(), background=options)
        hh.events.enqueue("tool")
        await asyncio.to_thread(reached.wait)
        return hh

    reached = threading.Event()
    hh = asyncio.run(main())  # which cancels the request
    wait_until(lambda: hh.stats().delivered == 1)
    asyncio.run(hh.close())
    assert "goes on after" not in caplog.text


@pytest.mark.parametrize("given", [False, True])
def test_a_close_that_is_cancelled_closes_the_client(given: bool) -> None:
    async def main() -> None:
        http_client = LIBRARY.AsyncClient() if given else None
        hh = AsyncHoneyHive(KEY, base_url=server.url, background=NEVER, http_client=http_client)
        hh.events.enqueue("tool")
        closing = asyncio.create_task(hh.close(0.2))
        await asyncio.to_thread(held.reached.wait)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        with pytest.raises(ConfigError, match="closed"):
            hh.events.enqueue("tool")
        with pytest.raises(ConfigError, match="closed"):
            await hh.events.create("tool")
        assert balanced(hh)
        if http_client is not None:
            await http_client.aclose()

    held = hang()
    with Misbehaving(then=held) as server:
        asyncio.run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_process_that_goes_on_after_sigterm_sends_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(1))
    try:
        with Misbehaving(hang(), then=stored) as server:
            options = Background(handle_sigterm=True, exit_seconds=0.1, flush_seconds=3600)
            hh = HoneyHive(KEY, base_url=server.url, background=options, timeout=0.3)
            with hh.span("the last request"):
                hh.events.enqueue("tool")
                signal.raise_signal(signal.SIGTERM)
                assert came == [1]
                assert os.getpid() not in ends  # to hand over waits for nothing
                hh.events.enqueue("tool")
            while hh.stats().delivered < 3:
                hh.flush(0.2)
            assert (hh.stats().accepted, hh.stats().lost) == (3, 0)
            hh.close()
            names = {e.get("event_name"): e for r in server.requests for e in orjson.loads(r.body)["events"]}
            assert not names["the last request"].get("error")
    finally:
        signal.signal(signal.SIGTERM, before)


def test_events_after_the_end_share_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process_end, "live", set())
    with Misbehaving(then=hang()) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=Background(exit_seconds=0.4))
        hh.events.enqueue("tool")
        ends[os.getpid()] = 0.0
        try:
            waits: list[float] = []
            for _ in range(200):
                hh.events.enqueue("tool")
                waits.append(late[os.getpid()])
        finally:
            ends.clear()
            late.clear()
        assert waits == sorted(waits, reverse=True)
        assert waits[-1] == 0
        assert balanced(hh)
        hh.close(0.05)
    assert len([record for record in caplog.records if "lost" in record.getMessage()]) <= 2


def test_the_thread_that_sends_does_not_end_the_process_when_it_hands_over(caplog: Any) -> None:
    """A log handler or a hook may enqueue while the process ends: what waits is not dropped for that."""

    def on_request(_: object) -> None:
        if not added:
            added.append(hh.events.enqueue("tool"))

    added: list[str] = []
    with Misbehaving(then=stored) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=NEVER, on_request=on_request)
        for _ in range(700):
            hh.events.enqueue("tool")
        ends[os.getpid()] = time.monotonic() + 60
        try:
            assert hh.flush().lost == 0
        finally:
            ends.clear()
        assert hh.close().lost == 0
        assert len(set(ids_in(server))) == 701


def test_waits_that_end_leave_nothing_behind() -> None:
    held = hang()
    options = Background(
        max_events=1, flush_seconds=0.01, overflow="block", block_seconds=0.001, read_flush_seconds=0.001
    )
    with Misbehaving(then=held) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=options)
        hh.events.enqueue("tool")
        held.reached.wait()
        for _ in range(300):
            hh.events.enqueue("tool")
            hh.flush(0.0001)
        worker = worker_of(hh)
        assert (len(worker._flushes), len(worker.queue._room)) == (0, 0)
        assert worker._wake.qsize() <= 1
        hh.close(0.01)


def test_an_interrupt_while_the_thread_is_started_leaves_a_client_that_sends() -> None:
    def interrupt() -> NoReturn:
        raise KeyboardInterrupt

    number = 1
    with Misbehaving(then=stored) as server:
        while True:
            hh = HoneyHive(KEY, base_url=server.url, background=Background(flush_seconds=0.01))
            hh._later._make()
            files = ["/background/worker.py", "/background/background_sender.py"]
            interrupted = contextlib.suppress(KeyboardInterrupt)
            with interrupted, at_signal_point(number, interrupt, files) as reached:
                hh.events.enqueue("tool", event_name="interrupted")
            hh.events.enqueue("tool")
            assert hh.close().waiting == 0, number
            assert hh.stats().lost == 0, number
            if reached[0] < number:
                break
            number += 1
    assert number > 5


@pytest.mark.parametrize("method", ["flush", "close"])
def test_ctrl_c_in_a_wait_leaves_a_client_whose_counts_are_right(method: str) -> None:
    def interrupt() -> NoReturn:
        raise KeyboardInterrupt

    files = ["/background/worker.py", "/background/background_sender.py", "/client/later.py"]
    number = 1
    with Misbehaving(then=stored) as server:
        while True:
            hh = HoneyHive(KEY, base_url=server.url, background=NEVER)
            for _ in range(3):
                hh.events.enqueue("tool")
            interrupted = contextlib.suppress(KeyboardInterrupt)
            with interrupted, at_signal_point(number, interrupt, files) as reached:
                getattr(hh, method)()
            hh.close()
            wait_until(lambda: not hh.stats().waiting)  # noqa: B023
            assert balanced(hh), number
            if reached[0] < number:
                break
            number += 1
    assert number > 10


Middle = Callable[[Any], object]
MIDDLES: dict[str, Middle] = {
    "enqueue": lambda hh: hh.events.enqueue("tool"),
    "flush": lambda hh: hh.flush(0.05),
    "close": lambda hh: hh.close(0.05),
}


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize("middle", MIDDLES)
def test_without_threads_a_signal_handler_in_a_flush_ends(middle: str) -> None:
    files = [
        f"/background/{name}.py" for name in ("worker", "sending", "queue", "waiting", "background_sender")
    ]
    number = 1
    while True:
        hh = HoneyHive(
            KEY, base_url="http://x.test", transport=httpx.MockTransport(accepts), background=NEVER
        )
        for _ in range(3):
            hh.events.enqueue("tool")
        with at_signal_point(number, lambda: MIDDLES[middle](hh), files) as reached:  # noqa: B023
            hh.flush(5)
        hh.close(5)
        now = hh.stats()
        assert balanced(hh), number
        assert now.waiting == 0, number
        assert now.accepted >= 3, number
        assert not now.lost or middle == "close", number
        if reached[0] < number:
            break
        number += 7
    assert number > 50


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize("what", ["events", "updates", "503", "partial"])
def test_without_threads_a_flush_keeps_its_bound(what: str) -> None:
    """Many requests, or waits between them, share the time of the flush."""
    limits: list[float] = []

    def respond(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"]["read"])
        if what == "503":
            return httpx.Response(503, headers={"Retry-After": "2"})
        if request.method == "PUT":
            time_is[0] += 0.2
            return httpx.Response(200, json={})
        if what == "partial":
            return httpx.Response(200, json={"success": True, "event_ids": ["x"]})
        return accepts(request)

    time_is = [0.0]
    real = time.monotonic
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: real() + time_is[0])
        hh = HoneyHive(
            KEY, base_url="http://x.test", transport=httpx.MockTransport(respond), background=NEVER
        )
        for number in range(50):
            if what == "updates":
                hh.events.enqueue_update(f"00000000-0000-4000-8000-{number:012}", metadata={"a": 1})
            else:
                hh.events.enqueue("tool")
        started = real() + time_is[0]
        hh.flush(1.0)
        took = real() + time_is[0] - started
        assert took < 1.0 + 0.2 + 0.5
        assert max(limits) <= 1.0
        assert balanced(hh)
        hh.close(0.01)


def test_clients_are_closed_by_several_threads_at_once() -> None:
    with Misbehaving(then=stored) as server:
        for _ in range(20):
            hh = HoneyHive(KEY, base_url=server.url, background=NEVER)
            made = [hh.events.enqueue("tool") for _ in range(50)]
            late_ids: list[str] = []

            def enqueue() -> None:
                try:
                    while True:
                        late_ids.append(hh.events.enqueue("tool"))  # noqa: B023
                except ConfigError:
                    pass

            threads = [threading.Thread(target=hh.close) for _ in range(4)]
            threads += [threading.Thread(target=enqueue) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            wait_until(lambda: not hh.stats().waiting)  # noqa: B023
            assert balanced(hh)
            assert hh.stats().accepted == len(made) + len(late_ids)
            assert set(made) <= set(ids_in(server))


@pytest.mark.skipif(os.name == "nt", reason="needs flock")
@pytest.mark.parametrize("most", [10, 1000])
@pytest.mark.parametrize("sync", ["os", "interval", "always"])
def test_events_whose_spool_was_deleted_count_as_lost_at_the_close(
    tmp_path: Path, sync: Literal["os", "interval", "always"], most: int
) -> None:
    told: list[str] = []
    options = Background(
        spool=tmp_path / "spool", sync=sync, max_events=most, on_drop=lambda one, _: told.append(one)
    )
    with Misbehaving(then=answer(503)) as server:
        hh = HoneyHive(KEY, base_url=server.url, background=options)
        ids = [hh.events.enqueue("tool") for _ in range(50)]
        shutil.rmtree(tmp_path / "spool")
        hh.close(0.1)
    stats = hh.stats()
    assert balanced(hh)
    assert (stats.accepted, stats.lost, stats.spooled) == (50, 50, 0)
    assert sorted(told) == sorted(ids[:most])


@pytest.mark.skipif(os.name == "nt", reason="needs flock")
def test_only_the_events_of_deleted_files_count_as_lost_at_the_close(
    tmp_path: Path, server: LocalServer
) -> None:
    options = Background(spool=tmp_path, max_spool_bytes=1_000_000)  # files of 125,000 bytes
    server.faults.add("status", status=503, path="/v1/events/batch")
    hh = HoneyHive(KEY, base_url=server.url, background=options)
    for _ in range(50):
        hh.events.enqueue("tool", inputs={"text": "x" * 5_000})
    min(tmp_path.glob("*.segment")).unlink()
    hh.close(0.1)
    stats = hh.stats()
    assert balanced(hh)
    assert 0 < stats.lost < 50
    server.faults.clear()
    with HoneyHive(KEY, base_url=server.url, background=Background(spool=tmp_path)):
        wait_until(lambda: len(server.events()) >= stats.spooled)
    assert len(server.events()) == stats.spooled == 50 - stats.lost
