"""What a schema allows, in one form: without references and extensions, with unions merged."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from codegen.sync.documents import Node, Source

EVERY = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
)


@frozen
class Shape:
    """One schema, normalised.

    Attributes:
        types: The JSON types it allows; `number` includes `integer`.
        enum: The values it allows, in the order of the document, or None for any.
        format: Its format, or None.
        limits: Its limits by keyword.
        properties: The schemas of its properties.
        required: The properties that it must have.
        closed: Whether it refuses other properties.
        items: The schema of its items, or None.
        deprecated: Whether it is deprecated.
    """

    types: frozenset[str]
    enum: tuple[Any, ...] | None
    format: str | None
    limits: Mapping[str, Any]
    properties: Mapping[str, Node]
    required: frozenset[str]
    closed: bool
    items: Node | None
    deprecated: bool


def shape_of(node: Node, source: Source) -> Shape:
    """Normalise one schema of a document."""
    merged = flat(node, source)
    enum = merged.get("enum", [merged["const"]] if "const" in merged else None)
    return Shape(
        types=_types(merged),
        enum=None if enum is None else tuple(enum),
        format=merged.get("format"),
        limits={key: merged[key] for key in LIMITS if key in merged},
        properties=merged.get("properties", {}),
        required=frozenset(merged.get("required", ())),
        closed=merged.get("additionalProperties") is False,
        items=merged.get("items"),
        deprecated=bool(merged.get("deprecated", False)),
    )


def flat(node: Node, source: Source) -> dict[str, Any]:
    """Return an equal schema without `$ref`, `allOf` and unions at its top.

    For a union of objects it keeps the properties of all, and requires only those that each of them requires.
    A union of strings and numbers becomes one schema with two types.
    """
    siblings = {key: value for key, value in node.items() if key not in ("$ref", "allOf", "anyOf", "oneOf")}
    parts: list[dict[str, Any]] = []
    if "$ref" in node:
        parts.append(flat(source.resolve(node), source))
    parts += [flat(part, source) for part in node.get("allOf", ())]
    for union in ("anyOf", "oneOf"):
        if union in node:
            parts.append(_union([flat(part, source) for part in node[union]]))
    merged: dict[str, Any] = {}
    for part in [*parts, siblings]:
        _add(merged, part)
    if merged.pop("nullable", False):  # OpenAPI 3.0
        merged["type"] = sorted(_types(merged) | {"null"})
    return merged


def _add(merged: dict[str, Any], part: Mapping[str, Any]) -> None:
    properties = {**merged.get("properties", {}), **part.get("properties", {})}
    required = [*merged.get("required", ()), *part.get("required", ())]
    merged.update(part)
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = required


def _union(parts: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        _add(merged, part)
    merged["type"] = sorted(frozenset[str]().union(*map(_types, parts)))
    required = [frozenset[str](part.get("required", ())) for part in parts]
    merged["required"] = sorted(required[0].intersection(*required[1:]))
    if all("enum" in part for part in parts):
        merged["enum"] = [value for part in parts for value in part["enum"]]
    else:
        merged.pop("enum", None)
    return merged


def _types(merged: Mapping[str, Any]) -> frozenset[str]:
    given = merged.get("type")
    if given is None:
        inferred = "object" if merged.get("properties") else "array" if "items" in merged else None
        return frozenset({inferred}) if inferred else EVERY
    types = frozenset({given} if isinstance(given, str) else given)
    return types | {"integer"} if "number" in types else types


def type_text(types: frozenset[str]) -> str:
    """Return the types as people read them.

    >>> type_text(frozenset({"number", "integer", "null"}))
    'null or number'
    """
    shown = types - {"integer"} if "number" in types else types
    return "any type" if types == EVERY else " or ".join(sorted(shown))
