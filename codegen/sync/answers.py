"""Responses: whether our document, which is more tolerant, still reads all that the service may send."""

from collections.abc import Iterator

from attrs import field, frozen

from codegen.sync.changes import Change, Effect
from codegen.sync.documents import Node, Source
from codegen.sync.edits import Editor
from codegen.sync.shape import Shape, shape_of, type_text


@frozen
class Answers:
    """Compares the schemas that responses contain, each pair once."""

    ours: Source
    theirs: Source
    seen: set[tuple[int, int]] = field(factory=set[tuple[int, int]])

    def compare(self, our: Node, their: Node, where: str) -> Iterator[Change]:
        """Yield the changes of one schema and of all schemas inside it."""
        node, other = self.ours.resolve(our), self.theirs.resolve(their)
        if (id(node), id(other)) in self.seen:
            return
        self.seen.add((id(node), id(other)))
        where = self.ours.component(our) or where
        mine, new = shape_of(our, self.ours), shape_of(their, self.theirs)
        edit = Editor(node, their, self.theirs, tolerant=True)
        if not new.types <= mine.types:
            what = f"{type_text(mine.types)} may now be {type_text(new.types)}"
            yield Change("changed", where, what, "breaks readers", edit.widen(mine.types | new.types))
        if mine.enum is not None and (new.enum is None or not set(new.enum) <= set(mine.enum)):
            yield Change("changed", where, "may have other values now", "breaks readers", edit.enum(None))
        yield from self._properties(mine, new, where, edit)
        if mine.items is not None and new.items is not None:
            yield from self.compare(mine.items, new.items, f"{where}[]")

    def _properties(self, mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
        for key in new.properties:
            inside = f"{where}.{key}"
            must = key in new.required
            if key not in mine.properties:
                what = "a property that is always there" if must else "a property"
                yield Change("added", inside, what, "harmless", edit.add(key, required=False))
                continue
            if key in mine.required and not must:
                what = "is no longer always there"
                yield Change("changed", inside, what, "breaks readers", edit.require(key, required=False))
            yield from self.compare(mine.properties[key], new.properties[key], inside)
        for key in mine.properties:
            # If the document names no properties of an object, none was removed.
            if key not in new.properties and new.properties:
                effect: Effect = "breaks readers"
                yield Change("removed", f"{where}.{key}", "a property", effect, edit.remove(key))
