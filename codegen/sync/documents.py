"""Reading both documents, and writing ours again with every comment and line in its place."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from attrs import frozen
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from codegen.errors import GenerationError
from codegen.reading import METHODS, is_object, parsed
from codegen.sync.keywords import is_words

Node = Any  # a mapping of a YAML document

LONGEST_WAIT = 60.0  # seconds for each step of reading a URL


@frozen
class Operation:
    """One operation and its place in the document.

    Attributes:
        name: Its operationId.
        method: The HTTP method, in lower case.
        path: The path, with its parameters in braces.
        node: The operation itself.
        item: The path item that it is in.
    """

    name: str
    method: str
    path: str
    node: Node
    item: Node

    def __str__(self) -> str:
        return f"{self.name}, {self.address}{' (deprecated)' if self.node.get('deprecated') else ''}"

    @property
    def address(self) -> str:
        """The method and path."""
        return f"{self.method.upper()} {self.path}"

    @property
    def route(self) -> str:
        """The method and path without the names of parameters, which no request has."""
        return re.sub(r"\{[^}]*\}", "{}", self.address)

    @property
    def parameters(self) -> list[Node]:
        """The parameters of the path and its own."""
        return [*self.item.get("parameters", ()), *self.node.get("parameters", ())]


@frozen
class Source:
    """A parsed OpenAPI document."""

    root: Node

    def resolve(self, node: Node) -> Node:
        """Return the node that `$ref` names, or the node itself without `$ref`.

        Raises:
            GenerationError: The document has no such node.
        """
        return self._followed(node, lambda _: True)

    def schema(self, node: Node) -> Node:
        """Return the schema that `$ref` names if nothing else is said next to it, or the schema itself.

        A schema asks for what stands next to `$ref` too. Elsewhere OpenAPI ignores that.

        Raises:
            GenerationError: The document has no such schema.
        """
        return self._followed(node, lambda one: all(key == "$ref" or is_words(key) for key in one))

    def _followed(self, node: Node, follows: Callable[[Node], bool]) -> Node:
        seen: set[str] = set()
        while is_object(node) and "$ref" in node and follows(node):
            ref = str(node["$ref"])
            if ref in seen:
                raise GenerationError(f"$ref to {ref!r}: it leads back to itself")
            seen.add(ref)
            node = self.target(node)
        return node

    def target(self, node: Node) -> Node:
        """Return what the `$ref` of a node names, which may be another `$ref`.

        Raises:
            GenerationError: The document has no such place.
        """
        ref = str(node["$ref"])
        found: Any = self.root
        try:
            for part in ref.removeprefix("#/").split("/") if ref.startswith("#/") else [ref]:
                key = unquote(part).replace("~1", "/").replace("~0", "~")
                found = found[int(key) if isinstance(found, list) else key]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise GenerationError(f"$ref to {ref!r}: there is no such place in the document") from error
        return found

    def component(self, node: Node) -> str | None:
        """Return the name of the component schema that a `$ref` names, or None."""
        ref = str(node.get("$ref", "")) if is_object(node) else ""
        return ref.rsplit("/", 1)[1] if ref.startswith("#/components/schemas/") else None

    def operations(self) -> Iterator[Operation]:
        """Yield every operation of the document."""
        for path, item in self.path_items():
            for method in METHODS:
                if method in item:
                    name = item[method].get("operationId", f"{method} {path}")
                    yield Operation(name, method, path, item[method], item)

    def path_items(self) -> Iterator[tuple[str, Node]]:
        """Yield every path with what the document says about it."""
        for path, item in self.root["paths"].items():
            if not str(path).startswith("x-"):
                yield path, self.resolve(item)


def read_source(place: str) -> Source:
    """Read a document from a file or a URL, as YAML or JSON.

    Raises:
        GenerationError: The document cannot be read, or is not OpenAPI 3.
    """
    try:
        content = _bytes_of(place)
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise GenerationError(f"cannot read {place}: {error}") from error
    root: Any = parsed(content, place, strict=False)
    if not is_object(root) or "paths" not in root or not str(root.get("openapi", "")).startswith("3."):
        raise GenerationError(f"{place} is not an OpenAPI 3 document")
    return Source(root)


def _bytes_of(place: str) -> bytes:
    if place.startswith(("http://", "https://")):
        return httpx.get(place, timeout=LONGEST_WAIT, follow_redirects=True).raise_for_status().content
    return Path(place).read_bytes()


def _round_trip() -> Any:
    yaml: Any = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # keep long lines as they are
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.representer.add_representer(type(None), _null)
    return yaml


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def read_ours(path: Path) -> Source:
    """Read openapi.yaml so that it can be changed and written again.

    Raises:
        GenerationError: It cannot be read.
    """
    try:
        content = path.read_bytes()
        parsed(content, path.name)  # within bounds, and only what JSON has
        return Source(_round_trip().load(content.decode()))
    except (OSError, YAMLError, ValueError) as error:
        raise GenerationError(f"cannot read {path.name}: {error}") from error


def written(ours: Source) -> str:
    """Return the text of a document that `read_ours` read."""
    out = io.StringIO()
    _round_trip().dump(ours.root, out)
    return out.getvalue()
