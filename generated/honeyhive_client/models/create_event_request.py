# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..models.event_type import EventType
from ..types import UNSET, Unset, shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "event_type",
        "inputs",
        "event_id",
        "session_id",
        "parent_id",
        "children_ids",
        "event_name",
        "source",
        "project_id",
        "config",
        "outputs",
        "metadata",
        "metrics",
        "feedback",
        "user_properties",
        "error",
        "start_time",
        "end_time",
        "duration",
    }
)


@_attrs_define
class CreateEventRequest:
    """One event to create. No other property is allowed.

    Attributes:
        event_type: Whether the step is a model call, a tool call, a chain of steps or a whole session.
        inputs: The input of the step, any JSON object.
        event_id: The id of the event, a UUID. The service makes one if it is left out.
        session_id: The id of the trace that the event belongs to, a UUID. The service makes one if it is
            left out.
        parent_id: The id of the event that this one is a step of, a UUID. The service uses session_id if
            it is left out.
        children_ids: The ids of the steps below this one.
        event_name: A name of the step, for people. The service stores "unknown" if it is left out.
        source: Which program or environment sent the event. The service stores "unknown" if it is left
            out.
        project_id: The id of the project. Normally left out, as the API key decides the project.
        config: Settings of the step, such as the model's name and temperature.
        outputs: What the step returned, any JSON object.
        metadata: Facts about the step, such as cost and token counts.
        metrics: Numbers and judgements computed about the step, such as evaluator scores.
        feedback: What people said about the step.
        user_properties: Facts about the user for whom the step ran.
        error: The text of the error that ended the step; null or left out if it succeeded.
        start_time: When the step began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        end_time: When the step ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        duration: How long the step took, in milliseconds.
    """

    event_type: EventType
    inputs: dict[str, Any]
    event_id: str | Unset = UNSET
    session_id: str | Unset = UNSET
    parent_id: str | Unset = UNSET
    children_ids: list[str] | Unset = UNSET
    event_name: str | Unset = UNSET
    source: str | Unset = UNSET
    project_id: str | Unset = UNSET
    config: dict[str, Any] | Unset = UNSET
    outputs: dict[str, Any] | Unset = UNSET
    metadata: dict[str, Any] | Unset = UNSET
    metrics: dict[str, Any] | Unset = UNSET
    feedback: dict[str, Any] | Unset = UNSET
    user_properties: dict[str, Any] | Unset = UNSET
    error: str | None | Unset = UNSET
    start_time: float | Unset = UNSET
    end_time: float | Unset = UNSET
    duration: float | Unset = UNSET

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        result["event_type"] = self.event_type
        result["inputs"] = self.inputs
        if self.event_id is not UNSET:
            result["event_id"] = self.event_id
        if self.session_id is not UNSET:
            result["session_id"] = self.session_id
        if self.parent_id is not UNSET:
            result["parent_id"] = self.parent_id
        if self.children_ids is not UNSET:
            result["children_ids"] = self.children_ids
        if self.event_name is not UNSET:
            result["event_name"] = self.event_name
        if self.source is not UNSET:
            result["source"] = self.source
        if self.project_id is not UNSET:
            result["project_id"] = self.project_id
        if self.config is not UNSET:
            result["config"] = self.config
        if self.outputs is not UNSET:
            result["outputs"] = self.outputs
        if self.metadata is not UNSET:
            result["metadata"] = self.metadata
        if self.metrics is not UNSET:
            result["metrics"] = self.metrics
        if self.feedback is not UNSET:
            result["feedback"] = self.feedback
        if self.user_properties is not UNSET:
            result["user_properties"] = self.user_properties
        if self.error is not UNSET:
            result["error"] = self.error
        if self.start_time is not UNSET:
            result["start_time"] = self.start_time
        if self.end_time is not UNSET:
            result["end_time"] = self.end_time
        if self.duration is not UNSET:
            result["duration"] = self.duration
        return result

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Build the object from parsed JSON.

        It keeps values of any type unchanged; honeyhive_schemas checks types.

        Raises:
            KeyError: A required property is missing.
            TypeError: `src_dict`, or a nested object that is required, is not an object.
            ValueError: There is a property that the document does not name.
        """
        given = src_dict if src_dict.__class__ is dict else {**src_dict}
        get = given.get
        self = cls.__new__(cls)
        self.event_type = given["event_type"]
        self.inputs = given["inputs"]
        self.event_id = get("event_id", UNSET)
        self.session_id = get("session_id", UNSET)
        self.parent_id = get("parent_id", UNSET)
        self.children_ids = get("children_ids", UNSET)
        self.event_name = get("event_name", UNSET)
        self.source = get("source", UNSET)
        self.project_id = get("project_id", UNSET)
        self.config = get("config", UNSET)
        self.outputs = get("outputs", UNSET)
        self.metadata = get("metadata", UNSET)
        self.metrics = get("metrics", UNSET)
        self.feedback = get("feedback", UNSET)
        self.user_properties = get("user_properties", UNSET)
        self.error = get("error", UNSET)
        self.start_time = get("start_time", UNSET)
        self.end_time = get("end_time", UNSET)
        self.duration = get("duration", UNSET)
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
