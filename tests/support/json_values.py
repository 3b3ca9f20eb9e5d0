"""Hypothesis strategies for JSON values that follow a schema, and for ways to spoil them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

import honeyhive_schemas
from hypothesis import strategies as st

TEXT = st.text(max_size=8)
# Within 64 bits: orjson reads larger integers as floats, which docs/low-level.md says.
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FORMATS = {
    "uuid": st.uuids().map(str),
    # Offsets in whole minutes, as RFC 3339 has them.
    "date-time": st.builds(
        lambda at, offset: at.isoformat() + offset, st.datetimes(), st.sampled_from(["Z", "+05:30", "-11:00"])
    ),
}

# What may stand where something else should: other types, edges of limits, near misses of formats.
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    1000,
    1001,
    1.0,
    1.5,
    -0.0,
    1e308,
    2**53 + 1,
    2**64 - 1,
    "",
    "x",
    "tool",
    "greater than",
    "1",
    "\x00",
    "é",
    [],
    [None],
    ["x", 1],
    {},
    {"": None},
    {"a.b": [1, {"c": None}]},
    "7F22137A-6911-4ED3-BC36-110F1DDE6B66",
    "7f22137a69114ed3bc36110f1dde6b66",
    "2026-01-01T00:00:00Z",
    "2026-01-01t00:00:00z",
    "2016-12-31T23:59:60Z",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00",
]
HUGE = 10**30  # JSON, but not for every parser
NO_JSON: list[Any] = [float("nan"), float("inf"), b"x", {1, 2}, {3: 4}, "\ud800", (), object, 10**5000, 2j]


@functools.cache
def valid(name: str) -> st.SearchStrategy[Any]:
    """Values that follow the schema `name`, written apart from every validator."""
    schema = honeyhive_schemas.schema(name)
    return _following(schema, schema)


def _following(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _following(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return st.one_of([_of_type(kind, schema, root) for kind in kinds])


def _of_type(kind: str, schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    match kind:
        case "object":
            return _objects(schema, root)
        case "array":
            return st.lists(_following(schema.get("items", {}), root), max_size=3)
        case "string":
            return FORMATS.get(schema.get("format", ""), TEXT)
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "number":
            return NUMBERS
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return ANY_JSON


def _objects(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    known = {key: _following(inner, root) for key, inner in schema.get("properties", {}).items()}
    required = {key: known.pop(key) for key in schema.get("required", [])}
    named = st.fixed_dictionaries(required, optional=known)
    if schema.get("additionalProperties") is False:
        return named
    others = st.dictionaries(TEXT.filter(lambda key: key not in {*known, *required}), ANY_JSON, max_size=2)
    return st.builds(lambda first, second: {**first, **second}, named, others)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) inside a value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from places(inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield value, index
            yield from places(inner)


@st.composite
def spoiled(draw: st.DrawFn, name: str, odd: tuple[Any, ...] = tuple(ODD)) -> Any:
    """A value of the schema `name` with one to three things changed, left out, or added."""
    value = copy.deepcopy(draw(valid(name)))
    replacement = st.sampled_from(odd).map(copy.deepcopy)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(value))
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if not found or action == "add":
            target = draw(st.sampled_from([value, *(c[k] for c, k in found if isinstance(c[k], dict))]))
            if not isinstance(target, dict):
                return draw(replacement)
            known = list(honeyhive_schemas.schema(name).get("properties", {}))
            target[draw(st.sampled_from([*known, "new", "a.b", "événement"]))] = draw(replacement)
            continue
        container, key = found[draw(st.integers(0, len(found) - 1))]
        if action == "remove":
            del container[key]
        else:
            container[key] = draw(replacement)
    return value
