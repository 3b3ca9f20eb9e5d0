"""Both clients behind one set of names, so that a test of a promise runs through each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing, closing
from typing import Any, TypeVar

import httpx

from honeyhive_ext import AsyncHoneyHive, HoneyHive
from honeyhive_ext.search import Checkpoint, Count

T = TypeVar("T")
Answer = Callable[[dict[str, Any]], object]


class SyncTwin:
    """`hh.events.search(...)` of `HoneyHive`, and each use of its result."""

    name = "sync"

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def _with(self, use: Callable[[Any], T], *args: Any, raw: bool, **kwargs: Any) -> T:
        with HoneyHive(api_key="hh_x", base_url="http://local", transport=self._transport, retry=False) as hh:
            result = hh.events.search(*args, **kwargs)
            return use(result.raw() if raw else result)

    def all(self, *args: Any, raw: bool = False, **kwargs: Any) -> list[Any]:
        return self._with(lambda result: result.to_list(), *args, raw=raw, **kwargs)

    def pages(self, *args: Any, raw: bool = False, **kwargs: Any) -> list[list[Any]]:
        return self._with(lambda result: list(result.pages()), *args, raw=raw, **kwargs)

    def call(self, method: str, *args: Any, raw: bool = False, **kwargs: Any) -> Any:
        return self._with(lambda result: getattr(result, method)(), *args, raw=raw, **kwargs)

    def count(self, *args: Any, **kwargs: Any) -> Count:
        return self._with(lambda result: result.count(), *args, raw=False, **kwargs)

    def some(self, number: int, *args: Any, **kwargs: Any) -> tuple[list[Any], Checkpoint]:
        """Return the first events, and the checkpoint after them."""

        def use(result: Any) -> tuple[list[Any], Checkpoint]:
            taken: list[Any] = []
            with closing(iter(result)) as events:
                while len(taken) < number:
                    taken.append(next(events))
                return taken, result.checkpoint()

        return self._with(use, *args, raw=True, **kwargs)


class AsyncTwin(SyncTwin):
    """The same through `AsyncHoneyHive`."""

    name = "async"

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._async_transport = transport

    def _run(self, use: Callable[[Any], Coroutine[Any, Any, T]], *args: Any, raw: bool, **kwargs: Any) -> T:
        async def main() -> T:
            transport = self._async_transport
            async with AsyncHoneyHive(
                api_key="hh_x", base_url="http://local", transport=transport, retry=False
            ) as hh:
                result = hh.events.search(*args, **kwargs)
                return await use(result.raw() if raw else result)

        return asyncio.run(main())

    def all(self, *args: Any, raw: bool = False, **kwargs: Any) -> list[Any]:
        return self._run(lambda result: result.to_list(), *args, raw=raw, **kwargs)

    def pages(self, *args: Any, raw: bool = False, **kwargs: Any) -> list[list[Any]]:
        async def use(result: Any) -> list[list[Any]]:
            return [page async for page in result.pages()]

        return self._run(use, *args, raw=raw, **kwargs)

    def call(self, method: str, *args: Any, raw: bool = False, **kwargs: Any) -> Any:
        return self._run(lambda result: getattr(result, method)(), *args, raw=raw, **kwargs)

    def count(self, *args: Any, **kwargs: Any) -> Count:
        return self._run(lambda result: result.count(), *args, raw=False, **kwargs)

    def some(self, number: int, *args: Any, **kwargs: Any) -> tuple[list[Any], Checkpoint]:
        async def use(result: Any) -> tuple[list[Any], Checkpoint]:
            taken: list[Any] = []
            async with aclosing(aiter(result)) as events:
                while len(taken) < number:
                    taken.append(await anext(events))
                return taken, result.checkpoint()

        return self._run(use, *args, raw=True, **kwargs)
