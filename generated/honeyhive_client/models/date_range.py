# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..types import unknown_properties


@_attrs_define
class DateRange:
    """The start_time an event must have, both ends included.

    Attributes:
        start_time: The earliest start_time, ISO 8601 with a UTC offset.
        end_time: The latest start_time, ISO 8601 with a UTC offset.
    """

    start_time: str
    end_time: str

    def to_dict(self) -> dict[str, Any]:
        """The object as it goes over the wire; what is unset is left out."""
        result: dict[str, Any] = {}
        result["start_time"] = self.start_time
        result["end_time"] = self.end_time
        return result

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Build the object from parsed JSON.

        Values are kept as they came, whatever their type; honeyhive_schemas checks types.

        Raises:
            KeyError: A required property is missing.
            TypeError: `src_dict`, or a nested object that is required, is not an object.
            ValueError: There is a property that the document does not name.
        """
        rest: dict[str, Any] = {**src_dict}
        pop = rest.pop
        self = cls(
            start_time=pop("start_time"),
            end_time=pop("end_time"),
        )
        if rest:
            raise unknown_properties(cls, rest)
        return self
