"""What callers give as an event: a mapping, an event that was read, or something with an id. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from honeyhive_client.models import CreateEventResponse
from honeyhive_client.request_fields import REQUEST_FIELDS

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.ids import uuid_str
from honeyhive_ext.serialize.encoders import encoder_for, kind_of, type_name

# Imported when one is given: the others need not wait for it.
if TYPE_CHECKING:
    pass


def mapping_of(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a mapping of a caller as one that can be read without running its code.

    Raises:
        EventError: Reading it raises.
    """
    kind = kind_of(given)
    if kind is dict:
        return given
    try:
        encoder = encoder_for(kind)
        return dict(given) if encoder is None else encoder(given)
    except Exception as error:
        if from_a_signal_handler(error):
            raise
        raise EventError(f"reading the {type_name(given)} raises {type_name(error)}") from error


def sendable(event: Any) -> dict[str, Any] | None:
    """Return the fields with which an event that was read is created once more; None for anything else.

    What is null is left out, and so is what the service adds of its own, which it refuses from others.
    """
    from honeyhive_ext.reading.event import Event

    if not issubclass(kind_of(event), Event):
        return None
    raw = cast("object", event.raw)
    fields: Mapping[str, Any] = cast("Mapping[str, Any]", raw) if isinstance(raw, dict) else {}
    names = REQUEST_FIELDS["CreateEventRequest"]
    return {name: fields[name] for name in names if fields.get(name) is not None}


def event_id_of(event: Any) -> str:
    """Return the id in an event, in the answer to its creation or in a mapping, or the id that is given.

    Raises:
        EventError: There is none, or it is not a UUID.
    """
    # Here, since only updates need them and they are slow to import.
    from honeyhive_client import models

    from honeyhive_ext.reading.event import Event

    kind = kind_of(event)
    if issubclass(kind, (Event, models.Event, CreateEventResponse)):
        given = event.event_id
    elif issubclass(kind, Mapping):
        given = mapping_of(event).get("event_id")
    elif not issubclass(kind, (str, UUID)) and hasattr(kind, "event_id"):  # the block of a span
        given = event.event_id
    else:
        return uuid_str(event, "event_id")
    if not isinstance(given, (str, UUID)):  # null or unset, as in an answer that lacks it
        raise EventError(f"the {kind.__name__} has no event_id: give the id itself", path="event_id")
    return uuid_str(given, "event_id")
