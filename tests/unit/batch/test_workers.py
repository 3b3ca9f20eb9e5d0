"""The threads of one sync batch: how many run, what they see, and how the caller waits for them."""

from __future__ import annotations

import contextvars
import threading
from functools import partial

import pytest

from honeyhive_ext.batch.workers import Workers


def test_with_one_slot_the_caller_runs_the_task_itself() -> None:
    workers = Workers(1)
    threads: list[threading.Thread] = []
    for _ in range(3):
        workers.start(lambda: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()] * 3
    assert not workers.wait()


def test_as_many_tasks_run_at_once_as_there_are_slots_and_no_more() -> None:
    workers = Workers(3)
    meeting = threading.Barrier(3, timeout=30)  # breaks if fewer than three come
    lock = threading.Lock()
    now = 0
    most: list[int] = []

    def task() -> None:
        nonlocal now
        with lock:
            now += 1
            most.append(now)
        meeting.wait()
        with lock:
            now -= 1
        meeting.wait()

    for _ in range(9):
        workers.start(task)
    while workers.wait():
        pass
    assert max(most) == 3
    assert len(most) == 9


def test_a_task_for_which_no_slot_is_free_begins_when_another_has_ended() -> None:
    workers = Workers(3)
    gate = threading.Event()
    begun = threading.Semaphore(0)
    ended: list[int] = []
    seen: list[int] = []

    def task(number: int) -> None:
        seen.append(len(ended))
        begun.release()
        gate.wait(30)
        ended.append(number)

    for number in range(3):
        workers.start(partial(task, number))
    assert all(begun.acquire(timeout=30) for _ in range(3))
    gate.set()
    workers.start(partial(task, 3))
    assert begun.acquire(timeout=30)
    assert seen[:3] == [0, 0, 0]
    assert seen[3] > 0
    while workers.wait():
        pass


def test_threads_are_daemons_with_the_context_of_the_caller() -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("the caller's")
    workers = Workers(2)
    seen: list[tuple[str, str, bool]] = []

    def task() -> None:
        thread = threading.current_thread()
        seen.append((variable.get(), thread.name, thread.daemon))
        variable.set("another")

    for _ in range(3):
        workers.start(task)
    while workers.wait():
        pass
    assert seen == [("the caller's", "honeyhive-batch", True)] * 3
    assert variable.get() == "the caller's"


def test_an_error_in_a_thread_is_raised_in_the_caller_and_the_others_can_be_waited_for() -> None:
    workers = Workers(4)
    gate = threading.Event()

    def fail() -> None:
        raise ZeroDivisionError("a bug")

    workers.start(gate.wait)  # type: ignore[arg-type]
    workers.start(fail)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        workers.wait()
    gate.set()
    assert workers.wait()
    assert not workers.wait()


def test_lingering_ends_when_all_tasks_have_or_when_the_time_is_over() -> None:
    workers = Workers(4)
    gate = threading.Event()
    done: list[int] = []

    def task() -> None:
        gate.wait()
        done.append(1)

    for _ in range(3):
        workers.start(task)
    workers.linger(0.0)  # none of them has ended
    assert done == []
    gate.set()
    workers.linger(30.0)
    assert done == [1] * 3
    workers.linger(30.0)  # nothing is left


def test_lingering_waits_for_the_last_task() -> None:
    workers = Workers(4)
    gates = [threading.Event() for _ in range(3)]
    done: list[int] = []

    def task(number: int) -> None:
        gates[number].wait(30)
        done.append(number)
        if number + 1 < len(gates):
            gates[number + 1].set()  # the tasks end one after another

    for number in range(3):
        workers.start(partial(task, number))
    gates[0].set()
    workers.linger(30.0)
    assert done == [0, 1, 2]
