"""A signal handler or a finaliser may use what its thread is just using: nothing waits for itself."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from honeyhive_ext.batch.ledger import Ledger
from honeyhive_ext.batch.limits import ObservedSizeLimit
from honeyhive_ext.batch.plan import Chunk, Part
from honeyhive_ext.errors import HoneyHiveError
from tests.support.batches import Entry, chunk_of
from tests.support.lines import at_line

PATIENCE = 60.0  # seconds until a test gives up
LOST = HoneyHiveError("lost")


def chunk(number: int) -> Chunk:
    return chunk_of([Entry(place, f"id {place}", b"{}") for place in (2 * number, 2 * number + 1)])


def reentered(make: Callable[[], Callable[[], object]], nested: Callable[[], object]) -> int:
    """Call what `make` returns with `nested` at each of its lines, and return how many there are."""
    for number in itertools.count(1):
        outer = make()
        with at_line(number, nested) as lines:
            outer()
        if lines[0] < number:
            return lines[0]
    raise AssertionError


def in_time(work: Callable[[], int]) -> int:
    """Return what `work` returns, within `PATIENCE`."""
    returned: list[int] = []
    thread = threading.Thread(target=lambda: returned.append(work()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert returned, "it waits for itself"
    return returned[0]


def test_a_size_is_observed_in_the_middle_of_another_observation() -> None:
    observed = ObservedSizeLimit()
    lines = in_time(lambda: reentered(lambda: lambda: observed.observe(1_000), lambda: observed.observe(10)))
    assert lines > 2
    assert observed.value is not None
    assert observed.value <= 900


@pytest.mark.parametrize("use", ["plan", "deliver", "open", "fail", "count", "close"])
def test_a_ledger_is_used_in_the_middle_of_any_of_its_methods(use: str) -> None:
    ledger = Ledger()

    def make() -> Callable[[], object]:
        nonlocal ledger
        ledger = Ledger()
        ledger.plan(chunk(0))
        return {
            "plan": lambda: ledger.plan(chunk(1)),
            "deliver": lambda: ledger.deliver(Part.of(chunk(0))),
            "open": lambda: ledger.open(chunk(0)),
            "fail": lambda: ledger.fail(Part.of(chunk(0)), "failed", LOST),
            "count": lambda: ledger.count(2, 100, retry=False),
            "close": lambda: ledger.close(session_id=None, read=2, stopped=None),
        }[use]

    def nested() -> None:
        ledger.count(1, 1, retry=False)
        ledger.open(chunk(0))

    assert in_time(lambda: reentered(make, nested)) > 2
