"""One condition, several joined by AND, and whatever may be given for them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Never, TypeAlias, cast

from attrs import frozen
from honeyhive_client.models import EventFilter
from honeyhive_client.models.filter_operator import FILTER_OPERATOR_VALUES
from honeyhive_client.models.filter_type import FILTER_TYPE_VALUES

from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters.values import EPOCH, MOMENTS, WireValue, columns, iso_text, wire_value
from honeyhive_ext.filters.warnings import contradiction, doubts, warn

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
_UNIX_MS = (("start_time",), ("end_time",))  # columns that hold times, for which a number is a moment


def name_of(path: Sequence[str]) -> str:
    """How a field is written with `F`."""
    if len(path) == 1 and path[0] in columns():
        return f"F.{path[0]}"
    return f"F({', '.join(map(repr, path))})"


def _no_alternative(left: object, right: object) -> QueryError:
    return QueryError(
        f"the API joins filters by AND only, so ({left!r}) | ({right!r}) cannot be asked: "
        "run one search for each and merge the results by event_id"
    )


@frozen(eq=False, repr=False)
class Filter:
    """One condition on one field of an event, made by `F`; compares by what it asks.

    Attributes:
        path: The keys that lead to the field. On the wire they are joined by dots.
        operator: One of the operators of the API document, such as "greater than".
        value: What the field is compared with; None for `exists` and `not exists`.
        type: string, number, boolean or datetime; None leaves it to the service.
    """

    path: tuple[str, ...]
    operator: str
    value: WireValue = None
    type: str | None = None

    @property
    def field(self) -> str:
        """The field's dotted path, as it goes over the wire."""
        return ".".join(self.path)

    def to_dict(self) -> dict[str, Any]:
        """The filter as it goes over the wire: an EventSearchFilter of the API document.

        >>> from honeyhive_ext.filters import F
        >>> (F("metadata.cost") > 0.01).to_dict()
        {'field': 'metadata.cost', 'operator': 'greater than', 'value': 0.01, 'type': 'number'}
        """
        wire: dict[str, Any] = {"field": self.field, "operator": self.operator, "value": self.value}
        if self.type is not None:
            wire["type"] = self.type
        return wire

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
        hint = f"write {write} instead" if write else "there is no opposite of it in the API"
        raise QueryError(f"the API has no NOT, so ~({self!r}) cannot be asked: {hint}")

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


@frozen(repr=False)
class AllOf:
    """Several filters that must all hold, as `&` makes them."""

    filters: tuple[Filter, ...]

    def __iter__(self) -> Iterator[Filter]:
        return iter(self.filters)

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


FilterLike: TypeAlias = Filter | AllOf | EventFilter | Mapping[str, Any]


def _moment(ms: WireValue) -> str:
    try:
        return iso_text(EPOCH + timedelta(milliseconds=float(ms or 0)))
    except OverflowError as error:
        raise QueryError(f"{ms!r} Unix ms lies beyond the years 1 to 9999") from error


def build(path: Sequence[str], operator: str, value: object, kind: str | None = None) -> Filter:
    """A filter from Python values, checked; warns where it cannot match anything."""
    _check_name("operator", operator, FILTER_OPERATOR_VALUES)
    if kind is not None:
        _check_name("type", kind, FILTER_TYPE_VALUES)
    wire, own = wire_value(value, operator)
    if operator in MOMENTS and own == "number" and kind is None and tuple(path) in _UNIX_MS:
        wire, own = _moment(wire), "datetime"
    built = Filter(tuple(path), operator, wire, kind or own)
    if reason := doubts(built):
        warn(reason, built)
    return built


def _check_name(what: str, given: object, known: frozenset[Any]) -> None:
    if given not in known:
        near = get_close_matches(str(given), known)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}"
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
    if isinstance(given, list | tuple):
        raise QueryError("pass several filters one by one: search(*filters)")
    raise QueryError(
        f"{given!r} is not a condition: compare a field, such as F.event_type == 'model' or "
        "F.error.exists(), each in parentheses where & joins them; or write a dict with field, operator "
        "and value"
    )


def _from_dict(given: Mapping[str, Any]) -> Filter:
    for key in given:
        _check_name("property of a filter named", key, frozenset(_KEYS))
    operator = given.get("operator")
    missing = [key for key in ("field", "operator", "value") if key not in given]
    if missing and not (missing == ["value"] and operator in _WITHOUT_VALUE):
        raise QueryError(f"the filter {dict(given)!r} lacks {' and '.join(missing)}")
    path = given["field"]
    if not isinstance(path, str) or not path:
        raise QueryError(f"the field of a filter is its dotted path as text, not {path!r}")
    return build((path,), given["operator"], given.get("value"), given.get("type"))


def as_filters(given: Sequence[FilterLike]) -> tuple[Filter, ...]:
    """Whatever may stand for filters, as filters. Warns where they contradict each other.

    Raises:
        QueryError: Something that is no filter; the message says what to write instead.
    """
    filters = tuple(one for some in given for one in _flat(some))
    if reason := contradiction(filters):
        warn(reason, AllOf(filters))
    return filters
