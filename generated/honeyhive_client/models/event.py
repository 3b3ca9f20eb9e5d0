# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, shown

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
        "project",
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
class Event:
    """A stored event as the service returns it. Each property may be missing or null, event_type may have values
    that are not known today, and there may be other properties.

    Attributes:
        event_type: The kind of step. Today it is model, tool, chain or session.
        inputs: The input of the step.
        event_id: The event's own id.
        session_id: The id of the trace that the event belongs to.
        parent_id: The id of the event that this one is a step of.
        children_ids: The ids of the steps below this one.
        event_name: The step's name.
        source: Which program or environment sent the event.
        project_id: The id of the project.
        project: The name of the project.
        config: Settings of the step.
        outputs: What the step returned.
        metadata: Facts about the step.
        metrics: Numbers and judgements computed about the step.
        feedback: What people said about the step.
        user_properties: Facts about the user for whom the step ran.
        error: The text of the error that ended the step.
        start_time: When the step began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        end_time: When the step ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        duration: How long the step took, in milliseconds.
    """

    event_type: str | None | Unset = UNSET
    inputs: dict[str, Any] | None | Unset = UNSET
    event_id: str | None | Unset = UNSET
    session_id: str | None | Unset = UNSET
    parent_id: str | None | Unset = UNSET
    children_ids: list[str] | None | Unset = UNSET
    event_name: str | None | Unset = UNSET
    source: str | None | Unset = UNSET
    project_id: str | None | Unset = UNSET
    project: str | None | Unset = UNSET
    config: dict[str, Any] | None | Unset = UNSET
    outputs: dict[str, Any] | None | Unset = UNSET
    metadata: dict[str, Any] | None | Unset = UNSET
    metrics: dict[str, Any] | None | Unset = UNSET
    feedback: dict[str, Any] | None | Unset = UNSET
    user_properties: dict[str, Any] | None | Unset = UNSET
    error: str | None | Unset = UNSET
    start_time: float | None | Unset = UNSET
    end_time: float | None | Unset = UNSET
    duration: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict[str, Any])

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {**self.additional_properties}
        if self.event_type is not UNSET:
            result["event_type"] = self.event_type
        if self.inputs is not UNSET:
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
        if self.project is not UNSET:
            result["project"] = self.project
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
        """
        given = src_dict if src_dict.__class__ is dict else {**src_dict}
        get = given.get
        self = cls.__new__(cls)
        self.event_type = get("event_type", UNSET)
        self.inputs = get("inputs", UNSET)
        self.event_id = get("event_id", UNSET)
        self.session_id = get("session_id", UNSET)
        self.parent_id = get("parent_id", UNSET)
        self.children_ids = get("children_ids", UNSET)
        self.event_name = get("event_name", UNSET)
        self.source = get("source", UNSET)
        self.project_id = get("project_id", UNSET)
        self.project = get("project", UNSET)
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
            self.additional_properties = rest
        return self

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Made at the first use, not by from_dict: an empty dictionary costs 80 bytes an object.
            if name != "additional_properties":
                raise AttributeError(
                    f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
                )
            self.additional_properties = {}
            return self.additional_properties

    @property
    def additional_keys(self) -> list[str]:
        """The names of the properties that the document does not name."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
