"""Events as rows of a table with fixed columns, without loss. Pure.

The columns are the properties of a stored event in the API document (`honeyhive_schemas`), in its order.
Three more columns hold everything else:

- `additional_properties`: the properties the document does not name, as one JSON object.
- `unreadable`: the values that are not of the type of their column, unchanged, as a JSON object by property.
  If an event is not an object, it is here as a whole.
- `null_properties`: the properties that the service sent as null, as a JSON array. If a cell is empty and its
  property is not in this array, the service did not send the property.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Literal, TypeAlias, cast

import orjson
from attrs import frozen
from honeyhive_client.request_fields import REQUEST_FIELDS
from honeyhive_schemas import schema

from honeyhive_ext.config.checks import lone_surrogate
from honeyhive_ext.serialize.exact_json import exact_json, exact_value

Kind: TypeAlias = Literal["string", "number", "integer", "boolean", "json"]

ADDITIONAL = "additional_properties"
UNREADABLE = "unreadable"
NULLS = "null_properties"
EXTRA_COLUMNS = (ADDITIONAL, UNREADABLE, NULLS)

_KINDS: Mapping[str, Kind] = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}


@frozen
class Column:
    """A column of the table.

    Attributes:
        name: The property's name, or one of `EXTRA_COLUMNS`.
        kind: What its cells hold; "json" is any value as JSON text.
        is_time: Whether its numbers are Unix ms.
        is_object: Whether its JSON text is of objects.
    """

    name: str
    kind: Kind
    is_time: bool = False
    is_object: bool = False


@cache
def properties() -> tuple[Column, ...]:
    """Return the columns of the properties that the API document names.

    >>> [column.name for column in properties() if column.is_time]
    ['start_time', 'end_time']
    """
    sent = REQUEST_FIELDS["CreateEventRequest"]
    named = schema("Event")["properties"].items()
    return tuple(
        Column(
            name,
            _kind(described),
            is_time=name in sent and sent[name].unit == "unix-ms",
            is_object=_types(described) == {"object"},
        )
        for name, described in named
    )


@cache
def columns() -> tuple[Column, ...]:
    """Return all columns, in order. They depend on the version of this package alone."""
    return (*properties(), Column(ADDITIONAL, "json"), Column(UNREADABLE, "string"), Column(NULLS, "string"))


def _types(described: Mapping[str, Any]) -> set[str]:
    given: Any = described.get("type", ())
    types = {given} if isinstance(given, str) else {*given}
    return types - {"null"}


def _kind(described: Mapping[str, Any]) -> Kind:
    types = _types(described)
    return _KINDS.get(types.pop(), "json") if len(types) == 1 else "json"


def cells(event: Any, as_is: Collection[str] = ()) -> dict[str, Any]:
    """Return the cells of an event that are not empty, by column.

    Args:
        event: The event as the service sent it.
        as_is: The "json" columns whose cells are the values themselves instead of JSON text.

    >>> cells({"error": None, "start_time": "soon", "x": 1}) == {
    ...     "additional_properties": '{"x":1}',
    ...     "unreadable": '{"start_time":"soon"}',
    ...     "null_properties": '["error"]',
    ... }
    True
    >>> cells(None)
    {'unreadable': 'null'}
    """
    if not isinstance(event, dict):
        return {UNREADABLE: exact_json(event)}
    rest = {**cast("dict[str, Any]", event)}
    row: dict[str, Any] = {}
    odd: dict[str, Any] = {}
    nulls: list[str] = []
    for column in properties():
        name = column.name
        if name not in rest:
            continue
        value = rest.pop(name)
        if value is None:
            nulls.append(name)
            continue
        cell = value if name in as_is else fits(column.kind, value)
        if cell is None:
            odd[name] = value
        else:
            row[name] = cell
    if rest:
        cell = rest if ADDITIONAL in as_is else json_text(rest)
        if cell is None:
            odd.update(rest)
        else:
            row[ADDITIONAL] = cell
    if odd:
        row[UNREADABLE] = exact_json(odd)
    if nulls:
        row[NULLS] = exact_json(nulls)
    return row


def event_of(row: Mapping[str, Any]) -> Any:
    """Return the event of a row of cells with JSON text. The inverse of `cells`.

    >>> event = {"error": None, "start_time": "soon", "x": 1, "inputs": {"a.b": [2]}}
    >>> event_of(cells(event)) == event
    True
    """
    extra = {name: exact_value(row[name]) for name in EXTRA_COLUMNS if row.get(name) is not None}
    odd: Any = extra.get(UNREADABLE, {})
    if not isinstance(odd, dict):
        return odd
    event: dict[str, Any] = {}
    for column in properties():
        cell = row.get(column.name)
        if cell is not None:
            event[column.name] = exact_value(cell) if column.kind == "json" else cell
    event.update(dict.fromkeys(extra.get(NULLS, ())))
    event.update(cast("dict[str, Any]", odd))
    event.update(extra.get(ADDITIONAL, {}))
    return event


def fits(kind: Kind, value: Any) -> Any:
    """Return the value as a cell of a column of this kind, or None if the cell would lose something.

    >>> fits("number", 5), fits("number", 2**53 + 1), fits("number", "5"), fits("string", "x")
    (5.0, None, None, 'x')
    """
    return _FITS[kind](value)


def json_text(value: Any) -> str | None:
    """Return a value as JSON text by RFC 8259, or None if it contains NaN or an infinity (not JSON)."""
    try:
        dense = orjson.dumps(value)
    except TypeError:
        # A lone surrogate or an integer beyond 64 bits. The service may send both.
        return exact_json(value) if _finite(value) else None
    if b"null" in dense and not _finite(value):
        return None  # orjson had written NaN as null
    return dense.decode()


def _finite(value: Any) -> bool:
    todo: list[Any] = [value]
    for one in todo:
        kind: Any = one.__class__
        if kind is dict:
            todo.extend(one.values())
        elif kind is list:
            todo.extend(one)
        elif kind is float and not math.isfinite(one):
            return False
    return True


def _string(value: Any) -> str | None:
    return value if type(value) is str and lone_surrogate(value) is None else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    # A float cannot hold every integer beyond 2**53.
    return number if number == value or math.isnan(number) else None


def _integer(value: Any) -> int | None:
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_FITS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "json": json_text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
}
