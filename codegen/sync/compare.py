"""Comparing both documents, operation by operation."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from codegen.sync.answers import Answers
from codegen.sync.changes import Change, Effect
from codegen.sync.documents import Node, Operation, Source
from codegen.sync.edits import Editor
from codegen.sync.requests import Requests
from codegen.sync.shape import shape_of, type_text


def nothing() -> None:
    """Do nothing: only a person can make this change."""


@frozen
class Comparison:
    """The result of a comparison.

    Attributes:
        changes: Every change of the operations that openapi.yaml has.
        new_operations: Operations with our tags that openapi.yaml does not have and that are not deprecated.
    """

    changes: list[Change]
    new_operations: list[str]


def compare(ours: Source, theirs: Source) -> Comparison:
    """Compare the operations that our document has with those of the newer document."""
    requests, answers = Requests(ours, theirs), Answers(ours, theirs)
    upstream = {operation.name: operation for operation in theirs.operations()}
    covered = list(ours.operations())
    changes: list[Change] = []
    for operation in covered:
        other = upstream.get(operation.name)
        if other is None:
            what = f"{operation.method.upper()} {operation.path}"
            changes.append(Change("removed", operation.name, what, "breaks senders", nothing))
            continue
        changes += _address(operation, other)
        changes += _parameters(operation, other, ours, theirs)
        changes += _bodies(operation, other, requests)
        changes += _responses(operation, other, ours, theirs, answers)
    changes += _version(ours, theirs)
    tags = {tag for operation in covered for tag in operation.node.get("tags", ())}
    names = {operation.name for operation in covered}
    return Comparison(changes, [_label(o) for o in upstream.values() if _is_new(o, names, tags)])


def _is_new(operation: Operation, names: set[str], tags: set[str]) -> bool:
    node = operation.node
    return (
        operation.name not in names and not node.get("deprecated") and bool(tags & set(node.get("tags", ())))
    )


def _label(operation: Operation) -> str:
    return f"{operation.name}, {operation.method.upper()} {operation.path}"


def _address(ours: Operation, theirs: Operation) -> Iterator[Change]:
    before, after = f"{ours.method.upper()} {ours.path}", f"{theirs.method.upper()} {theirs.path}"
    if before != after:
        what = f"{before} is now {after}"
        yield Change("changed", ours.name, what, "breaks senders", nothing)


def _parameters(ours: Operation, theirs: Operation, us: Source, them: Source) -> Iterator[Change]:
    mine, new = _by_name(ours, us), _by_name(theirs, them)
    for key, parameter in new.items():
        where = f"{ours.name} parameter {key[1]}"
        must = bool(parameter.get("required"))
        if key not in mine:
            what = f"in the {key[0]}, {'required' if must else 'optional'}"
            yield Change("added", where, what, "breaks senders" if must else "harmless", nothing)
            continue
        before = shape_of(mine[key].get("schema", {}), us)
        after = shape_of(parameter.get("schema", {}), them)
        if before.types != after.types:
            what = f"{type_text(before.types)} is now {type_text(after.types)}"
            effect: Effect = "harmless" if after.types > before.types else "breaks senders"
            yield Change("changed", where, what, effect, nothing)
    for key in mine:
        if key not in new:
            where = f"{ours.name} parameter {key[1]}"
            yield Change("removed", where, f"in the {key[0]}", "breaks senders", nothing)


def _by_name(operation: Operation, source: Source) -> dict[tuple[str, str], Node]:
    resolved = [source.resolve(p) for p in [*operation.shared, *operation.node.get("parameters", ())]]
    return {(parameter["in"], parameter["name"]): parameter for parameter in resolved}


def _schema(node: Mapping[str, Any]) -> Node | None:
    media = node.get("content", {}).get("application/json", {})
    return media.get("schema")


def _bodies(ours: Operation, theirs: Operation, requests: Requests) -> Iterator[Change]:
    mine = _schema(requests.ours.resolve(ours.node.get("requestBody", {})))
    new = _schema(requests.theirs.resolve(theirs.node.get("requestBody", {})))
    where = f"{ours.name} request"
    if mine is not None and new is not None:
        yield from requests.compare(mine, new, where)
    elif (mine is None) != (new is None):
        added = mine is None
        what = "a body" if added else "the body"
        yield Change("added" if added else "removed", where, what, "breaks senders", nothing)


def _responses(
    ours: Operation, theirs: Operation, us: Source, them: Source, answers: Answers
) -> Iterator[Change]:
    for status, answer in theirs.node.get("responses", {}).items():
        where = f"{ours.name} {status}"
        new = _schema(them.resolve(answer))
        known = ours.node["responses"].get(status)
        if known is None:
            if f"{str(status)[0]}XX" not in ours.node["responses"] and status != "default":
                yield Change("added", where, "an answer", "breaks readers", nothing)
            continue
        mine = _schema(us.resolve(known))
        if mine is None and new is not None:
            yield Change("added", where, "a body", "harmless", nothing)
        elif mine is not None and new is not None:
            yield from answers.compare(mine, new, where)
        elif mine is not None and str(status).startswith("2"):
            yield Change("removed", where, "the body", "breaks readers", nothing)


def _version(ours: Source, theirs: Source) -> Iterator[Change]:
    before, after = ours.root["info"]["version"], theirs.root.get("info", {}).get("version")
    if after is not None and before != after:
        edit = Editor(ours.root["info"], {}, theirs, tolerant=False).put("version", after)
        yield Change("changed", "the document", f"version {before} is now {after}", "harmless", edit)
