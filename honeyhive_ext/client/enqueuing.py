"""`events.enqueue` and `events.enqueue_update` of both clients: plain calls, which wait for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.batch.limits import ObservedSizeLimit
from honeyhive_ext.config.unpicklable import Unpicklable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Unpack
    from uuid import UUID

    from honeyhive_client.models import CreateEventRequest, CreateEventResponse, EventType
    from honeyhive_client.typed_dicts import CreateEventRequestInput, UpdateEventRequestInput

    from honeyhive_ext.client.later import Later
    from honeyhive_ext.payload.ids import HasEventId
    from honeyhive_ext.reading.event import Event


class Enqueuing(Unpicklable):
    """The part of `events` that hands over and does not wait.

    Attributes:
        later: What takes events and updates. The client sets it.
        observed_limit: The size that the service accepts for the bodies of batches, from its 413 answers.
    """

    later: Later

    def __init__(self) -> None:
        self.observed_limit = ObservedSizeLimit()

    def enqueue(
        self,
        event: EventType | Mapping[str, Any] | CreateEventRequest | Event | None = None,
        /,
        **fields: Unpack[CreateEventRequestInput],
    ) -> str:
        """Record one event and do not wait: it is sent later, in the background.

        The input becomes an event now, so a later change of it has no effect. See docs/background.md.

        Args:
            event: As for `create`.
            **fields: As for `create`.

        Returns:
            The event's id.

        Raises:
            EventError: The input cannot become an event; `error.path` names the value. It was not taken.
            QueueFullError: There is no room, and the client has `Background(overflow="raise")`.
            ConfigError: The client was made with `background=False`, or it is closed.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     event_id = hh.events.enqueue("tool", event_name="search", inputs={"query": "traces"})
        ...     print(hh.events.get(event_id).event_name)
        search
        """
        return self.later.enqueue(event, fields)

    def enqueue_update(
        self,
        event: Event | CreateEventResponse | HasEventId | Mapping[str, Any] | str | UUID,
        /,
        **fields: Unpack[UpdateEventRequestInput],
    ) -> None:
        """Add fields to an event and do not wait: the update is sent later, in the background.

        It is sent after everything that this client took before for the same event. If that event still
        waits, the update becomes a part of it.

        Args:
            event: As for `update`, such as the id that `enqueue` returned.
            **fields: As for `update`.

        Raises:
            EventError: There is no field, or one that the service would ignore. It was not taken.
            QueueFullError: There is no room, and the client has `Background(overflow="raise")`.
            ConfigError: The client was made with `background=False`, or it is closed.

        >>> from honeyhive_ext import HoneyHive
        >>> with HoneyHive() as hh:
        ...     event_id = hh.events.enqueue("model", outputs={"answer": "42"})
        ...     hh.events.enqueue_update(event_id, feedback={"rating": 5})
        ...     print(hh.events.get(event_id).feedback)
        {'rating': 5}
        """
        self.later.enqueue_update(event, fields)
