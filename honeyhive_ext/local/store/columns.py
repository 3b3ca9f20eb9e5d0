"""One event as one row: which field stands in which column, and how it is written and read.

Text and number fields are native columns, every other field is a column of JSON text, and what fits
nowhere (a field the document does not name, a value of another type) goes into one JSON object, `extra`.
The fields come from the API document: a property added there is a column here, without a change of code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal

import orjson
from attrs import define, field, frozen

from honeyhive_ext.local.codec import TooDeepError, dumps, loads

Kind = Literal["text", "number", "json"]

# What a column holds for a null that was sent: a value of a type that it holds for nothing else. SQL NULL
# stands for "not sent".
_NULLS: Mapping[Kind, Any] = {"text": 0, "number": b"", "json": "null"}
_NULL_TYPES: Mapping[Kind, type | None] = {"text": int, "number": bytes, "json": None}
_ESCAPED = re.compile(rb'[\x00-\x1f"\\]').search
_INT64 = 2**63
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
    return '"f_' + name.replace('"', '""') + '"'


@frozen
class _Form:
    """How to write the rows of one shape: a template, its texts (which may need escapes) and its values."""

    template: bytes
    texts: Callable[[Sequence[Any]], tuple[Any, ...]]
    values: Callable[[Sequence[Any]], tuple[Any, ...]]


def _getter(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What stands at some places of a row, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[at] for at in places)


@define
class _Plan:
    """How events of one shape are encoded: column and field of each value, by what is done with it."""

    plain: list[tuple[int, str]] = field(factory=list["tuple[int, str]"])
    integers: list[tuple[int, str]] = field(factory=list["tuple[int, str]"])
    json: list[tuple[int, str]] = field(factory=list["tuple[int, str]"])
    nulls: list[tuple[int, Any]] = field(factory=list["tuple[int, Any]"])
    extra: list[str] = field(factory=list[str])


@frozen
class Columns:
    """The columns of the events table, in the order of the API document.

    Args:
        kinds: Field name to kind.
    """

    kinds: Mapping[str, Kind]
    names: Sequence[str] = field(init=False)
    _places: Mapping[str, tuple[int, Kind]] = field(init=False)
    _heads: Sequence[tuple[bytes, Kind]] = field(init=False)
    _plans: dict[Sequence[object], _Plan] = field(factory=dict["Sequence[object]", "_Plan"], init=False)
    _forms: dict[Sequence[type], _Form] = field(factory=dict["Sequence[type]", "_Form"], init=False)

    def __attrs_post_init__(self) -> None:
        names = list(self.kinds)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "_places", {n: (i, self.kinds[n]) for i, n in enumerate(names)})
        object.__setattr__(self, "_heads", [(orjson.dumps(n) + b":", self.kinds[n]) for n in names])

    def select(self, table: str = "events") -> str:
        """The columns of one event as a SELECT list; `decode` reads such rows."""
        return ",".join([*(f"{table}.{quoted(name)}" for name in self.names), f"{table}.extra"])

    def encode(self, event: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """One event as the values of its columns, `extra` last, and what is in `extra`.

        Raises:
            TooDeepError: A field that is nested too deeply.
        """
        shape = (*event, *map(type, event.values()))
        plan = self._plans.get(shape) or self._plan(shape, event)
        row: list[Any] = [None] * (len(self.names) + 1)
        extra: dict[str, Any] = {name: event[name] for name in plan.extra}
        for index, name in plan.plain:
            row[index] = event[name]
        for index, null in plan.nulls:
            row[index] = null
        for index, name in plan.integers:
            if -_INT64 <= event[name] < _INT64:
                row[index] = event[name]
            else:
                extra[name] = event[name]
        for index, name in plan.json:
            try:
                row[index] = orjson.dumps(event[name]).decode()
            except TypeError:
                row[index] = _exact(name, event[name])
        if extra:
            row[-1] = _exact("", extra)
        return row, extra

    def _plan(self, shape: Sequence[object], event: Mapping[str, Any]) -> _Plan:
        """How events of this shape, their names and the types of their values, are encoded."""
        plan = _Plan()
        for name, value in event.items():
            index, kind = self._places.get(name, (-1, "extra"))
            if value is None and index >= 0:
                plan.nulls.append((index, _NULLS[self.kinds[name]]))
            elif kind == "json":
                plan.json.append((index, name))
            elif kind == "number" and type(value) is int:
                plan.integers.append((index, name))
            elif type(value) is (str if kind == "text" else float) and index >= 0:
                plan.plain.append((index, name))
            else:
                plan.extra.append(name)
        if len(self._plans) < SHAPES:
            self._plans[shape] = plan
        return plan

    def decode(self, row: Sequence[Any]) -> bytes:
        """The JSON text of the event whose columns these are, read with `text_factory = bytes`."""
        shape = tuple(map(type, row))
        form = self._forms.get(shape)
        if form is None:
            form = self._forms[shape] = self._form(shape)
        if row[len(self._heads)] is not None or _ESCAPED(b"".join(form.texts(row))):
            return self._slowly(row)
        return form.template % form.values(row)

    def _form(self, shape: Sequence[type]) -> _Form:
        """How rows of this shape are written: which columns hold something, and of what type."""
        parts: list[bytes] = []
        texts: list[int] = []
        values: list[int] = []
        for at, ((head, kind), type_) in enumerate(zip(self._heads, shape, strict=False)):
            null = type_ is _NULL_TYPES[kind]
            if type_ is type(None):
                continue
            mark = b"null" if null else {"text": b'"%b"', "number": b"%a", "json": b"%b"}[kind]
            parts.append(head.replace(b"%", b"%%") + mark)
            if not null:
                values.append(at)
                if kind == "text":
                    texts.append(at)
        return _Form(b"{" + b",".join(parts) + b"}", _getter(texts), _getter(values))

    def _slowly(self, row: Sequence[Any]) -> bytes:
        parts: list[bytes] = []
        for (head, kind), value in zip(self._heads, row, strict=False):
            if value is None:
                continue
            if type(value) is _NULL_TYPES[kind]:
                parts.append(head + b"null")
            elif kind == "number":
                parts.append(head + repr(value).encode())
            else:
                parts.append(head + (value if kind == "json" else orjson.dumps(value.decode())))
        extra = row[len(self._heads)]
        if extra is not None:
            parts.append(extra[1:-1])
        return b"{" + b",".join(parts) + b"}"

    def event(self, row: Sequence[Any]) -> dict[str, Any]:
        """The event whose columns these are, still guarded."""
        event: dict[str, Any] = loads(self.decode(row))
        return event


def _exact(name: str, value: object) -> str:
    """The JSON text of a field; what is too deep names the field."""
    try:
        return dumps(value)
    except TooDeepError as problem:
        raise TooDeepError(name) from problem
