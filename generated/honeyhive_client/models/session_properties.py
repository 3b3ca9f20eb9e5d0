# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset, shown

_NAMES: frozenset[str] = frozenset(
    {
        "session_name",
        "start_time",
        "user_properties",
        "metadata",
    }
)


@_attrs_define
class SessionProperties:
    """The properties of the new session of a single_session batch. Other properties are allowed.

    Attributes:
        session_name: The session's name.
        start_time: When the session began, in milliseconds since 1970-01-01T00:00:00Z (Unix ms).
        user_properties: Facts about the user of the session.
        metadata: Facts about the session.
    """

    session_name: str | Unset = UNSET
    start_time: float | Unset = UNSET
    user_properties: dict[str, Any] | Unset = UNSET
    metadata: dict[str, Any] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict[str, Any])

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {**self.additional_properties}
        if self.session_name is not UNSET:
            result["session_name"] = self.session_name
        if self.start_time is not UNSET:
            result["start_time"] = self.start_time
        if self.user_properties is not UNSET:
            result["user_properties"] = self.user_properties
        if self.metadata is not UNSET:
            result["metadata"] = self.metadata
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
        self.session_name = get("session_name", UNSET)
        self.start_time = get("start_time", UNSET)
        self.user_properties = get("user_properties", UNSET)
        self.metadata = get("metadata", UNSET)
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
