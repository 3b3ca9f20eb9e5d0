"""One way to run a scenario through the sync and the async client; waits are recorded, not waited."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, Literal, Self

from honeyhive_ext.client.aio import AsyncHoneyHive
from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.transports import AiohttpTransport

KEY = "hh_test_key"
# "aiohttp" is the asyncio client over the optional transport, which keeps the promises that httpx keeps.
Kind = Literal["sync", "async", "aiohttp"]
KINDS: tuple[Kind, ...] = ("sync", "async", "aiohttp")


class EitherClient:
    """A `HoneyHive` or an `AsyncHoneyHive`, used in the same way.

    Attributes:
        hh: The client itself.
        sender: What sends its requests.
        waits: Seconds that the client would have waited between attempts.
    """

    def __init__(self, kind: Kind, url: str, **options: Any) -> None:
        self.kind = kind
        self.waits: list[float] = []
        self._runner = asyncio.Runner()
        times = {name: options.pop(name) for name in ("clock", "wall", "uniform") if name in options}
        options = {"api_key": KEY, "base_url": url, **options}
        if kind == "aiohttp" and not {"http_client", "transport"} & options.keys():
            options["transport"] = AiohttpTransport()
        self.hh: Any = HoneyHive(**options) if kind == "sync" else AsyncHoneyHive(**options)
        self.sender: Any = self.hh._sender
        self.sender.sleep = self.waits.append if kind == "sync" else self._skip
        for name, function in times.items():
            setattr(self.sender, name, function)

    async def _skip(self, seconds: float) -> None:
        self.waits.append(seconds)

    def do(self, work: Callable[[Any], Any]) -> Any:
        """Call `work` with the client, and await its result if it is awaitable."""
        result = work(self.hh)
        return self._runner.run(_result(result)) if inspect.isawaitable(result) else result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.do(lambda hh: hh.close())
        self._runner.close()


async def _result(awaitable: Any) -> Any:
    return await awaitable
