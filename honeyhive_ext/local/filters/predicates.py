"""One filter of a search: checked, with its type decided and its value normalised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from attrs import asdict, define, evolve, field, frozen

from honeyhive_ext.local.codec import NotJSONError, dumps, loads
from honeyhive_ext.local.filters.operands import canonical, find, instant, is_number, scalars
from honeyhive_ext.local.json_types import is_array
from honeyhive_ext.local.switches import Switches

Positive = Literal["exists", "is", "contains", "greater than", "less than"]
OperandType = Literal["string", "number", "boolean", "datetime", "null"]

# For each operator of the API: the positive operator, and whether the operator is its negation.
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
FIELD_LENGTH = 4096  # characters; longer than any useful path
FIELD_PARTS = 500  # parts between dots; twice as many as an event has levels
VALUE_LENGTH = 100_000  # characters of a text
_SPECS = 4_000_000  # characters of the predicates that are remembered


class BadFilterError(ValueError):
    """A filter that has no meaning, although its schema allows it.

    Args:
        key: The key of the filter that is wrong: "field", "operator" or "value".
        message: What is wrong, and what is expected.
    """

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


@frozen
class Predicate:
    """A positive comparison. Negation and missing fields are decided outside it.

    Args:
        operator: The positive operator.
        type: The type of the values compared; datetime compares Unix milliseconds.
        value: The value, of that type.
        contains: The switch of that name.
        lists: Whether an array means each of its elements too.
        ids: Whether texts that are UUIDs compare as UUIDs.
    """

    operator: Positive
    type: OperandType
    value: Any
    contains: str = "strings"
    lists: bool = False
    ids: bool = False

    def holds(self, values: list[Any]) -> bool:
        """Return whether any of the values found under the field fulfils the predicate."""
        for value in values:
            if value is None:
                continue
            if self._one(value) or (self.lists and is_array(value) and any(map(self._one, scalars(value)))):
                return True
        return False

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
        """Return the value as one of the predicate's type, or None."""
        if self.type == "datetime":
            return instant(value)
        if self.type == "number":
            return value if is_number(value) else None
        if self.type == "boolean":
            return value if isinstance(value, bool) else None
        if not isinstance(value, str):
            return None
        return canonical(value) if self.ids else value

    def _contains(self, value: Any) -> bool:
        if isinstance(value, str):
            if self.ids and self.value in canonical(value):
                return True
            if self.contains == "ignore_case" or self.ids:
                return self.value.casefold() in value.casefold()
            return self.value in value
        return self.contains == "any" and self.value in dumps(value)

    def spec(self, tail: str | None) -> str:
        """Return the predicate and a path inside a field (None: the field itself) as JSON for `hh_match`."""
        return dumps({**asdict(self), "tail": tail})

    def of_ids(self) -> Predicate:
        """Return the same predicate on a field that holds ids."""
        value = canonical(self.value) if self.type == "string" else self.value
        return evolve(self, ids=True, value=value)


EXISTS = Predicate("exists", "null", None)


@define
class _Specs:
    """The predicates that SQL asked about last, by their text."""

    known: dict[str, tuple[Predicate, list[str]]] = field(factory=dict["str", "tuple[Predicate, list[str]]"])
    size: int = 0

    def get(self, spec: str) -> tuple[Predicate, list[str]]:
        found = self.known.get(spec)
        return self._read(spec) if found is None else found

    def _read(self, spec: str) -> tuple[Predicate, list[str]]:
        fields: dict[str, Any] = loads(spec.encode())
        tail: str | None = fields.pop("tail")
        found = Predicate(**fields), [] if tail is None else tail.split(".")
        if self.size > _SPECS:
            self.forget()
        self.size += len(spec)
        self.known[spec] = found
        return found

    def forget(self) -> None:
        self.known, self.size = {}, 0


_specs = _Specs()


def forget_predicates() -> None:
    """Forget what is remembered of earlier searches."""
    _specs.forget()


def match(text: bytes | str | None, spec: str, look: Callable[[], object] = bool) -> int:
    """Return whether the JSON text of a field fulfils a predicate: the exact answer where SQL has none.

    Args:
        text: The field.
        spec: What `Predicate.spec` returned.
        look: Is called now and then. What it raises ends the comparison.
    """
    if not text:
        return 0
    predicate, parts = _specs.get(spec)
    found = list(find(loads(text.encode() if isinstance(text, str) else text), parts, look))
    return int(predicate.holds(found))


@frozen
class FilterSpec:
    """One filter, checked.

    Args:
        field: The dotted path.
        predicate: The predicate on the field.
        negated: Whether the filter finds the events for which the predicate does not hold.
        needs_field: Whether a negation leaves out the events without the field.
    """

    field: str
    predicate: Predicate
    negated: bool
    needs_field: bool


def read_filter(given: Mapping[str, Any], switches: Switches) -> FilterSpec:
    """Return a filter of the API that is valid by its schema as a `FilterSpec`.

    Raises:
        BadFilterError: The filter has no meaning.
    """
    operator: str = given["operator"]
    if operator not in MEANING:
        raise BadFilterError("operator", f"this server does not know the operator {operator!r}")
    if len(given["field"]) > FIELD_LENGTH:
        raise BadFilterError("field", f"longer than {FIELD_LENGTH} characters")
    if given["field"].count(".") >= FIELD_PARTS:
        raise BadFilterError("field", f"more than {FIELD_PARTS} parts between dots")
    positive, negated = MEANING[operator]
    excluded = negated and positive != "exists" and switches.missing == "exclude"
    if positive == "exists":
        return FilterSpec(given["field"], EXISTS, negated, needs_field=False)
    value = given["value"]
    if isinstance(value, str) and len(value) > VALUE_LENGTH:
        raise BadFilterError("value", f"longer than {VALUE_LENGTH} characters")
    if value is None and positive == "is":
        # JSON null counts as not existing.
        return FilterSpec(given["field"], EXISTS, not negated, needs_field=False)
    type_, value = _typed(operator, given.get("type"), value, switches)
    predicate = Predicate(positive, type_, value, switches.contains, switches.lists == "elements")
    return FilterSpec(given["field"], predicate, negated, needs_field=excluded)


def _typed(operator: str, named: str | None, value: Any, switches: Switches) -> tuple[OperandType, Any]:
    """Return the type of the predicate, and the value as that type."""
    own: OperandType = _type_of(value)
    if operator in ("after", "before"):
        if named not in (None, "datetime", own):
            raise _bad_value(f"{operator} compares points in time, not type {named}")
        return "datetime", _instant(value, operator)
    type_: OperandType = cast("OperandType", named or own)
    if type_ == "datetime":
        if operator.endswith("contains"):
            raise _bad_value(f"{operator} does not compare points in time")
        return type_, _instant(value, operator)
    if type_ != own:
        if switches.filter_type != "coerce":
            raise _bad_value(f"{value!r} is not of type {type_}")
        value = _coerced(value, type_)
    if operator.endswith("contains"):
        if type_ == "string":
            return type_, value
        if switches.contains != "any" or type_ == "null":
            raise _bad_value(f"{operator} takes a string, not {value!r}")
        return "string", dumps(value)
    if type_ == "null" or (type_ == "boolean" and operator in ("greater than", "less than")):
        raise _bad_value(f"{operator} takes a number, a string or a point in time, not {value!r}")
    return type_, value


def _bad_value(message: str) -> BadFilterError:
    return BadFilterError("value", message)


def _instant(value: Any, operator: str) -> float:
    found = instant(value)
    if found is None:
        raise _bad_value(f"{operator} takes ISO 8601 text or Unix milliseconds, not {value!r}")
    return found


def _type_of(value: Any) -> OperandType:
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
        except NotJSONError as problem:
            raise _bad_value(f"{value!r} cannot be read as a number") from problem
        if is_number(found):
            return found
    raise _bad_value(f"{value!r} cannot be read as a {type_}")
