"""Event loops that begin and end in several threads share one client."""

from __future__ import annotations

import asyncio
import threading

from honeyhive_ext.http.per_loop import PerLoop


async def nothing(_: object) -> None:
    """Close what is closed by itself."""


def test_a_loop_may_begin_in_another_thread_while_ended_loops_are_dropped() -> None:
    kept: PerLoop[object] = PerLoop(object, nothing)

    begun: list[asyncio.AbstractEventLoop] = []

    def begin() -> None:
        begun.append(asyncio.new_event_loop())
        begun[0].run_until_complete(kept.get())

    class Asked(asyncio.SelectorEventLoop):
        """A loop that is asked whether it is closed at the moment when another one begins."""

        def is_closed(self) -> bool:
            if looking.is_set():
                looking.clear()
                thread = threading.Thread(target=begin)
                thread.start()
                thread.join()
            return super().is_closed()

    looking = threading.Event()
    first = Asked()
    first.run_until_complete(kept.get())
    looking.set()
    asyncio.run(kept.get())
    assert not looking.is_set()
    for loop in (first, *begun):
        loop.close()
