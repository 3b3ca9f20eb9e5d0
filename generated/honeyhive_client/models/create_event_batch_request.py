# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..models.create_event_request import CreateEventRequest
from ..models.session_properties import SessionProperties
from ..types import UNSET, Unset, array_of, dump, lenient, shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "events",
        "single_session",
        "session_properties",
    }
)


@_attrs_define
class CreateEventBatchRequest:
    """Many events to create at once. No other property is allowed.

    Attributes:
        events: The events, in any order.
        single_session: Whether all events of this request share one new session.
        session_properties: The properties of the new session of a single_session batch. Other properties
            are allowed.
    """

    events: list[CreateEventRequest]
    single_session: bool | Unset = UNSET
    session_properties: SessionProperties | Unset = UNSET

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        result["events"] = dump(self.events)
        if self.single_session is not UNSET:
            result["single_session"] = self.single_session
        if self.session_properties is not UNSET:
            result["session_properties"] = dump(self.session_properties)
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
        self.events = array_of(CreateEventRequest.from_dict)(given["events"])
        self.single_session = get("single_session", UNSET)
        self.session_properties = lenient(get("session_properties", UNSET), SessionProperties.from_dict)
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
