"""Whatever runs or raises in the middle of a method, each entry counts once, and each loss is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from honeyhive_ext.background.spilling import SpillingQueue
from tests.support.lines import at_signal_point
from tests.unit.background.test_entry_queue import Disk, balanced, entry, queue, taken

CODE = ["/background/waiting.py", "/background/queue.py", "/background/spilling.py"]


class Prepared:
    """A queue that is full, with more on disk if it has one, and two entries in flight if `sends`."""

    def __init__(self, *, spool: bool, sends: bool) -> None:
        self.disk = Disk()
        self.queue: SpillingQueue = queue(most=3, keep=self.disk.keep if spool else None)
        for name in "abcdef" if spool else "abc":
            self.queue.put(entry(name))
        self.sending = taken(self.queue, 2) if sends else []
        if sends:
            for name in "ghi":
                self.queue.put(entry(name))

    def refill(self) -> None:
        count, after = self.queue.unread
        if count:
            accepted = self.queue.accepted
            found, last, end = self.disk.read(after, 5)
            self.queue.refill(found[:-1], found[-1:], last, end=accepted if end else None)

    def settle(self) -> None:
        delivered, refused = self.sending
        self.queue.settle([delivered], [(refused, "refused")])


def expire(prepared: Prepared) -> None:
    first = prepared.queue._waiting[0].since
    prepared.queue.take(2, 1_000, oldest=first + 1e-9)


METHODS: dict[str, Callable[[Prepared], object]] = {
    "put": lambda prepared: prepared.queue.put(entry("new")),
    "drop the oldest": lambda prepared: prepared.queue.put(entry("new"), "drop_oldest"),
    "take": lambda prepared: taken(prepared.queue, 2),
    "take, with an old one": expire,
    "settle": Prepared.settle,
    "refill": Prepared.refill,
    "refuse": lambda prepared: prepared.queue.refuse("new", "closed"),
    "drop all": lambda prepared: prepared.queue.drop_all("closed"),
    "stats": lambda prepared: prepared.queue.stats(),
}


def check(waiting: SpillingQueue, where: object) -> None:
    now = waiting.stats()
    assert balanced(waiting), where
    assert now.queued_bytes == sum(len(one.content) for one in waiting._waiting), where
    assert min(now.spooled, now.accepted, now.queued, now.in_flight) >= 0, where
    assert len(waiting.losses) == now.lost, where


def at_each_point(method: str, spool: bool, do: Callable[[SpillingQueue], object]) -> int:
    number = 1
    while True:
        prepared = Prepared(spool=spool, sends=method in ("settle", "refill"))
        if method == "refill":
            prepared.queue.settle(prepared.sending)
            prepared.queue.settle(taken(prepared.queue))
        with (
            suppress(KeyboardInterrupt),
            at_signal_point(number, lambda: do(prepared.queue), CODE) as reached,  # noqa: B023
        ):
            METHODS[method](prepared)
        if reached[0] < number:
            return number - 1
        check(prepared.queue, (method, number))
        number += 1


@pytest.mark.parametrize("spool", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_an_interrupt_in_the_middle_loses_and_doubles_nothing(method: str, spool: bool) -> None:
    def interrupt(_: SpillingQueue) -> None:
        raise KeyboardInterrupt

    assert at_each_point(method, spool, interrupt) > 1


@pytest.mark.parametrize("spool", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_a_handler_that_puts_in_the_middle_is_counted(method: str, spool: bool) -> None:
    def put(waiting: SpillingQueue) -> None:
        before = waiting.stats()
        assert waiting.put(entry("handler"))
        assert waiting.stats().accepted >= before.accepted

    assert at_each_point(method, spool, put) > 1


@pytest.mark.parametrize("spool", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_a_handler_that_asks_in_the_middle_sees_whole_steps(method: str, spool: bool) -> None:
    def ask(waiting: SpillingQueue) -> None:
        assert balanced(waiting), method

    assert at_each_point(method, spool, ask) > 1


def test_a_record_that_an_interrupt_left_uncounted_comes_back_as_accepted() -> None:
    disk = Disk()
    waiting = queue(most=2, keep=disk.keep)
    for name in "ab":
        waiting.put(entry(name))
    disk.keep(entry("uncounted"))  # an interrupt came after it
    waiting.put(entry("c"))
    assert (waiting.stats().accepted, waiting.stats().spooled) == (3, 1)
    waiting.settle(taken(waiting))
    found, last, _ = disk.read(waiting.unread[1], 5)
    waiting.refill(found, (), last, end=waiting.accepted)
    assert (waiting.stats().accepted, waiting.stats().spooled) == (4, 0)
    waiting.settle(taken(waiting))
    assert waiting.empty
    assert balanced(waiting)


def test_what_came_while_the_disk_was_read_is_not_taken_for_damaged() -> None:
    disk = Disk()
    waiting = queue(most=2, keep=disk.keep)
    for name in "abc":
        waiting.put(entry(name))
    waiting.settle(taken(waiting))
    accepted = waiting.accepted
    found, last, end = disk.read(waiting.unread[1], 5)
    waiting.put(entry("meanwhile"))
    waiting.refill(found, (), last, end=accepted if end else None)
    assert (waiting.stats().dropped, waiting.stats().spooled) == ({}, 1)


def test_a_flush_does_not_wait_for_what_others_left_and_is_not_told_early() -> None:
    waiting = queue()
    waiting.put(entry("mine"))
    number = waiting.last_number()
    assert waiting.adopt([entry("other")])
    waiting.settle()  # it failed, and waits in front
    assert not waiting.settled(number)
    mine = taken(waiting)[1]
    waiting.settle([mine])
    assert waiting.settled(number)
    assert not waiting.empty


def test_a_flush_of_what_is_on_disk_ends_while_more_comes() -> None:
    disk = Disk()
    waiting = queue(most=2, keep=disk.keep)
    for name in "abcd":
        waiting.put(entry(name))
    number = waiting.last_number()
    for _ in range(10):
        waiting.put(entry("more"))
        waiting.settle(taken(waiting, 1))
        count, after = waiting.unread
        if count:
            found, last, end = disk.read(after, 1)
            waiting.refill(found, (), last, end=waiting.accepted if end else None)
    assert waiting.settled(number)
    assert not waiting.empty


def test_who_does_not_wait_for_room_any_more_leaves_nothing_behind() -> None:
    waiting = queue(most=1)
    for _ in range(100):
        waiting.no_room_needed(waiting.room())
    assert not waiting._room


def test_there_is_room_as_soon_as_something_is_taken() -> None:
    waiting = queue(most=1)
    waiting.put(entry("a"))
    room = waiting.room()
    taken(waiting)
    assert room.get_nowait() is None
