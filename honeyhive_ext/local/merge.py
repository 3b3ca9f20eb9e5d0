"""How an update is merged into what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def merge(stored: object, new: Mapping[str, Any], *, deep: bool) -> dict[str, Any]:
    """`new` merged into the stored object; what was stored and is no object is replaced.

    >>> merge({"a": {"x": 1}, "b": 2}, {"a": {"y": None}}, deep=False)
    {'a': {'y': None}, 'b': 2}
    >>> merge({"a": {"x": 1}, "b": 2}, {"a": {"y": None}}, deep=True)
    {'a': {'x': 1, 'y': None}, 'b': 2}
    """
    if not isinstance(stored, dict):
        return dict(new)
    merged = dict(cast("dict[str, Any]", stored))
    for key, value in new.items():
        inner = merged.get(key)
        if deep and isinstance(value, dict) and isinstance(inner, dict):
            merged[key] = merge(cast("dict[str, Any]", inner), cast("dict[str, Any]", value), deep=True)
        else:
            merged[key] = value
    return merged


def merge_events(stored: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A whole event merged into the stored one: objects by top-level key, everything else replaced."""
    return {
        **stored,
        **{
            name: merge(stored.get(name), cast("dict[str, Any]", value), deep=False)
            if isinstance(value, dict)
            else value
            for name, value in new.items()
        },
    }
