"""`hh.events` and `hh.sessions`: the operations of the API, in the calling thread."""

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
from honeyhive_ext.transport import Sender


class Events:
    """Create, update and read events."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | None = None,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateEventRequestInput],
    ) -> CreateEventResponse:
        """Record one event.

        The event gets its id here, before the first attempt, so a retry is the same event: nothing is
        lost and nothing is stored twice. A 409 about that id means that an earlier attempt arrived.

        Args:
            event: The event's type, such as "model"; or the event as a mapping or a `CreateEventRequest`;
                or nothing, with `event_type=` among the fields.
            retry: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt; None for the client's.
            **fields: The fields of CreateEventRequest, added to those of `event`. Times are Unix
                milliseconds or aware datetimes, durations milliseconds or timedeltas. What is left out:
                `inputs` becomes {}, `start_time` now, `source` the client's; `session_id` and `parent_id`
                come from the surrounding `session` or `span` block.

        Returns:
            The service's answer, with `event_id`.

        Raises:
            EventError: The input cannot become an event; the error names the path. Nothing was sent.
            APIError: The service did not take it; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("tool", event_name="search", inputs={"query": "traces"})
        >>> sent.success
        True
        """
        event_id, call = calls.creation(event, fields, self._sender.settings)
        reply = self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.created(event_id, reply)

    def get(
        self,
        event_id: str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
    ) -> Event:
        """Read one event by its id.

        Args:
            event_id: The event's id, a UUID or its text.
            retry: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt; None for the client's.

        Raises:
            EventError: The id is not a UUID.
            NotFoundError: No event has this id. A new one may take seconds to appear.
            APIError: The service did not answer with the event; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("tool", event_name="search")
        ...     print(hh.events.get(sent.event_id).event_name)
        search
        """
        return calls.read(self._sender.send(calls.reading(event_id), retry=retry, timeout=timeout))

    def update(
        self,
        event: Event | CreateEventResponse | Mapping[str, Any] | str | UUID,
        /,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[UpdateEventRequestInput],
    ) -> None:
        """Add to an event that exists.

        Args:
            event: The event (also as a mapping), the answer of `create`, or the event's id.
            retry: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt; None for the client's.
            **fields: The fields of UpdateEventRequest. `metadata`, `feedback`, `metrics`, `config` and
                `user_properties` are merged into what is stored; `outputs` replaces it; the others are set.

        Raises:
            EventError: No field, or one that cannot be updated (the service would ignore it in silence).
            NotFoundError: No event has this id.
            APIError: The service did not take it; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     sent = hh.events.create("model", outputs={"answer": "42"})
        ...     hh.events.update(sent, feedback={"rating": 5})
        ...     print(hh.events.get(sent.event_id).feedback)
        {'rating': 5}
        """
        self._sender.send(calls.changing(event, fields, self._sender.settings), retry=retry, timeout=timeout)


class Sessions:
    """Create sessions, the roots of traces."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def create(
        self,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        **fields: Unpack[CreateSessionRequestInput],
    ) -> CreateSessionResponse:
        """Start a session, or add to the one that has this `session_id`.

        Args:
            retry: False for one attempt, or a `RetryPolicy`; None for the client's.
            timeout: Seconds for one attempt; None for the client's.
            **fields: The fields of CreateSessionRequest. `session_id` left out is made here, so a retry
                is the same session. A second call with the same id merges `metadata` and
                `user_properties` and returns the session that exists.

        Returns:
            The session's own event, with `session_id`.

        Raises:
            EventError: The input cannot become a session; the error names the path. Nothing was sent.
            APIError: The service did not take it; see docs/failures.md.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     session = hh.sessions.create(session_name="support chat")
        ...     step = hh.events.create("tool", session_id=session.session_id)
        >>> session.event_id == session.session_id
        True
        """
        session_id, call = calls.session_creation(fields, self._sender.settings)
        reply = self._sender.send(call, retry=retry, timeout=timeout, accept=calls.DELIVERED)
        return calls.session_created(session_id, reply)
