"""Nested values as flat columns: their names, their cells and their types. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from honeyhive_ext.config.checks import lone_surrogate
from honeyhive_ext.export.table import Kind, fits

_NARROW: tuple[Kind, ...] = ("boolean", "integer", "string")


def column_name(*path: str) -> str:
    """Return the name of the column of a flattened data frame that holds the value under these keys.

    The name joins the keys by dots. A key that contains a dot is in quotes, as in TOML, so that two values
    never share a column.

    Args:
        *path: The keys from the outermost to the innermost.

    >>> column_name("metadata", "cost")
    'metadata.cost'
    >>> column_name("metadata", "usage", "prompt_details.cache_read")
    'metadata.usage."prompt_details.cache_read"'
    """
    return ".".join(map(_key, path))


def _key(key: str) -> str:
    if lone_surrogate(key) is not None:  # a data frame cannot hold it, so it is escaped
        return json.dumps(key)
    return key if key and "." not in key and '"' not in key else json.dumps(key, ensure_ascii=False)


def leaves(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each value inside an object with its keys. An array or an empty object is a value; null is not.

    >>> dict(leaves({"a": {"b": 1, "c": {}}, "d": [{"e": 2}], "f": None}, "x"))
    {('x', 'a', 'b'): 1, ('x', 'a', 'c'): {}, ('x', 'd'): [{'e': 2}]}
    """
    todo: list[tuple[tuple[str, ...], Any]] = [(path, value)]  # no recursion: a service may nest deeply
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict) and value:
            items = cast("Mapping[str, Any]", value).items()
            todo += reversed([((*path, key), inner) for key, inner in items])
        elif value is not None:
            yield path, value


def kind_of(value: Any) -> Kind:
    """Return the kind of the narrowest column that holds a value.

    >>> [kind_of(value) for value in (True, 3, 2.5, "x", [1], 2**70)]
    ['boolean', 'integer', 'number', 'string', 'json', 'json']
    """
    for kind in _NARROW:
        if fits(kind, value) is not None:
            return kind
    return "number" if isinstance(value, float) else "json"


def common_kind(kinds: Iterable[Kind], values: Iterable[Any]) -> Kind:
    """Return the kind of column that holds all of these values unchanged.

    >>> common_kind({"integer", "number"}, [1, 2.5]), common_kind({"integer", "number"}, [2**53 + 1, 2.5])
    ('number', 'json')
    """
    found: set[Kind] = {*kinds}
    if len(found) == 1:
        return found.pop()
    if found == {"integer", "number"} and all(v is None or fits("number", v) is not None for v in values):
        return "number"
    return "json"
