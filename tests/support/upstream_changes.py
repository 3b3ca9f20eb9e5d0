"""A document as the service writes it, and every kind of change of it, with the line of the report."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.support.contract import document

Change = Callable[[Any], object]


def upstream() -> Any:
    """Our document as the service writes it: aliases, unions, and fewer answers."""
    root = copy.deepcopy(document())
    schemas = root["components"]["schemas"]
    search = schemas["SearchEventsRequest"]["properties"]
    schemas["SearchEventsRequestDateRange"] = search["dateRange"]
    search["dateRange"] = {"$ref": "#/components/schemas/SearchEventsRequestDateRange"}
    schemas["EventSearchFiltersArray"] = search["filters"]
    search["filters"] = {"$ref": "#/components/schemas/EventSearchFiltersArray", "description": "x"}
    value = schemas["EventSearchFilter"]["properties"]["value"]
    value["anyOf"] = [{"type": kind} for kind in value.pop("type")]
    schemas["PostEventRequest"]["properties"]["metadata"]["additionalProperties"] = {}
    for field in ("event_id", "session_id", "parent_id"):
        del schemas["PostEventRequest"]["properties"][field]["format"]
    del schemas["UpdateEventRequest"]["additionalProperties"]
    schemas["LegacyEvent"]["properties"]["event_type"] = {"type": "string", "enum": ["model", "tool"]}
    for operations in root["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                for status in ("401", "403", "408", "413", "429", "5XX"):
                    operation["responses"].pop(status, None)
                operation["responses"]["400"] = {"description": "Bad request"}
    return root


def props(name: str) -> Callable[[Any], Any]:
    return lambda root: root["components"]["schemas"][name]["properties"]


def schema(name: str) -> Callable[[Any], Any]:
    return lambda root: root["components"]["schemas"][name]


def operation(root: Any, path: str = "/v1/events", method: str = "post") -> Any:
    return root["paths"][path][method]


def optional_parameter(root: Any) -> None:
    operation(root)["parameters"] = [{"in": "query", "name": "dry_run", "schema": {"type": "boolean"}}]


def required_parameter(root: Any) -> None:
    operation(root)["parameters"] = [
        {"in": "query", "name": "region", "required": True, "schema": {"type": "string"}}
    ]


def moved(root: Any) -> None:
    root["paths"]["/v2/events"] = root["paths"].pop("/v1/events")


def new_operation(root: Any) -> None:
    root["paths"]["/v1/events/count"] = {
        "post": {"operationId": "countEvents", "tags": ["Events"], "responses": {}},
        "put": {"operationId": "old", "tags": ["Events"], "deprecated": True, "responses": {}},
    }
    root["paths"]["/v1/datasets"] = {"get": {"operationId": "getDatasets", "responses": {}}}


CHANGES: dict[str, tuple[Change, str]] = {
    "request property added": (
        lambda r: props("PostEventRequest")(r).update(priority={"type": "integer", "minimum": 0}),
        "added: PostEventRequest.priority: an optional property (harmless)",
    ),
    "required request property added": (
        lambda r: (
            props("PostEventRequest")(r).update(tenant={"type": "string"}),
            schema("PostEventRequest")(r)["required"].append("tenant"),
        ),
        "added: PostEventRequest.tenant: a required property (breaks senders)",
    ),
    "request property removed": (
        lambda r: props("PostEventRequest")(r).pop("project_id"),
        "removed: PostEventRequest.project_id: a property (breaks senders)",
    ),
    "request property now required": (
        lambda r: schema("PostEventRequest")(r)["required"].append("event_name"),
        "changed: PostEventRequest.event_name: is now required (breaks senders)",
    ),
    "request property no longer required": (
        lambda r: schema("PostEventRequest")(r)["required"].remove("inputs"),
        "changed: PostEventRequest.inputs: is no longer required (harmless)",
    ),
    "request type widened": (
        lambda r: props("PostEventRequest")(r)["outputs"].update(type=["object", "null"]),
        "changed: PostEventRequest.outputs: object is now null or object (harmless)",
    ),
    "request type narrowed": (
        lambda r: props("PostEventRequest")(r)["error"].update(type="string"),
        "changed: PostEventRequest.error: null or string is now string (breaks senders)",
    ),
    "request type narrowed within numbers": (
        lambda r: props("PostEventRequest")(r)["duration"].update(type="integer"),
        "changed: PostEventRequest.duration: number is now integer (breaks senders)",
    ),
    "item type changed": (
        lambda r: props("PostEventRequest")(r)["children_ids"]["items"].update(type="integer"),
        "changed: PostEventRequest.children_ids[]: string is now integer (breaks senders)",
    ),
    "enum value added": (
        lambda r: props("EventSearchFilter")(r)["operator"]["enum"].insert(0, "starts with"),
        "added: EventSearchFilter.operator: the value 'starts with' (harmless)",
    ),
    "enum value removed": (
        lambda r: props("EventSearchFilter")(r)["operator"]["enum"].remove("contains"),
        "removed: EventSearchFilter.operator: the value 'contains' (breaks senders)",
    ),
    "enum introduced": (
        lambda r: props("PostEventRequest")(r)["source"].update(enum=["a", "b"]),
        "changed: PostEventRequest.source: only these values now: 'a', 'b' (breaks senders)",
    ),
    "enum dropped": (
        lambda r: props("PostEventRequest")(r)["event_type"].pop("enum"),
        "changed: PostEventRequest.event_type: any value now (harmless)",
    ),
    "limit loosened": (
        lambda r: props("SearchEventsRequest")(r)["limit"].update(maximum=5000),
        "changed: SearchEventsRequest.limit: maximum 1000 is now 5000 (harmless)",
    ),
    "limit tightened": (
        lambda r: props("SearchEventsRequest")(r)["limit"].update(maximum=100),
        "changed: SearchEventsRequest.limit: maximum 1000 is now 100 (breaks senders)",
    ),
    "limit introduced": (
        lambda r: props("PostEventBatchRequest")(r)["events"].update(maxItems=500),
        "changed: PostEventBatchRequest.events: maxItems none is now 500 (breaks senders)",
    ),
    "limit dropped": (
        lambda r: props("SearchEventsRequest")(r)["page"].pop("minimum"),
        "changed: SearchEventsRequest.page: minimum 1 is now none (harmless)",
    ),
    "format introduced": (
        lambda r: props("StartSessionRequest")(r)["session_id"].update(format="uuid"),
        "changed: StartSessionRequest.session_id: the format None is now uuid (breaks senders)",
    ),
    "request closed": (
        lambda r: schema("SessionProperties")(r).update(additionalProperties=False),
        "changed: SessionProperties: unknown properties are now refused (breaks senders)",
    ),
    "request opened": (
        lambda r: schema("StartSessionRequest")(r).update(additionalProperties=True),
        "changed: StartSessionRequest: unknown properties are now accepted (harmless)",
    ),
    "request property deprecated": (
        lambda r: props("PostEventRequest")(r)["source"].update(deprecated=True),
        "changed: PostEventRequest.source: is now deprecated (harmless)",
    ),
    "answer property added": (
        lambda r: props("LegacyEvent")(r).update(cost={"type": "number"}),
        "added: LegacyEvent.cost: a property (harmless)",
    ),
    "answer property removed": (
        lambda r: props("PostEventResponse")(r).pop("success"),
        "removed: PostEventResponse.success: a property (breaks readers)",
    ),
    "answer property no longer promised": (
        lambda r: schema("ExportEventsResponse")(r)["required"].remove("count"),
        "changed: ExportEventsResponse.count: is no longer always there (breaks readers)",
    ),
    "answer type changed": (
        lambda r: props("ExportEventsResponse")(r)["count"].update(type="string"),
        "changed: ExportEventsResponse.count: number may now be string (breaks readers)",
    ),
    "operation moved": (
        moved,
        "changed: createEvent: POST /v1/events is now POST /v2/events (breaks senders)",
    ),
    "operation removed": (
        lambda r: r["paths"].pop("/v1/sessions"),
        "removed: createSession: POST /v1/sessions (breaks senders)",
    ),
    "parameter added": (
        optional_parameter,
        "added: createEvent parameter dry_run: in the query, optional (harmless)",
    ),
    "required parameter added": (
        required_parameter,
        "added: createEvent parameter region: in the query, required (breaks senders)",
    ),
    "parameter removed": (
        lambda r: r["paths"]["/v1/events/{event_id}"].pop("parameters"),
        "removed: getEvent parameter event_id: in the path (breaks senders)",
    ),
    "body removed": (
        lambda r: operation(r).pop("requestBody"),
        "removed: createEvent request: the body (breaks senders)",
    ),
    "answer added": (
        lambda r: operation(r)["responses"].update({"202": {"description": "Taken"}}),
        "added: createEvent 202: an answer (breaks readers)",
    ),
    "version": (
        lambda r: r["info"].update(version="2.0.0"),
        "changed: the document: version 1.9.0 is now 2.0.0 (harmless)",
    ),
}
BY_HAND = ("operation", "parameter", "required parameter", "body removed", "answer added")
