"""One event as one row: its JSON text, and beside it what filters and indexes ask for.

`body` is the finished JSON text of an event, so that an answer is joined from what SQLite hands over (CPU of
a page of 1,000 events in the core: 10.4 -> 2.4 ms; each stored event costs 3 µs more).
Text and number fields stand in native columns too. Of every other field the row notes where in `body` its
text stands, so that none is stored twice. What fits in none of these (a field the document does not name, a
value of another type) stands also in one JSON object, `extra`, for the filters.
The fields come from the API document: a property added there is a column here, without a change of code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any, Literal

import orjson
from attrs import define, field, frozen

from honeyhive_ext.local.codec import TooDeepError, dumps, loads

Kind = Literal["text", "number", "json"]

_INT64 = 2**63
_LENGTH = 32  # bits of a place that hold the length; those above hold where it begins
SHAPES = 1000  # shapes of events whose encoding is remembered


def kinds(schema: Mapping[str, Any]) -> dict[str, Kind]:
    """The fields of an object schema and how each is stored.

    >>> kinds({"properties": {"a": {"type": ["string", "null"]}, "b": {"type": "number"}, "c": {}}})
    {'a': 'text', 'b': 'number', 'c': 'json'}
    """
    return {name: _kind(one) for name, one in schema.get("properties", {}).items()}


def _kind(schema: Mapping[str, Any]) -> Kind:
    given = schema.get("type")
    types: set[str] = {given} if isinstance(given, str) else set(given or ())
    types.discard("null")
    if types == {"string"}:
        return "text"
    if types and types <= {"number", "integer"}:
        return "number"
    return "json"


def quoted(name: str) -> str:
    """The SQL identifier of a field's column."""
    return _identifier("f_" + name)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def cell(name: str, kind: Kind) -> str:
    """The SQL identifier of what is written for a field: its value, or the place of its text in `body`."""
    return _identifier("p_" + name) if kind == "json" else quoted(name)


def part(name: str) -> str:
    """The SQL of the JSON text of a field: its part of `body`, NULL where the event has no such field."""
    place = cell(name, "json")
    return f"CAST(substr(body, {place} >> {_LENGTH}, {place} & {(1 << _LENGTH) - 1}) AS TEXT)"


def add(connection: sqlite3.Connection, kinds: Mapping[str, Kind]) -> None:
    """Add the columns of these fields to the events table, and `body` behind the first of them.

    SQLite reads a row from its beginning: behind a large `body` every column would be slow.
    """
    names = [cell(name, kind) for name, kind in kinds.items()]
    there = {row[1] for row in connection.execute("PRAGMA table_info(events)")}
    if names and b"body" not in there:
        names.append("body")
    for name in names:
        connection.execute(f"ALTER TABLE events ADD COLUMN {name}")


@define
class _Plan:
    """How events of one shape are encoded.

    `at` is a field's number in the text, `cell` its number in the row.

    Args:
        names: The fields in the order of the text: those of the document, then the others.
        values: The values of these fields of an event.
        template: The text without the values.
        plain: cell and at of each value that is written as it is.
        integers: The same for integers, which may be too large for a column.
        places: cell and at of each field of JSON text, and the bytes of the template before it.
        extra: The fields that go into `extra`.
    """

    names: Sequence[str]
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    template: bytes
    plain: list[tuple[int, int]] = field(factory=list["tuple[int, int]"])
    integers: list[tuple[int, int]] = field(factory=list["tuple[int, int]"])
    places: list[tuple[int, int, int]] = field(factory=list["tuple[int, int, int]"])
    extra: list[str] = field(factory=list[str])


@frozen
class Columns:
    """The columns of the events table, in the order of the API document.

    Args:
        kinds: Field name to kind.
    """

    kinds: Mapping[str, Kind]
    names: Sequence[str] = field(init=False)
    cells: Sequence[str] = field(init=False)
    _places: Mapping[str, tuple[int, Kind]] = field(init=False)
    _plans: dict[Sequence[object], _Plan] = field(factory=dict["Sequence[object]", "_Plan"], init=False)

    def __attrs_post_init__(self) -> None:
        names = list(self.kinds)
        object.__setattr__(self, "names", names)
        object.__setattr__(
            self, "cells", [*(cell(name, self.kinds[name]) for name in names), "extra", "body"]
        )
        object.__setattr__(self, "_places", {n: (i, self.kinds[n]) for i, n in enumerate(names)})

    def encode(self, event: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """One event as the values of `cells`, and what is in `extra`.

        Raises:
            TooDeepError: A field that is nested too deeply.
        """
        shape = (*event, *map(type, event.values()))
        plan = self._plans.get(shape) or self._plan(shape, event)
        values = plan.values(event)
        try:
            texts = [*map(orjson.dumps, values)]
        except TypeError:
            texts = [*map(_exact, plan.names, values)]
        sizes = [*map(len, texts)]
        ends = [*accumulate(sizes)]
        row: list[Any] = [None] * len(self.cells)
        extra: dict[str, Any] = {name: event[name] for name in plan.extra}
        for index, at in plan.plain:
            row[index] = values[at]
        for index, at in plan.integers:
            if -_INT64 <= values[at] < _INT64:
                row[index] = values[at]
            else:
                extra[plan.names[at]] = values[at]
        for index, at, before in plan.places:
            row[index] = (before + ends[at] - sizes[at]) << _LENGTH | sizes[at]
        if extra:
            row[-2] = _exact("", extra).decode()
        row[-1] = plan.template % tuple(texts)
        return row, extra

    def _plan(self, shape: Sequence[object], event: Mapping[str, Any]) -> _Plan:
        """How events of this shape, their names and the types of their values, are encoded."""
        names = sorted(event, key=lambda name: self._places.get(name, (len(self.names), ""))[0])
        heads = [orjson.dumps(name) + b":" for name in names]
        template = b",".join(head.replace(b"%", b"%%") + b"%b" for head in heads)
        plan = _Plan(names, _getter(names), b"{" + template + b"}")
        before = 1  # where SQLite begins to count
        for at, (name, head) in enumerate(zip(names, heads, strict=True)):
            before += 1 + len(head)  # a brace or a comma
            index, kind = self._places.get(name, (-1, "extra"))
            value = event[name]
            if kind == "json":
                plan.places.append((index, at, before))
            elif kind == "number" and type(value) is int:
                plan.integers.append((index, at))
            elif index >= 0 and type(value) is (str if kind == "text" else float):
                plan.plain.append((index, at))
            elif index < 0 or value is not None:
                plan.extra.append(name)
        if len(self._plans) < SHAPES:
            self._plans[shape] = plan
        return plan


def event_of(body: bytes) -> dict[str, Any]:
    """The event whose text this is, still guarded."""
    event: dict[str, Any] = loads(body)
    return event


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What stands under some names, as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda event: tuple(event[name] for name in names)


def _exact(name: str, value: object) -> bytes:
    """The JSON text of a field; what is too deep names the field."""
    try:
        return dumps(value).encode()
    except TooDeepError as problem:
        raise TooDeepError(name) from problem
