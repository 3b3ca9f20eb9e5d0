# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field


@_attrs_define
class CreateEventResponse:
    """The answer to one created event.

    Attributes:
        success: Whether the event is stored.
        event_id: The id under which the event is stored.
    """

    success: bool
    event_id: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict[str, Any])

    def to_dict(self) -> dict[str, Any]:
        """The object as it goes over the wire; what is unset is left out."""
        result: dict[str, Any] = {**self.additional_properties}
        result["success"] = self.success
        result["event_id"] = self.event_id
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
            success=pop("success"),
            event_id=pop("event_id"),
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
