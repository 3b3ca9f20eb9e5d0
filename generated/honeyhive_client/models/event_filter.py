# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..models.filter_operator import FilterOperator
from ..models.filter_type import FilterType
from ..types import UNSET, Unset, shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "field",
        "operator",
        "value",
        "type",
    }
)


@_attrs_define
class EventFilter:
    """One condition on one field. No other property is allowed.

    Attributes:
        field: A field of the event, or a dotted path into one of its objects.
        operator: How the field is compared with the value.
        value: What the field is compared with. The operators exists and not exists ignore it.
        type_: The type of the comparison. The default is the type of `value`.
    """

    field: str
    operator: FilterOperator
    value: str | float | bool | None
    type_: FilterType | Unset = UNSET

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        result["field"] = self.field
        result["operator"] = self.operator
        result["value"] = self.value
        if self.type_ is not UNSET:
            result["type"] = self.type_
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
        self.field = given["field"]
        self.operator = given["operator"]
        self.value = given["value"]
        self.type_ = get("type", UNSET)
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
