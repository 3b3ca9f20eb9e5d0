"""Whether a JSON Schema allows a value, so that no strategy generates one that its own schema refuses."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from honeyhive_schemas._patterns import python_pattern

Schema = Mapping[str, Any]


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a JSON value is an object."""
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    """Return whether a JSON value is an array."""
    return isinstance(value, list)


def canonical(value: Any) -> str:
    """Return a text that is equal for values that JSON Schema takes for equal: 1 and 1.0, not 1 and true."""
    return json.dumps(_numbers(value), sort_keys=True)


def _numbers(value: Any) -> Any:
    if _is_object(value):
        return {key: _numbers(inner) for key, inner in value.items()}
    if _is_array(value):
        return [_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def target(schema: Schema, root: Schema) -> Any:
    """Return the schema that `$ref` names: the root, or one of its `$defs`."""
    reference: str = schema["$ref"]
    return root if reference == "#" else root["$defs"][reference.removeprefix("#/$defs/")]


def allows(schema: Any, root: Schema, value: Any) -> bool:
    """Return whether a schema, whose references point into `root`, allows a value.

    Formats are not looked at; the strategies for them make nothing else.
    """
    if isinstance(schema, bool):
        return schema
    check = functools.partial(allows, root=root, value=value)
    if "$ref" in schema and not allows(target(schema, root), root, value):
        return False
    if "type" in schema and not _is_of(schema["type"], value):
        return False
    if "const" in schema and canonical(value) != canonical(schema["const"]):
        return False
    if "enum" in schema and canonical(value) not in map(canonical, schema["enum"]):
        return False
    if not all(check(part) for part in schema.get("allOf", ())):
        return False
    if "anyOf" in schema and not any(check(part) for part in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(check(part) for part in schema["oneOf"]) != 1:
        return False
    if "not" in schema and check(schema["not"]):
        return False
    if "if" in schema and not check(schema.get("then" if check(schema["if"]) else "else", True)):
        return False
    if isinstance(value, str):
        return _allows_text(schema, value)
    if _is_object(value):
        return _allows_object(schema, root, value)
    if _is_array(value):
        return _allows_array(schema, root, value)
    return not isinstance(value, int | float) or isinstance(value, bool) or _allows_number(schema, value)


def _is_of(kinds: Any, value: Any) -> bool:
    return any(_is_kind(kind, value) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _is_kind(kind: str, value: Any) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return not isinstance(value, bool) and (whole or (kind == "number" and isinstance(value, float)))


def _allows_number(schema: Schema, value: float) -> bool:
    if value < schema.get("minimum", value) or value > schema.get("maximum", value):
        return False
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        return False
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        return False
    return "multipleOf" not in schema or is_multiple(value, schema["multipleOf"])


def is_multiple(value: float, step: float) -> bool:
    """Return whether a number is a multiple by decimal and by binary arithmetic; validators use either."""
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    try:
        quotient = value / step
    except OverflowError:
        return False
    exact = Decimal(repr(value)) / Decimal(repr(step))
    return abs(quotient) < 2**53 and quotient.is_integer() and exact == int(quotient)


def _allows_text(schema: Schema, value: str) -> bool:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return False
    return "pattern" not in schema or python_pattern(schema["pattern"]).search(value) is not None


def _allows_array(schema: Schema, root: Schema, value: list[Any]) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return False
    if schema.get("uniqueItems") and len(set(map(canonical, value))) < len(value):
        return False
    first = schema.get("prefixItems", ())
    if not all(allows(inner, root, item) for inner, item in zip(first, value, strict=False)):
        return False
    if not all(allows(schema.get("items", True), root, item) for item in value[len(first) :]):
        return False
    if not _allows_others(schema, root, value, "unevaluatedItems", dict(enumerate(value))):
        return False
    if "contains" not in schema:
        return True
    found = sum(allows(schema["contains"], root, item) for item in value)
    return bool(schema.get("minContains", 1) <= found <= schema.get("maxContains", found))


def _allows_object(schema: Schema, root: Schema, value: dict[str, Any]) -> bool:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        return False
    if not value.keys() >= {*schema.get("required", ())}:
        return False
    if not all(allows(schema.get("propertyNames", True), root, name) for name in value):
        return False
    for name, needed in schema.get("dependentRequired", {}).items():
        if name in value and not value.keys() >= {*needed}:
            return False
    for name, inner in schema.get("dependentSchemas", {}).items():
        if name in value and not allows(inner, root, value):
            return False
    if not _allows_others(schema, root, value, "unevaluatedProperties", value):
        return False
    return all(
        allows(inner, root, item) for name, item in value.items() for inner in _of_property(schema, name)
    )


def _of_property(schema: Schema, name: str) -> list[Any]:
    """Return every schema that the value of a property must follow."""
    found = [schema["properties"][name]] if name in schema.get("properties", {}) else []
    for pattern, inner in schema.get("patternProperties", {}).items():
        if python_pattern(pattern).search(name):
            found.append(inner)
    return found or [schema.get("additionalProperties", True)]


def _allows_others(schema: Schema, root: Schema, value: Any, keyword: str, parts: Mapping[Any, Any]) -> bool:
    """Return whether `unevaluatedProperties` or `unevaluatedItems` allows what nothing else speaks of."""
    if keyword not in schema:
        return True
    known = _evaluated({key: inner for key, inner in schema.items() if key != keyword}, root, value)
    return all(allows(schema[keyword], root, item) for name, item in parts.items() if name not in known)


def _evaluated(schema: Any, root: Schema, value: Any) -> set[Any]:
    """Return the properties, or the places of the items, that a schema speaks of (JSON Schema, 11)."""
    if isinstance(schema, bool):
        return set()
    found: set[Any] = set()
    if _is_object(value):
        if schema.keys() & {"additionalProperties", "unevaluatedProperties"}:
            return {*value}
        named = {**schema, "additionalProperties": None}
        found = {name for name in value if _of_property(named, name) != [None]}
    elif _is_array(value):
        if schema.keys() & {"items", "unevaluatedItems"}:
            return {*range(len(value))}
        found = {*range(len(schema.get("prefixItems", ())))}
        if "contains" in schema:
            found |= {at for at, item in enumerate(value) if allows(schema["contains"], root, item)}
    inside = [*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if "$ref" in schema:
        inside.append(target(schema, root))
    if "if" in schema:
        holds = allows(schema["if"], root, value)
        inside += [schema["if"], schema.get("then", True)] if holds else [schema.get("else", True)]
    if _is_object(value):
        inside += [inner for name, inner in schema.get("dependentSchemas", {}).items() if name in value]
    return found.union(*(_evaluated(inner, root, value) for inner in inside if allows(inner, root, value)))
