"""What a schema says, with a place for each keyword that can be compared, and one for the rest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from attrs import frozen

from codegen.reading import is_object
from codegen.sync.changes import NotCompared
from codegen.sync.documents import Node, Source
from codegen.sync.flatten import EVERY, flat, same, types_of, types_of_value
from codegen.sync.keywords import LIMITS, NARROWING, UNIONS, USUAL, is_words

COMPARED = frozenset(
    {*LIMITS, "type", "enum", "format", "properties", "required", "additionalProperties", "items"}
    | {"deprecated", "default"}
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
        others: The schema of its other properties, or whether it accepts them.
        items: The schema of its items, or None for any.
        deprecated: Whether it is deprecated.
        default: Its default alone, or nothing.
        rest: What all other keywords say, as comparable text.
    """

    types: frozenset[str]
    enum: tuple[Any, ...] | None
    format: str | None
    limits: Mapping[str, Any]
    properties: Mapping[str, Node]
    required: frozenset[str]
    others: Node | bool
    items: Node | None
    deprecated: bool
    default: tuple[Any, ...]
    rest: Mapping[str, str]

    @property
    def is_free(self) -> bool:
        """Whether it names no properties and accepts any."""
        return not self.properties and self.others is True


def shape_of(node: Node, source: Source) -> Shape:
    """Normalise one schema of a document."""
    merged = flat(node, source)
    types = types_of(merged, source)
    said = {key: value for key, value in merged.items() if key not in USUAL or value != USUAL[key]}
    others = merged.get("additionalProperties", True)
    return Shape(
        types=types,
        enum=tuple(v for v in merged["enum"] if types_of_value(v) & types) if "enum" in merged else None,
        format=merged.get("format"),
        limits={key: said[key] for key in LIMITS if key in said},
        properties=merged.get("properties", {}),
        required=frozenset(merged.get("required", ())),
        others=others if isinstance(others, bool) or flat(others, source) else True,
        items=merged["items"] if "items" in merged and flat(merged["items"], source) else None,
        deprecated=bool(merged.get("deprecated", False)),
        default=(merged["default"],) if "default" in merged else (),
        rest={
            key: settled(value, source)
            for key, value in said.items()
            if key not in COMPARED and not is_words(key)
        },
    )


def unknown_in(node: Node, source: Source, where: str, above: tuple[int, ...] = ()) -> Iterator[NotCompared]:
    """Yield the keywords that no table knows, in a schema that has no counterpart and in all inside it."""
    found = source.resolve(node) if is_object(node) else node
    if id(found) in above:
        return
    path = (*above, id(found))
    merged = flat(node, source)
    for key, value in merged.items():
        if key == "properties":
            for name, inner in value.items():
                yield from unknown_in(inner, source, f"{where}.{name}", path)
        elif key in ("items", "additionalProperties") and is_object(value):
            yield from unknown_in(value, source, f"{where}{'[]' if key == 'items' else '.*'}", path)
        elif key in UNIONS:
            for inner in value:
                yield from unknown_in(inner, source, where, path)
        elif key not in COMPARED | NARROWING | USUAL.keys() and not is_words(key):
            yield NotCompared(key, where)


def settled(value: Any, source: Source) -> str:
    """Return a text that is equal for parts of documents that say the same, with references followed."""
    return same(_followed(value, source, ()))


def _followed(value: Any, source: Source, above: tuple[int, ...]) -> Any:
    if isinstance(value, list | tuple):
        return [_followed(inner, source, above) for inner in cast("Sequence[Any]", value)]
    if not is_object(value):
        return value
    if isinstance(value.get("$ref"), str):
        rest = {key: inner for key, inner in value.items() if key != "$ref" and not is_words(key)}
        found = source.target(value)
        if id(found) in above:
            return {"within itself": above[::-1].index(id(found))}
        inner = _followed(found, source, (*above, id(found)))
        return {"$ref": inner, **_followed(rest, source, above)} if rest else inner
    return {
        key: _followed(inner, source, above)
        for key, inner in value.items()
        if not is_words(str(key)) and (key not in USUAL or inner != USUAL[key])
    }


def type_text(types: frozenset[str]) -> str:
    """Return the types as people read them.

    >>> type_text(frozenset({"number", "integer", "null"}))
    'null or number'
    """
    shown = types - {"integer"} if "number" in types else types
    return "any type" if types == EVERY else " or ".join(sorted(shown)) or "nothing"
