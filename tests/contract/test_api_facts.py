"""The facts of the service's own document (data plane 1.9.0), which openapi.yaml must not drift from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contract import document

# operationId: method, path, request schema, response schema, tag
OPERATIONS = {
    "createEvent": ("post", "/v1/events", "PostEventRequest", "PostEventResponse", "Events"),
    "getEvent": ("get", "/v1/events/{event_id}", None, "GetEventResponse", "Events"),
    "updateEvent": ("put", "/v1/events/{event_id}", "UpdateEventRequest", None, "Events"),
    "searchEvents": ("post", "/v1/events/search", "SearchEventsRequest", "ExportEventsResponse", "Events"),
    "createEventBatch": (
        "post",
        "/v1/events/batch",
        "PostEventBatchRequest",
        "PostEventBatchResponse",
        "Events",
    ),
    "createSession": ("post", "/v1/sessions", "StartSessionRequest", "PostSessionStartResponse", "Sessions"),
    "createSessionEventBatch": (
        "post",
        "/v1/sessions/{session_id}/events/batch",
        "SessionEventBatchRequest",
        "SessionTracesResponse",
        "Sessions",
    ),
}

OBJECTS = ("inputs", "config", "outputs", "metadata", "metrics", "feedback", "user_properties")
EVENT = {
    "event_type": "string",
    "event_id": "string",
    "session_id": "string",
    "parent_id": "string",
    "children_ids": "array",
    "event_name": "string",
    "source": "string",
    "project_id": "string",
    **dict.fromkeys(OBJECTS, "object"),
    "error": {"string", "null"},
    "start_time": "number",
    "end_time": "number",
    "duration": "number",
}

# schema: the types of its properties; a set is a union, None is any type, a name is a reference
PROPERTIES: dict[str, dict[str, Any]] = {
    "PostEventRequest": EVENT,
    "PostEventResponse": {"success": "boolean", "event_id": "string"},
    "PostEventBatchRequest": {
        "events": "array",
        "single_session": "boolean",
        "session_properties": "SessionProperties",
    },
    "SessionProperties": {
        "session_name": "string",
        "start_time": "number",
        "user_properties": "object",
        "metadata": "object",
    },
    "PostEventBatchResponse": {
        "event_ids": "array",
        "success": "boolean",
        "session_id": {"string", "null"},
    },
    "SearchEventsRequest": {
        "filters": "array",
        "dateRange": "object",
        "limit": "integer",
        "page": "integer",
        "ignore_order": "boolean",
        "evaluation_id": "string",
    },
    "EventSearchFilter": {
        "field": "string",
        "operator": "string",
        "value": {"string", "number", "boolean", "null"},
        "type": "string",
    },
    "ExportEventsResponse": {"events": "array", "count": "number"},
    "GetEventResponse": {"event": "LegacyEvent"},
    "LegacyEvent": {
        **{name: ({kind} if isinstance(kind, str) else kind) | {"null"} for name, kind in EVENT.items()},
        "project": {"string", "null"},
    },
    "UpdateEventRequest": {
        **dict.fromkeys(("metadata", "feedback", "metrics", "config", "user_properties"), "object"),
        "outputs": {"object", "null"},
        "duration": "number",
        "end_time": "number",
        "children_ids": "array",
    },
    "StartSessionRequest": {
        **dict.fromkeys(("session_id", "session_name", "event_name", "source"), "string"),
        **dict.fromkeys(("start_time", "end_time", "duration"), "number"),
        **dict.fromkeys(("config", "inputs", "outputs", "metadata", "user_properties"), "object"),
        "children_ids": "array",
    },
    "PostSessionStartResponse": {
        **dict.fromkeys(("event_id", "session_id", "org_id", "workspace_id", "project_id"), "string"),
        **{key: {"string", "null"} for key in ("parent_id", "event_type", "event_name", "error", "source")},
        "children_ids": {"array", "null"},
        **dict.fromkeys(OBJECTS, None),
        **{key: {"number", "null"} for key in ("duration", "start_time", "end_time")},
    },
    "SessionEventBatchRequest": {"events": "array"},
    "SessionTracesResponse": {"success": "boolean"},
    "PartialBatchResponse": {
        "event_ids": "array",
        "errors": {"array", "null"},
        "success": {"boolean", "null"},
    },
    "ErrorResponse": {
        "statusCode": {"integer", "null"},
        "message": "string",
        "success": {"boolean", "null"},
        "errorCode": {"string", "null"},
    },
}

REQUIRED = {
    "PostEventRequest": {"event_type", "inputs"},
    "PostEventResponse": {"success", "event_id"},
    "PostEventBatchRequest": {"events"},
    "PostEventBatchResponse": {"event_ids", "success"},
    "EventSearchFilter": {"field", "operator", "value"},
    "ExportEventsResponse": {"events", "count"},
    "GetEventResponse": {"event"},
    "PostSessionStartResponse": {"event_id", "session_id", "org_id", "workspace_id", "project_id"},
    "SessionEventBatchRequest": {"events"},
    "SessionTracesResponse": {"success"},
    "PartialBatchResponse": {"event_ids"},
    "ErrorResponse": {"message"},
}

CLOSED = {
    "PostEventRequest",
    "PostEventBatchRequest",
    "SearchEventsRequest",
    "EventSearchFilter",
    "UpdateEventRequest",
    "StartSessionRequest",
    "SessionEventBatchRequest",
}

OPERATORS = [
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


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"][name]
    return found


def _kind(property_schema: dict[str, Any]) -> Any:
    if "$ref" in property_schema:
        return property_schema["$ref"].rsplit("/", 1)[1]
    kind = property_schema.get("type")
    return set(kind) if isinstance(kind, list) else kind


def _named(content: dict[str, Any] | None) -> str | None:
    return content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1] if content else None


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name: str) -> None:
    method, path, request, response, tag = OPERATIONS[name]
    operation = document()["paths"][path][method]
    assert operation["operationId"] == name
    assert operation["tags"] == [tag]
    assert _named(operation.get("requestBody", {}).get("content")) == request
    assert _named(operation["responses"]["200"].get("content")) == response


def test_there_are_no_other_operations_and_schemas() -> None:
    methods = ("get", "put", "post", "delete", "patch")
    found = [
        item[method]["operationId"]
        for item in document()["paths"].values()
        for method in methods
        if method in item
    ]
    assert sorted(found) == sorted(OPERATIONS)
    assert document()["components"]["schemas"].keys() == PROPERTIES.keys()


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_and_their_types(name: str) -> None:
    assert {key: _kind(inner) for key, inner in schema(name)["properties"].items()} == PROPERTIES[name]


@pytest.mark.parametrize("name", PROPERTIES)
def test_required_and_further_properties(name: str) -> None:
    assert set(schema(name).get("required", [])) == REQUIRED.get(name, set())
    assert (schema(name).get("additionalProperties") is False) == (name in CLOSED)


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [
        ("PostEventRequest", "event_type", ["model", "tool", "chain", "session"]),
        ("EventSearchFilter", "operator", OPERATORS),
        ("EventSearchFilter", "type", ["string", "number", "boolean", "datetime"]),
    ],
)
def test_enums(name: str, field: str, values: list[str]) -> None:
    assert schema(name)["properties"][field]["enum"] == values


def test_limits_and_defaults_of_a_search() -> None:
    fields = schema("SearchEventsRequest")["properties"]
    assert {key: fields["limit"][key] for key in ("minimum", "maximum", "default")} == {
        "minimum": 1,
        "maximum": 1000,
        "default": 1000,
    }
    assert {key: fields["page"][key] for key in ("minimum", "default")} == {"minimum": 1, "default": 1}
    assert fields["ignore_order"]["deprecated"] is True


def test_a_date_range_has_both_ends_as_date_times() -> None:
    date_range = schema("SearchEventsRequest")["properties"]["dateRange"]
    assert date_range["required"] == ["start_time", "end_time"]
    assert date_range["additionalProperties"] is False
    assert {inner["format"] for inner in date_range["properties"].values()} == {"date-time"}


@pytest.mark.parametrize("field", ["event_id", "session_id", "parent_id"])
def test_ids_of_an_event_are_uuids(field: str) -> None:
    assert schema("PostEventRequest")["properties"][field]["format"] == "uuid"


def test_ids_in_paths_are_uuids() -> None:
    for parameter in document()["components"]["parameters"].values():
        assert parameter["schema"]["format"] == "uuid"
        assert parameter["required"] is True


def test_a_session_id_that_is_no_uuid_may_be_sent() -> None:
    """The service makes its own instead, so the document does not forbid it."""
    assert "format" not in schema("StartSessionRequest")["properties"]["session_id"]


@pytest.mark.parametrize("name", ["PostEventBatchRequest", "SessionEventBatchRequest"])
def test_batches_hold_events(name: str) -> None:
    items = schema(name)["properties"]["events"]["items"]
    assert items == {"$ref": "#/components/schemas/PostEventRequest"}


def test_a_batch_is_not_one_session_by_default() -> None:
    assert schema("PostEventBatchRequest")["properties"]["single_session"]["default"] is False


def test_bearer_token_and_both_servers() -> None:
    assert document()["security"] == [{"bearerAuth": []}]
    assert document()["components"]["securitySchemes"]["bearerAuth"]["scheme"] == "bearer"
    assert [server["url"] for server in document()["servers"]] == [
        "https://api.dp1.us.honeyhive.ai",
        "https://api.honeyhive.ai",
    ]
