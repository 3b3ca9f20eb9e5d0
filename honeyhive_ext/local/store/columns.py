"""One event as one row: which field stands in which column, and how it is written and read.

Text and number fields are native columns, every other field is a column of JSON text, and what fits
nowhere (a field the document does not name, a value of another type) goes into one JSON object, `extra`.
The fields come from the API document: a property added there is a column here, without a change of code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson
from attrs import field, frozen

from honeyhive_ext.local.codec import dumps, loads

Kind = Literal["text", "number", "json"]

NULL = b""  # what a column holds for a null that was sent; SQL NULL stands for "not sent"
_ESCAPED = re.compile(rb'[\x00-\x1f"\\]').search
_INT64 = 2**63


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
class Columns:
    """The columns of the events table, in the order of the API document.

    Args:
        kinds: Field name to kind.
    """

    kinds: Mapping[str, Kind]
    names: Sequence[str] = field(init=False)
    _places: Mapping[str, tuple[int, Kind]] = field(init=False)
    _heads: Sequence[tuple[bytes, Kind]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        names = list(self.kinds)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "_places", {n: (i, self.kinds[n]) for i, n in enumerate(names)})
        object.__setattr__(self, "_heads", [(orjson.dumps(n) + b":", self.kinds[n]) for n in names])

    def select(self, table: str = "events") -> str:
        """The columns of one event as a SELECT list; `decode` reads such rows."""
        return ",".join([*(f"{table}.{quoted(name)}" for name in self.names), f"{table}.extra"])

    def encode(self, event: Mapping[str, Any]) -> list[Any]:
        """One event as the values of its columns, `extra` last."""
        row: list[Any] = [None] * (len(self.names) + 1)
        extra: dict[str, Any] = {}
        for name, value in event.items():
            place = self._places.get(name)
            if place is None:
                extra[name] = value
                continue
            index, kind = place
            if value is None:
                row[index] = NULL
            elif kind == "json":
                row[index] = dumps(value)
            elif kind == "text":
                if isinstance(value, str):
                    row[index] = value
                else:
                    extra[name] = value
            elif _is_number(value):
                row[index] = value
            else:
                extra[name] = value
        if extra:
            row[-1] = dumps(extra)
        return row

    def surplus(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What of an event goes into `extra`."""
        return {name: value for name, value in event.items() if not self._fits(name, value)}

    def _fits(self, name: str, value: object) -> bool:
        kind = self.kinds.get(name)
        if kind is None:
            return False
        if value is None or kind == "json":
            return True
        return isinstance(value, str) if kind == "text" else _is_number(value)

    def decode(self, row: Sequence[Any]) -> bytes:
        """The JSON text of the event whose columns these are, read with `text_factory = bytes`."""
        parts: list[bytes] = []
        for (head, kind), value in zip(self._heads, row, strict=False):
            if value is None:
                continue
            if kind == "number":
                parts.append(head + (repr(value).encode() if value != NULL else b"null"))
            elif value == NULL:
                parts.append(head + b"null")
            elif kind == "json":
                parts.append(head + value)
            elif _ESCAPED(value):
                parts.append(head + orjson.dumps(value.decode()))
            else:
                parts.append(b'%b"%b"' % (head, value))
        extra = row[len(self._heads)]
        if extra is not None:
            parts.append(extra[1:-1])
        return b"{" + b",".join(parts) + b"}"

    def event(self, row: Sequence[Any]) -> dict[str, Any]:
        """The event whose columns these are, still guarded."""
        event: dict[str, Any] = loads(self.decode(row))
        return event


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, float) or (isinstance(value, int) and -_INT64 <= value < _INT64)
