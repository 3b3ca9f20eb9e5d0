# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _attrs_define

from ..models.date_range import DateRange
from ..models.event_filter import EventFilter
from ..types import UNSET, Unset, array_of, dump, lenient, shown, unknown_properties

_NAMES: frozenset[str] = frozenset(
    {
        "filters",
        "dateRange",
        "limit",
        "page",
        "ignore_order",
        "evaluation_id",
    }
)


@_attrs_define
class SearchEventsRequest:
    """What to search for. No other property is allowed; an empty object returns the newest events.

    Attributes:
        filters: Conditions that an event must meet, all of them (AND).
        date_range: The range of start_time, including both ends.
        limit: The most events to return, the size of a page.
        page: Which page to return, from 1.
        ignore_order: Has no effect any more.
        evaluation_id: Only events of this experiment run.
    """

    filters: list[EventFilter] | Unset = UNSET
    date_range: DateRange | Unset = UNSET
    limit: int | Unset = UNSET
    page: int | Unset = UNSET
    ignore_order: bool | Unset = UNSET
    evaluation_id: str | Unset = UNSET

    def __repr__(self) -> str:
        return shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object as JSON has it, without the unset properties."""
        result: dict[str, Any] = {}
        if self.filters is not UNSET:
            result["filters"] = dump(self.filters)
        if self.date_range is not UNSET:
            result["dateRange"] = dump(self.date_range)
        if self.limit is not UNSET:
            result["limit"] = self.limit
        if self.page is not UNSET:
            result["page"] = self.page
        if self.ignore_order is not UNSET:
            result["ignore_order"] = self.ignore_order
        if self.evaluation_id is not UNSET:
            result["evaluation_id"] = self.evaluation_id
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
        self.filters = lenient(get("filters", UNSET), array_of(EventFilter.from_dict))
        self.date_range = lenient(get("dateRange", UNSET), DateRange.from_dict)
        self.limit = get("limit", UNSET)
        self.page = get("page", UNSET)
        self.ignore_order = get("ignore_order", UNSET)
        self.evaluation_id = get("evaluation_id", UNSET)
        if not _NAMES.issuperset(given):
            rest = {name: value for name, value in given.items() if name not in _NAMES}
            raise unknown_properties(cls, rest)
        return self
