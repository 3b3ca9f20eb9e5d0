"""One filter of a search as a condition: checked, its type decided, its value normalised."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, cast

from attrs import asdict, frozen

from honeyhive_ext.local.codec import dumps, loads
from honeyhive_ext.local.filters.values import find, instant, is_number, number
from honeyhive_ext.local.message import Failure, Refusal
from honeyhive_ext.local.switches import Switches

Positive = Literal["exists", "is", "contains", "greater than", "less than"]
Type = Literal["string", "number", "boolean", "datetime", "null"]

# Operator of the API to the positive operator it stands on and whether it is the negation.
MEANING: Mapping[str, tuple[Positive, bool]] = {
    "exists": ("exists", False),
    "not exists": ("exists", True),
    "is": ("is", False),
    "is not": ("is", True),
    "contains": ("contains", False),
    "not contains": ("contains", True),
    "greater than": ("greater than", False),
    "less than": ("less than", False),
    "after": ("greater than", False),
    "before": ("less than", False),
}
FIELD_LENGTH = 4096  # characters; longer than any path worth naming


@frozen
class Condition:
    """A positive comparison; negation and missing fields are settled around it.

    Args:
        operator: The positive operator.
        type: The type of value compared; datetime compares points in time in Unix ms.
        value: The value, of that type.
        contains: The switch of that name.
    """

    operator: Positive
    type: Type
    value: Any
    contains: str = "strings"

    def holds(self, values: list[Any]) -> bool:
        """Whether any of the values found under the field fulfils the comparison."""
        return any(self._one(value) for value in values if value is not None)

    def _one(self, value: Any) -> bool:
        if self.operator == "exists":
            return True
        if self.operator == "contains":
            return self._contains(value)
        other = self._comparable(value)
        if other is None:
            return False
        if self.operator == "is":
            return bool(other == self.value)
        return bool(other > self.value if self.operator == "greater than" else other < self.value)

    def _comparable(self, value: Any) -> Any:
        """The value as one of the condition's type, or None."""
        if self.type == "datetime":
            return instant(value)
        if self.type == "number":
            return number(value) if is_number(value) else None
        wanted = str if self.type == "string" else bool
        return value if isinstance(value, wanted) else None

    def _contains(self, value: Any) -> bool:
        if isinstance(value, str):
            if self.contains == "ignore_case":
                return self.value.casefold() in value.casefold()
            return self.value in value
        return self.contains == "any" and self.value in dumps(value)

    def spec(self, tail: str | None) -> str:
        """The condition and a dotted path inside a field (None: the field itself), for `hh_match`."""
        return dumps({**asdict(self), "tail": tail})


@lru_cache(maxsize=512)
def _from_spec(spec: str) -> tuple[Condition, list[str]]:
    fields: dict[str, Any] = loads(spec.encode())
    tail = fields.pop("tail")
    return Condition(**fields), [] if tail is None else tail.split(".")


def match(text: bytes | str | None, spec: str) -> int:
    """Whether the JSON text of a field fulfils a condition: the exact answer where SQL has none."""
    if not text:
        return 0
    condition, parts = _from_spec(spec)
    found = list(find(loads(text.encode() if isinstance(text, str) else text), parts))
    return int(condition.holds(found))


@frozen
class Filter:
    """One filter: a field, a condition on it, and whether it is negated."""

    field: str
    condition: Condition
    negated: bool
    needs_field: bool  # a negation that leaves out the events without the field


def read(given: Mapping[str, Any], at: str, switches: Switches) -> Filter | Failure:
    """A filter of the API, valid by its schema, as a `Filter`; a `Failure` where it makes no sense."""
    operator: str = given["operator"]
    if operator not in MEANING:
        return Failure(f"{at}.operator", f"this server does not know what {operator!r} means")
    if len(given["field"]) > FIELD_LENGTH:
        return Failure(f"{at}.field", f"longer than {FIELD_LENGTH} characters")
    positive, negated = MEANING[operator]
    excluded = negated and positive != "exists" and switches.missing == "exclude"
    if positive == "exists":
        return Filter(given["field"], Condition("exists", "null", None), negated, needs_field=False)
    value = given["value"]
    if value is None and positive == "is":
        # JSON null counts as not existing.
        return Filter(given["field"], Condition("exists", "null", None), not negated, needs_field=False)
    try:
        type_, value = _typed(operator, given.get("type"), value, switches)
    except ValueError as problem:
        return Failure(f"{at}.value", str(problem))
    return Filter(
        given["field"], Condition(positive, type_, value, switches.contains), negated, needs_field=excluded
    )


def _typed(operator: str, named: str | None, value: Any, switches: Switches) -> tuple[Type, Any]:
    """The type of comparison and the value as that type. Raises ValueError with the reason."""
    own: Type = _type_of(value)
    if operator in ("after", "before"):
        if named not in (None, "datetime", own):
            raise ValueError(f"{operator} compares points in time, not type {named}")
        return "datetime", _instant(value, operator)
    type_: Type = cast("Type", named or own)
    if type_ == "datetime":
        if operator.endswith("contains"):
            raise ValueError(f"{operator} does not compare points in time")
        return type_, _instant(value, operator)
    if type_ != own:
        if switches.filter_type != "coerce":
            raise ValueError(f"{value!r} is not of type {type_}")
        value = _coerced(value, type_)
    if operator.endswith("contains"):
        if type_ == "string":
            return type_, value
        if switches.contains != "any" or type_ == "null":
            raise ValueError(f"{operator} takes a string, not {value!r}")
        return "string", dumps(value)
    if type_ == "null" or (type_ == "boolean" and operator in ("greater than", "less than")):
        raise ValueError(f"{operator} takes a number, a string or a point in time, not {value!r}")
    return type_, number(value) if type_ == "number" else value


def _instant(value: Any, operator: str) -> float:
    found = instant(value)
    if found is None:
        raise ValueError(f"{operator} takes ISO 8601 text or Unix milliseconds, not {value!r}")
    return found


def _type_of(value: Any) -> Type:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"


def _coerced(value: Any, type_: str) -> Any:
    if type_ == "string" and value is not None:
        return value if isinstance(value, str) else dumps(value)
    if type_ == "boolean" and value in ("true", "false"):
        return value == "true"
    if type_ == "number" and isinstance(value, str):
        try:
            found = loads(value.strip().encode())
        except Refusal as problem:
            raise ValueError(f"{value!r} cannot be read as a number") from problem
        if is_number(found):
            return found
    raise ValueError(f"{value!r} cannot be read as a {type_}")
