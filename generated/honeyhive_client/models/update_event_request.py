# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..types import UNSET, Unset, shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "metadata",
        "feedback",
        "metrics",
        "config",
        "user_properties",
        "outputs",
        "duration",
        "end_time",
        "children_ids",
    }
)


@_attrs_define
class UpdateEventRequest:
    """What to add to a stored event. The service ignores unknown properties; this document forbids them.

    Attributes:
        metadata: Merged into the stored metadata.
        feedback: Merged into the stored feedback.
        metrics: Merged into the stored metrics.
        config: Merged into the stored config.
        user_properties: Merged into the stored user_properties.
        outputs: Replaces the stored outputs. Null keeps them.
        duration: Replaces the stored duration, in milliseconds.
        end_time: Replaces the stored end_time, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        children_ids: Replaces the stored children_ids. The service ignores an empty array.
    """

    metadata: dict[str, Any] | Unset = UNSET
    feedback: dict[str, Any] | Unset = UNSET
    metrics: dict[str, Any] | Unset = UNSET
    config: dict[str, Any] | Unset = UNSET
    user_properties: dict[str, Any] | Unset = UNSET
    outputs: dict[str, Any] | None | Unset = UNSET
    duration: float | Unset = UNSET
    end_time: float | Unset = UNSET
    children_ids: list[str] | Unset = UNSET

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        if self.metadata is not UNSET:
            result["metadata"] = self.metadata
        if self.feedback is not UNSET:
            result["feedback"] = self.feedback
        if self.metrics is not UNSET:
            result["metrics"] = self.metrics
        if self.config is not UNSET:
            result["config"] = self.config
        if self.user_properties is not UNSET:
            result["user_properties"] = self.user_properties
        if self.outputs is not UNSET:
            result["outputs"] = self.outputs
        if self.duration is not UNSET:
            result["duration"] = self.duration
        if self.end_time is not UNSET:
            result["end_time"] = self.end_time
        if self.children_ids is not UNSET:
            result["children_ids"] = self.children_ids
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
        self.metadata = get("metadata", UNSET)
        self.feedback = get("feedback", UNSET)
        self.metrics = get("metrics", UNSET)
        self.config = get("config", UNSET)
        self.user_properties = get("user_properties", UNSET)
        self.outputs = get("outputs", UNSET)
        self.duration = get("duration", UNSET)
        self.end_time = get("end_time", UNSET)
        self.children_ids = get("children_ids", UNSET)
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
