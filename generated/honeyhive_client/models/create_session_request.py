# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..types import UNSET, Unset, shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "session_id",
        "session_name",
        "event_name",
        "source",
        "start_time",
        "end_time",
        "duration",
        "config",
        "inputs",
        "outputs",
        "metadata",
        "user_properties",
        "children_ids",
    }
)


@_attrs_define
class CreateSessionRequest:
    """A session to start. No other property is allowed.

    Attributes:
        session_id: The session's id. The service makes a UUIDv4 if it is left out or is not a UUID.
        session_name: The session's name.
        event_name: The name of the session's event. The service uses session_name, then "unknown", if it
            is left out.
        source: Which program or environment sent the session. The service stores "unknown" if it is left
            out.
        start_time: When the session began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        end_time: When the session ended, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        duration: How long the session took, in milliseconds.
        config: Settings of the session.
        inputs: The input of the session.
        outputs: What the session returned.
        metadata: Facts about the session.
        user_properties: Facts about the user of the session.
        children_ids: The ids of the steps below the session.
    """

    session_id: str | Unset = UNSET
    session_name: str | Unset = UNSET
    event_name: str | Unset = UNSET
    source: str | Unset = UNSET
    start_time: float | Unset = UNSET
    end_time: float | Unset = UNSET
    duration: float | Unset = UNSET
    config: dict[str, Any] | Unset = UNSET
    inputs: dict[str, Any] | Unset = UNSET
    outputs: dict[str, Any] | Unset = UNSET
    metadata: dict[str, Any] | Unset = UNSET
    user_properties: dict[str, Any] | Unset = UNSET
    children_ids: list[str] | Unset = UNSET

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        if self.session_id is not UNSET:
            result["session_id"] = self.session_id
        if self.session_name is not UNSET:
            result["session_name"] = self.session_name
        if self.event_name is not UNSET:
            result["event_name"] = self.event_name
        if self.source is not UNSET:
            result["source"] = self.source
        if self.start_time is not UNSET:
            result["start_time"] = self.start_time
        if self.end_time is not UNSET:
            result["end_time"] = self.end_time
        if self.duration is not UNSET:
            result["duration"] = self.duration
        if self.config is not UNSET:
            result["config"] = self.config
        if self.inputs is not UNSET:
            result["inputs"] = self.inputs
        if self.outputs is not UNSET:
            result["outputs"] = self.outputs
        if self.metadata is not UNSET:
            result["metadata"] = self.metadata
        if self.user_properties is not UNSET:
            result["user_properties"] = self.user_properties
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
        self.session_id = get("session_id", UNSET)
        self.session_name = get("session_name", UNSET)
        self.event_name = get("event_name", UNSET)
        self.source = get("source", UNSET)
        self.start_time = get("start_time", UNSET)
        self.end_time = get("end_time", UNSET)
        self.duration = get("duration", UNSET)
        self.config = get("config", UNSET)
        self.inputs = get("inputs", UNSET)
        self.outputs = get("outputs", UNSET)
        self.metadata = get("metadata", UNSET)
        self.user_properties = get("user_properties", UNSET)
        self.children_ids = get("children_ids", UNSET)
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
