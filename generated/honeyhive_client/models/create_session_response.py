# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, shown

_NAMES: frozenset[str] = frozenset(
    {
        "event_id",
        "session_id",
        "org_id",
        "workspace_id",
        "project_id",
        "parent_id",
        "event_type",
        "event_name",
        "error",
        "source",
        "children_ids",
        "config",
        "inputs",
        "outputs",
        "user_properties",
        "metrics",
        "feedback",
        "metadata",
        "duration",
        "start_time",
        "end_time",
    }
)


@_attrs_define
class CreateSessionResponse:
    """The event of the session itself. It may have other properties.

    Attributes:
        event_id: The id of the session's event, equal to session_id.
        session_id: The session's id.
        org_id: The id of the organisation.
        workspace_id: The id of the workspace.
        project_id: The id of the project.
        parent_id: Null, as a session is the root of its trace.
        event_type: Always session.
        event_name: The session's name.
        error: The text of the error that ended the session.
        source: Which program or environment sent the session.
        children_ids: The ids of the steps below the session.
        config: Settings of the session.
        inputs: The input of the session.
        outputs: What the session returned.
        user_properties: Facts about the user of the session.
        metrics: Numbers and judgements computed about the session.
        feedback: What people said about the session.
        metadata: Facts about the session.
        duration: How long the session took, in milliseconds.
        start_time: When the session began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        end_time: When the session ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
    """

    event_id: str
    session_id: str
    org_id: str
    workspace_id: str
    project_id: str
    parent_id: str | None | Unset = UNSET
    event_type: str | None | Unset = UNSET
    event_name: str | None | Unset = UNSET
    error: str | None | Unset = UNSET
    source: str | None | Unset = UNSET
    children_ids: list[str] | None | Unset = UNSET
    config: Any | Unset = UNSET
    inputs: Any | Unset = UNSET
    outputs: Any | Unset = UNSET
    user_properties: Any | Unset = UNSET
    metrics: Any | Unset = UNSET
    feedback: Any | Unset = UNSET
    metadata: Any | Unset = UNSET
    duration: float | None | Unset = UNSET
    start_time: float | None | Unset = UNSET
    end_time: float | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict[str, Any])

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {**self.additional_properties}
        result["event_id"] = self.event_id
        result["session_id"] = self.session_id
        result["org_id"] = self.org_id
        result["workspace_id"] = self.workspace_id
        result["project_id"] = self.project_id
        if self.parent_id is not UNSET:
            result["parent_id"] = self.parent_id
        if self.event_type is not UNSET:
            result["event_type"] = self.event_type
        if self.event_name is not UNSET:
            result["event_name"] = self.event_name
        if self.error is not UNSET:
            result["error"] = self.error
        if self.source is not UNSET:
            result["source"] = self.source
        if self.children_ids is not UNSET:
            result["children_ids"] = self.children_ids
        if self.config is not UNSET:
            result["config"] = self.config
        if self.inputs is not UNSET:
            result["inputs"] = self.inputs
        if self.outputs is not UNSET:
            result["outputs"] = self.outputs
        if self.user_properties is not UNSET:
            result["user_properties"] = self.user_properties
        if self.metrics is not UNSET:
            result["metrics"] = self.metrics
        if self.feedback is not UNSET:
            result["feedback"] = self.feedback
        if self.metadata is not UNSET:
            result["metadata"] = self.metadata
        if self.duration is not UNSET:
            result["duration"] = self.duration
        if self.start_time is not UNSET:
            result["start_time"] = self.start_time
        if self.end_time is not UNSET:
            result["end_time"] = self.end_time
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
        self.event_id = given["event_id"]
        self.session_id = given["session_id"]
        self.org_id = given["org_id"]
        self.workspace_id = given["workspace_id"]
        self.project_id = given["project_id"]
        self.parent_id = get("parent_id", UNSET)
        self.event_type = get("event_type", UNSET)
        self.event_name = get("event_name", UNSET)
        self.error = get("error", UNSET)
        self.source = get("source", UNSET)
        self.children_ids = get("children_ids", UNSET)
        self.config = get("config", UNSET)
        self.inputs = get("inputs", UNSET)
        self.outputs = get("outputs", UNSET)
        self.user_properties = get("user_properties", UNSET)
        self.metrics = get("metrics", UNSET)
        self.feedback = get("feedback", UNSET)
        self.metadata = get("metadata", UNSET)
        self.duration = get("duration", UNSET)
        self.start_time = get("start_time", UNSET)
        self.end_time = get("end_time", UNSET)
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
