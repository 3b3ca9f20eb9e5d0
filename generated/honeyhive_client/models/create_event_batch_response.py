# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


@_attrs_define
class CreateEventBatchResponse:
    """The answer to a batch.

    Attributes:
        event_ids: The ids of the stored events.
        success: Whether all events are stored.
        session_id: The id of the new session, where single_session was asked for.
    """

    event_ids: list[str]
    success: bool
    session_id: str | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict[str, Any])

    def to_dict(self) -> dict[str, Any]:
        """The object as it goes over the wire; what is unset is left out."""
        result: dict[str, Any] = {**self.additional_properties}
        result["event_ids"] = self.event_ids
        result["success"] = self.success
        if self.session_id is not UNSET:
            result["session_id"] = self.session_id
        return result

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Build the object from parsed JSON.

        Values are kept as they came, whatever their type; honeyhive_schemas checks types.

        Raises:
            KeyError: A required property is missing.
            TypeError: `src_dict`, or a nested object that is required, is not an object.
        """
        rest: dict[str, Any] = {**src_dict}
        pop = rest.pop
        self = cls(
            event_ids=pop("event_ids"),
            success=pop("success"),
            session_id=pop("session_id", UNSET),
        )
        self.additional_properties = {**rest}  # `rest` keeps its table of all properties, 400 bytes an event
        return self

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
