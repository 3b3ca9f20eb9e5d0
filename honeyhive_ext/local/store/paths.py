"""The dictionary of dotted paths: which JSON paths a text such as `metadata.gen_ai.usage` can mean.

A key may itself contain dots, so a dotted path does not say where its keys end. Every path of a stored event
is therefore remembered once, in a tree in memory and in the table `paths`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define, field, frozen

from honeyhive_ext.local.codec import dumps, loads

LIMIT = 20_000  # paths that a field may have before its filters read every event
TEXT_LIMIT = 4_000_000  # characters that these paths may have together
SHAPES = 64  # shapes of objects (their keys and types) that one node remembers, for speed
SHAPES_SIZE = 4_000_000  # bytes, about, of all shapes that are remembered
EACH = None  # the step into each element of an array

PathStep = str | None
JSONPath = tuple[PathStep, ...]
_ODD = frozenset(map(chr, range(0x20))) | {'"', "\\"}


# For each shape, the keys that hold objects or arrays: the key, its node in the tree, and the function that
# adds the paths of its value.
_Inside: TypeAlias = "tuple[str, _Node, _AddPaths]"
_Shapes: TypeAlias = "dict[tuple[object, ...], list[_Inside]]"


@define
class _Node:
    path: JSONPath
    children: dict[PathStep, _Node] = field(factory=dict["PathStep", "_Node"])
    shapes: _Shapes = field(factory=dict["tuple[object, ...]", "list[_Inside]"])


@frozen
class FoundPaths:
    """What a dotted path means inside one field.

    Args:
        paths: The JSON paths that SQLite can follow: through objects only.
        scan: Whether SQLite cannot answer alone (arrays, odd keys, too many paths), so that Python reads
            each event.
    """

    paths: tuple[str, ...]
    scan: bool


@define
class _Tree:
    """The known paths. A tree only ever grows; a reload makes a new one."""

    roots: dict[str, _Node] = field(factory=dict[str, _Node])
    by_text: dict[tuple[str, str], list[JSONPath]] = field(factory=dict["tuple[str, str]", "list[JSONPath]"])
    sizes: dict[str, int] = field(factory=dict[str, int])
    lengths: dict[str, int] = field(factory=dict[str, int])
    full: set[str] = field(factory=set[str])
    shapes_size: int = 0
    fresh: list[tuple[str, JSONPath]] = field(factory=list["tuple[str, JSONPath]"])
    events: _Shapes = field(factory=dict["tuple[object, ...]", "list[_Inside]"])

    def root(self, name: str) -> _Node:
        """Return the node of a field."""
        node = self.roots.get(name)
        if node is None:
            node = self.roots[name] = _Node(())
        return node

    def add(self, root: str, at: _Node, step: PathStep) -> _Node | None:
        """Add one step and return its node; None where the field has too many paths already."""
        if root in self.full:
            return None
        child = _Node((*at.path, step))
        text = dotted(child.path)
        size, length = self.sizes.get(root, 0), self.lengths.get(root, 0) + len(text)
        if size >= LIMIT or length > TEXT_LIMIT:
            self.fill(root)
            return None
        self.sizes[root], self.lengths[root] = size + 1, length
        self.fresh.append((root, child.path))
        # The text first: a reader that sees the events of a node must find the text.
        self.by_text.setdefault((root, text), []).append(child.path)
        at.children[step] = child
        return child

    def fill(self, root: str) -> None:
        """Note that a field has more paths than are remembered: in the table, a path without a step."""
        self.full.add(root)
        self.fresh.append((root, ()))

    def remember(self, shapes: _Shapes, shape: tuple[object, ...], inside: list[_Inside]) -> None:
        """Remember a shape, if there is room."""
        size = 16 * len(shape) + sum(len(name) for name in shape if isinstance(name, str)) + 200
        if len(shapes) < SHAPES and self.shapes_size + size <= SHAPES_SIZE:
            self.shapes_size += size
            shapes[shape] = inside


@define
class Paths:
    """All paths of all JSON fields. The writer adds paths; readers look them up at any time."""

    saved: int = 0
    _tree: _Tree = field(factory=_Tree)

    def find(self, root: str, text: str | None) -> FoundPaths:
        """Return what a dotted path means inside a field.

        Args:
            root: The field; "" for the fields that have no column.
            text: The dotted path. None is the field itself; "" is the key without a character.
        """
        if text is None:
            return FoundPaths(("$",), scan=False)
        tree = self._tree
        if root in tree.full:
            return FoundPaths((), scan=True)
        paths = tuple(tree.by_text.get((root, text), ()))
        plain = tuple(path for path in (_sqlite(p) for p in paths) if path is not None)
        indexed = any(part.isdecimal() for part in text.split("."))
        return FoundPaths(plain, scan=indexed or len(plain) < len(paths))

    def texts(self) -> list[str]:
        """Return every dotted path that a filter can name inside an object, sorted."""
        known = list(self._tree.by_text)
        return sorted({f"{root}.{text}" if root else text for root, text in known if text})

    def load(self, connection: sqlite3.Connection) -> None:
        """Read the table and forget everything else."""
        tree, saved = _Tree(), 0
        rows = connection.execute("SELECT id, root, path FROM paths ORDER BY id").fetchall()
        for number, name, text in rows:
            root = name.decode()
            node = tree.root(root)
            steps = loads(text)
            if not steps:
                tree.full.add(root)
            for step in steps:
                node = node.children.get(step) or tree.add(root, node, step) or node
            saved = number
        tree.fresh.clear()
        self._tree, self.saved = tree, saved

    def last(self, connection: sqlite3.Connection) -> int:
        """Return the number of the last path in the table. If it is not `saved`, the table has changed."""
        return int(connection.execute("SELECT coalesce(max(id), 0) FROM paths").fetchone()[0])

    def save(self, connection: sqlite3.Connection) -> bool:
        """Write new paths into the running transaction and return whether there were any."""
        fresh = self._tree.fresh
        if fresh:
            rows = [(root, dumps(list(path))) for root, path in fresh]
            connection.executemany("INSERT INTO paths (root, path) VALUES (?, ?)", rows)
            fresh.clear()
            self.saved = self.last(connection)
            return True
        return False

    def add_event(self, event: Mapping[str, Any], fields: Container[str], extra: Mapping[str, Any]) -> None:
        """Remember the paths of one event: those of its JSON fields, and those of what is in no column."""
        tree = self._tree
        shape = (*event, *map(type, event.values()))
        inside = tree.events.get(shape)
        if inside is None:
            inside = [
                (name, tree.root(name), _ADD_PATHS[type(value)])
                for name, value in event.items()
                if type(value) in _ADD_PATHS and name in fields
            ]
            tree.remember(tree.events, shape, inside)
        for name, node, add in inside:
            value = event[name]
            if value:
                add(tree, name, node, value)
        if extra:
            _add_object(tree, "", tree.root(""), extra)


# Both functions run for every stored event and are written for speed: thousands of objects have the same keys
# and types, and most of them hold no other objects.


def _add_object(tree: _Tree, root: str, at: _Node, value: Mapping[str, Any]) -> None:
    """Remember the paths of an object."""
    shape = (*value, *map(type, value.values()))
    inside: list[_Inside] | None = at.shapes.get(shape)
    if inside is None:
        inside = list[_Inside]()
        for key, inner in value.items():
            child = at.children.get(key) or tree.add(root, at, key)
            if child is not None and type(inner) in _ADD_PATHS:
                inside.append((key, child, _ADD_PATHS[type(inner)]))
        tree.remember(at.shapes, shape, inside)
    for key, child, add in inside:
        inner = value[key]
        if inner:
            add(tree, root, child, inner)


def _add_array(tree: _Tree, root: str, at: _Node, value: Sequence[Any]) -> None:
    """Remember the paths of the elements of an array."""
    nested = [inner for inner in value if type(inner) in _ADD_PATHS]
    child = (at.children.get(EACH) or tree.add(root, at, EACH)) if nested else None
    if child is not None:
        for inner in nested:
            _ADD_PATHS[type(inner)](tree, root, child, inner)


_AddPaths = Callable[[_Tree, str, _Node, Any], None]
_ADD_PATHS: Mapping[type, _AddPaths] = {dict: _add_object, list: _add_array}


def dotted(path: JSONPath) -> str:
    """Return the dotted path that a filter writes for a JSON path. Arrays do not show in it."""
    return ".".join(step for step in path if step is not None)


def _sqlite(path: JSONPath) -> str | None:
    """Return the path for SQLite's JSON functions; None where some version of them cannot follow it."""
    for step in path:
        if step is EACH or not step or not _ODD.isdisjoint(step):
            return None
    return "$" + "".join(f'."{step}"' for step in path)
