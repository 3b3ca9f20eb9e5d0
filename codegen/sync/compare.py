"""Comparing both documents, operation by operation; what has no comparison is named."""

from collections.abc import Iterator

from codegen.errors import GenerationError
from codegen.sync.changes import Change, Comparison, Finding, NotCompared, nothing
from codegen.sync.documents import Node, Operation, Source
from codegen.sync.pairs import Pairs
from codegen.sync.surface import Surface, content_of, json_schema


def compare(ours: Source, theirs: Source) -> Comparison:
    """Compare the operations that our document has with those of the newer document.

    Raises:
        GenerationError: One of them is not a document of OpenAPI.
    """
    try:
        return _Documents(ours, theirs).compared()
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise GenerationError(
            f"cannot be compared, as it is not a document of OpenAPI: {type(error).__name__}: {error}"
        ) from error


class _Documents:
    def __init__(self, ours: Source, theirs: Source) -> None:
        self.ours, self.theirs = ours, theirs
        self.surface = Surface(ours, theirs)
        self.requests = Pairs(ours, theirs, answers=False)
        self.answers = Pairs(ours, theirs, answers=True)

    def compared(self) -> Comparison:
        found: list[Finding] = []
        upstream = list(self.theirs.operations())
        covered: dict[str, str] = {}
        for operation in self.ours.operations():
            other = _counterpart(operation, upstream)
            if other is None:
                what = operation.address
                found.append(Change("removed", operation.name, what, "breaks senders", nothing))
                continue
            upstream.remove(other)
            covered[other.path] = operation.path
            found += self.surface.operation(operation, other)
            found += self._parameters(operation, other)
            found += self._bodies(operation, other)
            found += self._responses(operation, other)
        found += [*self.requests.findings(), *self.answers.findings()]
        found += [*self.surface.document(), *self.surface.path_items(covered)]
        changes = {str(one): one for one in found if isinstance(one, Change)}
        named = {str(one): one for one in found if isinstance(one, NotCompared)}
        return Comparison([*changes.values()], [*named.values()], [*map(str, upstream)])

    def _parameters(self, ours: Operation, theirs: Operation) -> Iterator[Finding]:
        mine, new = _by_name(ours, ours, self.ours), _by_name(theirs, ours, self.theirs)
        for key, parameter in new.items():
            where = f"{ours.name} parameter {key[1]}"
            must = bool(parameter.get("required"))
            if key not in mine:
                what = f"in the {key[0]}, {'required' if must else 'optional'}"
                yield Change("added", where, what, "breaks senders" if must else "harmless", nothing)
                continue
            yield from self.surface.parameter(mine[key], parameter, where)
            schemas = Pairs(self.ours, self.theirs, answers=False, by_hand=True)
            schemas.add(mine[key].get("schema", {}), parameter.get("schema", {}), where)
            yield from schemas.findings()
        for key in mine:
            if key not in new:
                where = f"{ours.name} parameter {key[1]}"
                yield Change("removed", where, f"in the {key[0]}", "breaks senders", nothing)

    def _bodies(self, ours: Operation, theirs: Operation) -> Iterator[Finding]:
        where = f"{ours.name} request"
        before = self.ours.resolve(ours.node.get("requestBody", {}))
        after = self.theirs.resolve(theirs.node.get("requestBody", {}))
        yield from self.surface.other_keywords(before, after, {"content", "required"}, where)
        yield from self.surface.media(before, after, where)
        mine, new = json_schema(before), json_schema(after)
        if mine is not None and new is not None:
            self.requests.add(mine, new, where)
            must = bool(after.get("required"))
            if must != bool(before.get("required")):
                what = "the body is now required" if must else "the body is no longer required"
                yield Change("changed", where, what, "breaks senders" if must else "harmless", nothing)
        elif (mine is None) != (new is None):
            added = mine is None
            what = "a body" if added else "the body"
            yield Change("added" if added else "removed", where, what, "breaks senders", nothing)

    def _responses(self, ours: Operation, theirs: Operation) -> Iterator[Finding]:
        mine = {str(status).upper(): one for status, one in ours.node.get("responses", {}).items()}
        new = {str(status).upper(): one for status, one in theirs.node.get("responses", {}).items()}
        for status, answer in new.items():
            where = f"{ours.name} {status.replace('DEFAULT', 'default')}"
            known = mine.get(status, mine.get(f"{status[0]}XX"))
            if known is not None:
                yield from self._answer(self.ours.resolve(known), self.theirs.resolve(answer), where, status)
            elif status == "DEFAULT":
                yield NotCompared("default", f"{ours.name} responses")
            elif not status.startswith("X-"):
                yield Change("added", where, "an answer", "breaks readers", nothing)
        for status in mine:
            if status.startswith("2") and not {status, "2XX", "DEFAULT"} & new.keys():
                yield Change("removed", f"{ours.name} {status}", "an answer", "breaks readers", nothing)

    def _answer(self, known: Node, answer: Node, where: str, status: str) -> Iterator[Finding]:
        yield from self.surface.other_keywords(known, answer, {"content"}, where, ours=False)
        yield from self.surface.media(known, answer, where)
        mine, new = json_schema(known), json_schema(answer)
        if mine is None and new is not None:
            yield Change("added", where, "a body", "harmless", nothing)
        elif mine is not None and new is not None:
            if status.startswith("2"):
                self.answers.add(mine, new, where)
                return
            # Our schemas of errors are shared by all operations; none of the service's may change them.
            own = Pairs(self.ours, self.theirs, answers=True, by_hand=True)
            own.add(mine, new, where)
            yield from own.findings()
        elif mine is not None and status.startswith("2") and not content_of(answer):
            yield Change("removed", where, "the body", "breaks readers", nothing)
        elif mine is not None and status.startswith("2"):
            yield Change("removed", where, "the body as application/json", "breaks readers", nothing)


def _counterpart(ours: Operation, upstream: list[Operation]) -> Operation | None:
    """Return their operation: the one of the same name, or else the one at the same method and path."""
    same_route = [one for one in upstream if one.route == ours.route]
    named = [one for one in upstream if one.name == ours.name]
    both = [one for one in named if one in same_route]
    return next(iter([*both, *named, *same_route]), None)


def _by_name(operation: Operation, ours: Operation, source: Source) -> dict[tuple[str, str], Node]:
    """Return the parameters by place and name; one of a path has the name that ours has at its position."""
    renamed: dict[str, str] = {}
    if operation.route == ours.route:
        renamed = dict(zip(_in_path(operation.path), _in_path(ours.path), strict=True))
    found: dict[tuple[str, str], Node] = {}
    for parameter in map(source.resolve, operation.parameters):
        name = str(parameter["name"])
        if parameter["in"] == "path":
            name = renamed.get(name, name)
        found[str(parameter["in"]), name] = parameter
    return found


def _in_path(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]
