# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The name of the Python model of each component of openapi.yaml."""

NAMES: dict[str, str] = {
    "ErrorResponse": "ErrorResponse",
    "EventSearchFilter": "EventFilter",
    "ExportEventsResponse": "SearchEventsResponse",
    "GetEventResponse": "GetEventResponse",
    "LegacyEvent": "Event",
    "PartialBatchResponse": "PartialBatchResponse",
    "PostEventBatchRequest": "CreateEventBatchRequest",
    "PostEventBatchResponse": "CreateEventBatchResponse",
    "PostEventRequest": "CreateEventRequest",
    "PostEventResponse": "CreateEventResponse",
    "PostSessionStartResponse": "CreateSessionResponse",
    "SearchEventsRequest": "SearchEventsRequest",
    "SessionEventBatchRequest": "CreateSessionEventBatchRequest",
    "SessionProperties": "SessionProperties",
    "SessionTracesResponse": "CreateSessionEventBatchResponse",
    "StartSessionRequest": "CreateSessionRequest",
    "UpdateEventRequest": "UpdateEventRequest",
}
