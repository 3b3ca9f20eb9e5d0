"""Hypothesis strategies for the JSON values that a JSON Schema of `honeyhive_schemas` allows.

They read the schemas without a validator, so that tests can compare them with the validators.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import honeyhive_schemas
from hypothesis import strategies as st

Schema = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]

TEXT = st.text(max_size=8)
# Within 64 bits, since orjson reads larger integers as floats (docs/low-level.md).
INTEGERS = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = INTEGERS | FLOATS
ANY_JSON: Strategy = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def _with_offset(two: tuple[datetime, str]) -> str:
    return two[0].isoformat() + two[1]


# RFC 3339 has offsets in whole minutes.
DATE_TIMES = st.tuples(st.datetimes(), st.sampled_from(["Z", "+05:30", "-11:00"])).map(_with_offset)
FORMATS: Mapping[str, Strategy] = {"uuid": st.uuids().map(str), "date-time": DATE_TIMES}


@functools.cache
def values(name: str) -> Strategy:
    """Generate values that a schema allows.

    Args:
        name: The schema's name in openapi.yaml, or the name of its model, as for `honeyhive_schemas.schema`.

    Raises:
        UnknownSchemaError: There is no schema of that name.

    >>> from hypothesis import find
    >>> find(values("EventSearchFilter"), lambda condition: condition["operator"] == "before")["operator"]
    'before'
    """
    schema = honeyhive_schemas.schema(name)
    return following(schema, schema)


def following(schema: Schema, root: Schema) -> Strategy:
    """Generate values that `schema` allows; its references point into `root`."""
    if "$ref" in schema:
        reference: str = schema["$ref"]
        if reference == "#":
            return st.deferred(lambda: following(root, root))
        inner: Schema = root["$defs"][reference.removeprefix("#/$defs/")]
        return st.deferred(lambda: following(inner, root))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return st.one_of([following(choice, root) for choice in schema[key]])
    kinds: Any = schema.get("type", "any")
    return st.one_of(
        [_of_type(kind, schema, root) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    )


def _of_type(kind: str, schema: Schema, root: Schema) -> Strategy:
    match kind:
        case "object":
            return objects(schema, root)
        case "array":
            items = following(schema.get("items", {}), root)
            least = schema.get("minItems", 0)
            return st.lists(items, min_size=least, max_size=min(schema.get("maxItems", 3), least + 3))
        case "string":
            return _strings(schema)
        case "integer":
            return st.integers(schema.get("minimum", -(2**63)), schema.get("maximum", 2**64 - 1))
        case "number":
            low, high = schema.get("minimum"), schema.get("maximum")
            if low is None and high is None:
                return NUMBERS
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return ANY_JSON


def _strings(schema: Schema) -> Strategy:
    if "pattern" in schema:
        pattern: str = schema["pattern"]
        return st.from_regex(pattern)
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    least = schema.get("minLength", 0)
    return st.text(min_size=least, max_size=min(schema.get("maxLength", least + 8), least + 8))


def objects(schema: Schema, root: Schema, given: Mapping[str, Strategy] | None = None) -> Strategy:
    """Generate objects that `schema` allows, with the caller's strategies for some properties."""
    known = {key: following(inner, root) for key, inner in schema.get("properties", {}).items()}
    known.update(given or {})
    required = {key: known.pop(key) for key in {**dict.fromkeys(schema.get("required", [])), **(given or {})}}
    named = st.fixed_dictionaries(required, optional=known)
    others: Any = schema.get("additionalProperties", True)
    if others is False:
        return named
    names = TEXT.filter(lambda key: key not in {*known, *required})
    more = st.dictionaries(names, ANY_JSON if others is True else following(others, root), max_size=2)
    return st.tuples(named, more).map(_merged)


def _merged(two: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {**two[0], **two[1]}
