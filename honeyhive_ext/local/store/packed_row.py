"""The format of a row: one event as its JSON text, and next to it what filters and indexes read.

`body` is the finished JSON text of the event. An answer is joined from these texts as SQLite returns them;
nothing is parsed or serialised. The other columns come before it:

    event          {"event_name": "a", "duration": 5, "metadata": {"k": 1}, "z": true}

    f_event_name   'a'
    f_duration     5
    p_metadata     43 << 32 | 7 ----------------------.
    extra          '{"z":true}'                       v
    body           {"event_name":"a","duration":5,"metadata":{"k":1},"z":true}
                   ^ byte 1                               ^ byte 43, 7 bytes long

- `f_NAME` holds a text or a number itself, and an id in the form in which it compares (`canonical`). It is
  NULL where the field is absent, is null, or has a value of another type.
- `p_NAME` holds the place of any other field's JSON text in `body`: the first byte, counted from 1 as SQLite
  counts, in the high 32 bits, and the length in bytes in the low 32 bits. So no field is stored twice, and a
  filter parses one field instead of the whole event. It is NULL where the field is absent.
- `extra` holds what fits in no column as one JSON object, for the filters: a field that the document does not
  name, a text where a number belongs, an integer of more than 64 bits. `body` holds it too.
- `body` has the fields of the document first, in the order of the columns, then the others.

Events of one shape (the same names and types) share a plan: a template of the text without the values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

import orjson
from attrs import define, field, frozen

from honeyhive_ext.local.codec import TooDeepError, dumps, loads
from honeyhive_ext.local.filters.operands import canonical
from honeyhive_ext.local.store.columns import ColumnKind, cell
from honeyhive_ext.local.store.store_errors import DamagedRowError

_INT64 = 2**63
_LENGTH = 32  # bits of a place that hold the length
SHAPES_SIZE = 4_000_000  # bytes, about, of the plans that are remembered


def part(name: str) -> str:
    """Return the SQL of a field's JSON text, cut from `body`; NULL where the event has no such field."""
    place = cell(name, "json")
    return f"CAST(substr(body, {place} >> {_LENGTH}, {place} & {(1 << _LENGTH) - 1}) AS TEXT)"


def text_of(body: object) -> bytes:
    """Return what the column `body` of a row holds.

    Raises:
        DamagedRowError: It holds no text.
    """
    if not isinstance(body, bytes):
        raise DamagedRowError
    return body


def event_of(body: object) -> dict[str, Any]:
    """Return the event whose text this is, still guarded.

    Raises:
        DamagedRowError: It is no text.
        NotJSONError: The text is not JSON.
    """
    event: dict[str, Any] = loads(text_of(body))
    return event


@define
class _Plan:
    """How events of one shape are packed.

    In the pairs, `cell` is a column's number in the row and `at` a field's number in the text.

    Args:
        names: The fields in the order of the text: those of the document, then the others.
        values: Returns the values of these fields of an event.
        template: The text without the values.
        plain: (cell, at) of each value that is stored as it is.
        integers: (cell, at) of each integer, which may be too large for a column.
        ids: (cell, at) of each id, which is stored in the form that compares.
        places: (cell, at, bytes of the template before the value) of each field of JSON text.
        extra: The fields that go into `extra`.
    """

    names: Sequence[str]
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    template: bytes
    plain: list[tuple[int, int]] = field(factory=list["tuple[int, int]"])
    integers: list[tuple[int, int]] = field(factory=list["tuple[int, int]"])
    ids: list[tuple[int, int]] = field(factory=list["tuple[int, int]"])
    places: list[tuple[int, int, int]] = field(factory=list["tuple[int, int, int]"])
    extra: list[str] = field(factory=list[str])


@frozen
class PackedRows:
    """Packs events into rows. The columns are in the order of the API document.

    Args:
        kinds: How each field is stored, by name.

    >>> rows = PackedRows({"event_name": "text", "metadata": "json"})
    >>> rows.cells
    ['"f_event_name"', '"p_metadata"', 'extra', 'body']
    >>> rows.pack({"event_name": "a", "metadata": {"k": 1}, "z": True})[0]
    ['a', 128849018887, '{"z":true}', b'{"event_name":"a","metadata":{"k":1},"z":true}']
    >>> 128849018887 == 30 << 32 | 7
    True
    """

    kinds: Mapping[str, ColumnKind]
    names: Sequence[str] = field(init=False)
    cells: Sequence[str] = field(init=False)
    _places: Mapping[str, tuple[int, ColumnKind]] = field(init=False)
    _plans: dict[Sequence[object], _Plan] = field(factory=dict["Sequence[object]", "_Plan"], init=False)
    _size: list[int] = field(factory=lambda: [0], init=False)

    def __attrs_post_init__(self) -> None:
        names = list(self.kinds)
        object.__setattr__(self, "names", names)
        object.__setattr__(
            self, "cells", [*(cell(name, self.kinds[name]) for name in names), "extra", "body"]
        )
        object.__setattr__(self, "_places", {n: (i, self.kinds[n]) for i, n in enumerate(names)})

    def pack(self, event: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return one event as the values of `cells`, and what is in `extra`.

        Raises:
            TooDeepError: A field is nested too deeply.
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
        for index, at in plan.ids:
            row[index] = canonical(values[at])
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
        """Return how events of this shape are packed, and remember it."""
        names = sorted(event, key=lambda name: self._places.get(name, (len(self.names), ""))[0])
        heads = [orjson.dumps(name) + b":" for name in names]
        template = b",".join(head.replace(b"%", b"%%") + b"%b" for head in heads)
        plan = _Plan(names, _getter(names), b"{" + template + b"}")
        before = 1  # SQLite counts from 1
        for at, (name, head) in enumerate(zip(names, heads, strict=True)):
            before += 1 + len(head)  # a brace or a comma
            index, kind = self._places.get(name, (-1, "extra"))
            value = event[name]
            if kind == "json":
                plan.places.append((index, at, before))
            elif kind == "number" and type(value) is int:
                plan.integers.append((index, at))
            elif kind == "id" and type(value) is str:
                plan.ids.append((index, at))
            elif index >= 0 and type(value) is (str if kind == "text" else float):
                plan.plain.append((index, at))
            elif index < 0 or value is not None:
                plan.extra.append(name)
        # A name may be long and a shape may have many names.
        size = sum(map(len, names)) + 100 * len(names)
        if self._size[0] + size <= SHAPES_SIZE:
            self._size[0] += size
            self._plans[shape] = plan
        return plan

    def forget(self) -> None:
        """Forget the shapes of the events so far."""
        self._plans.clear()
        self._size[0] = 0


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return a function that takes the values of some names as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda event: tuple(event[name] for name in names)


def _exact(name: str, value: object) -> bytes:
    """Return the JSON text of a field. A value that is too deep names the field."""
    try:
        return dumps(value).encode()
    except TooDeepError as problem:
        raise TooDeepError(name) from problem
