"""One thing for each event loop, closed when its loop ends."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Keeps one thing for each running event loop, such as its connections.

    `asyncio.run` closes what its loop has; so does every end of a loop that shuts its asynchronous generators
    down. Where a loop was closed without that, the thing is dropped when the next loop asks for its own. A
    forked child starts with nothing, and never closes what its parent has.

    Args:
        make: Makes the thing of a loop, while that loop runs.
        close: Closes it, in its loop.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[object]]) -> None:
        self._make = make
        self._close = close
        self._kept: dict[asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[None]]] = {}
        self._pid = os.getpid()

    async def get(self) -> T:
        """Return what the running loop has; make it at the first call."""
        import asyncio  # here, because a program without an event loop starts sooner

        loop = asyncio.get_running_loop()
        if self._pid != os.getpid():
            _FORKED.append(self._kept)
            self._kept, self._pid = {}, os.getpid()
        if loop not in self._kept:
            # A copy, because other threads begin and end their loops meanwhile.
            for ended in [one for one in list(self._kept) if one.is_closed()]:
                self._kept.pop(ended, None)
            watch = self._watch(loop)
            self._kept[loop] = (self._make(), watch)
            await anext(watch)  # from here on the loop knows it; this does not wait
        return self._kept[loop][0]

    async def _watch(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            kept = self._kept.pop(loop, None)
            if kept is not None:
                await self._close(kept[0])

    async def close(self) -> None:
        """Close what the running loop has."""
        import asyncio

        kept = self._kept.get(asyncio.get_running_loop())
        if kept is not None:
            await kept[1].aclose()


_FORKED: list[object] = []  # what a child inherited stays referenced, so that nothing closes it
