"""How an update is merged into what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from honeyhive_ext.local.json_types import is_object


def merge(stored: object, new: Mapping[str, Any], *, deep: bool) -> dict[str, Any]:
    """Return `new` merged into the stored value. A stored value that is not an object is replaced.

    >>> merge({"a": {"x": 1}, "b": 2}, {"a": {"y": None}}, deep=False)
    {'a': {'y': None}, 'b': 2}
    >>> merge({"a": {"x": 1}, "b": 2}, {"a": {"y": None}}, deep=True)
    {'a': {'x': 1, 'y': None}, 'b': 2}
    """
    if not is_object(stored):
        return dict(new)
    merged = dict(stored)
    for key, value in new.items():
        inner = merged.get(key)
        if deep and is_object(value) and is_object(inner):
            merged[key] = merge(inner, value, deep=True)
        else:
            merged[key] = value
    return merged


def merge_events(stored: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole event merged into the stored one: objects by top-level key, everything else replaced."""
    merged = dict(stored)
    for name, value in new.items():
        merged[name] = merge(stored.get(name), value, deep=False) if is_object(value) else value
    return merged
