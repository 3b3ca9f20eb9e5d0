"""One value inside of others, by the keys that lead to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast


def value_at(value: Any, path: str | Sequence[str | int]) -> Any:
    """Return the value under these keys; None if there is none.

    A number is the place in an array. A str is keys joined by dots; if a key holds dots itself, the readings
    are tried in the order of their first key, the shorter first.

    >>> event = {"metadata": {"usage": {"cache.read": 3}, "tags": ["a", "b"]}}
    >>> value_at(event, "metadata.usage.cache.read"), value_at(event, "metadata.tags.1")
    (3, 'b')
    >>> value_at(event, ["metadata", "usage", "cache.read"])
    3
    """
    if isinstance(path, str):
        return _joined(value, path)
    for key in path:
        value = _inner(value, key)
    return value


def _joined(value: Any, path: str) -> Any:
    """Return the value at keys joined by dots. Each value on the way is looked at once."""
    todo: list[tuple[Any, int]] = [(value, 0)]  # no recursion: a service may nest deeply
    while todo:
        value, start = todo.pop()
        if start > len(path):
            return value
        ways: list[tuple[Any, int]] = []
        end = start - 1
        while end < len(path):
            end = path.find(".", end + 1)
            end = len(path) if end < 0 else end
            inner = _inner(value, path[start:end])
            if inner is not None:
                ways.append((inner, end + 1))
        todo += reversed(ways)
    return None


def _inner(value: Any, key: str | int) -> Any:
    if isinstance(value, dict):
        return cast("Mapping[Any, Any]", value).get(key)
    if isinstance(value, list):
        items = cast("Sequence[Any]", value)
        if isinstance(key, str):
            key = int(key) if key.isascii() and key.isdigit() and len(key) < 10 else len(items)
        return items[key] if 0 <= key < len(items) else None
    return None
