"""Responses: whether our document, which is more tolerant, still reads all that the service may send.

One schema of ours may stand for several of the service: it must read all of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from codegen.sync.changes import Change, Finding, NotCompared
from codegen.sync.edits import Editor
from codegen.sync.flatten import same
from codegen.sync.keywords import LIMITS, NARROWING
from codegen.sync.requests import marks
from codegen.sync.shape import Shape, type_text

Theirs = Sequence[tuple[Shape, Editor]]


def judge_answer(mine: Shape, news: Theirs, where: str) -> Iterator[Finding]:
    """Yield what our schema cannot read of any of theirs, and what it could know of them."""
    for new, edit in news:
        if not new.types <= mine.types:
            what = f"{type_text(mine.types)} may now be {type_text(new.types)}"
            yield Change("changed", where, what, "breaks readers", edit.widen(mine.types | new.types))
        known = {same(value) for value in mine.enum or ()}
        if mine.enum is not None and (new.enum is None or not {*map(same, new.enum)} <= known):
            yield Change("changed", where, "may have other values now", "breaks readers", edit.enum(None))
        yield from _limits(mine, new, where, edit)
        yield from marks(mine, new, where, edit)
        yield from _known(mine, new, where, edit)
        yield from _others(mine, new, where, edit)
        for key in sorted(mine.rest.keys() | new.rest.keys()):
            ours, theirs = mine.rest.get(key), new.rest.get(key)
            if ours != theirs and (ours is not None or key not in NARROWING):
                yield NotCompared(key, where)
    named = [new for new, _ in news if new.properties]  # if none names any, none was removed
    for key in mine.properties:
        if named and not any(key in new.properties for new in named):
            yield Change("removed", f"{where}.{key}", "a property", "breaks readers", news[0][1].remove(key))


def _known(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    if mine.is_free:
        return  # every property is read already
    for key in new.properties:
        must = key in new.required
        if key not in mine.properties:
            what = "a property that is always there" if must else "a property"
            yield Change("added", f"{where}.{key}", what, "harmless", edit.add(key, required=False))
    for key in sorted(mine.required - new.required):
        if key in new.properties or not new.properties:
            what = "is no longer always there"
            edited = edit.require(key, required=False)
            yield Change("changed", f"{where}.{key}", what, "breaks readers", edited)


def _limits(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    said: list[tuple[str, Any, Any]] = [("format", mine.format, new.format)]
    said += [(key, mine.limits.get(key), new.limits.get(key)) for key in LIMITS]
    for key, before, after in said:
        if before is not None and before != after:
            what = f"{key} {before} need not hold any more"
            yield Change("changed", where, what, "breaks readers", edit.put(key, None))


def _others(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    if mine.others is not True and new.others is not False and (mine.others is False or new.others is True):
        yield Change("changed", where, "may have other properties now", "breaks readers", edit.open)
    if mine.items is not None and new.items is None and "array" in new.types:
        yield Change("changed", where, "items may be anything now", "breaks readers", edit.items)
