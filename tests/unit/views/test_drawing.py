"""A drawing fits its terminal, marks what is odd, and is plain where nobody asked for colours."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.results.trace_tree import TraceTree
from honeyhive_ext.views.cells import cells
from tests.support.scale import scaled
from tests.support.traces import EVENTS, tree_of

ESCAPES = re.compile("\x1b\\[[0-9]*m")


def agent(**more: Any) -> TraceTree:
    call = {"config": {"model": "gpt-4o"}, "metadata": {"total_tokens": 1240, "cost": 0.0042}}
    return tree_of(
        {"event_id": "s", "event_type": "session", "event_name": "chat", "start_time": 0, "duration": 1250},
        {
            "event_id": "a",
            "parent_id": "s",
            "event_type": "chain",
            "event_name": "plan",
            "start_time": 12,
            "duration": 820,
        },
        {
            "event_id": "b",
            "parent_id": "a",
            "event_type": "model",
            "event_name": "answer",
            "start_time": 20,
            "duration": 700,
            **call,
        },
        {
            "event_id": "c",
            "parent_id": "s",
            "event_type": "tool",
            "event_name": "search",
            "start_time": 900,
            "error": "no answer",
            **more,
        },
    )


def test_a_line_has_name_type_offset_duration_model_tokens_cost_and_error() -> None:
    assert agent().draw().splitlines() == [
        "session chat                   1.25 s  in all 1,240 tokens, $0.0042",
        "├── chain plan         +12 ms  820 ms",
        "│   └── model answer   +20 ms  700 ms  gpt-4o  1,240 tokens  $0.0042",
        "└── tool search       +900 ms  no end  error: no answer",
    ]


def test_a_session_with_its_own_figures_shows_those_and_no_sum() -> None:
    tree = tree_of(
        {"event_id": "s", "event_name": "chat", "duration": 1, "metadata": {"total_tokens": 5, "cost": 1.5}},
        {"event_id": "a", "parent_id": "s", "metadata": {"total_tokens": 7, "cost": 2}},
    )
    assert tree.draw().splitlines()[0].split() == ["chat", "1", "ms", "5", "tokens", "$1.50"]


def test_an_agent_that_repeats_the_figures_of_its_calls_counts_once() -> None:
    figures = {"metadata": {"total_tokens": 7, "cost": 2}}
    tree = tree_of(
        {"event_id": "s", "event_name": "chat", "duration": 1},
        {"event_id": "a", "parent_id": "s", **figures},
        {"event_id": "b", "parent_id": "a", **figures},
        {"event_id": "c", "parent_id": "s", **figures},
    )
    assert tree.draw().splitlines()[0].endswith("in all 14 tokens, $4.00")


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_every_line_fits_the_terminal_and_keeps_the_name(width: int) -> None:
    lines = agent(error="漢字" * 100, event_name="検索" * 3).draw(width=width).splitlines()
    assert max(map(cells, lines)) <= width
    assert "tool 検" in lines[-1]
    assert "error: " in lines[-1] or width < 60


@given(st.lists(EVENTS, max_size=6), st.integers(20, 120), st.booleans())
def test_any_events_are_drawn_within_any_width(
    events: list[dict[str, Any]], width: int, colour: bool
) -> None:
    tree = tree_of(*events)
    lines = tree.draw(width=width, colour=colour).split("\n")
    assert len(lines) == max(1, len(events))
    assert ESCAPES.sub("", tree.draw(colour=True)) == tree.draw(), "colours change nothing but colours"
    if events:
        assert max(cells(ESCAPES.sub("", line)) for line in lines) <= width


def test_an_error_is_red_and_a_type_has_its_colour() -> None:
    lines = agent().draw(colour=True).splitlines()
    assert "\x1b[31mtool search\x1b[0m" in lines[3]
    assert "\x1b[31merror: no answer\x1b[0m" in lines[3]
    assert "\x1b[34mmodel answer\x1b[0m" in lines[2]


def test_a_deep_tree_on_a_narrow_terminal_keeps_its_names() -> None:
    tree = tree_of(
        *(
            {"event_id": str(n), "parent_id": str(n - 1) if n else None, "event_name": f"step {n}"}
            for n in range(25)
        )
    )
    lines = tree.draw(width=60).splitlines()
    assert all(f"step {n}" in line for n, line in enumerate(lines))
    assert max(map(len, lines)) <= 60
    for width in (0, 1, 20):
        for colour in (False, True):
            drawn = ESCAPES.sub("", tree.draw(width=width, colour=colour)).split("\n")
            assert len(drawn) == 25
            assert max(map(cells, drawn)) <= width


def test_a_large_tree_is_drawn_one_line_each() -> None:
    number = scaled(50_000, 5_000)
    events = ({"event_id": str(n), "parent_id": str(n // 3) if n else None} for n in range(number))
    assert tree_of(*events).draw(width=80).count("\n") == number - 1


def test_marks_that_pile_up_do_not_make_a_line_long() -> None:
    lines = tree_of({"event_name": "a" + "\u0301" * 100_000, "duration": 1}).draw().splitlines()
    assert len(lines[0]) < 200
