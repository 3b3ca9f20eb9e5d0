"""One filter, several joined by AND, and the other forms in which a user may write them. Pure."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Never, TypeAlias, cast

from attrs import evolve, frozen
from honeyhive_client.models import EventFilter
from honeyhive_client.models.filter_operator import FILTER_OPERATOR_VALUES
from honeyhive_client.models.filter_type import FILTER_TYPE_VALUES

from honeyhive_ext.config.checks import did_you_mean, lone_surrogate
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters.grammar import UNTYPED
from honeyhive_ext.filters.values import WireValue, event_fields, resolved, wire_value
from honeyhive_ext.filters.warnings import contradiction, mismatch, warn
from honeyhive_ext.filters.written import Written, text_of_all, written

_SIGNS = {"is": "==", "is not": "!=", "greater than": ">", "less than": "<"}
_METHODS = {
    "contains": "contains",
    "not contains": "not_contains",
    "exists": "exists",
    "not exists": "not_exists",
    "after": "after",
    "before": "before",
}
_WITHOUT_VALUE = ("exists", "not exists")
_KEYS = ("field", "operator", "value", "type")


def name_of(path: Sequence[str]) -> str:
    """Return how a user writes a field with `F`."""
    if len(path) == 1 and path[0] in event_fields():
        return f"F.{path[0]}"
    return f"F({', '.join(map(repr, path))})"


def _no_alternative(left: object, right: object) -> QueryError:
    return QueryError(
        f"the API joins filters by AND only, so ({left!r}) | ({right!r}) is not possible: "
        "run one search for each and merge the results by event_id"
    )


@never_raising
@frozen(eq=False, repr=False)
class Filter:
    """A condition on one field of an event, as a comparison of `F` makes it.

    Two filters are equal if their JSON is equal.

    Attributes:
        path: The keys that lead to the field; in a request they are joined by dots.
        operator: One of the operators of the API document, such as "greater than".
        value: What the field is compared with; None for `exists` and `not exists`.
        type: "string", "number", "boolean" or "datetime"; None leaves the choice to the service.
    """

    path: tuple[str, ...]
    operator: str
    value: WireValue = None
    type: str | None = None

    @property
    def field(self) -> str:
        """The dotted path of the field, as a request has it."""
        return ".".join(self.path)

    def to_dict(self) -> dict[str, Any]:
        """Return the filter as a request has it: an EventSearchFilter of the API document.

        >>> from honeyhive_ext.filters import F
        >>> (F("metadata.cost") > 0.01).to_dict()
        {'field': 'metadata.cost', 'operator': 'greater than', 'value': 0.01, 'type': 'number'}
        """
        wire: dict[str, Any] = {"field": self.field, "operator": self.operator, "value": self.value}
        if self.type is not None:
            wire["type"] = self.type
        return wire

    def to_text(self) -> str:
        """Return the filter as text, which `honeyhive_ext.filters.parse` reads.

        >>> from honeyhive_ext.filters import F
        >>> (F("metadata.cost") > 0.01).to_text()
        'metadata.cost > 0.01'
        """
        return text_of_all((self,))

    def __and__(self, other: FilterLike) -> AllOf:
        return AllOf((self, *_flat(other)))

    def __rand__(self, other: FilterLike) -> AllOf:
        return AllOf((*_flat(other), self))

    def __or__(self, other: object) -> Never:
        raise _no_alternative(self, other)

    __ror__ = __or__

    def __invert__(self) -> Never:
        opposite = {"is": "!=", "is not": "==", "exists": ".not_exists()", "not exists": ".exists()"}
        write = opposite.get(self.operator) or {"contains": ".not_contains", "not contains": ".contains"}.get(
            self.operator
        )
        hint = f"write {write} instead" if write else "the API has no opposite of it"
        raise QueryError(f"the API has no NOT, so ~({self!r}) is not possible: {hint}")

    def __bool__(self) -> Never:
        raise QueryError(
            f"{self!r} is a condition for the service, not a truth value: join conditions with &, each in "
            "parentheses, instead of `and`, `or`, `not`, `in` or a chained comparison"
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Filter):
            return self._key() == other._key()
        if isinstance(other, Mapping):
            return self.to_dict() == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return (self.field, self.operator, self.type, isinstance(self.value, bool), self.value)

    def __repr__(self) -> str:
        name = name_of(self.path)
        kind = wire_value(self.value, self.operator)[1]
        if self.operator in _WITHOUT_VALUE and self.value is None and self.type is None:
            return f"{name}.{_METHODS[self.operator]}()"
        if kind == self.type and self.value is not None:
            if self.operator in _SIGNS:
                return f"{name} {_SIGNS[self.operator]} {self.value!r}"
            if self.operator in _METHODS and self.operator not in _WITHOUT_VALUE:
                return f"{name}.{_METHODS[self.operator]}({self.value!r})"
        return f"{name}.where({self.operator!r}, {self.value!r}, type={self.type!r})"


@never_raising
@frozen(repr=False)
class AllOf:
    """Several filters that an event must match, as `&` makes them."""

    filters: tuple[Filter, ...]

    def __iter__(self) -> Iterator[Filter]:
        return iter(self.filters)

    def to_text(self) -> str:
        """Return the filters as text, which `honeyhive_ext.filters.parse` reads."""
        return text_of_all(self.filters)

    def __and__(self, other: FilterLike) -> AllOf:
        return AllOf((*self.filters, *_flat(other)))

    def __rand__(self, other: FilterLike) -> AllOf:
        return AllOf((*_flat(other), *self.filters))

    def __or__(self, other: object) -> Never:
        raise _no_alternative(self, other)

    __ror__ = __or__

    def __bool__(self) -> Never:
        raise QueryError(f"{self!r} is a condition for the service, not a truth value: pass it to search()")

    def __repr__(self) -> str:
        return " & ".join(f"({one!r})" if one.operator in _SIGNS else repr(one) for one in self.filters)


FilterLike: TypeAlias = Filter | AllOf | EventFilter | Mapping[str, Any] | str


def build(path: Sequence[str], operator: str, value: object, kind: str | None = None) -> Filter:
    """Return a checked filter of Python values; warn if no event can match it.

    Raises:
        QueryError: The API has no such operator or type, or no filter can hold the value.
    """
    built = _checked(path, operator, value, kind)
    if reason := mismatch(built):
        warn(reason, built)
    return built


def _checked(path: Sequence[str], operator: str, value: object, kind: str | None) -> Filter:
    _check_name("operator", operator, FILTER_OPERATOR_VALUES)
    if kind is not None:
        _check_name("type", kind, FILTER_TYPE_VALUES)
    wire, own = resolved(path, operator, value, kind)
    if problem := lone_surrogate(".".join(path)):
        raise QueryError(f"the field {'.'.join(path)!r} has {problem}")
    return Filter(tuple(path), operator, wire, own)


def _check_name(what: str, given: object, known: frozenset[Any]) -> None:
    if given not in known:
        near = did_you_mean(str(given), known)
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(known))}"
        raise QueryError(f"the API has no {what} {given!r}: {hint}")


def _flat(given: object) -> tuple[Filter, ...]:
    if isinstance(given, Filter):
        return (given,)
    if isinstance(given, AllOf):
        return given.filters
    if isinstance(given, EventFilter):
        return (_from_dict(given.to_dict()),)
    if isinstance(given, Mapping):
        return (_from_dict(cast("Mapping[str, Any]", given)),)
    if isinstance(given, str):
        return filters_in(given)
    if isinstance(given, list | tuple):
        raise QueryError("pass several filters one by one: search(*filters)")
    raise QueryError(
        f"{given!r} is not a condition: compare a field, such as F.event_type == 'model' or "
        "F.error.exists(), each in parentheses if & joins them; or write the conditions as text, or a dict "
        "with field, operator and value"
    )


def filters_in(
    text: str,
    *,
    known: Collection[str] = (),
    now_ms: float | None = None,
    doubts: list[str] | None = None,
) -> tuple[Filter, ...]:
    """Return the filters of conditions written as text; see `parse`.

    Args:
        text: The conditions.
        known: Paths that events have, besides the fields of the API document.
        now_ms: The present in Unix ms. Default: that of the clock.
        doubts: Takes what would be warned about otherwise.

    Raises:
        FilterTextError: The text cannot be read.
    """
    now = time.time_ns() / 1e6 if now_ms is None else now_ms
    conditions = list(written(text, known, now))
    filters = tuple(map(_from_text, conditions))
    for one in filters:
        if reason := mismatch(one, known=known):
            if doubts is None:
                warn(reason, one)
            else:
                doubts.append(f"{one.to_text()} matches nothing: {reason}")
    return filters


def _from_text(one: Written) -> Filter:
    try:
        if one.type == UNTYPED:
            return evolve(_checked((one.field,), one.operator, one.value, None), type=None)
        return _checked((one.field,), one.operator, one.value, one.type)
    except QueryError as problem:
        raise one.refused(problem) from problem


def _from_dict(given: Mapping[str, Any]) -> Filter:
    for key in given:
        _check_name("filter property", key, frozenset(_KEYS))
    operator = given.get("operator")
    missing = [key for key in ("field", "operator", "value") if key not in given]
    if missing and not (missing == ["value"] and operator in _WITHOUT_VALUE):
        raise QueryError(f"the filter {dict(given)!r} lacks {' and '.join(missing)}")
    path = given["field"]
    if not isinstance(path, str) or not path:
        raise QueryError(f"the field of a filter is a dotted path, such as 'metadata.cost', not {path!r}")
    return build((path,), given["operator"], given.get("value"), given.get("type"))


def as_filters(given: Sequence[FilterLike]) -> tuple[Filter, ...]:
    """Return the filters in everything that a user may give as filters; warn if they contradict each other.

    Raises:
        QueryError: Something is not a filter; the message says what to write instead.
    """
    filters = tuple(one for some in given for one in _flat(some))
    if reason := contradiction(filters):
        warn(reason, AllOf(filters))
    return filters
