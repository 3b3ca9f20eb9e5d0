"""From a row to the event that a search yields. Pure."""

from __future__ import annotations

from typing import Any

from honeyhive_client.models import Event

UNREADABLE = "unreadable"  # the property of an Event that holds a row that is not an object


def as_event(value: Any) -> Event:
    """Return a row as a typed event. Values of other types than the API document's stay as they are."""
    if value.__class__ is dict:
        return Event.from_dict(value)
    event = Event()
    event[UNREADABLE] = value
    return event


def as_it_came(value: Any) -> Any:
    """Return a row as the service sent it."""
    return value
