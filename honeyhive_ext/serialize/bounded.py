"""What a span captures becomes a copy of bounded size. It never fails, and says what it leaves out.

The copy is made in time and memory that depend on its own size, not on that of the value: an object is read
once, and what is beyond the limits is not read.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, cast

import orjson

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.serialize.cuts import (
    CUT,
    USUAL,
    Long,
    as_it_was,
    cut_text,
    is_constant,
    is_mark,
    is_scalar,
    left_out,
    long_texts,
    shorten,
)
from honeyhive_ext.serialize.encoders import (
    MAX_CHARACTERS,
    Encoder,
    base64,
    elements,
    kind_of,
    mapping,
    model,
)
from honeyhive_ext.serialize.is_builtin import simple, tiny
from honeyhive_ext.serialize.models import dump_within
from honeyhive_ext.serialize.nesting import BoundedFrame, Frame, mark, short, step
from honeyhive_ext.serialize.to_builtins import HERE, MAX_DEPTH, Copier

CAPTURE_VALUES = 100_000  # of an event: numbers, texts, arrays, objects
CAPTURE_BYTES = 900_000  # of their JSON, so that the whole event has less than 1 MB
KEY_CHARACTERS = 1_000
_FEW = 8  # values of an object that is looked at by itself
_CHUNK = 1_000  # items of a container that are paid for at once
_MOST_OF_A_VALUE = 800  # bytes of JSON of a value with its key, if its text is not longer than USUAL
_FAIR_LEVELS = 4  # levels at which a value leaves room for those after it
_RESERVE = 5_000  # values for each of them, up to a quarter of what is left
_MOST_OF_A_TEXT = 100_000  # characters
_MOST_BYTES = CAPTURE_BYTES // 4 * 3


def bounded(root: Any, mode: OnUnserializable, *, path: str = "", depth: int = 0) -> Any:
    """Return a copy of a value as `to_builtins` does, cut to 100,000 values and 900,000 bytes of JSON.

    A mark such as `<cut: 900,000 of 1,000,000 items left out>` stands for what is left out: at the end of a
    str or of base64, as the last item of an array, under the key `<cut>` of an object. An object that was met
    before is `<cut: seen first at inputs.node>`.

    Args:
        root: The value.
        mode: What stands for a value that JSON cannot hold: "null" or "repr".
        path: The place of the value in its event, for marks.
        depth: The number of objects and arrays around it in its event.

    >>> shared = {"a": 1}
    >>> bounded({"x": shared, "y": [shared]}, "repr", path="inputs")
    {'x': {'a': 1}, 'y': ['<cut: seen first at inputs.x>']}
    """
    if kind_of(root) is dict and len(root) <= _FEW and tiny(root):
        return {**root}
    if (kind_of(root) is dict or kind_of(root) is list) and simple(
        root, CAPTURE_VALUES, _MOST_OF_A_TEXT, MAX_DEPTH - depth
    ):
        try:
            content = orjson.dumps(root)
            if len(content) <= CAPTURE_BYTES:
                return orjson.loads(content)  # the usual case, and the quickest copy
        except TypeError:  # a key that is not a str, a lone surrogate, a large int
            pass
    copier = _Bounded(mode, path, depth, CAPTURE_VALUES)
    tree = copier.run(root)
    return copier.fit(tree)


def refit(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an event, cut again if together they are beyond the limits of one capture."""
    copier = _Bounded("repr", "", 0, CAPTURE_VALUES, again=True)
    fitted: dict[str, Any] = copier.fit(copier.run(fields))
    return fitted


def size_of(tree: Any) -> int:
    """Return the bytes of the JSON of a copy."""
    return len(orjson.dumps(tree))


class _Bounded(Copier):
    """Copies a value within limits.

    Args:
        values: How many values the copy may have.
        again: Whether the value is such a copy, with marks of its own.
    """

    usual = USUAL
    stack: list[BoundedFrame]  # type: ignore[assignment]

    def __init__(
        self, mode: OnUnserializable, path: str, depth: int, values: int, *, again: bool = False
    ) -> None:
        super().__init__("null" if mode == "null" else "repr", path, depth)
        self.left = self.values = values
        self.recut = again
        self.seen: dict[int, tuple[Any, BoundedFrame | None, Any]] = {}
        self.texts: dict[int, tuple[str, str]] = {}
        self.longs: list[Long] = []
        self.total: int | None = None  # items of the value that is being opened
        self.whole: tuple[str, int] | None = None  # what a text that is only a beginning is of

    # Each object is read once.

    def open(self, value: Any) -> Any:
        if is_scalar(value):
            return super().open(value)
        if self.stack:
            self.stack[-1].nested -= 1
        if (first := self.seen.get(id(value))) is not None:
            text = mark(f"seen first at {self.place(first[1], first[2])}")
            if self.available() <= len(text) // 16:
                return left_out(value)
            self.left -= len(text) // 16
            return text
        self.total = None
        return super().open(value)

    def remember(self, value: Any) -> None:
        """Keep an object, so that it is known again and no other gets its id."""
        frame = self.stack[-1] if self.stack else None
        self.seen[id(value)] = (value, frame, None if frame is None else frame.key)

    def place(self, frame: BoundedFrame | None, key: Any) -> str:
        """Return the path of an object by the frame that it is in."""
        if frame is None:
            return self.path or "the top"
        unknown: list[BoundedFrame] = []
        above: BoundedFrame | None = frame
        while above is not None and above.where is None:
            unknown.append(above)
            above = above.parent
        for inner in reversed(unknown):  # each frame's path is made once
            outer = inner.parent
            inner.where = self.path if outer is None else short(f"{outer.where}{step(outer, inner.at)}")
        return short(f"{frame.where}{step(frame, key)}").removeprefix(".")

    def refuse(
        self, reason: str, value: Any, cause: Exception | None = None, *, at: Any = HERE
    ) -> str | None:
        if at is HERE and not is_scalar(value):
            self.remember(value)
        return super().refuse(reason, value, cause, at=at)

    def cut(self, reason: str, cause: Exception | None = None) -> str:
        return mark(reason)

    # No more is read than there is room for.

    def available(self) -> int:
        """Return how many values may be copied here."""
        if not self.stack:
            return self.left
        frame = self.stack[-1]
        available = self.left - frame.floor
        if len(self.stack) > _FAIR_LEVELS:
            return available
        return available - max(min(available // 4, _RESERVE * frame.nested), 0)

    def encode(self, encoder: Encoder, value: Any) -> Any:
        if encoder is mapping or encoder is elements:
            most = max(self.available(), 0)
            if len(value) <= most:
                return encoder(value)
            self.total = len(value)
            return mapping(value, most) if encoder is mapping else elements(value, most)
        if encoder is model:
            return dump_within(value, max(self.available(), 0), left_out)
        return self.base64(value) if encoder is base64 else encoder(value)

    def base64(self, value: Any) -> str:
        size = value.nbytes if kind_of(value) is memoryview else len(value)
        if size <= USUAL:
            return base64(value)
        self.remember(value)
        self.whole = ("bytes", size)
        return base64(value if size <= _MOST_BYTES else memoryview(value)[:_MOST_BYTES])

    def text(self, value: str) -> Any:
        if len(value) <= KEY_CHARACTERS:
            self.characters = MAX_CHARACTERS  # a copy has its own limit
            return super().text(value)
        if (known := self.texts.get(id(value))) is None:
            self.characters = MAX_CHARACTERS
            known = self.texts[id(value)] = (value, super().text(value[:CAPTURE_BYTES]))
        if len(value) > CAPTURE_BYTES:
            self.whole = ("characters", len(value))
        return known[1]

    def key(self, key: Any) -> str:
        text = super().key(key)
        if len(text) > KEY_CHARACTERS:
            text = cut_text(text[:KEY_CHARACTERS], KEY_CHARACTERS, "characters", len(text))
        return text

    def frame(self, source: Any, value: Any, *, sort: bool) -> Any:
        total = len(value) if self.total is None else self.total
        if self.recut:
            value, total = as_it_was(value)
        if not total:
            return {} if kind_of(value) is dict else []
        if len(self.stack) >= self.depth_left:
            return mark(f"nested deeper than {MAX_DEPTH} levels")
        available = self.available()
        if not is_constant(source):
            self.remember(source)
        if available < 1:
            return left_out(source)
        floor = self.left - available
        if kind_of(value) is dict:
            items = self.str_items([*islice(value.items(), available)])
            frame = BoundedFrame(source, self.with_room(items, available), {}, sort=sort)
        else:
            frame = BoundedFrame(source, [*islice(value, available)], [], sort=sort)
            frame.target = [None] * len(frame.found)
        frame.total, frame.floor = total, floor
        if self.stack:
            frame.parent, frame.at = self.stack[-1], self.stack[-1].key
        self.more(frame)
        return frame

    def with_room(self, items: list[tuple[str, Any]], available: int) -> list[tuple[str, Any]]:
        """Pay for long keys; return the items whose keys have room."""
        cost = 0
        for index, (key, _) in enumerate(items):
            cost += len(key) // USUAL * 4
            if cost + index >= available:
                return items[:index]
            self.left -= len(key) // USUAL * 4
        return items

    def more(self, frame: Frame) -> bool:
        frame = cast(BoundedFrame, frame)
        start = frame.read
        end = min(start + _CHUNK, len(frame.found), start + max(self.left - frame.floor, 0))
        if end <= start:
            return False
        self.left -= end - start
        frame.read = end
        chunk = frame.found[start:end]
        if len(self.stack) <= _FAIR_LEVELS:
            values = [value for _, value in chunk] if kind_of(frame.target) is dict else chunk
            frame.nested = sum(not is_scalar(value) for value in values)
        frame.items = iter(chunk) if kind_of(frame.target) is dict else enumerate(chunk, start)
        return True

    def put(self, frame: Frame, value: Any) -> None:
        whole, self.whole = self.whole, None
        if kind_of(value) is str and len(value) > USUAL and not is_mark(value):
            unit, size = whole or ("characters", len(value))
            self.longs.append(Long(frame.target, frame.key, value, unit, size))

    def close(self, frame: Frame) -> None:
        frame = cast(BoundedFrame, frame)
        target = frame.target
        if frame.read < frame.total:
            text = mark(f"{frame.total - frame.read:,} of {frame.total:,} items left out")
            if kind_of(target) is dict:
                name = CUT
                while name in target:
                    name += ">"
                target[name] = text
            else:
                target[frame.read :] = [text]
        if frame.sort:  # its texts have other places now
            self.longs = [long for long in self.longs if long.holder is not target]
            self.longs += [Long(target, i, one, "characters", len(one)) for i, one in long_texts(target)]

    # The copy is measured, and cut again if its text is too long.

    def fit(self, tree: Any) -> Any:
        """Return the copy, with the longest texts cut until its JSON is within CAPTURE_BYTES."""
        top = [tree]
        if kind_of(tree) is str:
            unit, size = self.whole or ("characters", len(tree))
            self.longs.append(Long(top, 0, tree, unit, size))
        used = self.values - self.left + 1
        if used * _MOST_OF_A_VALUE + 6 * sum(len(long.text) for long in self.longs) <= CAPTURE_BYTES:
            return tree
        most, size = CAPTURE_BYTES, 0
        while most > USUAL:
            shortest = shorten(self.longs, most)
            size = size_of(top[0])
            if size <= CAPTURE_BYTES:
                return top[0]
            if shortest <= USUAL:
                break
            most = most * CAPTURE_BYTES // size * 9 // 10
        again = _Bounded(self.mode, self.path, MAX_DEPTH - self.depth_left, 1, again=True)
        again.left = again.values = max(used * CAPTURE_BYTES // max(size, 1) * 9 // 10, 1)
        return again.fit(again.run(top[0]))
