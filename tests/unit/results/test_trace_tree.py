"""The tree of a session holds every event once, whatever its parents are."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.reading.event import Event
from honeyhive_ext.results.trace_tree import TraceTree, build_tree
from honeyhive_ext.views.drawing import DEEPEST


def event(event_id: str | None, parent_id: Any = None, start: Any = 0, **more: Any) -> Event:
    return Event.from_dict({"event_id": event_id, "parent_id": parent_id, "start_time": start, **more})


def shape(tree: TraceTree) -> list[tuple[Any, int, str]]:
    return [(node.event.event_id, node.depth, node.mark) for node in tree]


def test_children_follow_their_parent_earliest_first() -> None:
    events = [
        event("c", "a", 3),
        event("b", "a", 2),
        event("s", None, 0),
        event("a", "s", 1),
        event("d", "b", 9),
    ]
    tree = build_tree(events, "s")
    assert shape(tree) == [("s", 0, ""), ("a", 1, ""), ("b", 2, ""), ("d", 3, ""), ("c", 2, "")]
    assert len(tree) == 5


def test_a_parent_that_is_missing_makes_an_orphan_and_a_missing_session_does_not() -> None:
    tree = build_tree([event("a", "s"), event("b", "gone", 1), event("c", "b", 2)], "s")
    assert shape(tree) == [("a", 0, ""), ("b", 0, "orphan"), ("c", 1, "")]
    assert [node.event.event_id for node in tree.orphans] == ["b"]


def test_a_circle_of_parents_is_cut_open_at_its_earliest_event() -> None:
    events = [
        event("a", "c", 5),
        event("b", "a", 1),
        event("c", "b", 3),
        event("d", "a", 0),
        event("e", "e", 2),
    ]
    tree = build_tree(events, "s")
    assert shape(tree) == [("b", 0, "cycle"), ("c", 1, ""), ("a", 2, ""), ("d", 3, ""), ("e", 0, "")]
    assert [node.event.event_id for node in tree.cycles] == ["b"]


@given(st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(0, 10), st.integers(0, 3)), max_size=25))
def test_every_event_is_in_the_tree_exactly_once(given: list[tuple[int, int | None, int]]) -> None:
    events = [event(str(i), None if p is None else str(p), t) for i, p, t in given]
    tree = build_tree(events, "s")
    assert sorted(id(node.event) for node in tree) == sorted(map(id, events))
    assert all(child.depth == node.depth + 1 for node in tree for child in node.children)
    assert len(str(tree).splitlines()) == max(1, len(events))


def test_a_chain_of_ten_thousand_steps_is_drawn() -> None:
    tree = build_tree([event(str(n), str(n - 1) if n else None, n) for n in range(10_000)], "s")
    assert max(node.depth for node in tree) == 9_999
    assert len(str(tree).splitlines()) == 10_000


def test_the_drawing_shows_durations_errors_orphans_and_cycles() -> None:
    tree = build_tree(
        [
            event("s", None, 0, event_type="session", event_name="nightly", duration=1250),
            event("a", "s", 1, event_type="chain", event_name="retrieve", end_time=821),
            event("b", "a", 2, event_type="tool", event_name="search", duration=12.5, error="Time\nout"),
            event("c", "s", 3, event_type="model", error="x" * 200),
            event("d", "gone", 4),
            event("f", "e", 5, event_name="round"),
            event("e", "f", 6, event_name="about"),
        ],
        "s",
    )
    assert str(tree).splitlines() == [
        "session nightly              1.25 s",
        "├── chain retrieve   +1 ms   820 ms",
        "│   └── tool search  +2 ms  12.5 ms  error: Time\\nout",
        f"└── model            +3 ms   no end  error: {'x' * 79}…",
        "(unnamed)                    no end  (its parent gone is not in this session)",
        "round                        no end  (its parents lead back to it, by way of e)",
        "└── about            +6 ms   no end",
    ]
    assert str(build_tree([], "s")) == "(no events in session s)"
    assert "retrieve" in repr(tree.roots[0].children[0])


@pytest.mark.parametrize("odd", [None, 5, ["x"], {}])
def test_odd_values_do_not_break_the_tree(odd: Any) -> None:
    tree = build_tree([event(odd, odd, odd, event_name=odd, duration=odd, error=odd), event("a")], "s")
    assert len(str(tree).splitlines()) == 2


def test_a_deep_chain_is_drawn_with_bounded_lines_that_say_the_level() -> None:
    tree = build_tree(
        [event(str(n), str(n - 1) if n else None, n, event_name="n") for n in range(5_000)], "s"
    )
    drawn = str(tree)
    assert len(drawn) < 1_000_000
    assert max(map(len, drawn.splitlines())) < 200
    assert drawn.splitlines()[DEEPEST].startswith("    " * (DEEPEST - 1) + "└── n  ")
    assert drawn.splitlines()[-1].startswith("    " * DEEPEST + "(4999) └── n  ")


def test_siblings_below_the_deepest_drawn_level_keep_their_branches() -> None:
    chain = [event(str(n), str(n - 1) if n else None, n, event_name=str(n)) for n in range(DEEPEST + 2)]
    tree = build_tree([*chain, event("x", str(DEEPEST), 99, event_name="x")], "s")
    edge = "    " * DEEPEST
    assert [line.partition("  +")[0] for line in str(tree).splitlines()[-2:]] == [
        f"{edge}({DEEPEST + 1}) ├── {DEEPEST + 1}",
        f"{edge}({DEEPEST + 1}) └── x",
    ]


@given(st.text(), st.text(), st.text())
def test_no_text_of_an_event_acts_on_the_terminal(name: str, error: str, parent_id: str) -> None:
    tree = build_tree([event("a", parent_id, 0, event_type=name, event_name=error, error=name)], "s")
    (line,) = str(tree).split("\n")
    assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(line) & set(
        map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C])
    )
    assert not set(repr(tree.roots[0])) & set("\x1b\x07\x9b\u202e\n")


def test_ids_name_the_same_event_in_capitals() -> None:
    tree = build_tree(
        [
            event("ab", None, 0),
            event("CD", "AB", 1),
            event("ef", "cd", 2),
            event("x", "S", 3),
            event("q", "R", 4),
            event("r", "Q", 5),
        ],
        "s",
    )
    assert shape(tree) == [
        ("ab", 0, ""),
        ("CD", 1, ""),
        ("ef", 2, ""),
        ("x", 0, ""),
        ("q", 0, "cycle"),
        ("r", 1, ""),
    ]
