"""Requests: what the service accepts now, compared with what we accept; exact but for deliberate.py."""

from collections.abc import Iterator
from typing import Any

from codegen.sync.changes import Change, Effect, Finding, NotCompared
from codegen.sync.deliberate import CLOSED, FORMATS
from codegen.sync.edits import Editor
from codegen.sync.flatten import EVERY, same
from codegen.sync.keywords import LIMITS, LOWER, UNIONS, UPPER
from codegen.sync.shape import Shape, shape_of, type_text


def judge_request(mine: Shape, new: Shape, where: str, edit: Editor, name: str | None) -> Iterator[Finding]:
    """Yield what is different in one schema, without the schemas inside it."""
    if mine.types != new.types and not (mine.enum and new.enum):
        effect: Effect = "harmless" if new.types > mine.types else "breaks senders"
        what = f"{type_text(mine.types)} is now {type_text(new.types)}"
        yield Change("changed", where, what, effect, edit.replace)
        return
    yield from _values(mine, new, where, edit)
    yield from _limits(mine, new, where, edit)
    different = sorted(k for k in mine.rest.keys() | new.rest.keys() if mine.rest.get(k) != new.rest.get(k))
    yield from (NotCompared(key, where) for key in different)
    # If a union has the properties of one side, that side says nothing about them itself.
    if not different or not set(different) & set(UNIONS) or (mine.properties and new.properties):
        yield from _properties(mine, new, where, edit)
        yield from _others(mine, new, where, edit, name)
    yield from _items(mine, new, where, edit)


def _properties(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    for key in new.properties:
        inside = f"{where}.{key}"
        must = key in new.required
        if key not in mine.properties:
            what = "a required property" if must else "an optional property"
            free = mine.others is not False and shape_of(new.properties[key], edit.theirs).types != EVERY
            what = f"{what}, which could be anything before" if free else what
            effect: Effect = "breaks senders" if must or free else "harmless"
            yield Change("added", inside, what, effect, edit.add(key, required=must))
        elif must != (key in mine.required):
            what = "is now required" if must else "is no longer required"
            effect = "breaks senders" if must else "harmless"
            yield Change("changed", inside, what, effect, edit.require(key, required=must))
    for key in mine.properties:
        if key not in new.properties:
            yield Change("removed", f"{where}.{key}", "a property", "breaks senders", edit.remove(key))
    for key in sorted((mine.required ^ new.required) - {*mine.properties, *new.properties}):
        must = key in new.required
        what = "is now required" if must else "is no longer required"
        effect = "breaks senders" if must else "harmless"
        yield Change("changed", f"{where}.{key}", what, effect, edit.require(key, required=must))


def _others(mine: Shape, new: Shape, where: str, edit: Editor, name: str | None) -> Iterator[Change]:
    before, after = mine.others, new.others
    if after is False and before is not False:
        yield Change("changed", where, "unknown properties are now refused", "breaks senders", edit.close)
    elif before is False and after is not False:
        if name not in CLOSED:
            accept = edit.open if after is True else edit.others
            yield Change("changed", where, "unknown properties are now accepted", "harmless", accept)
    elif before is True and after is not True:
        what = "other properties must now follow a schema"
        yield Change("changed", where, what, "breaks senders", edit.others)
    elif after is True and before is not True:
        yield Change("changed", where, "other properties may be anything now", "harmless", edit.open)


def _items(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    if (mine.items is None) != (new.items is None):
        free = new.items is None
        what = "items may be anything now" if free else "items must now follow a schema"
        yield Change("changed", where, what, "harmless" if free else "breaks senders", edit.items)


def _values(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    if mine.enum is None and new.enum is not None:
        what = f"only these values now: {', '.join(map(repr, new.enum))}"
        yield Change("changed", where, what, "breaks senders", edit.enum(new.enum))
    elif mine.enum is not None and new.enum is None:
        yield Change("changed", where, "any value now", "harmless", edit.enum(None))
    elif mine.enum is not None and new.enum is not None:
        before, after = ({same(value) for value in enum} for enum in (mine.enum, new.enum))
        for value in new.enum:
            if same(value) not in before:
                yield Change("added", where, f"the value {value!r}", "harmless", edit.enum(new.enum))
        for value in mine.enum:
            if same(value) not in after:
                yield Change("removed", where, f"the value {value!r}", "breaks senders", edit.enum(new.enum))


def _limits(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
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
    yield from marks(mine, new, where, edit)


def marks(mine: Shape, new: Shape, where: str, edit: Editor) -> Iterator[Change]:
    """Yield the differences that no value shows: whether it is deprecated, and its default."""
    if new.deprecated != mine.deprecated:
        what = "is now deprecated" if new.deprecated else "is no longer deprecated"
        yield Change("changed", where, what, "harmless", edit.put("deprecated", new.deprecated or None))
    if same(new.default) != same(mine.default):
        before, after = ("none" if not one else repr(one[0]) for one in (mine.default, new.default))
        effect: Effect = "breaks senders" if mine.default and new.default else "harmless"
        value = new.default[0] if new.default else None
        yield Change(
            "changed", where, f"the default {before} is now {after}", effect, edit.put("default", value)
        )


def _looser(key: str, before: Any, after: Any) -> bool:
    if after is None or before is None:
        return after is None
    return bool((key in LOWER and after < before) or (key in UPPER and after > before))


def _shown(limit: Any) -> str:
    return "none" if limit is None else str(limit)
