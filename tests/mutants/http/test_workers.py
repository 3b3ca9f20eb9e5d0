"""How the threads of a batch are waited for, seen from inside.

The promise: after Ctrl-C a batch ends soon, and its report knows what happened to the requests that ended in
time. A signal comes at no certain time, so these tests replace the queue that finished tasks come through.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from functools import partial

from honeyhive_ext.http.workers import NOTICE, Workers


class Watched(queue.SimpleQueue[BaseException | None]):
    """Says that somebody waits, and for how long. It is empty at first; each wait opens one of the gates."""

    def __init__(self, empty: int = 0, gates: Sequence[threading.Event] = ()) -> None:
        self.waits: list[float | None] = []
        self.waited = threading.Event()
        self._empty = iter(range(empty))
        self._gates = iter(gates)

    def get(self, block: bool = True, timeout: float | None = None) -> BaseException | None:
        self.waits.append(timeout)
        self.waited.set()
        if (gate := next(self._gates, None)) is not None:
            gate.set()
        if next(self._empty, None) is not None:
            raise queue.Empty
        return super().get(block, timeout=60)


def test_a_wait_looks_again_and_again_for_a_ctrl_c_that_it_may_have_missed() -> None:
    workers = Workers("honeyhive-test")
    workers._ended = ended = Watched(empty=2)
    workers.start(lambda: None)
    assert workers.wait()
    assert ended.waits == [NOTICE] * 3


def test_lingering_waits_for_the_last_task() -> None:
    workers = Workers("honeyhive-test")
    gates = [threading.Event() for _ in range(3)]
    workers._ended = Watched(gates=gates)
    done: list[threading.Event] = []

    def task(gate: threading.Event) -> None:
        gate.wait(60)
        done.append(gate)

    for gate in gates:
        workers.start(partial(task, gate))
    workers.linger(60.0)
    assert done == gates


def test_lingering_takes_no_longer_than_it_may() -> None:
    workers = Workers("honeyhive-test")
    workers._ended = ended = Watched(empty=1)
    workers.start(ended.waited.wait)  # type: ignore[arg-type]
    workers.linger(0.0)
    assert ended.waits == [0.0]
    while workers.wait():
        pass


class NothingToCome(queue.SimpleQueue[BaseException | None]):
    waits = 0

    def get(self, block: bool = True, timeout: float | None = None) -> BaseException | None:
        self.waits += 1
        raise queue.Empty


def test_a_ctrl_c_at_the_end_of_a_request_is_followed_by_no_wait_for_that_request() -> None:
    workers = Workers("honeyhive-test")
    workers.start(lambda: None)
    workers._ended.get()  # and the interrupt comes before anything is done with it
    workers._ended = nothing = NothingToCome()
    workers.linger(60)
    workers.dismiss()
    assert nothing.waits == 0
