"""Any value becomes a copy made of builtin types, or an error that names the path of the value that cannot.

It keeps its own stack and does not recurse, so that no depth of nesting raises RecursionError.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Set
from operator import itemgetter
from typing import Any

import orjson

from honeyhive_ext.config.checks import lone_surrogate
from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.encoders import (
    A_CONTAINER,
    HOLDERS,
    MAX_CHARACTERS,
    MAX_INT,
    MAX_STEPS,
    MAX_VALUES,
    MIN_INT,
    TOO_LONG,
    TOO_MANY,
    Encoder,
    NotEncodableError,
    TooLargeError,
    encoder_for,
    kind_of,
    stand_in,
    type_name,
    well_formed,
    why_not,
)
from honeyhive_ext.serialize.keys import key_str, path_step
from honeyhive_ext.serialize.nesting import Frame, mark, short, step

MAX_DEPTH = 254  # arrays and objects inside one another, the event itself included: orjson's own limit
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
    return Copier(on_unserializable, path, depth).run(root)


class Copier:
    """Copies a value from the top down, without recursion.

    Attributes:
        left: How many more values may be copied.
        characters: How many more characters of texts that need a second look may be copied.
        usual: Characters of a str that needs no second look.
    """

    usual = sys.maxsize

    def __init__(self, mode: OnUnserializable, path: str, depth: int) -> None:
        self.mode: OnUnserializable = mode
        self.path = path
        self.depth_left = MAX_DEPTH - depth
        self.left = MAX_VALUES
        self.characters = MAX_CHARACTERS
        self.stack: list[Frame] = []
        self.active: set[int] = set()

    def run(self, root: Any) -> Any:
        """Return the copy of `root`."""
        opened = self.open(root)
        if not isinstance(opened, Frame):
            return opened
        self.push(opened)
        while self.stack:
            frame = self.stack[-1]
            child = self.fill(frame)
            if child is not None:
                self.push(child)
            elif not self.more(frame):
                if frame.sort:
                    sort(frame.target)
                self.close(frame)
                self.active.discard(id(frame.source))
                self.stack.pop()
        return opened.target

    def more(self, frame: Frame) -> bool:
        """Tell whether the frame has further items, after its first are copied."""
        return False

    def close(self, frame: Frame) -> None:
        """Complete a frame whose items are copied."""

    def push(self, frame: Frame) -> None:
        self.active.add(id(frame.source))
        self.stack.append(frame)

    def fill(self, frame: Frame) -> Frame | None:
        """Copy items until the frame is full or an item needs its own frame."""
        target: Any = frame.target
        for key, value in frame.items:
            kind = kind_of(value)
            if kind is str:
                if len(value) <= self.usual and value.isascii():
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
            if isinstance(opened, Frame):
                target[key] = opened.target
                return opened
            target[key] = opened
            self.put(frame, opened)
        return None

    def put(self, frame: Frame, value: Any) -> None:
        """Take note of a value that needed more than one look."""

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
                return self.text(value)
            if kind is int:
                if MIN_INT <= value <= MAX_INT:
                    return value
                return self.refuse("an integer beyond 64 bits: write it as a str", source)
            if kind is float:
                if value - value == 0.0:
                    return value
                return self.refuse(f"JSON has no {value}: leave it out or write None", source)
            encoder = None
            try:
                encoder = encoder_for(kind)
                if encoder is None:
                    return self.refuse(why_not(value), source)
                sort = sort or issubclass(kind, Set)
                value = self.encode(encoder, value)
            except EventError:
                raise
            except Exception as error:  # a value's own code may raise anything, even RecursionError
                if from_a_signal_handler(error):
                    raise
                if isinstance(error, TooLargeError):
                    raise self.too_large(str(error)) from error
                known = isinstance(error, NotEncodableError)
                reason = str(error) if known else f"reading the {type_name(source)} raises {type_name(error)}"
                if encoder in HOLDERS:
                    return self.cut(reason, error)
                return self.refuse(reason, source, error)
        return self.refuse(f"a {type_name(source)} that turns into other objects without end", source)

    def frame(self, source: Any, value: Any, *, sort: bool) -> Any:
        if id(source) in self.active:
            return self.cut("it contains itself")
        if len(self.stack) >= self.depth_left:
            return self.cut(f"nested deeper than {MAX_DEPTH} levels")
        self.left -= len(value) + A_CONTAINER
        if self.left < 0:
            raise self.too_large(TOO_MANY)
        if kind_of(value) is dict:
            items = list(value.items())  # a copy: another thread may add to the dict meanwhile
            return Frame(source, iter(self.str_items(items)), {})
        elements = list(value)
        return Frame(source, enumerate(elements), [None] * len(elements), sort=sort)

    def encode(self, encoder: Encoder, value: Any) -> Any:
        """Take a value one step towards builtin types."""
        return encoder(value)

    def text(self, value: str) -> Any:
        """Return a str as JSON takes it."""
        self.characters -= len(value)
        if self.characters < 0:
            raise self.too_large(TOO_LONG)
        if value.isascii():
            return value
        problem = lone_surrogate(value)
        return value if problem is None else self.refuse(problem, value)

    def str_items(self, items: list[tuple[Any, Any]]) -> list[tuple[str, Any]]:
        """Return items with each key as a str."""
        for key, _ in items:
            if kind_of(key) is not str or len(key) > self.usual or not key.isascii():
                return list(self.with_str_keys(items))
        return items

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

    def cut(self, reason: str, cause: Exception | None = None) -> str | None:
        """Refuse a value that holds others. Its repr would hold them too, so a mark stands for it."""
        if self.mode == "raise":
            raise EventError(reason, path=self.where()) from cause
        return None if self.mode == "null" else mark(reason)

    def too_large(self, reason: str) -> EventError:
        """Return the error for a value that is not written under any setting."""
        return EventError(reason, path=self.where())

    def where(self, key: Any = HERE) -> str:
        """Return the path of the current value, such as `inputs.messages[3].score`."""
        parts = [self.path, *(step(frame, frame.key) for frame in self.stack)]
        if key is not HERE:
            parts.append(path_step(key))
        return short("".join(parts).removeprefix("."))


def sort(items: list[Any]) -> None:
    """Sort the elements of a set, so that every run writes them in the same order."""
    kinds: set[Any] = {kind_of(item) for item in items}
    if kinds <= {int, float} or kinds <= {str}:
        items.sort()
    else:
        decorated = sorted(((orjson.dumps(item), item) for item in items), key=itemgetter(0))
        items[:] = [item for _, item in decorated]
