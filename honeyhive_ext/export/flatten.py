"""Nested values as flat columns, and their names. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from honeyhive_ext.export.table import Kind, fits

_NARROW: tuple[Kind, ...] = ("boolean", "integer", "text")


def column_name(*path: str) -> str:
    """The column of a flattened data frame that holds the value under these keys.

    The keys are joined by dots. A key that itself holds a dot is put in quotes, as TOML does, so that no two
    values share a column.

    >>> column_name("metadata", "cost")
    'metadata.cost'
    >>> column_name("metadata", "usage", "prompt_details.cache_read")
    'metadata.usage."prompt_details.cache_read"'
    """
    return ".".join(map(_key, path))


def _key(key: str) -> str:
    try:
        key.encode()
    except UnicodeEncodeError:  # half a character, which a data frame cannot hold
        return json.dumps(key)
    return key if key and "." not in key and '"' not in key else json.dumps(key, ensure_ascii=False)


def leaves(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The values inside objects, with their keys. Arrays and empty objects are values; null is none.

    >>> dict(leaves({"a": {"b": 1, "c": {}}, "d": [{"e": 2}], "f": None}, "x"))
    {('x', 'a', 'b'): 1, ('x', 'a', 'c'): {}, ('x', 'd'): [{'e': 2}]}
    """
    if isinstance(value, dict) and value:
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield from leaves(inner, *path, key)
    elif value is not None:
        yield path, value


def kind_of(value: Any) -> Kind:
    """What kind of column holds a value: the narrowest.

    >>> [kind_of(value) for value in (True, 3, 2.5, "x", [1], 2**70)]
    ['boolean', 'integer', 'number', 'text', 'json', 'json']
    """
    for kind in _NARROW:
        if fits(kind, value) is not None:
            return kind
    return "number" if isinstance(value, float) else "json"


def common_kind(kinds: Iterable[Kind], values: Iterable[Any]) -> Kind:
    """What kind of column holds all of these values just as they are.

    >>> common_kind({"integer", "number"}, [1, 2.5]), common_kind({"integer", "number"}, [2**53 + 1, 2.5])
    ('number', 'json')
    """
    found: set[Kind] = {*kinds}
    if len(found) == 1:
        return found.pop()
    if found == {"integer", "number"} and all(v is None or fits("number", v) is not None for v in values):
        return "number"
    return "json"
