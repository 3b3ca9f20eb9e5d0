"""What surrounds the schemas: addresses, servers, security, parameters, media types, statuses."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codegen.reading import METHODS, is_object
from codegen.sync.changes import Change, Effect, Finding, NotCompared, nothing
from codegen.sync.deliberate import SERVERS
from codegen.sync.documents import Node, Operation, Source
from codegen.sync.edits import Editor
from codegen.sync.flatten import same
from codegen.sync.keywords import is_words
from codegen.sync.shape import settled

ROOT = frozenset({"openapi", "info", "servers", "security", "paths", "components"})
PATH_ITEM = frozenset({*METHODS, "parameters", "servers", "$ref"})
OPERATION = frozenset(
    {"operationId", "parameters", "requestBody", "responses", "security", "servers", "deprecated"}
)
PARAMETER = frozenset({"in", "name", "required", "schema", "deprecated"})


class Surface:
    """Compares everything but schemas.

    Attributes:
        ours: Our document.
        theirs: The newer document.
    """

    def __init__(self, ours: Source, theirs: Source) -> None:
        self.ours, self.theirs = ours, theirs

    def other_keywords(
        self,
        mine: Mapping[str, Any],
        new: Mapping[str, Any],
        known: Iterable[str],
        where: str,
        *,
        ours: bool = True,
    ) -> Iterator[NotCompared]:
        """Yield the keywords that say something else, but for those that are known.

        Args:
            mine: Our part of the document.
            new: Theirs.
            known: The keywords that are compared elsewhere.
            where: The place.
            ours: Whether what only our document says counts.
        """
        keys = {*new, *(mine if ours else ())} - {*known}
        for key in sorted(str(key) for key in keys):
            before = settled(mine[key], self.ours) if key in mine else None
            after = settled(new[key], self.theirs) if key in new else None
            if not is_words(key) and before != after:
                yield NotCompared(key, where)

    def document(self) -> Iterator[Finding]:
        """Compare what belongs to no operation."""
        ours, theirs = self.ours.root, self.theirs.root
        yield from self.other_keywords(ours, theirs, ROOT, "the document")
        yield from self.other_keywords(ours["info"], theirs.get("info", {}), {"version"}, "info")
        before, after = ours["info"]["version"], theirs.get("info", {}).get("version")
        if after is not None and before != after:
            edit = Editor(ours["info"], {}, self.theirs, tolerant=False).put("version", after)
            yield Change("changed", "the document", f"version {before} is now {after}", "harmless", edit)
        yield from self._servers(ours.get("servers", []), theirs.get("servers", []))

    def path_items(self, covered: Mapping[str, str]) -> Iterator[Finding]:
        """Compare path items, but for their operations; `covered` has our path for theirs."""
        mine = dict(self.ours.path_items())
        for path, item in self.theirs.path_items():
            yield from self.other_keywords(mine.get(covered.get(path, ""), {}), item, PATH_ITEM, path)

    def _servers(self, ours: list[Node], theirs: list[Node]) -> Iterator[Finding]:
        mine, new = _by_url(ours), _by_url(theirs)
        for url, server in new.items():
            if url not in mine:
                yield Change("added", "the document", f"the server {url}", "harmless", nothing)
            else:
                yield from self.other_keywords(mine[url], server, {"url"}, f"server {url}")
        for url in mine:
            if url not in new and url not in SERVERS:
                yield Change("removed", "the document", f"the server {url}", "breaks senders", nothing)

    def operation(self, ours: Operation, theirs: Operation) -> Iterator[Finding]:
        """Compare an operation without its parameters, bodies and answers."""
        yield from self.other_keywords(ours.node, theirs.node, OPERATION, ours.name)
        if ours.name != theirs.name:
            what = f"the operationId is now {theirs.name}"
            yield Change("changed", ours.name, what, "harmless", nothing)
        if ours.route != theirs.route:
            what = f"{ours.address} is now {theirs.address}"
            yield Change("changed", ours.name, what, "breaks senders", nothing)
        elif ours.address != theirs.address:
            what = f"its path is now written {theirs.path}"
            yield Change("changed", ours.name, what, "harmless", nothing)
        before, after = (bool(one.node.get("deprecated")) for one in (ours, theirs))
        if before != after:
            what = "is now deprecated" if after else "is no longer deprecated"
            edit = Editor(ours.node, {}, self.theirs, tolerant=False).put("deprecated", after or None)
            yield Change("changed", ours.name, what, "harmless", edit)
        yield from self._own_servers(ours, theirs)
        yield from self._security(ours, theirs)

    def _own_servers(self, ours: Operation, theirs: Operation) -> Iterator[Finding]:
        mine, new = ({*_by_url(_servers_of(one))} for one in (ours, theirs))
        if mine != new:
            shown = ", ".join(sorted(new)) or "those of the document"
            yield Change("changed", ours.name, f"its servers are now {shown}", "breaks senders", nothing)

    def _security(self, ours: Operation, theirs: Operation) -> Iterator[Finding]:
        mine, new = _security_of(ours, self.ours), _security_of(theirs, self.theirs)
        if mine.keys() == new.keys():
            return
        # With one of ours in it, or none at all, a request of today is let in as before.
        let_in = mine.keys() & new.keys() or not new or "{}" in new
        effect: Effect = "harmless" if let_in else "breaks senders"
        before, after = (" or ".join(sorted(one.values())) or "none" for one in (mine, new))
        yield Change("changed", ours.name, f"its security {before} is now {after}", effect, nothing)

    def parameter(self, mine: Node, new: Node, where: str) -> Iterator[Finding]:
        """Compare a parameter without its schema."""
        must = bool(new.get("required"))
        if must != bool(mine.get("required")):
            what = "is now required" if must else "is no longer required"
            effect: Effect = "breaks senders" if must else "harmless"
            yield Change("changed", where, what, effect, nothing)
        if bool(mine.get("deprecated")) != bool(new.get("deprecated")):
            what = "is now deprecated" if new.get("deprecated") else "is no longer deprecated"
            yield Change("changed", where, what, "harmless", nothing)
        yield from self.other_keywords(_serialised(mine), _serialised(new), PARAMETER, where)

    def media(self, mine: Node, new: Node, where: str) -> Iterator[NotCompared]:
        """Name what is not JSON in the content of a body, and what else there is about its JSON."""
        for kind in sorted(content_of(new).keys() - content_of(mine).keys() - {JSON}):
            yield NotCompared(kind, where)
        ours, theirs = content_of(mine).get(JSON, {}), content_of(new).get(JSON, {})
        yield from self.other_keywords(ours, theirs, {"schema"}, where)


JSON = "application/json"


def content_of(node: Node) -> dict[str, Any]:
    """Return the media types of a body or an answer without their parameters, such as charset."""
    content = node.get("content", {})
    return {str(kind).partition(";")[0].strip().lower(): media for kind, media in content.items()}


def json_schema(node: Node) -> Node | None:
    """Return the schema of the JSON of a body or an answer, or None."""
    return content_of(node).get(JSON, {}).get("schema")


def _by_url(servers: Iterable[Node]) -> dict[str, Node]:
    return {str(server["url"]).rstrip("/"): server for server in servers}


def _servers_of(operation: Operation) -> list[Node]:
    found: list[Node] = operation.node.get("servers") or operation.item.get("servers") or []
    return found


def _security_of(operation: Operation, source: Source) -> dict[str, str]:
    """Return each way to be let in, as comparable text, with a name for people."""
    schemes = source.root.get("components", {}).get("securitySchemes", {})
    ways: dict[str, str] = {}
    for way in operation.node.get("security", source.root.get("security", [])):
        said = {_scheme(schemes.get(name, {"name": name}), source): scopes for name, scopes in way.items()}
        ways[same(said)] = " and ".join(_scheme_name(schemes.get(name), name) for name in way) or "no key"
    return ways


def _scheme(scheme: Node, source: Source) -> str:
    found = source.resolve(scheme)
    return settled({key: value for key, value in found.items() if key != "bearerFormat"}, source)


def _scheme_name(scheme: Any, name: str) -> str:
    if not is_object(scheme):
        return name
    words = [scheme.get("type"), scheme.get("scheme"), scheme.get("name")]
    return " ".join(str(word) for word in words if word is not None) or name


def _serialised(parameter: Node) -> dict[str, Any]:
    """Return a parameter with what it says about its form in the request, also where that is the usual."""
    style = parameter.get("style", "form" if parameter["in"] in ("query", "cookie") else "simple")
    usual = {"style": style, "explode": style == "form", "allowReserved": False, "allowEmptyValue": False}
    return {**usual, **parameter}
