"""Faster transports for `transport=`, each an extra; see docs/performance.md for when to use them.

A transport of this package can be asked for one whole exchange at a time (`Exchanger`), which spares the
layers of an HTTP client that this package does not need. httpx stays the default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from honeyhive_ext.http.exchange import Answer
    from honeyhive_ext.transports.aiohttp import AiohttpTransport

__all__ = ["AiohttpTransport", "AsyncExchanger"]


@runtime_checkable
class AsyncExchanger(Protocol):
    """Sends one request and reads its whole answer, with nothing between it and the wire."""

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        content: bytes,
        limit: float,
    ) -> Answer:
        """Send a request; its answer, of any status.

        Args:
            method: The HTTP method.
            url: The whole URL.
            headers: All headers but Host and Content-Length.
            content: The body.
            limit: Seconds until the answer must be complete.

        Raises:
            httpx.RequestError: No answer came; its class says why.
        """
        ...


def __getattr__(name: str) -> Any:
    if name != "AiohttpTransport":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from honeyhive_ext.transports.aiohttp import AiohttpTransport

    return AiohttpTransport
