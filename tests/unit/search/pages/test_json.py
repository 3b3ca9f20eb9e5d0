"""JSON of a service, read fast where it is JSON and at all where it nearly is."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import orjson
import pytest

from honeyhive_ext.search.pages.json import loads, parsed

PAGE = orjson.dumps({"events": [{"event_id": str(n), "x": [{}] * 3} for n in range(5)]})
CONTENTS = [PAGE, b"{", b'{"a":NaN}']
ROUNDS = 300
# A read is interrupted in these packages alone. Hypothesis has a callback of the collector, and an exception
# inside it would not reach the read.
READING = ("honeyhive_ext", "json", "tests")


@pytest.fixture(params=[True, False])
def collecting(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = gc.isenabled()
    turn(request.param)
    yield request.param
    turn(before)


def turn(on: bool) -> None:
    (gc.enable if on else gc.disable)()


def read(content: bytes) -> None:
    try:
        loads(content)
    except ValueError:
        assert content == b"{"


@pytest.mark.parametrize("content", CONTENTS)
def test_the_garbage_collector_is_as_it_was(content: bytes, collecting: bool) -> None:
    read(content)
    assert gc.isenabled() is collecting


@pytest.fixture
def eager_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_switches")
@pytest.mark.parametrize("content", CONTENTS)
def test_the_garbage_collector_is_as_it_was_when_many_threads_read(content: bytes, collecting: bool) -> None:
    start = threading.Barrier(8)
    states: set[bool] = set()

    def work() -> None:
        start.wait()
        for _ in range(ROUNDS):
            read(content)
            states.add(gc.isenabled())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states | {gc.isenabled()} == {collecting}


@pytest.mark.usefixtures("eager_switches")
def test_an_application_may_turn_the_garbage_collector_while_other_threads_read() -> None:
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            read(PAGE)

    threads = [threading.Thread(target=work) for _ in range(4)]
    before = gc.isenabled()
    for thread in threads:
        thread.start()
    try:
        for number in range(ROUNDS):
            on = number % 2 == 0
            turn(on)
            assert {gc.isenabled() for _ in range(20)} == {on}
    finally:
        over.set()
        for thread in threads:
            thread.join()
        turn(before)


def interrupted(action: Callable[[], None], opcode: int) -> bool:
    """Raise KeyboardInterrupt at one bytecode of an action; False if it has fewer.

    The action runs in a thread: CPython 3.11 may keep an exception as the current one when a trace function
    raises inside an `except` block, and later tests would see it as the context of theirs.
    """
    left, ended = opcode, False

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_globals["__name__"].partition(".")[0] not in READING:
            return None
        frame.f_trace_opcodes = True
        left -= event == "opcode"
        if left < 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    def work() -> None:
        nonlocal ended
        sys.settrace(trace)
        try:
            action()
            ended = True
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return not ended


@pytest.mark.parametrize("content", CONTENTS)
def test_the_garbage_collector_is_as_it_was_after_an_interrupt_at_any_bytecode(
    content: bytes, collecting: bool
) -> None:
    opcode = 0
    while interrupted(lambda: read(content), opcode):
        assert gc.isenabled() is collecting, opcode
        opcode += 1
    assert opcode > 10


@pytest.mark.usefixtures("eager_switches")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_the_garbage_collector_is_as_it_was_in_a_forked_child(collecting: bool) -> None:
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            read(PAGE)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            if (child := os.fork()) == 0:
                os._exit(int(gc.isenabled()))
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == collecting
    finally:
        over.set()
        thread.join()


def test_the_garbage_collector_does_not_look_at_a_page_while_it_is_read() -> None:
    content = orjson.dumps({"events": [{"x": [{}] * 5} for _ in range(5_000)]})
    runs: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        runs.append(phase)

    gc.collect()  # the collector counts from 0 again
    gc.callbacks.append(note)
    try:
        page = loads(content)
        during = len(runs)
    finally:
        gc.callbacks.remove(note)
    assert page
    assert during <= 2  # the start and the end of one collection, between two bytecodes


def test_json_is_read_by_the_fast_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(content: Any) -> Any:
        raise AssertionError(content)

    monkeypatch.setattr(json, "loads", slow)
    content = b'{"a":[1,"\xc3\xa9"]}'
    assert loads(content) == parsed(content) == {"a": [1, "é"]}


def test_json_with_nan_is_read_too() -> None:
    found: Any = loads(b'{"a":NaN,"b":-Infinity,"c":"\\ud800","d":1}')
    assert (found["a"] != found["a"], found["b"], found["c"], found["d"]) == (
        True,
        -float("inf"),
        "\ud800",
        1,
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b'{"a":1}', {"a": 1}),
        (b'{"a":-Infinity}', {"a": -float("inf")}),
        ({"a": b"1"}, {"a": b"1"}),
        ("1", "1"),
    ],
)
def test_a_row_may_come_as_its_text(value: Any, found: Any) -> None:
    assert parsed(value) == found
