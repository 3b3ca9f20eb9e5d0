"""Which of their schemas stand behind each of ours: they are found first, and then judged together."""

from collections.abc import Iterator
from typing import Any

from attrs import define, evolve, field, frozen

from codegen.sync.answers import judge_answer
from codegen.sync.changes import Change, Finding, NotCompared, nothing
from codegen.sync.documents import Node, Source
from codegen.sync.edits import Editor
from codegen.sync.flatten import Flat, flat
from codegen.sync.keywords import UNIONS
from codegen.sync.requests import judge_request
from codegen.sync.shape import Shape, settled, shape_of, unknown_in


def _branches(merged: Flat) -> list[Node]:
    """Return the branches of a union that has no other form."""
    key = "anyOf" if "anyOf" in merged else "oneOf"
    found: list[Node] = merged.get(key, [])
    return found


@frozen
class Behind:
    """One of our schemas, and what stands behind it.

    Attributes:
        our: Our schema, as it is referred to.
        node: Our schema.
        where: Its place: the name of its component, or the way to it.
        name: The name of its component, or None.
        theirs: Each of their schemas by what it says, with its own place.
    """

    our: Node
    node: Node
    where: str
    name: str | None
    theirs: dict[str, tuple[Node, str]] = field(factory=dict[str, tuple[Any, str]])


@define
class Pairs:
    """Pairs of schemas, ours and theirs, with all schemas inside them.

    Attributes:
        ours: Our document.
        theirs: The newer document.
        answers: Whether they are of responses, which only have to be readable.
        by_hand: Whether only a person can make a change here.
    """

    ours: Source
    theirs: Source
    answers: bool
    by_hand: bool = False
    _found: dict[int, Behind] = field(factory=dict[int, Behind], init=False)
    # An id says which schema it is only as long as the schema is there.
    _seen: dict[tuple[int, int], tuple[Node, Node]] = field(
        factory=dict[tuple[int, int], tuple[Any, Any]], init=False
    )
    _unknown: list[NotCompared] = field(factory=list[NotCompared], init=False)

    def add(self, our: Node, their: Node, where: str, place: str | None = None) -> None:
        """Add two schemas and all schemas inside both."""
        node, other = self.ours.schema(our), self.theirs.schema(their)
        if (id(node), id(other)) in self._seen:
            return
        self._seen[id(node), id(other)] = (node, other)
        name = None if self.by_hand or node is our else self.ours.component(our)
        named = None if other is their else self.theirs.component(their)
        where, place = name or where, named or place or where
        forms = [*self._forms(their)] if self.answers else [their]
        branches = _branches(flat(our, self.ours)) if self.answers else []
        if branches and shape_of(our, self.ours).rest == shape_of(their, self.theirs).rest:
            forms = [their]
        elif branches:
            for form in forms:
                closest = min(branches, key=lambda branch: self._distance(branch, form))
                self.add(closest, form, where, place)
            return
        group = self._found.setdefault(id(node), Behind(our, node, where, name))
        mine = shape_of(our, self.ours)
        for form in forms:
            group.theirs.setdefault(settled(form, self.theirs), (form, place))
            new = shape_of(form, self.theirs)
            if self.answers or mine.types == new.types or (mine.enum and new.enum):
                self._add_inner(mine, new, where, place)
                unions = {key: flat(form, self.theirs)[key] for key in UNIONS if key in new.rest}
                if any(mine.rest.get(key) != new.rest[key] for key in unions):
                    self._unknown += unknown_in(unions, self.theirs, where)
            else:
                self._unknown += unknown_in(form, self.theirs, where)

    def _add_inner(self, mine: Shape, new: Shape, where: str, place: str) -> None:
        for key in new.properties:
            self._add_both(mine.properties.get(key), new.properties[key], f"{where}.{key}", f"{place}.{key}")
        if new.items is not None:
            self._add_both(mine.items, new.items, f"{where}[]", f"{place}[]")
        if not isinstance(new.others, bool):
            own = None if isinstance(mine.others, bool) else mine.others
            self._add_both(own, new.others, f"{where}.*", f"{place}.*")

    def _add_both(self, our: Node | None, their: Node, where: str, place: str) -> None:
        if our is None:
            self._unknown += unknown_in(their, self.theirs, where)
        else:
            self.add(our, their, where, place)

    def _forms(self, their: Node) -> Iterator[Node]:
        """Yield the forms that a value of their schema may have: each branch of a union by itself."""
        merged = flat(their, self.theirs)
        branches = _branches(merged)
        if not branches:
            yield their
            return
        siblings = {key: value for key, value in merged.items() if value is not branches}
        for branch in branches:
            yield from self._forms({"allOf": [siblings, branch]} if siblings else branch)

    def _distance(self, our: Node, their: Node) -> tuple[int, int]:
        trial = Pairs(self.ours, self.theirs, answers=True, by_hand=True)
        trial.add(our, their, "")
        found = [finding for finding in trial.findings() if isinstance(finding, Change)]
        return sum(change.effect != "harmless" for change in found), len(found)

    def findings(self) -> Iterator[Finding]:
        """Yield what is different, for each of our schemas, and the unknown keywords of what is new."""
        yield from self._unknown
        for group in self._found.values():
            for finding in self._judged(group):
                if isinstance(finding, Change) and self.by_hand:
                    yield evolve(finding, edit=nothing)
                else:
                    yield finding

    def _judged(self, group: Behind) -> Iterator[Finding]:
        mine = shape_of(group.our, self.ours)
        pairs = [
            (
                shape_of(their, self.theirs),
                Editor(group.node, their, self.theirs, tolerant=self.answers),
                place,
            )
            for their, place in group.theirs.values()
        ]
        if self.answers:
            yield from judge_answer(mine, [(new, edit) for new, edit, _ in pairs], group.where)
            return
        judged = [
            {str(found): found for found in judge_request(mine, new, group.where, edit, group.name)}
            for new, edit, _ in pairs
        ]
        everywhere = set(judged[0]).intersection(*judged[1:])
        for found, (_, _, place) in zip(judged, pairs, strict=True):
            for text, finding in found.items():
                if isinstance(finding, Change) and text not in everywhere:
                    # Ours cannot be like both of them.
                    yield evolve(finding, what=f"{finding.what}, in {place} alone", edit=nothing)
                else:
                    yield finding
