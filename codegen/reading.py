"""Text of a document -> JSON values, within bounds; a hostile text is a sentence, never a traceback."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard, cast

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from codegen.errors import GenerationError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_DEPTH = 100  # levels; the functions that walk a document call themselves for each
MAX_VALUES = 1_000_000  # an alias of YAML counts each time: a few lines can stand for billions of values


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a value of a document is an object; its keys are strings, as in any JSON."""
    return isinstance(value, Mapping)


def parsed(content: bytes, name: str, *, strict: bool = True) -> Any:
    """Return a document in JSON or YAML as JSON values.

    Args:
        content: The text.
        name: What it is called in errors.
        strict: Whether what only YAML has, such as a date or a number as a key, is refused. Otherwise it
            becomes text.

    Raises:
        GenerationError: It is not JSON or YAML, is nested deeper than 100 levels, has more than 1,000,000
            values, or has something that JSON does not have.
    """
    try:
        return _Plain(name, strict).copied(_loaded(content), "#", 0)
    except RecursionError:
        raise GenerationError(f"cannot read {name}: it is nested deeper than {MAX_DEPTH} levels") from None
    except (YAMLError, ValueError, TypeError) as error:
        raise GenerationError(f"cannot read {name}: {error}") from error


def _loaded(content: bytes) -> Any:
    if content.lstrip()[:1] == b"{":  # JSON is also YAML, but the YAML parser is far slower
        try:
            return json.loads(content)
        except ValueError:
            pass
    loader: Any = YAML(typ="safe", pure=True)
    loader.Constructor = _BoundedConstructor
    return loader.load(content)


class _BoundedConstructor(SafeConstructor):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """Counts what merge keys (`<<`) stand for before they are merged: a few lines can merge billions."""

    def construct_document(self, node: Any) -> Any:
        sizes: dict[int, int] = {}
        pending: list[Any] = [node]
        while pending:
            one = pending.pop()
            if id(one) in sizes:
                continue
            if _merged(one, sizes) > MAX_VALUES:
                raise YAMLError(f"it has more than {MAX_VALUES:,} values")
            pending += [inner for pair in one.value for inner in pair] if _maps(one) else _items(one)
        base: Any = super()
        return base.construct_document(node)


def _merged(node: Any, sizes: dict[int, int]) -> int:
    """Return how many pairs a mapping has after its merges; 0 for another node."""
    if id(node) not in sizes:
        size = 0
        for key, value in node.value if _maps(node) else ():
            merges = key.tag == "tag:yaml.org,2002:merge"
            size += sum(_merged(one, sizes) for one in _items(value) or [value]) if merges else 1
        sizes[id(node)] = size
    return sizes[id(node)]


def _maps(node: Any) -> bool:
    return isinstance(node, MappingNode)


def _items(node: Any) -> list[Any]:
    return cast("list[Any]", node.value) if isinstance(node, SequenceNode) else []


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Return whether a value is a mapping, with keys of any type."""
    return isinstance(value, Mapping)


class _Plain:
    """Copies the values of one document, and counts them."""

    def __init__(self, name: str, strict: bool) -> None:
        self._name, self._strict, self._seen = name, strict, 0

    def copied(self, value: Any, where: str, depth: int) -> Any:
        self._seen += 1
        if depth > MAX_DEPTH:
            raise self._refused(f"it is nested deeper than {MAX_DEPTH} levels, or contains itself")
        if self._seen > MAX_VALUES:
            raise self._refused(f"it has more than {MAX_VALUES:,} values")
        if is_mapping(value):
            keyed = ((self._key(key, where), inner) for key, inner in value.items())
            return {key: self.copied(inner, f"{where}/{key}", depth + 1) for key, inner in keyed}
        if isinstance(value, list | tuple):
            inners = enumerate(cast("Sequence[Any]", value))
            return [self.copied(inner, f"{where}/{index}", depth + 1) for index, inner in inners]
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, float) and math.isfinite(value):
            return value
        return self._text(value, where)

    def _key(self, key: Any, where: str) -> str:
        return str(key) if isinstance(key, str) else self._text(key, f"{where}/{key}")

    def _text(self, value: Any, where: str) -> str:
        if self._strict:
            raise self._refused(f"{where} is {value!r}, which JSON does not have: write it in quotes")
        return str(value)

    def _refused(self, reason: str) -> GenerationError:
        return GenerationError(f"cannot read {self._name}: {reason}")
