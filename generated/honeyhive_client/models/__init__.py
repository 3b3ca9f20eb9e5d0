# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The models of requests and responses. Each is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .create_event_batch_request import CreateEventBatchRequest
    from .create_event_batch_response import CreateEventBatchResponse
    from .create_event_request import CreateEventRequest
    from .create_event_response import CreateEventResponse
    from .create_session_event_batch_request import CreateSessionEventBatchRequest
    from .create_session_event_batch_response import CreateSessionEventBatchResponse
    from .create_session_request import CreateSessionRequest
    from .create_session_response import CreateSessionResponse
    from .date_range import DateRange
    from .error_response import ErrorResponse
    from .event import Event
    from .event_filter import EventFilter
    from .event_type import EventType
    from .filter_operator import FilterOperator
    from .filter_type import FilterType
    from .get_event_response import GetEventResponse
    from .partial_batch_response import PartialBatchResponse
    from .search_events_request import SearchEventsRequest
    from .search_events_response import SearchEventsResponse
    from .session_properties import SessionProperties
    from .update_event_request import UpdateEventRequest

_MODULES = {
    "CreateEventBatchRequest": ".create_event_batch_request",
    "CreateEventBatchResponse": ".create_event_batch_response",
    "CreateEventRequest": ".create_event_request",
    "CreateEventResponse": ".create_event_response",
    "CreateSessionEventBatchRequest": ".create_session_event_batch_request",
    "CreateSessionEventBatchResponse": ".create_session_event_batch_response",
    "CreateSessionRequest": ".create_session_request",
    "CreateSessionResponse": ".create_session_response",
    "DateRange": ".date_range",
    "ErrorResponse": ".error_response",
    "Event": ".event",
    "EventFilter": ".event_filter",
    "EventType": ".event_type",
    "FilterOperator": ".filter_operator",
    "FilterType": ".filter_type",
    "GetEventResponse": ".get_event_response",
    "PartialBatchResponse": ".partial_batch_response",
    "SearchEventsRequest": ".search_events_request",
    "SearchEventsResponse": ".search_events_response",
    "SessionProperties": ".session_properties",
    "UpdateEventRequest": ".update_event_request",
}

__all__ = (
    "CreateEventBatchRequest",
    "CreateEventBatchResponse",
    "CreateEventRequest",
    "CreateEventResponse",
    "CreateSessionEventBatchRequest",
    "CreateSessionEventBatchResponse",
    "CreateSessionRequest",
    "CreateSessionResponse",
    "DateRange",
    "ErrorResponse",
    "Event",
    "EventFilter",
    "EventType",
    "FilterOperator",
    "FilterType",
    "GetEventResponse",
    "PartialBatchResponse",
    "SearchEventsRequest",
    "SearchEventsResponse",
    "SessionProperties",
    "UpdateEventRequest",
)


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(module, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
