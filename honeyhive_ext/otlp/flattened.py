"""Flattened attributes, such as `honeyhive_outputs.hits.0.id`, as the dicts and lists that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Tree = dict[str, Any]

LEVELS = 50  # dots of a name that are levels; the rest of a longer name is one key


def under(attributes: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the attributes that begin with a prefix, without it.

    >>> under({"a.b": 1, "a.c.d": 2, "ab": 3}, "a.")
    {'b': 1, 'c.d': 2}
    """
    return {key[len(prefix) :]: value for key, value in attributes.items() if key.startswith(prefix)}


def unflattened(pairs: Iterable[tuple[str, Any]]) -> Tree:
    """Return the tree of values that dotted names stand for. Keys that are all numbers from 0 on make a list.

    A value at a name that others continue (`a` and `a.b`) is kept under the empty key.

    >>> unflattened([("hits.0.id", "x"), ("hits.1.id", "y"), ("score", 1.5)])
    {'hits': [{'id': 'x'}, {'id': 'y'}], 'score': 1.5}
    >>> unflattened([("a", 1), ("a.b", 2), ("c.7", 3)])
    {'a': {'': 1, 'b': 2}, 'c': {'7': 3}}
    """
    root: _Level = _Level()
    for name, value in pairs:
        level = root
        for part in name.split(".", LEVELS):
            level = level.setdefault(part, _Level())
        level.found.append(value)
    return {key: _built(inner) for key, inner in root.items()}


class _Level(dict[str, "_Level"]):
    """One level of the tree: its inner levels by key, and the values that stand at it."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: list[Any] = []


def _built(level: _Level) -> Any:
    if not level:
        return level.found[-1]
    inner = {key: _built(one) for key, one in level.items()}
    if level.found:
        return {"": level.found[-1], **inner}
    positions = [str(position) for position in range(len(inner))]
    return [inner[position] for position in positions] if inner.keys() == {*positions} else inner
