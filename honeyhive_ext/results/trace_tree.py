"""The events of one session as a tree, drawn with durations and errors. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

from attrs import define, field, frozen
from honeyhive_client.models import Event

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.filters.field import F
from honeyhive_ext.payload.ids import uuid_str
from honeyhive_ext.search.pages.rows import time_of
from honeyhive_ext.search.query import Query

Mark: TypeAlias = Literal["", "orphan", "cycle"]

SHOWN = 80  # characters of an error in a drawing
DEEPEST = 30  # levels that are drawn as indentation; below, a number says the level


def _no_nodes() -> list[Node]:
    return []


@never_raising
@define(eq=False)
class Node:
    """One event of the tree.

    Attributes:
        event: The event.
        children: The events whose parent it is, earliest first.
        depth: How many events are above it; 0 for a root.
        mark: "orphan" if its parent is not among the session's events, "cycle" if its parents lead back to
            it. Both are roots. For any other event "".
    """

    event: Event
    children: list[Node] = field(factory=_no_nodes)
    depth: int = 0
    mark: Mark = ""

    def __repr__(self) -> str:
        return f"Node({_title(self.event)!r}, depth={self.depth}, children={len(self.children)})"


@never_raising
@frozen(eq=False)
class TraceTree:
    """The events of a session as a tree. Iterate it for the nodes in tree order, or print it.

    Attributes:
        session_id: The session.
        roots: The nodes without a parent in the session, earliest first.
    """

    __module__ = "honeyhive_ext"

    session_id: str
    roots: Sequence[Node]

    def __iter__(self) -> Iterator[Node]:
        left = list(reversed(self.roots))
        while left:
            node = left.pop()
            yield node
            left += reversed(node.children)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def orphans(self) -> list[Node]:
        """The nodes whose parent is not among the session's events."""
        return [node for node in self.roots if node.mark == "orphan"]

    @property
    def cycles(self) -> list[Node]:
        """The nodes whose parents lead back to them, one for each cycle."""
        return [node for node in self.roots if node.mark == "cycle"]

    def __str__(self) -> str:
        lines = list(_lines(self.roots))
        return "\n".join(lines) if lines else f"(no events in session {printable(self.session_id)})"


def session_query(session_id: str | UUID) -> tuple[str, Query]:
    """Return the session's id as a str, and the search for its events."""
    text = uuid_str(session_id, "session_id")
    return text, Query(filters=(F.session_id == text,))


def build_tree(events: Iterable[Event], session_id: str) -> TraceTree:
    """Return the events as a tree, with each event exactly once.

    Roots without a mark are: an event without a parent, an event that is its own parent, and an event whose
    parent is the session itself if the session's event is missing. An event whose parent is missing is a
    root too, and so is the earliest event of a cycle of parents. Both are marked.

    >>> tree = build_tree([Event(event_id="b", parent_id="a"), Event(event_id="a", event_type="chain")], "s")
    >>> [(node.event.event_id, node.depth) for node in tree]
    [('a', 0), ('b', 1)]
    """
    nodes = [Node(event) for event in sorted(events, key=_start)]
    by_id: dict[str, Node] = {}
    for node in nodes:
        if isinstance(node.event.event_id, str):
            by_id.setdefault(node.event.event_id.lower(), node)
    roots: list[Node] = []
    for node in nodes:
        parent_id = node.event.parent_id
        parent = by_id.get(parent_id.lower()) if isinstance(parent_id, str) else None
        if parent is not None and parent is not node:
            parent.children.append(node)
            continue
        if (
            parent is None
            and isinstance(parent_id, str)
            and parent_id.lower() not in ("", session_id.lower())
        ):
            node.mark = "orphan"
        roots.append(node)
    placed: set[int] = set()
    for root in roots:
        _place(root, placed)
    for node in nodes:
        if id(node) not in placed:
            entry = _cut_open(node, by_id)
            _place(entry, placed)
            roots.append(entry)
    roots.sort(key=lambda node: _start(node.event))
    return TraceTree(session_id, roots)


def _place(root: Node, placed: set[int]) -> None:
    """Set the depth of the nodes below a root."""
    left = [root]
    while left:
        node = left.pop()
        placed.add(id(node))
        for child in node.children:
            child.depth = node.depth + 1
        left += node.children


def _cut_open(node: Node, by_id: dict[str, Node]) -> Node:
    """Make a root of the earliest event in the cycle of parents above a node, and return it."""
    seen: dict[int, Node] = {}
    while id(node) not in seen:
        seen[id(node)] = node
        node = _parent(node, by_id)
    circle = [node]
    while (above := _parent(circle[-1], by_id)) is not node:
        circle.append(above)
    entry = min(circle, key=lambda one: _start(one.event))
    parent = _parent(entry, by_id)
    parent.children = [child for child in parent.children if child is not entry]
    entry.mark = "cycle"
    return entry


def _parent(node: Node, by_id: dict[str, Node]) -> Node:
    return by_id[str(node.event.parent_id).lower()]


def _start(event: Event) -> float:
    time = time_of(event.start_time)
    return math.inf if time is None else time


def _lines(roots: Sequence[Node]) -> Iterator[str]:
    left: list[tuple[Node, str, str]] = [(root, "", "") for root in reversed(roots)]
    while left:
        node, first, rest = left.pop()
        yield first + _described(node)
        last, level = len(node.children) - 1, node.depth + 1
        for number in range(last, -1, -1):
            branch, below = ("└── ", "    ") if number == last else ("├── ", "│   ")
            if level > DEEPEST:
                branch, below = f"({level}) {branch}", ""
            left.append((node.children[number], rest + branch, rest + below))


def _described(node: Node) -> str:
    event = node.event
    parts = [_title(event)]
    if (milliseconds := _duration(event)) is not None:
        parts.append(_length(milliseconds))
    if isinstance(event.error, str) and event.error:
        parts.append(f"error: {_short(event.error)}")
    if node.mark == "orphan":
        parts.append(f"(its parent {_short(str(event.parent_id))} is not in this session)")
    if node.mark == "cycle":
        parts.append(f"(its parents lead back to it, by way of {_short(str(event.parent_id))})")
    return "  ".join(parts)


def _title(event: Event) -> str:
    words = [str(word) for word in (event.event_type, event.event_name) if isinstance(word, str) and word]
    return _short(" ".join(words)) if words else "(unnamed)"


def _short(text: str) -> str:
    return printable(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def _duration(event: Event) -> float | None:
    if (given := time_of(event.duration)) is not None:
        return given
    start, end = time_of(event.start_time), time_of(event.end_time)
    return None if start is None or end is None else end - start


def _length(milliseconds: float) -> str:
    if abs(milliseconds) < 1000:
        return f"{milliseconds:.3g} ms" if abs(milliseconds) < 100 else f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.2f} s"
