"""The events of one session as a tree, drawn with durations and errors. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast
from uuid import UUID

from attrs import define, field, frozen

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.filters.field import F
from honeyhive_ext.payload.ids import InSession, session_id_of
from honeyhive_ext.reading.event import Event
from honeyhive_ext.search.query import Query
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.serialize.instants import time_of
from honeyhive_ext.views import markup, terminal
from honeyhive_ext.views.drawing import DEEPEST, Placed, title_of, tree_lines
from honeyhive_ext.views.formats import count_text
from honeyhive_ext.views.tree_page import tree_html
from honeyhive_ext.views.usage import error_of

Mark: TypeAlias = Literal["", "orphan", "cycle"]

HTML_EVENTS = 5_000  # of a page
HTML_CHARACTERS = 10_000_000
NOTEBOOK_EVENTS = 500  # a notebook keeps what it shows
NOTEBOOK_CHARACTERS = 300_000


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
        parts = [f"depth={self.depth}", f"children={len(self.children)}"]
        parts += [self.mark] if self.mark else []
        return f"<Node {title_of(raw_of(self.event))}: {', '.join(parts)}>"


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

    def draw(self, *, width: int | None = None, colour: bool = False) -> str:
        """Return the tree as text: a line for each event, with its offset, duration, model, tokens and cost.

        `print(tree)` does this with the width and the colours of the terminal. The environment variables
        NO_COLOR and FORCE_COLOR switch colours off and on.

        Args:
            width: Columns at which lines are cut. Default: no line is cut.
            colour: Whether to use the colours of a terminal.

        >>> events = [Event(event_type="tool", event_name="search", duration=12.5, error="no answer")]
        >>> print(build_tree(events, "s").draw())
        tool search  12.5 ms  error: no answer
        """
        lines = tree_lines(self._placed(), width=width, colour=colour)
        return "\n".join(lines) or f"(no events in session {printable(self.session_id)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as a dict that JSON can hold: `session_id` and `roots`.

        A node is a dict with `event` (as the service sent it), `depth`, `mark` and `children`. Nodes are
        nested to 30 levels, which every JSON reader takes. Deeper ones follow each other in the `children` of
        their ancestor at level 30, in tree order; `depth` says how deep they are.

        >>> tree = build_tree([Event(event_id="b", parent_id="a"), Event(event_id="a")], "s")
        >>> tree.to_dict()["roots"][0]["children"]
        [{'event': {'event_id': 'b', 'parent_id': 'a'}, 'depth': 1, 'mark': '', 'children': []}]
        """
        roots: list[dict[str, Any]] = []
        levels = [roots, *([] for _ in range(DEEPEST + 1))]  # where the next node of each level belongs
        for one in self._placed():
            level = min(one.depth, DEEPEST + 1)
            node: dict[str, Any] = {"event": one.event, "depth": one.depth, "mark": one.mark, "children": []}
            levels[level].append(node)
            if level <= DEEPEST:
                levels[level + 1] = node["children"]
        return {"session_id": self.session_id, "roots": roots}

    def to_json(self) -> str:
        """Return `to_dict` as JSON text.

        >>> build_tree([], "s").to_json()
        '{"session_id":"s","roots":[]}'
        """
        return exact_json(self.to_dict())

    def to_html(self, *, limit: int | None = HTML_EVENTS) -> str:
        """Return a page with the tree, its timeline and its contents, which needs nothing else.

        It opens in any browser, from disk as well. It has no script, loads nothing, and follows the light or
        dark theme of the reader. Every text of an event is escaped.

        Args:
            limit: Events that are drawn, in tree order; None for all. Default 5,000. A last line says how
                many more there are. Contents are shown up to 10,000,000 characters, 5,000 of one text, and
                the page says where it leaves something out.

        >>> page = build_tree([Event(event_type="tool", event_name="<b>")], "s").to_html()
        >>> "&lt;b&gt;" in page, "<script" in page
        (True, False)
        """
        placed = self._placed()
        title = title_of(placed[0].event) if placed else self.session_id
        body = tree_html(placed, self.session_id, limit=limit, characters=HTML_CHARACTERS)
        return markup.document(title, body)

    def open(self, *, limit: int | None = HTML_EVENTS) -> Path:
        """Write the page of `to_html` to a private temporary file, show it in a browser, return its path.

        Only you can read the file (mode 0600). It stays until you or the system delete it. If no browser
        can be started, as on a server, you still have the file.

        Args:
            limit: As for `to_html`.

        Raises:
            OSError: The file cannot be written, as on a full disk.
        """
        from honeyhive_ext.results.browser import show

        return show(self.to_html(limit=limit))

    def _repr_html_(self) -> str | None:
        body = tree_html(
            self._placed(), self.session_id, limit=NOTEBOOK_EVENTS, characters=NOTEBOOK_CHARACTERS
        )
        return markup.fragment(body)

    def __str__(self) -> str:
        width, colour = terminal.look()
        return terminal.writable(self.draw(width=width, colour=colour))

    def __format__(self, spec: str) -> str:
        return format(self.draw(), spec)

    def __repr__(self) -> str:
        placed = self._placed()
        errors = sum(1 for one in placed if error_of(one.event) is not None)
        parts = [title_of(placed[0].event), count_text(len(placed), "event")] if placed else ["no events"]
        parts += [count_text(errors, "error")] if errors else []
        return f"<TraceTree {printable(self.session_id)}: {', '.join(parts)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return build_tree, ([node.event for node in self], self.session_id)  # nodes can be deeper than pickle

    def _placed(self) -> list[Placed]:
        """Return the events with their places, in tree order."""
        found: list[Placed] = []
        left = [(root, True) for root in reversed(self.roots)]
        while left:
            node, last = left.pop()
            children = node.children
            found.append(Placed(raw_of(node.event), node.depth, last, len(children), node.mark))
            left += [(child, at == 0) for at, child in enumerate(reversed(children))]
        return found


def raw_of(event: Event) -> dict[str, Any]:
    """Return an event as the dict that the service sent; an empty one if it sent something else."""
    raw = cast("object", event.raw)
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def session_query(session: InSession | str | UUID) -> tuple[str, Query]:
    """Return the session's id as a str, and the search for its events."""
    text = session_id_of(session)
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
        if node.event.event_id is not None:
            by_id.setdefault(node.event.event_id.lower(), node)
    roots: list[Node] = []
    for node in nodes:
        parent_id = node.event.parent_id
        parent = by_id.get(parent_id.lower()) if parent_id is not None else None
        if parent is not None and parent is not node:
            parent.children.append(node)
            continue
        if parent is None and parent_id is not None and parent_id.lower() not in ("", session_id.lower()):
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
    time = _time(event, "start_time")
    return math.inf if time is None else time


def _time(event: Event, name: str) -> float | None:
    """Return a number of ms; if it came as something else, what it says."""
    given: float | None = getattr(event, name)
    return time_of(event.get(name) if given is None else given)
