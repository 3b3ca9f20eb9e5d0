"""The interface of a transport that takes whole requests and needs no httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from honeyhive_ext.http.exchange import Answer


@runtime_checkable
class AsyncExchanger(Protocol):
    """A transport of an asyncio client that sends one request and reads its whole answer."""

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        limit: float,
    ) -> Answer:
        """Send a request and return its answer, of any status.

        Args:
            method: The HTTP method.
            url: The whole URL.
            headers: All headers except Host and Content-Length.
            content: The body.
            limit: Seconds within which the answer must be complete.

        Raises:
            httpx.RequestError: No answer came. The class of the error says why.
        """
        ...
