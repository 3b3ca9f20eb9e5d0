# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..models.create_event_request import CreateEventRequest
from ..types import array_of, dump, shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "events",
    }
)


@_attrs_define
class CreateSessionEventBatchRequest:
    """Many events to add to one session.

    Attributes:
        events: The events. The service ignores their session_id.
    """

    events: list[CreateEventRequest]

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        result["events"] = dump(self.events)
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
        self = cls.__new__(cls)
        self.events = array_of(CreateEventRequest.from_dict)(given["events"])
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
