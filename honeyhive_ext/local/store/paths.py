"""The dictionary of dotted paths: which real JSON paths a text such as `metadata.gen_ai.usage` can mean.

A key may itself contain dots, so a dotted text does not say where its keys end. Every path seen in a stored
event is therefore remembered once, in a tree in memory and in the table `paths`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Mapping
from typing import Any

from attrs import define, field, frozen

from honeyhive_ext.local.codec import dumps, loads
from honeyhive_ext.local.shapes import is_array

LIMIT = 20_000  # paths a field may have before its filters are answered by reading every event
SHAPES = 64  # objects' keys and types that are remembered for one place, to go faster
EACH = None  # the step into each element of an array

Step = str | None
Path = tuple[Step, ...]
_ODD = frozenset(map(chr, range(0x20))) | {'"', "\\"}


@define
class _Node:
    path: Path
    children: dict[Step, _Node] = field(factory=dict["Step", "_Node"])
    shapes: dict[tuple[object, ...], list[tuple[str, _Node]]] = field(
        factory=dict["tuple[object, ...]", "list[tuple[str, _Node]]"]
    )


@frozen
class Found:
    """What a dotted text means inside one field.

    Args:
        paths: SQLite's JSON paths of objects within objects only.
        walk: Whether each event has to be read to be sure (arrays, odd keys, too many paths).
    """

    paths: tuple[str, ...]
    walk: bool


@define
class _Tree:
    """What is known at one time. Only ever grows; a reload makes a new one."""

    roots: dict[str, _Node] = field(factory=dict[str, _Node])
    by_text: dict[tuple[str, str], list[Path]] = field(factory=dict["tuple[str, str]", "list[Path]"])
    sizes: dict[str, int] = field(factory=dict[str, int])
    fresh: list[tuple[str, Path]] = field(factory=list["tuple[str, Path]"])

    def root(self, name: str) -> _Node:
        """The node of a field."""
        node = self.roots.get(name)
        if node is None:
            node = self.roots[name] = _Node(())
        return node

    def add(self, root: str, at: _Node, step: Step) -> _Node | None:
        """Add one step; None where the field has too many paths already."""
        size = self.sizes.get(root, 0)
        if size > LIMIT:
            return None
        self.sizes[root] = size + 1
        child = _Node((*at.path, step))
        self.fresh.append((root, child.path))
        # The text first: a reader that sees the node's events has to find the text.
        self.by_text.setdefault((root, dotted(child.path)), []).append(child.path)
        at.children[step] = child
        return child


@define
class Paths:
    """All paths of all JSON fields. The writer learns; readers look up at any time."""

    saved: int = 0
    _tree: _Tree = field(factory=_Tree)

    def find(self, root: str, text: str | None) -> Found:
        """What the dotted `text` means inside the field `root` ("" for the further fields of an event).

        None is the field itself; an empty text is a key without a letter.
        """
        if text is None:
            return Found(("$",), walk=False)
        tree = self._tree
        if tree.sizes.get(root, 0) > LIMIT:
            return Found((), walk=True)
        paths = tuple(tree.by_text.get((root, text), ()))
        plain = tuple(path for path in (_sqlite(p) for p in paths) if path is not None)
        indexed = any(part.isdecimal() for part in text.split("."))
        return Found(plain, walk=indexed or len(plain) < len(paths))

    def texts(self) -> list[str]:
        """Every dotted path that a filter can name inside an object, sorted."""
        known = list(self._tree.by_text)
        return sorted({f"{root}.{text}" if root else text for root, text in known if text})

    def load(self, connection: sqlite3.Connection) -> None:
        """Read the table; forget everything else."""
        tree, saved = _Tree(), 0
        rows = connection.execute("SELECT id, root, path FROM paths ORDER BY id").fetchall()
        for number, name, text in rows:
            root = name.decode()
            node = tree.root(root)
            for step in loads(text):
                node = node.children.get(step) or tree.add(root, node, step) or node
            saved = number
        tree.fresh.clear()
        self._tree, self.saved = tree, saved

    def last(self, connection: sqlite3.Connection) -> int:
        """The number of the last path in the table; another than `saved` means that it has changed."""
        return int(connection.execute("SELECT coalesce(max(id), 0) FROM paths").fetchone()[0])

    def save(self, connection: sqlite3.Connection) -> bool:
        """Write what was learned since the last time into the running transaction; whether there was any."""
        fresh = self._tree.fresh
        if fresh:
            rows = [(root, dumps(list(path))) for root, path in fresh]
            connection.executemany("INSERT INTO paths (root, path) VALUES (?, ?)", rows)
            fresh.clear()
            self.saved = self.last(connection)
            return True
        return False

    def learn_event(self, event: Mapping[str, Any], fields: Container[str], extra: Mapping[str, Any]) -> None:
        """Remember the paths of one event: of its JSON fields, and of what is in no column."""
        tree = self._tree
        roots = tree.roots
        for name, value in event.items():
            if (type(value) is dict or type(value) is list) and value and name in fields:
                _learn(tree, name, roots.get(name) or tree.root(name), value)
        if extra:
            _learn(tree, "", tree.root(""), dict(extra))


def _learn(tree: _Tree, root: str, at: _Node, value: Any) -> None:
    """Walk one value along the tree. At every stored event, so it is written for speed: objects with the
    same keys and types come by the thousand, and most of them hold no further objects."""
    if is_array(value):
        nested = [inner for inner in value if type(inner) is dict or type(inner) is list]
        if nested:
            child = at.children.get(EACH) or tree.add(root, at, EACH)
            if child is not None:
                for inner in nested:
                    _learn(tree, root, child, inner)
        return
    shape = (*value, *map(type, value.values()))
    inside = at.shapes.get(shape)
    if inside is None:
        inside = _shape(tree, root, at, value)
        if len(at.shapes) < SHAPES:
            at.shapes[shape] = inside
    for key, child in inside:
        inner = value[key]
        if inner:
            _learn(tree, root, child, inner)


def _shape(tree: _Tree, root: str, at: _Node, value: Mapping[str, Any]) -> list[tuple[str, _Node]]:
    """Remember the keys of an object; those that hold objects or arrays, and where these go on."""
    inside: list[tuple[str, _Node]] = []
    for key, inner in value.items():
        child = at.children.get(key) or tree.add(root, at, key)
        if child is not None and isinstance(inner, dict | list):
            inside.append((key, child))
    return inside


def dotted(path: Path) -> str:
    """A path as the text that a filter writes; arrays leave no trace in it."""
    return ".".join(step for step in path if step is not None)


def _sqlite(path: Path) -> str | None:
    """The path for SQLite's JSON functions, or None where they cannot follow it in every version."""
    for step in path:
        if step is EACH or not step or not _ODD.isdisjoint(step):
            return None
    return "$" + "".join(f'."{step}"' for step in path)
