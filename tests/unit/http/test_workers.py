"""The threads of one sync batch or search: how many run, what they see, and how the caller waits for them."""

from __future__ import annotations

import contextvars
import os
import threading
from functools import partial

import pytest

from honeyhive_ext.errors import HoneyHiveError
from honeyhive_ext.http.workers import Workers
from tests.support.limited import few_threads


def test_threads_are_daemons_with_the_context_of_the_caller() -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("the caller's")
    workers = Workers("honeyhive-test")
    seen: list[tuple[str, str, bool]] = []

    def task() -> None:
        thread = threading.current_thread()
        seen.append((variable.get(), thread.name, thread.daemon))
        variable.set("another")

    for _ in range(3):
        workers.start(task)
    while workers.wait():
        pass
    assert seen == [("the caller's", "honeyhive-test", True)] * 3
    assert variable.get() == "the caller's"


def test_an_error_in_a_thread_is_raised_in_the_caller_and_the_others_can_be_waited_for() -> None:
    workers = Workers("honeyhive-test")
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
    workers = Workers("honeyhive-test")
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
    workers.linger(60.0)
    assert done == [1] * 3
    workers.linger(60.0)  # nothing is left


def test_lingering_waits_for_the_last_task() -> None:
    workers = Workers("honeyhive-test")
    gates = [threading.Event() for _ in range(3)]
    done: list[int] = []

    def task(number: int) -> None:
        gates[number].wait(60)
        done.append(number)
        if number + 1 < len(gates):
            gates[number + 1].set()  # the tasks end one after another

    for number in range(3):
        workers.start(partial(task, number))
    gates[0].set()
    workers.linger(60.0)
    assert done == [0, 1, 2]


def test_where_no_thread_can_be_started_the_caller_runs_the_tasks_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_threads(monkeypatch, 0)
    workers = Workers("honeyhive-test")
    done: list[tuple[int, threading.Thread]] = []
    for number in range(9):
        workers.start(lambda number=number: done.append((number, threading.current_thread())))  # type: ignore[misc]
    assert done == [(number, threading.current_thread()) for number in range(9)]
    assert not workers.wait()
    workers.linger(0.0)
    workers.dismiss()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_where_only_some_threads_can_be_started_the_caller_does_the_rest(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    started = few_threads(monkeypatch, most)
    workers = Workers("honeyhive-test")
    done: list[int] = []
    threads: set[threading.Thread] = set()

    def task(number: int) -> None:
        threads.add(threading.current_thread())
        done.append(number)

    for number in range(50):
        workers.start(partial(task, number))
    while workers.wait():
        pass
    assert sorted(done) == list(range(50))
    assert threads <= {*started, threading.current_thread()}
    workers.dismiss()
    for thread in started:
        thread.join(60)
        assert not thread.is_alive()


def test_a_task_that_no_thread_takes_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    few_threads(monkeypatch, 0)
    workers = Workers("honeyhive-test")
    ran: list[int] = []
    assert not workers.begin(lambda: ran.append(1))
    assert ran == []
    assert not workers.wait()


def test_what_a_task_raises_in_the_caller_is_raised_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a bug")

    few_threads(monkeypatch, 0)
    workers = Workers("honeyhive-test")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        workers.start(fail)
    assert not workers.wait()


def test_a_forked_child_waits_for_no_thread_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers("honeyhive-test")
    gate = threading.Event()
    workers.start(gate.wait)  # type: ignore[arg-type]
    assert not workers.gone
    monkeypatch.setattr(os, "getpid", lambda: 0)
    assert workers.gone
    with pytest.raises(HoneyHiveError, match="begin the search or the batch again"):
        workers.wait()
    here: list[threading.Thread] = []
    workers.start(lambda: here.append(threading.current_thread()))
    assert here == [threading.current_thread()]
    gate.set()
