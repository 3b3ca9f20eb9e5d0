"""Making one change in our document. Our descriptions, examples and x-unit stay."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from attrs import frozen

from codegen.reading import is_object
from codegen.sync.changes import Edit
from codegen.sync.documents import Node, Source
from codegen.sync.flatten import EVERY, flat, listed, types_of
from codegen.sync.keywords import NARROWING, TEXTS, UNIONS

NUMBERS = frozenset({"integer", "number"})
ORDER = ("description", "type", "format", "enum", "additionalProperties", "required", "properties", "items")


@frozen
class Editor:
    """The edits of one of our schemas.

    Attributes:
        node: Our schema, which is changed in place.
        their: The newer schema.
        theirs: The document of the newer schema.
        tolerant: Whether it is part of a response. Then nothing new is required or closed, and null is valid.
    """

    node: Node
    their: Node
    theirs: Source
    tolerant: bool

    def add(self, key: str, *, required: bool) -> Edit:
        """Return an edit that adds a property as the newer document has it."""

        def edit() -> None:
            schema = flat(self.their, self.theirs)["properties"][key]
            self.node.setdefault("properties", {})[key] = self._written(schema)
            if required:
                self._require(key, required=True)

        return edit

    def remove(self, key: str) -> Edit:
        """Return an edit that removes a property."""

        def edit() -> None:
            self.node["properties"].pop(key, None)
            self._require(key, required=False)

        return edit

    def require(self, key: str, *, required: bool) -> Edit:
        """Return an edit that makes a property required or optional."""
        return lambda: self._require(key, required=required)

    def _require(self, key: str, *, required: bool) -> None:
        names: list[str] = self.node.setdefault("required", [])
        if required and key not in names:
            names.append(key)
        elif not required and key in names:
            names.remove(key)
        if not names:
            del self.node["required"]

    def put(self, key: str, value: Any) -> Edit:
        """Return an edit that sets a keyword, or removes it if the value is None."""

        def edit() -> None:
            if value is None:
                self.node.pop(key, None)
            else:
                self.node[key] = value

        return edit

    def enum(self, values: Sequence[Any] | None) -> Edit:
        """Return an edit that sets the allowed values: first ours in their order, then the new ones."""

        def edit() -> None:
            self.node.pop("const", None)
            if values is None:
                self.node.pop("enum", None)
                return
            kept = [value for value in self.node.get("enum", ()) if value in values]
            self.node["enum"] = kept + [value for value in values if value not in kept]

        return edit

    def widen(self, types: frozenset[str]) -> Edit:
        """Return an edit that allows these types."""
        return lambda: _set_types(self.node, types)

    def replace(self) -> None:
        """Replace our schema by the newer one, but keep our words, and x-unit if it is still a number."""
        kept = {key: self.node[key] for key in ("description", "examples") if key in self.node}
        fresh = self._written(self.their)
        if types_of(flat(self.their, self.theirs), self.theirs) & NUMBERS and "x-unit" in self.node:
            kept["x-unit"] = self.node["x-unit"]
        self.node.clear()
        self.node.update({**fresh, **kept})

    def others(self) -> None:
        """Ask of other properties what the newer document asks of them."""
        self.node["additionalProperties"] = self._written(
            flat(self.their, self.theirs)["additionalProperties"]
        )

    def items(self) -> None:
        """Ask of items what the newer document asks of them; a missing `items` allows any."""
        theirs = flat(self.their, self.theirs).get("items", {})
        self.node["items"] = self._written(theirs)

    def close(self) -> None:
        """Refuse unknown properties."""
        self.node["additionalProperties"] = False

    def open(self) -> None:
        """Accept unknown properties."""
        self.node["additionalProperties"] = True

    def _written(self, schema: Node, above: tuple[int, ...] = ()) -> dict[str, Any]:
        """Return a newer schema without references; a schema inside itself becomes any value."""
        own = id(self.theirs.resolve(schema))
        if own in above:
            return {}
        path = (*above, own)
        merged = flat(schema, self.theirs)
        if self.tolerant:
            merged = self._tolerant(merged)
        result: dict[str, Any] = {}
        for key, value in merged.items():
            if key == "properties":
                result[key] = {name: self._written(inner, path) for name, inner in value.items()}
            elif key in ("items", "additionalProperties", "not") and is_object(value):
                result[key] = self._written(value, path)
            elif key in UNIONS:
                result[key] = [self._written(inner, path) for inner in value]
            elif key not in TEXTS - {"description"} and not key.startswith("x-"):
                result[key] = self._inlined(value, path)
        if "object" in listed(result.get("type", ())) and "additionalProperties" not in result:
            result["additionalProperties"] = True
        first = {key: result.pop(key) for key in ORDER if key in result}
        return {**first, **result}

    def _inlined(self, value: Any, above: tuple[int, ...]) -> Any:
        if isinstance(value, list):
            return [self._inlined(inner, above) for inner in cast("Sequence[Any]", value)]
        if not is_object(value):
            return value
        if isinstance(value.get("$ref"), str):
            return self._written(value, above)
        return {key: self._inlined(inner, above) for key, inner in value.items()}

    def _tolerant(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema without what only narrows it, and with null."""
        wide = {
            key: value
            for key, value in schema.items()
            if key not in {*NARROWING, "enum", "format", "required"}
        }
        types = types_of(schema, self.theirs)
        if wide.get("additionalProperties") is False:
            wide["additionalProperties"] = True
        _set_types(wide, EVERY if types == EVERY else types | {"null"})
        return wide


def _set_types(schema: Any, types: frozenset[str]) -> None:
    shown = types - {"integer"} if "number" in types else types
    if types >= EVERY:
        schema.pop("type", None)
    else:
        names = sorted(shown, key=lambda name: (name == "null", name))
        schema["type"] = names[0] if len(names) == 1 else names
