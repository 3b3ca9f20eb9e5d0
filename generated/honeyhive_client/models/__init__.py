# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""All data models of requests and answers."""

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
