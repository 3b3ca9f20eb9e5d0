"""Arrays and objects while they are copied, and the paths that lead into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from honeyhive_ext.serialize.encoders import kind_of
from honeyhive_ext.serialize.keys import path_step

PATH_SHOWN = 400  # characters of a path in a message


class Frame:
    """One array or object being copied."""

    __slots__ = ("items", "key", "sort", "source", "target")

    def __init__(
        self, source: Any, items: Iterator[tuple[Any, Any]], target: Any, *, sort: bool = False
    ) -> None:
        self.source = source  # kept alive, so that no other object gets its id
        self.items = items
        self.target = target
        self.sort = sort
        self.key: Any = None


class BoundedFrame(Frame):
    """One array or object being copied, the first items of one that is too large."""

    __slots__ = ("at", "floor", "found", "nested", "parent", "read", "total", "where")

    def __init__(self, source: Any, found: list[Any], target: Any, *, sort: bool) -> None:
        super().__init__(source, iter(()), target, sort=sort)
        self.found = found  # its items, or pairs of key and value
        self.read = 0  # those that are paid for
        self.total = 0  # items of the source
        self.floor = 0  # values to leave for what comes after it
        self.nested = 0  # items that may hold others and are not opened yet
        self.parent: BoundedFrame | None = None
        self.at: Any = None  # its key in the parent
        self.where: str | None = None  # its path, once a mark has named it


def step(frame: Frame, key: Any) -> str:
    """Return one step of a path, into an array or object that is being copied."""
    if kind_of(frame.target) is dict:
        return path_step(key)
    return "[*]" if frame.sort else f"[{key}]"  # the elements of a set have no index


def short(path: str) -> str:
    """Return a path without its middle, if it is long."""
    return path if len(path) <= PATH_SHOWN else f"{path[: PATH_SHOWN // 2]}...{path[-PATH_SHOWN // 2 :]}"


def mark(what: str) -> str:
    """Return the text that stands for what is left out."""
    return f"<cut: {what}>"
