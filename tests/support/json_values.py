"""Ways to spoil a JSON value that follows a schema, as hypothesis strategies."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import honeyhive_schemas
from hypothesis import strategies as st

from honeyhive_ext.testing.json_schema import ANY_JSON, TEXT
from honeyhive_ext.testing.json_schema import values as valid

__all__ = ["ANY_JSON", "HUGE", "NO_JSON", "ODD", "TEXT", "places", "spoiled", "valid"]

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


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Return every (container, key) inside a value."""
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
    """Return a value of the schema `name` with one to three things changed, left out, or added."""
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
