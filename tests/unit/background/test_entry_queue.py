"""The queue of what is sent later: bounds, order, and the count of everything that passed through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.spilling import SpillingQueue
from tests.support.lines import at_line


def queue(
    most: int = 1_000,
    most_bytes: int = 1_000_000,
    keep: Callable[[Entry], None] | None = None,
    wake: Callable[[], object] = lambda: None,
) -> SpillingQueue:
    return SpillingQueue(most, most_bytes, wake, flush_at=10, flush_bytes=1_000, keep_losses=True, keep=keep)


def entry(name: str, size: int = 10) -> Entry:
    return Entry(name, b"x" * size)


def names(entries: list[Entry]) -> list[str]:
    return [one.event_id for one in entries]


def balanced(waiting: SpillingQueue) -> bool:
    now = waiting.stats()
    return now.accepted == now.delivered + now.lost + now.queued + now.in_flight + now.spooled


def taken(waiting: SpillingQueue, most: int = 500) -> list[Entry]:
    return waiting.take(most, 1_000_000, oldest=0.0)


def test_entries_come_out_in_their_order_and_what_is_not_settled_comes_again_first() -> None:
    waiting = queue()
    for name in "abcd":
        waiting.put(entry(name))
    first = taken(waiting, 3)
    assert names(first) == ["a", "b", "c"]
    waiting.put(entry("e"))
    waiting.settle(delivered=[first[1]])
    assert names(taken(waiting)) == ["a", "c", "d", "e"]


def test_nothing_is_taken_twice_at_a_time() -> None:
    waiting = queue()
    waiting.put(entry("a"))
    waiting.put(entry("b"))
    assert names(taken(waiting, 1)) == ["a"]
    assert taken(waiting) == []


@pytest.mark.parametrize(
    ("sizes", "most_bytes", "wanted"), [([5, 5, 5], 12, 2), ([50, 5], 12, 1), ([1] * 9, 99, 9)]
)
def test_a_request_holds_its_bytes_or_one_larger_entry(
    sizes: list[int], most_bytes: int, wanted: int
) -> None:
    waiting = queue()
    for number, size in enumerate(sizes):
        waiting.put(entry(str(number), size))
    assert len(waiting.take(500, most_bytes, oldest=0.0)) == wanted


def test_drop_newest_keeps_what_waits() -> None:
    waiting = queue(most=2)
    for name in "abc":
        assert waiting.put(entry(name), "drop_newest")
    assert names(taken(waiting)) == ["a", "b"]
    assert (waiting.stats().dropped, [*waiting.losses]) == ({"overflow": 1}, [("c", "overflow")])


def test_drop_oldest_makes_room_by_count_and_by_bytes() -> None:
    waiting = queue(most=3, most_bytes=30)
    for name in "abc":
        waiting.put(entry(name), "drop_oldest")
    waiting.put(entry("d", 15), "drop_oldest")
    assert names(taken(waiting)) == ["c", "d"]
    assert [*waiting.losses] == [("a", "overflow"), ("b", "overflow")]


def test_what_is_larger_than_the_bound_empties_nothing() -> None:
    waiting = queue(most_bytes=30)
    waiting.put(entry("a"))
    waiting.put(entry("big", 31), "drop_oldest")
    assert names(taken(waiting)) == ["a"]
    assert [*waiting.losses] == [("big", "overflow")]


@pytest.mark.parametrize("overflow", ["block", "raise"])
def test_the_caller_decides_if_there_is_no_room(overflow: Any) -> None:
    waiting = queue(most=1)
    assert waiting.put(entry("a"), overflow)
    assert not waiting.put(entry("b"), overflow)
    assert (waiting.stats().accepted, waiting.stats().lost) == (1, 0)


def test_entries_that_are_too_old_are_dropped_and_counted() -> None:
    waiting = queue()
    old = entry("old")
    waiting.put(old)
    waiting.put(entry("new"))
    assert names(waiting.take(10, 1_000, oldest=old.since + 1e-9)) == ["new"]
    assert waiting.stats().dropped == {"max_age": 1}


def test_it_wakes_at_the_first_entry_and_when_a_limit_is_reached() -> None:
    woken: list[int] = []
    waiting = queue(wake=lambda: woken.append(waiting.stats().queued))
    for number in range(12):
        waiting.put(entry(str(number)))
    waiting.put(entry("large", 900))
    waiting.put(entry("more"))
    assert woken == [1, 10, 13]


def test_a_first_loss_wakes_so_that_it_is_told() -> None:
    woken: list[None] = []
    waiting = queue(most=0, wake=lambda: woken.append(None))
    for name in "abc":
        waiting.put(entry(name))
    assert len(woken) == 1


def test_settled_tells_when_all_up_to_a_number_is_over() -> None:
    waiting = queue()
    waiting.put(entry("a"))
    number = waiting.last_number()
    waiting.put(entry("b"))
    assert not waiting.settled(number)
    (first,) = taken(waiting, 1)
    assert not waiting.settled(number)
    waiting.settle(rejected=[(first, "refused")])
    assert waiting.settled(number)
    assert not waiting.settled(waiting.last_number())


def test_who_waits_for_room_is_told_when_something_is_settled() -> None:
    waiting = queue(most=1)
    waiting.put(entry("a"))
    room = waiting.room()
    waiting.settle(delivered=taken(waiting))
    assert room.get_nowait() is None


Step = tuple[str, int]
STEPS = ["put", "drop", "take", "deliver", "reject", "again", "drop_all"]


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["put", "drop", "take", "deliver", "reject", "again", "drop_all"]),
            st.integers(0, 9),
        )
    ),
    most=st.integers(1, 6),
    overflow=st.sampled_from(["drop_newest", "drop_oldest", "raise"]),
)
def test_every_entry_is_counted_once_at_every_moment(steps: list[Step], most: int, overflow: Any) -> None:
    waiting = queue(most=most, most_bytes=40)
    sending: list[Entry] = []
    accepted = 0
    for number, (what, size) in enumerate(steps):
        if what == "put":
            accepted += waiting.put(entry(str(number), size), overflow)
        elif what == "drop_all":
            waiting.drop_all("closed")
        elif what == "take" and not sending:
            sending = taken(waiting, size)
        elif what in ("deliver", "reject", "drop", "again"):
            some, sending = sending[:size], []
            waiting.settle(
                delivered=some if what == "deliver" else (),
                rejected=[(one, "refused") for one in some] if what == "reject" else (),
                dropped=[(one, "max_age") for one in some] if what == "drop" else (),
            )
        assert balanced(waiting)
        assert waiting.stats().accepted == accepted
    assert len(waiting.losses) == waiting.stats().lost


class Disk:
    """What a spool is to a queue."""

    def __init__(self, fails: frozenset[int] = frozenset()) -> None:
        self.records: list[Entry] = []
        self.fails = fails

    def keep(self, one: Entry) -> None:
        if len(self.records) not in self.fails:
            one.position = len(self.records)
        self.records.append(one)

    def read(self, after: int, most: int) -> tuple[list[Entry], int, bool]:
        rest = [one for one in self.records[after + 1 :] if one.position >= 0]
        found = rest[:most]
        return found, found[-1].position if found else after, len(rest) <= most


@settings(max_examples=200)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "put", "put", "send", "read"]), st.integers(1, 4)), max_size=60
    ),
    most=st.integers(1, 5),
    fails=st.frozensets(st.integers(0, 60), max_size=5),
)
def test_what_does_not_fit_into_memory_comes_back_from_disk_once_and_in_order(
    steps: list[Step], most: int, fails: frozenset[int]
) -> None:
    disk, sent = Disk(fails), list[str]()
    waiting = queue(most=most, keep=disk.keep)

    def read(size: int) -> None:
        unread, after = waiting.unread
        if unread:
            found, last, end = disk.read(after, size)
            waiting.refill(found, (), last, end=waiting.accepted if end else None)

    for number, (what, size) in enumerate([*steps, *[("read", 4), ("send", 4)] * 60]):
        if what == "put":
            waiting.put(entry(str(number)))
        elif what == "read":
            read(size)
        else:
            some = taken(waiting, size)
            sent += names(some)
            waiting.settle(delivered=some)
        assert balanced(waiting)
    kept = [one.event_id for one in disk.records if one.position >= 0]
    assert [name for name in sent if name in set(kept)] == kept
    lost = {name for name, _ in waiting.losses}
    assert sorted(sent) == sorted({one.event_id for one in disk.records} - lost)
    assert not lost & set(kept)


def test_what_is_on_disk_is_left_there_at_the_end_and_not_dropped() -> None:
    disk = Disk()
    waiting = queue(most=2, keep=disk.keep)
    for name in "abc":
        waiting.put(entry(name))
    waiting.drop_all("exit")
    assert (waiting.stats().spooled, waiting.stats().lost, waiting.empty) == (3, 0, True)
    assert waiting.unread[0] == 0


def test_damaged_records_count_as_dropped() -> None:
    disk = Disk()
    waiting = queue(most=1, keep=disk.keep)
    for name in "abc":
        waiting.put(entry(name))
    waiting.settle(delivered=taken(waiting))
    waiting.refill([], (), 2, end=waiting.accepted)
    assert waiting.stats().dropped == {"damaged": 2}
    assert waiting.empty


@pytest.mark.parametrize("what", ["put", "take", "settle", "stats", "drop_all"])
def test_a_signal_handler_may_put_in_the_middle_of_everything(what: str) -> None:
    number, came = 1, 0
    while True:
        waiting = queue(most=4)
        for name in "ab":
            waiting.put(entry(name))
        sending = taken(waiting, 1) if what == "settle" else []
        handler = partial(waiting.put, entry("handler"))
        with at_line(number, handler, event="opcode", watched=["/background/queue.py"]) as reached:
            if what == "put":
                waiting.put(entry("c"))
            elif what == "take":
                sending = taken(waiting, 1)
            elif what == "settle":
                waiting.settle(delivered=sending)
            elif what == "stats":
                waiting.stats()
            else:
                waiting.drop_all("closed")
        if reached[0] < number:
            break
        if sending and what != "settle":
            waiting.settle(delivered=sending)
        assert balanced(waiting), number
        expected = {"put": 4, "take": 3, "settle": 3, "stats": 3, "drop_all": 3}[what]
        assert waiting.stats().accepted == expected, number
        came += "handler" in names(taken(waiting))
        number += 1
    assert came > 5


def test_threads_lose_and_double_nothing() -> None:
    waiting, threads = queue(most=10_000_000, most_bytes=10**9), 8
    sent: list[Entry] = []

    def put(thread: int) -> None:
        for number in range(2_000):
            waiting.put(entry(f"{thread} {number}", 1))

    running = [threading.Thread(target=put, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    while any(thread.is_alive() for thread in running) or waiting.stats().queued:
        some = taken(waiting)
        assert balanced(waiting)
        waiting.settle(delivered=some)
        sent += some
    assert len(set(names(sent))) == len(sent) == threads * 2_000
    of_one = [name for name in names(sent) if name.startswith("3 ")]
    assert of_one == [f"3 {number}" for number in range(2_000)]
