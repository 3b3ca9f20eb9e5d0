"""One schema without references, `allOf` and unions at its top, where that says exactly the same."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from codegen.errors import GenerationError
from codegen.reading import is_object
from codegen.sync.documents import Node, Source
from codegen.sync.keywords import ABOUT, LOWER, TEXTS, UNIONS, UPPER

EVERY = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
CLOSING = ("additionalProperties", "unevaluatedProperties")
SHARED = TEXTS | {"type", "enum"}  # what the parts of a union may have each in its own way
Flat = dict[str, Any]


def flat(node: Node, source: Source, above: tuple[int, ...] = ()) -> Flat:
    """Return an equal schema. What has no such form, such as a union of two objects, stays as it is.

    Raises:
        GenerationError: The schema is nothing but a reference to itself.
    """
    if isinstance(node, bool):
        return {} if node else {"not": {}}
    if id(node) in above:
        raise GenerationError("a schema is made of itself, by $ref, allOf, anyOf or oneOf alone")
    above = (*above, id(node))
    own = _normal({key: value for key, value in node.items() if key not in ("$ref", *UNIONS)})
    parts = [flat(source.target(node), source, above)] if "$ref" in node else []
    parts += [flat(part, source, above) for part in node.get("allOf", ())]
    left: Flat = {}
    for key in ("anyOf", "oneOf"):
        if key in node:
            union = _union([flat(part, source, above) for part in node[key]], exclusive=key == "oneOf")
            if union is None:
                left[key] = node[key]
            else:
                parts.append(union)
    nullable = own.pop("nullable", False)  # OpenAPI 3.0
    merged = _together([*parts, own])
    if merged is None:
        return {**own, **left, "allOf": [part for part in [*parts, own] if part]}
    if nullable and "type" in merged:
        merged["type"] = sorted({*listed(merged["type"]), "null"})
    return {**merged, **left}


def listed(kinds: Any) -> list[str]:
    """Return the names in `type`, which is one name or a list."""
    return [kinds] if isinstance(kinds, str) else list(kinds)


def same(value: Any) -> str:
    """Return a text that is equal for values that JSON takes for equal: 1 and 1.0, not 1 and true."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if is_object(value):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in cast("Sequence[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _normal(own: Flat) -> Flat:
    if "const" in own:
        own["enum"] = [own.pop("const")]
    for key, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(own.get(key), bool) and own.pop(key) and limit in own:  # OpenAPI 3.0
            own[key] = own.pop(limit)
    return own


def _together(parts: Sequence[Flat]) -> Flat | None:
    """Return the schema that asks for all of the parts, or None if no keyword can say that."""
    names = {name for part in parts for name in part.get("properties", {})}
    for part in parts:
        closes = any(part.get(key, True) not in (True, {}) for key in CLOSING)
        if closes and names - {*part.get("properties", {})}:
            return None  # it refuses what the other parts name
    merged: Flat = {}
    for part in parts:
        for key, value in part.items():
            if key not in merged or key in TEXTS or key == "default" or same(merged[key]) == same(value):
                merged[key] = value
            elif (joined := _joined(key, merged[key], value)) is not None:
                merged[key] = joined
            else:
                return None
    return merged


def _joined(key: str, one: Any, other: Any) -> Any:
    """Return the value of a keyword that asks for both values, or None if there is none."""
    if key == "required":
        return [*dict.fromkeys([*one, *other])]
    if key == "properties":
        common = one.keys() & other.keys()
        return {**one, **other} if all(same(one[name]) == same(other[name]) for name in common) else None
    if key == "type":
        return sorted(_wide(one) & _wide(other)) or None
    if key == "enum":
        known = {*map(same, one)}
        return [value for value in other if same(value) in known] or None
    if key in LOWER or key in UPPER:
        return max(one, other) if key in LOWER else min(one, other)
    return None


def _wide(kinds: Any) -> frozenset[str]:
    names = frozenset(listed(kinds))
    return names | {"integer"} if "number" in names else names


def types_of(schema: Mapping[str, Any], source: Source) -> frozenset[str]:
    """Return the JSON types that a flat schema allows at most; `number` includes `integer`."""
    types = _wide(schema["type"]) if "type" in schema else EVERY
    if "type" not in schema:
        inferred = "object" if schema.get("properties") else "array" if "items" in schema else None
        types = frozenset({inferred}) if inferred and "enum" not in schema else EVERY
    if "enum" in schema:
        types &= frozenset[str]().union(*(types_of_value(value) for value in schema["enum"]))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            types &= frozenset[str]().union(*(types_of(flat(part, source), source) for part in schema[key]))
    for part in schema.get("allOf", ()):
        types &= types_of(flat(part, source), source)
    return types


def types_of_value(value: Any) -> set[str]:
    """Return the JSON types that a value is of; a whole number is an `integer` and a `number`."""
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int | float):
        return {"integer", "number"} if value == int(value) else {"number"}
    return {"string"} if isinstance(value, str) else {"object"} if is_object(value) else {"array"}


def _union(parts: list[Flat], *, exclusive: bool) -> Flat | None:
    """Return the schema that allows what any part allows, or None if no keywords can say that.

    They can if the parts are of different types, and all else that they say is about these types.
    """
    if len(parts) == 1:
        return parts[0]
    merged: Flat = {"type": []}
    choices: list[Any] = []
    for part in parts:
        if "type" not in part and "enum" not in part:
            return None
        kinds = listed(part["type"]) if "type" in part else sorted(_kinds_of_values(part["enum"]))
        words = {*TEXTS, "type", "enum"}.union(*(ABOUT.get(_family(kind), ()) for kind in kinds))
        taken = {_family(kind) for kind in merged["type"]} & {_family(kind) for kind in kinds}
        both_bare = not exclusive and {*part} <= {*TEXTS, "type"} and not merged.keys() - {*TEXTS, "type"}
        clash = any(key in merged and same(merged[key]) != same(part[key]) for key in part.keys() - SHARED)
        if (taken and not both_bare) or part.keys() - words or clash:
            return None
        merged = {**{key: value for key, value in part.items() if key not in TEXTS}, **merged}
        merged["type"] = [*dict.fromkeys([*merged["type"], *kinds])]
        choices.append(part.get("enum", {"null": [None], "boolean": [True, False]}.get(_only(kinds))))
    merged.pop("enum", None)
    if any("enum" in part for part in parts):
        if any(choice is None for choice in choices):
            return None
        merged["enum"] = [value for choice in choices for value in choice]
    merged["type"] = sorted(merged["type"])
    return merged


def _only(kinds: list[str]) -> str:
    return kinds[0] if len(kinds) == 1 else ""


def _family(kind: str) -> str:
    return "number" if kind == "integer" else kind


def _kinds_of_values(values: Sequence[Any]) -> set[str]:
    found = set[str]().union(*map(types_of_value, values))
    return found - {"integer"} if "number" in found else found
