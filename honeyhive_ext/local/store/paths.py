"""The dictionary of dotted paths: which real JSON paths a text such as `metadata.gen_ai.usage` can mean.

A key may itself contain dots, so a dotted text does not say where its keys end. Every path seen in a stored
event is therefore remembered once, in a tree in memory and in the table `paths`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define, field, frozen

from honeyhive_ext.local.codec import dumps, loads

LIMIT = 20_000  # paths a field may have before its filters are answered by reading every event
SHAPES = 64  # objects' keys and types that are remembered for one place, to go faster
EACH = None  # the step into each element of an array

Step = str | None
Path = tuple[Step, ...]
_ODD = frozenset(map(chr, range(0x20))) | {'"', "\\"}


# An object's keys and the types of its values, to those of them that hold objects or arrays: the key, where
# it goes on in the tree, and how.
_Inside: TypeAlias = "tuple[str, _Node, _Learn]"
_Shapes: TypeAlias = "dict[tuple[object, ...], list[_Inside]]"


@define
class _Node:
    path: Path
    children: dict[Step, _Node] = field(factory=dict["Step", "_Node"])
    shapes: _Shapes = field(factory=dict["tuple[object, ...]", "list[_Inside]"])


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
    events: _Shapes = field(factory=dict["tuple[object, ...]", "list[_Inside]"])

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
        shape = (*event, *map(type, event.values()))
        inside = tree.events.get(shape)
        if inside is None:
            inside = [
                (name, tree.root(name), _LEARN[type(value)])
                for name, value in event.items()
                if type(value) in _LEARN and name in fields
            ]
            if len(tree.events) < SHAPES:
                tree.events[shape] = inside
        for name, node, learn in inside:
            value = event[name]
            if value:
                learn(tree, name, node, value)
        if extra:
            _learn_object(tree, "", tree.root(""), extra)


# Both run at every stored event and are written for speed: objects with the same keys and types come by the
# thousand, and most of them hold no further objects.


def _learn_object(tree: _Tree, root: str, at: _Node, value: Mapping[str, Any]) -> None:
    """Walk an object along the tree."""
    shape = (*value, *map(type, value.values()))
    inside: list[_Inside] | None = at.shapes.get(shape)
    if inside is None:
        inside = list[_Inside]()
        for key, inner in value.items():
            child = at.children.get(key) or tree.add(root, at, key)
            if child is not None and type(inner) in _LEARN:
                inside.append((key, child, _LEARN[type(inner)]))
        if len(at.shapes) < SHAPES:
            at.shapes[shape] = inside
    for key, child, learn in inside:
        inner = value[key]
        if inner:
            learn(tree, root, child, inner)


def _learn_array(tree: _Tree, root: str, at: _Node, value: Sequence[Any]) -> None:
    """Walk an array along the tree: what its elements hold."""
    nested = [inner for inner in value if type(inner) in _LEARN]
    child = (at.children.get(EACH) or tree.add(root, at, EACH)) if nested else None
    if child is not None:
        for inner in nested:
            _LEARN[type(inner)](tree, root, child, inner)


_Learn = Callable[[_Tree, str, _Node, Any], None]
_LEARN: Mapping[type, _Learn] = {dict: _learn_object, list: _learn_array}


def dotted(path: Path) -> str:
    """A path as the text that a filter writes; arrays leave no trace in it."""
    return ".".join(step for step in path if step is not None)


def _sqlite(path: Path) -> str | None:
    """The path for SQLite's JSON functions, or None where they cannot follow it in every version."""
    for step in path:
        if step is EACH or not step or not _ODD.isdisjoint(step):
            return None
    return "$" + "".join(f'."{step}"' for step in path)
