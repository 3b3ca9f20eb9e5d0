"""Making one change in our document. Our descriptions, examples and x-unit stay."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from codegen.sync.documents import Node, Source
from codegen.sync.shape import EVERY, flat

KEPT = ("description", "examples", "x-unit", "deprecated", "default")
ORDER = ("description", "type", "format", "enum", "additionalProperties", "required", "properties", "items")

Edit = Callable[[], None]


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
        """Replace our schema by the newer one, but keep our description and examples."""
        kept = {key: self.node[key] for key in KEPT if key in self.node}
        fresh = self._written(self.their)
        self.node.clear()
        self.node.update({**fresh, **kept})

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
        result = {key: value for key, value in merged.items() if not key.startswith("x-")}
        result.pop("example", None)
        inner: Mapping[str, Node] = merged.get("properties", {})
        if inner:
            result["properties"] = {key: self._written(value, path) for key, value in inner.items()}
        if "items" in merged:
            result["items"] = self._written(merged["items"], path)
        if result.get("type") == "object" and "additionalProperties" not in result:
            result["additionalProperties"] = True
        if isinstance(result.get("additionalProperties"), Mapping):
            result["additionalProperties"] = True
        if self.tolerant:
            _make_tolerant(result)
        first = {key: result.pop(key) for key in ORDER if key in result}
        return {**first, **result}


def _make_tolerant(schema: dict[str, Any]) -> None:
    for key in ("enum", "format", "required"):
        schema.pop(key, None)
    if schema.get("additionalProperties") is False:
        schema["additionalProperties"] = True
    if "type" in schema:
        given = schema["type"]
        _set_types(schema, frozenset({given} if isinstance(given, str) else given) | {"null"})


def _set_types(schema: Any, types: frozenset[str]) -> None:
    shown = types - {"integer"} if "number" in types else types
    if types >= EVERY:
        schema.pop("type", None)
    else:
        names = sorted(shown, key=lambda name: (name == "null", name))
        schema["type"] = names[0] if len(names) == 1 else names
