"""The threads of a spool: the one that makes the file ready, and those that sync at short intervals."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from honeyhive_ext.background.spool import Spool, called_thread, growing, interval
from honeyhive_ext.background.spool.called_thread import CalledThread
from honeyhive_ext.background.spool.interval import BOUND, SHORTEST, USUAL, pause_after
from honeyhive_ext.background.spool.rolling import NEVER
from tests.support.spooling import HERE, drain, fill, numbers


def test_each_call_is_followed_by_a_turn_of_work() -> None:
    begun, go_on, done = threading.Semaphore(0), threading.Semaphore(0), threading.Semaphore(0)

    def work() -> None:
        begun.release()
        go_on.acquire(timeout=60)
        done.release()

    thread = CalledThread(work)
    thread.call()
    assert begun.acquire(timeout=60)
    thread.call()  # while it works: it works once more
    thread.call()
    go_on.release(2)
    assert done.acquire(timeout=60)
    assert done.acquire(timeout=60)
    assert begun.acquire(timeout=60)
    assert not begun.acquire(timeout=0.05)  # two calls while it works are one
    thread.end()


def test_a_thread_that_was_not_called_for_a_while_ends_and_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(called_thread, "LINGER", 0.01)
    threads: list[int] = []
    worked = threading.Semaphore(0)

    def work() -> None:
        threads.append(threading.get_ident())
        worked.release()

    thread = CalledThread(work)
    for _ in range(3):
        thread.call()
        assert worked.acquire(timeout=60)
        with thread._running:  # as soon as it has ended
            pass
    assert len(threads) == 3
    thread.end()
    thread.call()
    assert not worked.acquire(timeout=0.05)


def test_an_interrupted_call_leaves_no_thread_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    worked = threading.Semaphore(0)
    thread = CalledThread(lambda: worked.release())
    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(called_thread._thread, "start_new_thread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            thread.call()
    thread.call()
    assert worked.acquire(timeout=60)
    thread.end()


def no_thread(*_: object) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("sync", ["os", "interval", "always"])
def test_a_spool_keeps_records_where_no_thread_can_be_started(
    tmp_path: Path, sync: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(called_thread._thread, "start_new_thread", no_thread)
    with Spool(tmp_path, HERE, sync=sync, segment_bytes=4096) as spool:  # type: ignore[arg-type]
        fill(spool, 300)
        assert numbers(spool) == list(range(300))
    assert drain(tmp_path) == list(range(300))


def test_pages_are_ready_before_records_need_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    ready = threading.Semaphore(0)

    def make(first: int, end: int) -> bool:
        asked.append((first, end))
        ready.release()
        return True

    monkeypatch.setattr(growing, "page_maker", lambda _: make)
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 1)
        assert ready.acquire(timeout=60)
        while spool._tail._notice == NEVER:  # until it is known which record calls for more
            time.sleep(0.001)
        notice, number = spool._tail._notice, 0
        while spool._tail._end <= notice:
            number += 1
            fill(spool, 1, size=60_000, first=number)
        assert ready.acquire(timeout=60)
        assert spool._tail._end < asked[0][1]  # long before a record needs them
        assert numbers(spool) == list(range(number + 1))
    assert asked[0][0] == 0
    assert asked[1][0] == asked[0][1]


@pytest.mark.parametrize("answer", [None, False])
def test_a_spool_works_where_pages_cannot_be_made_ready(
    tmp_path: Path, answer: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def make(first: int, _: int) -> bool:
        asked.append(first)
        return False

    monkeypatch.setattr(growing, "page_maker", lambda _: make if answer is False else None)
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 200, size=60_000)
        assert numbers(spool) == list(range(200))
    assert set(asked) <= {0}  # no segment asks again
    assert drain(tmp_path) == list(range(200))


def test_what_makes_pages_ready_changes_no_byte(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        writer = growing.MappedWriter(path, descriptor, b"header", 256 * 1024)
    except OSError:
        os.close(descriptor)
        pytest.skip("needs posix_fallocate")
    writer.put(1000, b"h" * growing.OVERHEAD, b"payload")
    before = path.read_bytes()
    writer.make_ready(1)
    assert writer.ready in (64 * 1024, 256 * 1024)
    writer.make_ready(10**9)
    assert writer.ready == 256 * 1024
    assert path.read_bytes() == before
    writer.seal(1100)
    writer.make_ready(10**9)  # it is closed: nothing is asked of the system


def test_a_sync_that_takes_long_delays_no_other_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, hangs, go_on = threading.Event(), threading.Event(), threading.Event()
    synced, real = threading.Semaphore(0), growing.sync_file

    def sync_file(descriptor: int) -> None:
        if made.is_set() and not hangs.is_set():
            hangs.set()
            go_on.wait(60)
        real(descriptor)
        synced.release()

    monkeypatch.setattr(growing, "sync_file", sync_file)
    with Spool(tmp_path, HERE, sync="interval") as spool:
        fill(spool, 1)
        made.set()
        fill(spool, 1, first=1)
        assert hangs.wait(60)
        while synced.acquire(blocking=False):
            pass
        fill(spool, 1, first=2)
        assert synced.acquire(timeout=60)  # while the other one still hangs
        assert not go_on.is_set()
        go_on.set()


def test_a_sync_of_a_segment_that_was_sealed_meanwhile_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "segment"
    made = growing.make_writer(path, b"header", 65536, durable=False)

    def closed_meanwhile(descriptor: int) -> None:
        made.seal(100)
        raise OSError(errno.EBADF, "closed")

    monkeypatch.setattr(growing, "sync_file", closed_meanwhile)
    made.sync()
    assert path.stat().st_size == 100


def test_syncs_come_sooner_the_longer_they_take_and_the_later_they_begin() -> None:
    assert pause_after(0.001, 0.001) == USUAL
    pauses = [pause_after(took / 1e3, late / 1e3) for took in range(0, 200, 7) for late in range(0, 200, 7)]
    assert min(pauses) == SHORTEST
    assert all(
        pause_after(took / 1e3, 0) + took / 1e3 <= BOUND - interval.RESERVE + SHORTEST
        for took in range(0, 70, 5)
    )


def test_after_a_rest_the_next_record_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interval, "REST", 0.01)
    rested = threading.Event()
    synced, real = threading.Semaphore(0), growing.sync_file

    def sync_file(descriptor: int) -> None:
        real(descriptor)
        synced.release()

    monkeypatch.setattr(growing, "sync_file", sync_file)
    with Spool(tmp_path, HERE, sync="interval") as spool:
        tail = spool._tail
        whole = tail._interval
        assert whole is not None
        real_resting = whole._resting

        def resting(seen: int) -> bool:
            if real_resting(seen):
                rested.set()
                return True
            return False

        whole._resting = resting
        for number in range(3):
            fill(spool, 1, first=number)
            assert rested.wait(60)
            rested.clear()
            while synced.acquire(blocking=False):
                pass
        fill(spool, 1, first=3)
        assert synced.acquire(timeout=60)
