"""Any value becomes a copy made of builtin types, or an error that names the path of the value that cannot.

It keeps its own stack and does not recurse, so that no depth of nesting raises RecursionError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from operator import itemgetter
from typing import Any

import orjson

from honeyhive_ext.config.checks import lone_surrogate
from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.encoders import (
    MAX_INT,
    MAX_STEPS,
    MIN_INT,
    NotEncodableError,
    encoder_for,
    kind_of,
    stand_in,
    type_name,
    well_formed,
    why_not,
)
from honeyhive_ext.serialize.keys import key_str, path_step

MAX_DEPTH = 254  # arrays and objects inside one another, the event itself included: orjson's own limit
PATH_SHOWN = 400  # characters of a path in a message
HERE = object()  # instead of a key: the error is about the value, not about a key of it


def to_builtins(
    root: Any, on_unserializable: OnUnserializable = "raise", *, path: str = "", depth: int = 0
) -> Any:
    """Return a copy of a value that is made only of dict, list, str, int, float, bool and None.

    Args:
        root: The value.
        on_unserializable: As for `to_json`.
        path: The place of the value in its event, for messages.
        depth: The number of objects and arrays around it in its event; at most 254 nest, it included.

    Raises:
        EventError: A value has no JSON form; the error names its path.

    >>> to_builtins({"point": (1, 2), 3: {"x"}})
    {'point': [1, 2], '3': ['x']}
    """
    return _Copier(on_unserializable, path, depth).run(root)


class _Frame:
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


class _Copier:
    """Copies a value from the top down, without recursion."""

    def __init__(self, mode: OnUnserializable, path: str, depth: int) -> None:
        self.mode = mode
        self.path = path
        self.depth_left = MAX_DEPTH - depth
        self.stack: list[_Frame] = []
        self.active: set[int] = set()

    def run(self, root: Any) -> Any:
        """Return the copy of `root`."""
        opened = self.open(root)
        if not isinstance(opened, _Frame):
            return opened
        self.push(opened)
        while self.stack:
            frame = self.stack[-1]
            child = self.fill(frame)
            if child is not None:
                self.push(child)
                continue
            if frame.sort:
                _sort(frame.target)
            self.active.discard(id(frame.source))
            self.stack.pop()
        return opened.target

    def push(self, frame: _Frame) -> None:
        self.active.add(id(frame.source))
        self.stack.append(frame)

    def fill(self, frame: _Frame) -> _Frame | None:
        """Copy items until the frame is full or an item needs its own frame."""
        target: Any = frame.target
        for key, value in frame.items:
            kind = kind_of(value)
            if kind is str:
                if value.isascii():
                    target[key] = value
                    continue
            elif value is None or kind is bool:
                target[key] = value
                continue
            elif kind is int:
                if MIN_INT <= value <= MAX_INT:
                    target[key] = value
                    continue
            elif kind is float and value - value == 0.0:
                target[key] = value
                continue
            frame.key = key
            opened = self.open(value)
            if isinstance(opened, _Frame):
                target[key] = opened.target
                return opened
            target[key] = opened
        return None

    def open(self, value: Any) -> Any:
        """Return a frame for a value that holds other values, or the copy of any other value."""
        source = value
        sort = False
        for _ in range(MAX_STEPS):
            kind = kind_of(value)
            if kind is dict or kind is list or kind is tuple:
                return self.frame(source, value, sort=sort)
            if value is None or kind is bool:
                return value
            if kind is str:
                return value if value.isascii() else self.text(value)
            if kind is int:
                if MIN_INT <= value <= MAX_INT:
                    return value
                return self.refuse("an integer beyond 64 bits: write it as a str", source)
            if kind is float:
                if value - value == 0.0:
                    return value
                return self.refuse(f"JSON has no {value}: leave it out or write None", source)
            try:
                encoder = encoder_for(kind)
                if encoder is None:
                    return self.refuse(why_not(value), source)
                sort = sort or issubclass(kind, Set)
                value = encoder(value)
            except EventError:
                raise
            except NotEncodableError as error:
                return self.refuse(str(error), source, error)
            except Exception as error:  # a value's own code may raise anything, even RecursionError
                if from_a_signal_handler(error):
                    raise
                return self.refuse(
                    f"reading the {type_name(source)} raises {type_name(error)}", source, error
                )
        return self.refuse(f"a {type_name(source)} that turns into other objects without end", source)

    def frame(self, source: Any, value: Any, *, sort: bool) -> Any:
        if id(source) in self.active:
            return self.refuse("it contains itself", source)
        if len(self.stack) >= self.depth_left:
            return self.refuse(f"nested deeper than {MAX_DEPTH} levels", source)
        if kind_of(value) is dict:
            items = list(value.items())  # a copy: another thread may add to the dict meanwhile
            for key, _ in items:
                if kind_of(key) is not str or not key.isascii():
                    items = list(self.with_str_keys(items))
                    break
            return _Frame(source, iter(items), {})
        elements = list(value)
        return _Frame(source, enumerate(elements), [None] * len(elements), sort=sort)

    def text(self, value: str) -> Any:
        problem = lone_surrogate(value)
        return value if problem is None else self.refuse(problem, value)

    def with_str_keys(self, items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
        """Yield items with each key as a str. Two keys that become the same str are refused or renamed."""
        pairs = [(self.key(key), key, value) for key, value in items]
        taken = {key for key, _ in items if type(key) is str}
        for text, key, value in pairs:
            if type(key) is not str or text != key:
                if text in taken:
                    text = self.second_key(text, key, taken)
                taken.add(text)
            yield text, value

    def key(self, key: Any) -> str:
        text = key_str(key)
        if text is None:
            self.refuse(f"JSON has no key of type {type_name(key)}: write a str", key, at=key)
            return stand_in(key)
        if (problem := lone_surrogate(text)) is not None:
            self.refuse(f"a key with {problem}", key, at=key)
            return well_formed(text)
        return text

    def second_key(self, text: str, key: Any, taken: set[str]) -> str:
        self.refuse(
            f"two keys become {text[:40]!r} in JSON, and one of them is of type {type_name(key)}: rename one",
            key,
            at=key,
        )
        numbered = f"{text} ({type_name(key)})"
        count = 2
        while numbered in taken:
            numbered = f"{text} ({type_name(key)} {count})"
            count += 1
        return numbered

    def refuse(
        self, reason: str, value: Any, cause: Exception | None = None, *, at: Any = HERE
    ) -> str | None:
        if self.mode == "raise":
            raise EventError(reason, path=self.where(at)) from cause
        return None if self.mode == "null" else stand_in(value)

    def where(self, key: Any = HERE) -> str:
        """Return the path of the current value, such as `inputs.messages[3].score`."""
        parts: list[str] = [self.path]
        for frame in self.stack:
            if kind_of(frame.target) is dict:
                parts.append(path_step(frame.key))
            else:
                parts.append("[*]" if frame.sort else f"[{frame.key}]")  # the elements of a set have no index
        if key is not HERE:
            parts.append(path_step(key))
        path = "".join(parts).removeprefix(".")
        return path if len(path) <= PATH_SHOWN else f"{path[: PATH_SHOWN // 2]}...{path[-PATH_SHOWN // 2 :]}"


def _sort(items: list[Any]) -> None:
    """Sort the elements of a set, so that every run writes them in the same order."""
    kinds: set[Any] = {kind_of(item) for item in items}
    if kinds <= {int, float} or kinds <= {str}:
        items.sort()
    else:
        decorated = sorted(((orjson.dumps(item), item) for item in items), key=itemgetter(0))
        items[:] = [item for _, item in decorated]
