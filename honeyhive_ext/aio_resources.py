"""The awaitable twins of `resources.py`: the same names, the same arguments, the same answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack
from uuid import UUID

from honeyhive_client.models import (
    CreateEventRequest,
    CreateEventResponse,
    CreateSessionResponse,
    Event,
    EventType,
)
from honeyhive_client.typed_dicts import (
    CreateEventRequestInput,
    CreateSessionRequestInput,
    UpdateEventRequestInput,
)

from honeyhive_ext import calls
from honeyhive_ext.retry import RetryPolicy
from honeyhive_ext.transport import AsyncSender


class AsyncEvents:
    """Create, update and read events."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | None = None,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Unpack[CreateEventRequestInput],
    ) -> CreateEventResponse:
        """Record one event, as `Events.create` does.

        >>> import asyncio
        >>> from honeyhive_ext import AsyncHoneyHive
        >>> async def main():
        ...     async with AsyncHoneyHive() as hh:
        ...         return await hh.events.create("tool", event_name="search", inputs={"query": "traces"})
        >>> asyncio.run(main()).success
        True
        """
        event_id, call = calls.creation(event, fields, self._sender.settings)
        reply = await self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.created(event_id, reply)

    async def get(
        self,
        event_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
    ) -> Event:
        """Read one event by its id, as `Events.get` does."""
        return calls.read(await self._sender.send(calls.reading(event_id), retry=retry, timeout=timeout))

    async def update(
        self,
        event: Event | CreateEventResponse | Mapping[str, Any] | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Unpack[UpdateEventRequestInput],
    ) -> None:
        """Add to an event that exists, as `Events.update` does."""
        await self._sender.send(
            calls.changing(event, fields, self._sender.settings), retry=retry, timeout=timeout
        )


class AsyncSessions:
    """Create sessions, the roots of traces."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def create(
        self,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        **fields: Unpack[CreateSessionRequestInput],
    ) -> CreateSessionResponse:
        """Start a session, or add to the one that has this `session_id`, as `Sessions.create` does."""
        session_id, call = calls.session_creation(fields, self._sender.settings)
        reply = await self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.session_created(session_id, reply)
