"""A queue is empty only if nothing is anywhere in it, whatever another thread is in the middle of."""

from __future__ import annotations

import threading

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.spilling import SpillingQueue
from tests.support.lines import at_line


def test_what_waits_again_is_never_seen_as_gone() -> None:
    number = 0
    while True:
        number += 1
        waiting = SpillingQueue(10, 1_000, lambda: None, 10, 1_000, keep_losses=False)
        waiting.put(Entry("a", b"{}"))
        waiting.take(10, 1_000, oldest=0.0)
        seen: list[bool] = []
        looking = threading.Thread(target=lambda: seen.append(waiting.empty))  # noqa: B023
        with at_line(number, looking.start, event="opcode", watched=["/background/waiting.py"]) as reached:
            waiting.settle()  # not delivered: it waits again
        if reached[0] < number:
            break
        looking.join()
        assert seen == [False], number
    assert number > 50
