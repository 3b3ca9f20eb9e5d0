"""The interface of a transport that takes whole requests and needs no httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from honeyhive_ext.http.bounds import AnswerBounds
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
        bounds: AnswerBounds,
    ) -> Answer:
        """Send a request and return its answer, of any status.

        Args:
            method: The HTTP method.
            url: The whole URL.
            headers: All headers except Host and Content-Length.
            content: The body.
            bounds: What the answer may be. It must be complete within `bounds.limit` seconds. Call
                `bounds.check(status, content)` before the connection is used again: it raises if the answer
                is too large, or about another event.

        Raises:
            httpx.RequestError: No answer came. The class of the error says why.
        """
        ...
