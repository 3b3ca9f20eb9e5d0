"""Events as rows of a table with fixed columns, without loss. Pure.

The columns are those of the API document's schema of a stored event (`honeyhive_schemas`), in its order,
and three more that hold what has no place there:

- `additional_properties`: the properties the document does not name, as one JSON object.
- `unreadable`: a JSON object of the values that are not of their column's type, by property, just as they
  came. An event that is no object at all stands here itself.
- `null_properties`: a JSON array of the properties that were sent as null; an empty cell of a property that
  is not in it means that the property was not sent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Literal, TypeAlias, cast

import orjson
from attrs import frozen
from honeyhive_client.request_fields import REQUEST_FIELDS
from honeyhive_schemas import schema

Kind: TypeAlias = Literal["text", "number", "integer", "boolean", "json"]

ADDITIONAL = "additional_properties"
UNREADABLE = "unreadable"
NULLS = "null_properties"
BESIDE = (ADDITIONAL, UNREADABLE, NULLS)

_KINDS: Mapping[str, Kind] = {
    "string": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}


@frozen
class Column:
    """One column.

    Attributes:
        name: The property's name, or one of `BESIDE`.
        kind: What its cells hold; "json" is any value as JSON text.
        is_moment: Whether its numbers are Unix milliseconds.
    """

    name: str
    kind: Kind
    is_moment: bool = False


@cache
def properties() -> tuple[Column, ...]:
    """The columns of the properties that the API document names.

    >>> [column.name for column in properties() if column.is_moment]
    ['start_time', 'end_time']
    """
    sent = REQUEST_FIELDS["CreateEventRequest"]
    named = schema("Event")["properties"].items()
    return tuple(
        Column(name, _kind(described), name in sent and sent[name].unit == "unix-ms")
        for name, described in named
    )


@cache
def columns() -> tuple[Column, ...]:
    """All columns, in order. The same for every export by one version of this package."""
    return (*properties(), Column(ADDITIONAL, "json"), Column(UNREADABLE, "text"), Column(NULLS, "text"))


def _kind(described: Mapping[str, Any]) -> Kind:
    given: Any = described.get("type", ())
    types = {given} if isinstance(given, str) else {*given}
    types.discard("null")
    return _KINDS.get(types.pop(), "json") if len(types) == 1 else "json"


def cells(event: Any, as_is: Collection[str] = ()) -> dict[str, Any]:
    """The cells of an event that are not empty, by column.

    Args:
        event: What the service sent.
        as_is: The "json" columns whose cells are to be the values themselves instead of JSON text.

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
        return {UNREADABLE: exact_text(event)}
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
        row[UNREADABLE] = exact_text(odd)
    if nulls:
        row[NULLS] = exact_text(nulls)
    return row


def event_of(row: Mapping[str, Any]) -> Any:
    """The event again, from its cells with JSON text. The inverse of `cells`.

    >>> event = {"error": None, "start_time": "soon", "x": 1, "inputs": {"a.b": [2]}}
    >>> event_of(cells(event)) == event
    True
    """
    beside = {name: json.loads(row[name]) for name in BESIDE if row.get(name) is not None}
    odd: Any = beside.get(UNREADABLE, {})
    if not isinstance(odd, dict):
        return odd
    event: dict[str, Any] = {}
    for column in properties():
        cell = row.get(column.name)
        if cell is not None:
            event[column.name] = json.loads(cell) if column.kind == "json" else cell
    event.update(dict.fromkeys(beside.get(NULLS, ())))
    event.update(cast("dict[str, Any]", odd))
    event.update(beside.get(ADDITIONAL, {}))
    return event


def fits(kind: Kind, value: Any) -> Any:
    """The value as a cell of a column of this kind; None where it does not fit without loss.

    >>> fits("number", 5), fits("number", 2**53 + 1), fits("number", "5"), fits("text", "x")
    (5.0, None, None, 'x')
    """
    return _FITS[kind](value)


def json_text(value: Any) -> str | None:
    """A value as JSON text by RFC 8259; None where it holds NaN or an infinity, which JSON has not."""
    try:
        dense = orjson.dumps(value)
    except TypeError:
        # Half a character (a lone surrogate) and integers beyond 64 bits, which the service may send.
        return exact_text(value) if _finite(value) else None
    if b"null" in dense and not _finite(value):
        return None  # orjson writes NaN as null
    return dense.decode()


def exact_text(value: Any) -> str:
    """A value as JSON text, in which NaN and infinities are written as the service did."""
    return json.dumps(value, separators=(",", ":"))


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


def _text(value: Any) -> str | None:
    if type(value) is not str:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character
        return None
    return value


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    # An integer beyond 2**53 may have no double of its own.
    return number if number == value or math.isnan(number) else None


def _integer(value: Any) -> int | None:
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_FITS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "json": json_text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
}
