"""Requests: what the service accepts now, compared with what we accept; exact but for deliberate.py."""

from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from codegen.sync.changes import Change, Effect
from codegen.sync.deliberate import CLOSED, FORMATS
from codegen.sync.documents import Node, Source
from codegen.sync.edits import Editor
from codegen.sync.shape import LIMITS, Shape, shape_of, type_text

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


@frozen
class Requests:
    """Compares the schemas that requests contain, each pair once."""

    ours: Source
    theirs: Source
    seen: set[tuple[int, int]] = field(factory=set[tuple[int, int]])

    def compare(self, our: Node, their: Node, where: str) -> Iterator[Change]:
        """Yield the changes of one schema and of all schemas inside it."""
        name = self.ours.component(our)
        node, other = self.ours.resolve(our), self.theirs.resolve(their)
        if (id(node), id(other)) in self.seen:
            return
        self.seen.add((id(node), id(other)))
        where = name or where
        mine, new = shape_of(our, self.ours), shape_of(their, self.theirs)
        edit = Editor(node, their, self.theirs, tolerant=False)
        if mine.types != new.types:
            effect: Effect = "harmless" if new.types > mine.types else "breaks senders"
            what = f"{type_text(mine.types)} is now {type_text(new.types)}"
            yield Change("changed", where, what, effect, edit.replace)
            return
        yield from _values(mine, new, where, edit)
        yield from self._properties(mine, new, where, edit, name)
        if mine.items is not None and new.items is not None:
            yield from self.compare(mine.items, new.items, f"{where}[]")

    def _properties(
        self, mine: Shape, new: Shape, where: str, edit: Editor, name: str | None
    ) -> Iterator[Change]:
        for key in new.properties:
            inside = f"{where}.{key}"
            must = key in new.required
            if key not in mine.properties:
                what = "a required property" if must else "an optional property"
                effect: Effect = "breaks senders" if must else "harmless"
                yield Change("added", inside, what, effect, edit.add(key, required=must))
                continue
            if must != (key in mine.required):
                what = "is now required" if must else "is no longer required"
                effect = "breaks senders" if must else "harmless"
                yield Change("changed", inside, what, effect, edit.require(key, required=must))
            yield from self.compare(mine.properties[key], new.properties[key], inside)
        for key in mine.properties:
            if key not in new.properties:
                yield Change("removed", f"{where}.{key}", "a property", "breaks senders", edit.remove(key))
        if new.closed and not mine.closed:
            yield Change("changed", where, "unknown properties are now refused", "breaks senders", edit.close)
        if mine.closed and not new.closed and name not in CLOSED:
            yield Change("changed", where, "unknown properties are now accepted", "harmless", edit.open)


def _values(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    if mine.enum is None and new.enum is not None:
        what = f"only these values now: {', '.join(map(repr, new.enum))}"
        yield Change("changed", where, what, "breaks senders", edit.enum(new.enum))
    elif mine.enum is not None and new.enum is None:
        yield Change("changed", where, "any value now", "harmless", edit.enum(None))
    elif mine.enum is not None and new.enum is not None:
        for value in new.enum:
            if value not in mine.enum:
                yield Change("added", where, f"the value {value!r}", "harmless", edit.enum(new.enum))
        for value in mine.enum:
            if value not in new.enum:
                yield Change("removed", where, f"the value {value!r}", "breaks senders", edit.enum(new.enum))
    if new.format != mine.format and not (new.format is None and mine.format in FORMATS):
        effect: Effect = "harmless" if new.format is None else "breaks senders"
        what = f"the format {mine.format} is now {new.format}"
        yield Change("changed", where, what, effect, edit.put("format", new.format))
    for key in LIMITS:
        before, after = mine.limits.get(key), new.limits.get(key)
        if before != after:
            effect = "harmless" if _looser(key, before, after) else "breaks senders"
            what = f"{key} {_shown(before)} is now {_shown(after)}"
            yield Change("changed", where, what, effect, edit.put(key, after))
    if new.deprecated and not mine.deprecated:
        yield Change("changed", where, "is now deprecated", "harmless", edit.put("deprecated", True))


def _looser(key: str, before: Any, after: Any) -> bool:
    if after is None or before is None:
        return after is None
    return bool((key in LOWER and after < before) or (key in UPPER and after > before))


def _shown(limit: Any) -> str:
    return "none" if limit is None else str(limit)
