"""Hypothesis strategies for the JSON values that a JSON Schema of `honeyhive_schemas` allows.

They read the schemas without a validator, so that tests can compare them with the validators.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import honeyhive_schemas
from hypothesis import reject
from hypothesis import strategies as st

from honeyhive_ext.testing.allows import Schema, allows, canonical, target
from honeyhive_ext.testing.numbers import FLOATS, INTEGERS, integers, numbers
from honeyhive_ext.testing.patterns import matching

Strategy = st.SearchStrategy[Any]

TEXT = st.text(max_size=8)
NUMBERS = INTEGERS | FLOATS
NOTHING: Strategy = st.nothing()
TRIES = 30  # values that are drawn before a generated case is given up
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

WORDS = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default"})
# The keywords that the strategies follow by themselves. With any other, their values are looked at.
MADE = WORDS | {
    *("type", "format", "properties", "required", "additionalProperties", "items", "deprecated"),
    *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "pattern"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
ABOUT: Mapping[str, frozenset[str]] = {
    "object": frozenset(
        {"properties", "required", "additionalProperties", "minProperties", "maxProperties", "propertyNames"}
    ),
    "array": frozenset({"items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
}
# How two schemas that a value must follow become one, for each keyword that both may have.
JOINED: Mapping[str, Callable[[Any, Any], Any]] = {
    "properties": lambda one, other: {
        **one,
        **{key: _both(one.get(key, True), inner) for key, inner in other.items()},
    },
    "required": lambda one, other: list(dict.fromkeys([*one, *other])),
    "items": lambda one, other: _both(one, other),
    "additionalProperties": lambda one, other: _both(one, other),
    "type": lambda one, other: _common(one, other),
    "enum": lambda one, other: [value for value in one if value in other],
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
    **dict.fromkeys(("anyOf", "oneOf", "allOf"), lambda one, other: [*one, *other]),
}


def _common(one: Any, other: Any) -> list[str]:
    first, second = ([kinds] if isinstance(kinds, str) else list(kinds) for kinds in (one, other))
    pairs = {("integer", "number"), ("number", "integer")}
    both = [kind for kind in first if kind in second]
    return both or ["integer" for kind in first for other_kind in second if (kind, other_kind) in pairs]


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


def following(schema: Any, root: Schema) -> Strategy:
    """Generate values that `schema` allows; its references point into `root`."""
    if isinstance(schema, bool):
        return ANY_JSON if schema else NOTHING
    if "$ref" in schema:
        inner, rest = target(schema, root), {key: value for key, value in schema.items() if key != "$ref"}
        together = _both(inner, rest) if rest.keys() - WORDS else inner
        return st.deferred(lambda: following(together, root))
    if "const" in schema or "enum" in schema:
        choices = [schema["const"]] if "const" in schema else schema["enum"]
        found = [choice for choice in choices if allows(schema, root, choice)]
        return st.sampled_from(found) if found else NOTHING
    if "allOf" in schema:
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        merged = functools.reduce(_both, schema["allOf"], rest)
        return fitting(following(merged, root), schema, root)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            rest = {name: value for name, value in schema.items() if name != key}
            forms = [following(_both(rest, form), root) for form in schema[key]]
            return fitting(st.one_of(forms), schema, root)
    kinds: Any = schema.get("type", _kinds_of(schema))
    made = st.one_of(
        [_of_type(kind, schema, root) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    )
    return fitting(made, schema, root) if schema.keys() - MADE else made


def _both(one: Any, other: Any) -> Any:
    """Return a schema of which most values follow both; the caller keeps those that do."""
    if isinstance(one, bool) or isinstance(other, bool):
        return (other if one is True else one) if one and other else False
    merged = {**one, **other}
    for key, join in JOINED.items():
        if key in one and key in other:
            merged[key] = join(one[key], other[key])
    return merged


def _kinds_of(schema: Schema) -> list[str]:
    """Return the types of a schema that names none: any, or those that its keywords are about."""
    kinds = [kind for kind, words in ABOUT.items() if words & schema.keys()]
    return kinds if kinds and not schema.keys() & {"if", "not"} else [*kinds, "any"]


def fitting(strategy: Strategy, schema: Any, root: Schema) -> Strategy:
    """Generate the values of a strategy that `schema` allows; `filter` would give up after three."""
    return strategy if strategy is NOTHING else _fitting(strategy, schema, root)


@st.composite
def _fitting(draw: st.DrawFn, strategy: Strategy, schema: Any, root: Schema) -> Any:
    for _ in range(TRIES):
        value = draw(strategy)
        if allows(schema, root, value):
            return value
    return reject()


def _of_type(kind: str, schema: Schema, root: Schema) -> Strategy:
    match kind:
        case "object":
            return objects(schema, root)
        case "array":
            return arrays(schema, root)
        case "string":
            return _strings(schema, root)
        case "integer":
            return integers(schema)
        case "number":
            return numbers(schema)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return ANY_JSON


def _strings(schema: Schema, root: Schema) -> Strategy:
    least = schema.get("minLength", 0)
    most = schema.get("maxLength", least + 8)
    if most < least:
        return NOTHING
    if schema.get("format") in FORMATS:
        return fitting(FORMATS[schema["format"]], schema, root)
    if "pattern" in schema:
        return fitting(matching(schema), schema, root)
    return st.text(min_size=least, max_size=min(most, least + 8))


def arrays(schema: Schema, root: Schema, items: Strategy | None = None, max_size: int = 3) -> Strategy:
    """Generate arrays that `schema` allows, with the caller's strategy for the items."""
    others = schema.get("items", schema.get("unevaluatedItems", True))
    each = items if items is not None else following(others, root)
    if "contains" in schema:
        each = each | following(_both(schema.get("items", True), schema["contains"]), root)
    first = [following(inner, root) for inner in schema.get("prefixItems", ())]
    least = schema.get("minItems", 0)
    most = min(schema.get("maxItems", max_size), least + max_size)
    most = min(most, len(first)) if each is NOTHING else most
    if most < least:
        return NOTHING
    if not first:
        unique = canonical if schema.get("uniqueItems") else None
        return st.lists(each, min_size=least, max_size=most, unique_by=unique)
    rest = st.lists(each, min_size=max(0, least - len(first)), max_size=max(0, most - len(first)))
    return st.tuples(st.tuples(*first), rest).map(lambda two: [*two[0], *two[1]][:most])


def objects(schema: Schema, root: Schema, given: Mapping[str, Strategy] | None = None) -> Strategy:
    """Generate objects that `schema` allows, with the caller's strategies for some properties."""
    own = given or {}
    known = {
        key: following(inner, root) for key, inner in schema.get("properties", {}).items() if key not in own
    }
    others: Any = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
    anything = following(others, root)
    known.update(own)
    must = {**dict.fromkeys(schema.get("required", [])), **dict.fromkeys(own)}
    required = {key: known.pop(key, anything) for key in must}
    # A property of which there is no value can only be left out.
    optional = {key: strategy for key, strategy in known.items() if strategy is not NOTHING}
    named = st.fixed_dictionaries(required, optional=optional)
    if others is False or anything is NOTHING:
        more: Strategy = st.just({})
    else:
        names = (
            following(_both({"type": "string"}, schema["propertyNames"]), root)
            if "propertyNames" in schema
            else TEXT
        )
        fresh = names.filter(lambda key: key not in {*known, *required})
        more = st.dictionaries(fresh, anything, max_size=2)
    least, most = schema.get("minProperties", 0), schema.get("maxProperties")
    if least <= len(required) and most is None:
        return named if others is False else st.tuples(named, more).map(_merged)
    return _counted(named, more, required, optional, least, most)


@st.composite
def _counted(
    draw: st.DrawFn,
    named: Strategy,
    more: Strategy,
    required: Mapping[str, Strategy],
    optional: Mapping[str, Strategy],
    least: int,
    most: int | None,
) -> dict[str, Any]:
    """Generate objects with as many properties as the schema asks for."""
    made: dict[str, Any] = _merged((draw(named), draw(more)))
    for _ in range(TRIES):
        if len(made) >= least:
            break
        left = [key for key in optional if key not in made]
        key = draw(st.sampled_from(["", *left]))
        made = {**made, key: draw(optional[key])} if key in left else {**draw(more), **made}
    spare = [key for key in made if key not in required]
    for key in spare[: max(0, len(made) - (len(made) if most is None else most))]:
        del made[key]
    return made


def _merged(two: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {**two[0], **two[1]}
