"""What a search hands its caller for a row. Pure."""

from __future__ import annotations

from typing import Any

from honeyhive_client.models import Event

UNREADABLE = "unreadable"  # the property of an Event that holds a row which is no object


def as_event(value: Any) -> Event:
    """A row as a typed event. Values of other types than the document's are kept as they came."""
    if value.__class__ is dict:
        return Event.from_dict(value)
    event = Event()
    event[UNREADABLE] = value
    return event


def as_it_came(value: Any) -> Any:
    """A row as the service sent it."""
    return value
