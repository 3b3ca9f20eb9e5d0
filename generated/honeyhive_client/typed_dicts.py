# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""Every request model as typed dictionaries.

`XDict` is the JSON of a request. `XInput` is what `honeyhive_ext` accepts as keyword arguments and turns into
that JSON: times as `datetime` or Unix ms, durations as `timedelta` or ms, ids as `UUID` or str.
`request_fields` says the same to programs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Required, TypedDict
from uuid import UUID

from . import models


class CreateEventRequestDict(TypedDict, total=False):
    """`CreateEventRequest` as a dictionary, as a request has it. One event to create. No other property is
    allowed.
    """

    event_type: Required[Literal["model", "tool", "chain", "session"]]
    """Whether the step is a model call, a tool call, a chain of steps or a whole session."""
    inputs: Required[dict[str, Any]]
    """The input of the step, any JSON object."""
    event_id: str
    """The id of the event, a UUID. The service makes one if it is left out."""
    session_id: str
    """The id of the trace that the event belongs to, a UUID. The service makes one if it is left out."""
    parent_id: str
    """The id of the event that this one is a step of, a UUID. The service uses session_id if it is left out.
    """
    children_ids: list[str]
    """The ids of the steps below this one."""
    event_name: str
    """A name of the step, for people. The service stores "unknown" if it is left out."""
    source: str
    """Which program or environment sent the event. The service stores "unknown" if it is left out."""
    project_id: str
    """The id of the project. Normally left out, as the API key decides the project."""
    config: dict[str, Any]
    """Settings of the step, such as the model's name and temperature."""
    outputs: dict[str, Any]
    """What the step returned, any JSON object."""
    metadata: dict[str, Any]
    """Facts about the step, such as cost and token counts."""
    metrics: dict[str, Any]
    """Numbers and judgements computed about the step, such as evaluator scores."""
    feedback: dict[str, Any]
    """What people said about the step."""
    user_properties: dict[str, Any]
    """Facts about the user for whom the step ran."""
    error: str | None
    """The text of the error that ended the step; null or left out if it succeeded."""
    start_time: float
    """When the step began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    end_time: float
    """When the step ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    duration: float
    """How long the step took, in milliseconds."""


class CreateEventRequestInput(TypedDict, total=False):
    """`CreateEventRequest` as a dictionary, as `honeyhive_ext` accepts it. One event to create. No other
    property is allowed.
    """

    event_type: Literal["model", "tool", "chain", "session"]
    """Whether the step is a model call, a tool call, a chain of steps or a whole session."""
    inputs: Mapping[str, Any]
    """The input of the step, any JSON object."""
    event_id: str | UUID
    """The id of the event, a UUID. The service makes one if it is left out."""
    session_id: str | UUID
    """The id of the trace that the event belongs to, a UUID. The service makes one if it is left out."""
    parent_id: str | UUID
    """The id of the event that this one is a step of, a UUID. The service uses session_id if it is left out.
    """
    children_ids: Sequence[str]
    """The ids of the steps below this one."""
    event_name: str
    """A name of the step, for people. The service stores "unknown" if it is left out."""
    source: str
    """Which program or environment sent the event. The service stores "unknown" if it is left out."""
    project_id: str
    """The id of the project. Normally left out, as the API key decides the project."""
    config: Mapping[str, Any]
    """Settings of the step, such as the model's name and temperature."""
    outputs: Mapping[str, Any]
    """What the step returned, any JSON object."""
    metadata: Mapping[str, Any]
    """Facts about the step, such as cost and token counts."""
    metrics: Mapping[str, Any]
    """Numbers and judgements computed about the step, such as evaluator scores."""
    feedback: Mapping[str, Any]
    """What people said about the step."""
    user_properties: Mapping[str, Any]
    """Facts about the user for whom the step ran."""
    error: str | None
    """The text of the error that ended the step; null or left out if it succeeded."""
    start_time: float | datetime
    """When the step began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    end_time: float | datetime
    """When the step ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    duration: float | timedelta
    """How long the step took, in milliseconds."""


class UpdateEventRequestDict(TypedDict, total=False):
    """`UpdateEventRequest` as a dictionary, as a request has it. What to add to a stored event. The service
    ignores unknown properties; this document forbids them.
    """

    metadata: dict[str, Any]
    """Merged into the stored metadata."""
    feedback: dict[str, Any]
    """Merged into the stored feedback."""
    metrics: dict[str, Any]
    """Merged into the stored metrics."""
    config: dict[str, Any]
    """Merged into the stored config."""
    user_properties: dict[str, Any]
    """Merged into the stored user_properties."""
    outputs: dict[str, Any] | None
    """Replaces the stored outputs. Null keeps them."""
    duration: float
    """Replaces the stored duration, in milliseconds."""
    end_time: float
    """Replaces the stored end_time, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    children_ids: list[str]
    """Replaces the stored children_ids. The service ignores an empty array."""


class UpdateEventRequestInput(TypedDict, total=False):
    """`UpdateEventRequest` as a dictionary, as `honeyhive_ext` accepts it. What to add to a stored event. The
    service ignores unknown properties; this document forbids them.
    """

    metadata: Mapping[str, Any]
    """Merged into the stored metadata."""
    feedback: Mapping[str, Any]
    """Merged into the stored feedback."""
    metrics: Mapping[str, Any]
    """Merged into the stored metrics."""
    config: Mapping[str, Any]
    """Merged into the stored config."""
    user_properties: Mapping[str, Any]
    """Merged into the stored user_properties."""
    outputs: Mapping[str, Any] | None
    """Replaces the stored outputs. Null keeps them."""
    duration: float | timedelta
    """Replaces the stored duration, in milliseconds."""
    end_time: float | datetime
    """Replaces the stored end_time, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    children_ids: Sequence[str]
    """Replaces the stored children_ids. The service ignores an empty array."""


class EventFilterDict(TypedDict, total=False):
    """`EventFilter` as a dictionary, as a request has it. One condition on one field. No other property is
    allowed.
    """

    field: Required[str]
    """A field of the event, or a dotted path into one of its objects."""
    operator: Required[
        Literal[
            "exists",
            "not exists",
            "is",
            "is not",
            "contains",
            "not contains",
            "greater than",
            "less than",
            "after",
            "before",
        ]
    ]
    """How the field is compared with the value."""
    value: Required[str | float | bool | None]
    """What the field is compared with. The operators exists and not exists ignore it."""
    type: Literal["string", "number", "boolean", "datetime"]
    """The type of the comparison. The default is the type of `value`."""


class EventFilterInput(TypedDict, total=False):
    """`EventFilter` as a dictionary, as `honeyhive_ext` accepts it. One condition on one field. No other
    property is allowed.
    """

    field: str
    """A field of the event, or a dotted path into one of its objects."""
    operator: Literal[
        "exists",
        "not exists",
        "is",
        "is not",
        "contains",
        "not contains",
        "greater than",
        "less than",
        "after",
        "before",
    ]
    """How the field is compared with the value."""
    value: str | float | bool | None
    """What the field is compared with. The operators exists and not exists ignore it."""
    type: Literal["string", "number", "boolean", "datetime"]
    """The type of the comparison. The default is the type of `value`."""


class DateRangeDict(TypedDict, total=False):
    """`DateRange` as a dictionary, as a request has it. The range of start_time, including both ends."""

    start_time: Required[str]
    """The earliest start_time, ISO 8601 with a UTC offset."""
    end_time: Required[str]
    """The latest start_time, ISO 8601 with a UTC offset."""


class DateRangeInput(TypedDict, total=False):
    """`DateRange` as a dictionary, as `honeyhive_ext` accepts it. The range of start_time, including both
    ends.
    """

    start_time: str | datetime
    """The earliest start_time, ISO 8601 with a UTC offset."""
    end_time: str | datetime
    """The latest start_time, ISO 8601 with a UTC offset."""


class SearchEventsRequestDict(TypedDict, total=False):
    """`SearchEventsRequest` as a dictionary, as a request has it. What to search for. No other property is
    allowed; an empty object returns the newest events.
    """

    filters: list[EventFilterDict]
    """Conditions that an event must meet, all of them (AND)."""
    dateRange: DateRangeDict
    """The range of start_time, including both ends."""
    limit: int
    """The most events to return, the size of a page."""
    page: int
    """Which page to return, from 1."""
    ignore_order: bool
    """Has no effect any more."""
    evaluation_id: str
    """Only events of this experiment run."""


class SearchEventsRequestInput(TypedDict, total=False):
    """`SearchEventsRequest` as a dictionary, as `honeyhive_ext` accepts it. What to search for. No other
    property is allowed; an empty object returns the newest events.
    """

    filters: Sequence[EventFilterInput | models.EventFilter]
    """Conditions that an event must meet, all of them (AND)."""
    dateRange: DateRangeInput | models.DateRange
    """The range of start_time, including both ends."""
    limit: int
    """The most events to return, the size of a page."""
    page: int
    """Which page to return, from 1."""
    ignore_order: bool
    """Has no effect any more."""
    evaluation_id: str
    """Only events of this experiment run."""


class SessionPropertiesDict(TypedDict, total=False):
    """`SessionProperties` as a dictionary, as a request has it. The properties of the new session of a
    single_session batch. Other properties are allowed.
    """

    session_name: str
    """The session's name."""
    start_time: float
    """When the session began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    user_properties: dict[str, Any]
    """Facts about the user of the session."""
    metadata: dict[str, Any]
    """Facts about the session."""


class SessionPropertiesInput(TypedDict, total=False):
    """`SessionProperties` as a dictionary, as `honeyhive_ext` accepts it. The properties of the new session
    of a single_session batch. Other properties are allowed.
    """

    session_name: str
    """The session's name."""
    start_time: float | datetime
    """When the session began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    user_properties: Mapping[str, Any]
    """Facts about the user of the session."""
    metadata: Mapping[str, Any]
    """Facts about the session."""


class CreateEventBatchRequestDict(TypedDict, total=False):
    """`CreateEventBatchRequest` as a dictionary, as a request has it. Many events to create at once. No other
    property is allowed.
    """

    events: Required[list[CreateEventRequestDict]]
    """The events, in any order."""
    single_session: bool
    """Whether all events of this request share one new session."""
    session_properties: SessionPropertiesDict
    """The properties of the new session of a single_session batch. Other properties are allowed."""


class CreateEventBatchRequestInput(TypedDict, total=False):
    """`CreateEventBatchRequest` as a dictionary, as `honeyhive_ext` accepts it. Many events to create at
    once. No other property is allowed.
    """

    events: Sequence[CreateEventRequestInput | models.CreateEventRequest]
    """The events, in any order."""
    single_session: bool
    """Whether all events of this request share one new session."""
    session_properties: SessionPropertiesInput | models.SessionProperties | Mapping[str, Any]
    """The properties of the new session of a single_session batch. Other properties are allowed."""


class CreateSessionRequestDict(TypedDict, total=False):
    """`CreateSessionRequest` as a dictionary, as a request has it. A session to start. No other property is
    allowed.
    """

    session_id: str
    """The session's id. The service makes a UUIDv4 if it is left out or is not a UUID."""
    session_name: str
    """The session's name."""
    event_name: str
    """The name of the session's event. The service uses session_name, then "unknown", if it is left out."""
    source: str
    """Which program or environment sent the session. The service stores "unknown" if it is left out."""
    start_time: float
    """When the session began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    end_time: float
    """When the session ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    duration: float
    """How long the session took, in milliseconds."""
    config: dict[str, Any]
    """Settings of the session."""
    inputs: dict[str, Any]
    """The input of the session."""
    outputs: dict[str, Any]
    """What the session returned."""
    metadata: dict[str, Any]
    """Facts about the session."""
    user_properties: dict[str, Any]
    """Facts about the user of the session."""
    children_ids: list[str]
    """The ids of the steps below the session."""


class CreateSessionRequestInput(TypedDict, total=False):
    """`CreateSessionRequest` as a dictionary, as `honeyhive_ext` accepts it. A session to start. No other
    property is allowed.
    """

    session_id: str
    """The session's id. The service makes a UUIDv4 if it is left out or is not a UUID."""
    session_name: str
    """The session's name."""
    event_name: str
    """The name of the session's event. The service uses session_name, then "unknown", if it is left out."""
    source: str
    """Which program or environment sent the session. The service stores "unknown" if it is left out."""
    start_time: float | datetime
    """When the session began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    end_time: float | datetime
    """When the session ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms)."""
    duration: float | timedelta
    """How long the session took, in milliseconds."""
    config: Mapping[str, Any]
    """Settings of the session."""
    inputs: Mapping[str, Any]
    """The input of the session."""
    outputs: Mapping[str, Any]
    """What the session returned."""
    metadata: Mapping[str, Any]
    """Facts about the session."""
    user_properties: Mapping[str, Any]
    """Facts about the user of the session."""
    children_ids: Sequence[str]
    """The ids of the steps below the session."""


class CreateSessionEventBatchRequestDict(TypedDict, total=False):
    """`CreateSessionEventBatchRequest` as a dictionary, as a request has it. Many events to add to one
    session.
    """

    events: Required[list[CreateEventRequestDict]]
    """The events. The service ignores their session_id."""


class CreateSessionEventBatchRequestInput(TypedDict, total=False):
    """`CreateSessionEventBatchRequest` as a dictionary, as `honeyhive_ext` accepts it. Many events to add to
    one session.
    """

    events: Sequence[CreateEventRequestInput | models.CreateEventRequest]
    """The events. The service ignores their session_id."""


__all__ = [
    "CreateEventBatchRequestDict",
    "CreateEventBatchRequestInput",
    "CreateEventRequestDict",
    "CreateEventRequestInput",
    "CreateSessionEventBatchRequestDict",
    "CreateSessionEventBatchRequestInput",
    "CreateSessionRequestDict",
    "CreateSessionRequestInput",
    "DateRangeDict",
    "DateRangeInput",
    "EventFilterDict",
    "EventFilterInput",
    "SearchEventsRequestDict",
    "SearchEventsRequestInput",
    "SessionPropertiesDict",
    "SessionPropertiesInput",
    "UpdateEventRequestDict",
    "UpdateEventRequestInput",
]
