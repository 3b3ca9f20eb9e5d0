# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""A table of the fields of each request, for programs; `typed_dicts` says the same to type checkers.

It is a separate file because `honeyhive_ext` needs it at its first request, and never the typed dictionaries,
which are slow to make.
"""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen

from .types import shown


@frozen
class Field:
    """One property of a request model, as openapi.yaml describes it.

    Attributes:
        name: The name of the property in JSON.
        types: The JSON types it may have; empty if the document allows any.
        required: Whether the service refuses a request without it.
        unit: "unix-ms" for a point in time, "ms" for a duration, None for anything else.
        format: "uuid", "date-time" or None.
        enum: The values it may have, or None for any value of its types.
        items: The JSON types of the items of its array; empty if it is not an array, or may have any items.
        model: The request model of its value, or of the items of its array; None for plain JSON.
        minimum: The least number allowed, or None.
        maximum: The greatest number allowed, or None.
        closed: Whether the objects of `model` refuse other properties.
    """

    name: str
    types: tuple[str, ...]
    required: bool
    unit: Literal["unix-ms", "ms"] | None = None
    format: str | None = None
    enum: tuple[Any, ...] | None = None
    items: tuple[str, ...] = ()
    model: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    closed: bool = False

    def __repr__(self) -> str:
        return shown(self)

    @property
    def nullable(self) -> bool:
        """Whether the property may be null."""
        return not self.types or "null" in self.types


REQUEST_FIELDS: Mapping[str, Mapping[str, Field]] = {
    "CreateEventRequest": {
        "event_type": Field(
            name="event_type", types=("string",), required=True, enum=("model", "tool", "chain", "session")
        ),
        "inputs": Field(name="inputs", types=("object",), required=True),
        "event_id": Field(name="event_id", types=("string",), format="uuid", required=False),
        "session_id": Field(name="session_id", types=("string",), format="uuid", required=False),
        "parent_id": Field(name="parent_id", types=("string",), format="uuid", required=False),
        "children_ids": Field(name="children_ids", types=("array",), required=False, items=("string",)),
        "event_name": Field(name="event_name", types=("string",), required=False),
        "source": Field(name="source", types=("string",), required=False),
        "project_id": Field(name="project_id", types=("string",), required=False),
        "config": Field(name="config", types=("object",), required=False),
        "outputs": Field(name="outputs", types=("object",), required=False),
        "metadata": Field(name="metadata", types=("object",), required=False),
        "metrics": Field(name="metrics", types=("object",), required=False),
        "feedback": Field(name="feedback", types=("object",), required=False),
        "user_properties": Field(name="user_properties", types=("object",), required=False),
        "error": Field(name="error", types=("string", "null"), required=False),
        "start_time": Field(name="start_time", types=("number",), unit="unix-ms", required=False),
        "end_time": Field(name="end_time", types=("number",), unit="unix-ms", required=False),
        "duration": Field(name="duration", types=("number",), unit="ms", required=False),
    },
    "UpdateEventRequest": {
        "metadata": Field(name="metadata", types=("object",), required=False),
        "feedback": Field(name="feedback", types=("object",), required=False),
        "metrics": Field(name="metrics", types=("object",), required=False),
        "config": Field(name="config", types=("object",), required=False),
        "user_properties": Field(name="user_properties", types=("object",), required=False),
        "outputs": Field(name="outputs", types=("object", "null"), required=False),
        "duration": Field(name="duration", types=("number",), unit="ms", required=False),
        "end_time": Field(name="end_time", types=("number",), unit="unix-ms", required=False),
        "children_ids": Field(name="children_ids", types=("array",), required=False, items=("string",)),
    },
    "EventFilter": {
        "field": Field(name="field", types=("string",), required=True),
        "operator": Field(
            name="operator",
            types=("string",),
            required=True,
            enum=(
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
            ),
        ),
        "value": Field(name="value", types=("string", "number", "boolean", "null"), required=True),
        "type": Field(
            name="type", types=("string",), required=False, enum=("string", "number", "boolean", "datetime")
        ),
    },
    "DateRange": {
        "start_time": Field(name="start_time", types=("string",), format="date-time", required=True),
        "end_time": Field(name="end_time", types=("string",), format="date-time", required=True),
    },
    "SearchEventsRequest": {
        "filters": Field(
            name="filters",
            types=("array",),
            required=False,
            items=("object",),
            model="EventFilter",
            closed=True,
        ),
        "dateRange": Field(
            name="dateRange", types=("object",), required=False, model="DateRange", closed=True
        ),
        "limit": Field(name="limit", types=("integer",), required=False, minimum=1, maximum=1000),
        "page": Field(name="page", types=("integer",), required=False, minimum=1),
        "ignore_order": Field(name="ignore_order", types=("boolean",), required=False),
        "evaluation_id": Field(name="evaluation_id", types=("string",), required=False),
    },
    "SessionProperties": {
        "session_name": Field(name="session_name", types=("string",), required=False),
        "start_time": Field(name="start_time", types=("number",), unit="unix-ms", required=False),
        "user_properties": Field(name="user_properties", types=("object",), required=False),
        "metadata": Field(name="metadata", types=("object",), required=False),
    },
    "CreateEventBatchRequest": {
        "events": Field(
            name="events",
            types=("array",),
            required=True,
            items=("object",),
            model="CreateEventRequest",
            closed=True,
        ),
        "single_session": Field(name="single_session", types=("boolean",), required=False),
        "session_properties": Field(
            name="session_properties", types=("object",), required=False, model="SessionProperties"
        ),
    },
    "CreateSessionRequest": {
        "session_id": Field(name="session_id", types=("string",), required=False),
        "session_name": Field(name="session_name", types=("string",), required=False),
        "event_name": Field(name="event_name", types=("string",), required=False),
        "source": Field(name="source", types=("string",), required=False),
        "start_time": Field(name="start_time", types=("number",), unit="unix-ms", required=False),
        "end_time": Field(name="end_time", types=("number",), unit="unix-ms", required=False),
        "duration": Field(name="duration", types=("number",), unit="ms", required=False),
        "config": Field(name="config", types=("object",), required=False),
        "inputs": Field(name="inputs", types=("object",), required=False),
        "outputs": Field(name="outputs", types=("object",), required=False),
        "metadata": Field(name="metadata", types=("object",), required=False),
        "user_properties": Field(name="user_properties", types=("object",), required=False),
        "children_ids": Field(name="children_ids", types=("array",), required=False, items=("string",)),
    },
    "CreateSessionEventBatchRequest": {
        "events": Field(
            name="events",
            types=("array",),
            required=True,
            items=("object",),
            model="CreateEventRequest",
            closed=True,
        ),
    },
}


__all__ = ["REQUEST_FIELDS", "Field"]
