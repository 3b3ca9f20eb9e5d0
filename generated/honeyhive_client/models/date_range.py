# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..types import shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "start_time",
        "end_time",
    }
)


@_attrs_define
class DateRange:
    """The range of start_time, including both ends.

    Attributes:
        start_time: The earliest start_time, ISO 8601 with a UTC offset.
        end_time: The latest start_time, ISO 8601 with a UTC offset.
    """

    start_time: str
    end_time: str

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        result["start_time"] = self.start_time
        result["end_time"] = self.end_time
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
        self.start_time = given["start_time"]
        self.end_time = given["end_time"]
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
