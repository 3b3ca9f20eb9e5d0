"""What is shown as HTML is well formed, escaped, without scripts, within bounds that are said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.views.contents import ITEMS, LONGEST, event_html, set_names
from honeyhive_ext.views.drawing import DEEPEST
from honeyhive_ext.views.markup import card
from honeyhive_ext.views.usage import error_of
from tests.support.inert import inert
from tests.support.scale import scaled
from tests.support.traces import EVENTS, tree_of

HOSTILE = '</style><script>x()</script>"><img src=x onerror=x()><!-- \x1b[2J \u202e'


@given(st.lists(EVENTS, max_size=5))
def test_any_events_make_a_page_that_is_well_formed_and_inert(events: list[dict[str, Any]]) -> None:
    tree = tree_of(*events)
    for page in (tree.to_html(), str(tree._repr_html_())):
        read = inert(page)
        nodes = [a for tag, a in read.seen if tag == "details" and "hh-node" in str(a.get("class"))]
        assert len(nodes) == len(events)


@given(EVENTS)
def test_any_event_makes_a_fragment_that_is_well_formed_and_inert(event: dict[str, Any]) -> None:
    read = inert(event_html(event))
    assert ("error: " in read.text) is (error_of(event) is not None)
    assert ("nothing else is set" in read.text) is (set_names(event) == [])


def test_hostile_texts_do_nothing_but_be_shown() -> None:
    part = {HOSTILE: HOSTILE, "list": [HOSTILE], "chat": [{"role": HOSTILE, "content": HOSTILE}]}
    event = dict.fromkeys(("event_type", "event_name", "error", "event_id", "session_id", "x"), HOSTILE)
    event |= {"parent_id": "gone" + HOSTILE, "config": {"model": HOSTILE}}
    tree = tree_of({**event, "inputs": part, "metadata": part}, session_id=HOSTILE)
    for page in (tree.to_html(), str(tree._repr_html_()), event_html({**event, "inputs": part})):
        read = inert(page)
        assert read.text.count("<script>x()</script>") > 5
        assert not set(page) & set("\x1b\u202e")


def test_a_page_may_load_and_run_nothing() -> None:
    page = tree_of({"event_name": "a"}).to_html()
    policy = re.search('Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]


def test_more_events_than_the_limit_are_counted_not_cut_in_silence() -> None:
    events = [
        {"event_id": str(n), "start_time": n, "error": "no" if n % 10 == 0 else None} for n in range(60)
    ]
    tree = tree_of(*events)
    page = inert(tree.to_html(limit=40))
    assert page.text.endswith(
        "20 more events, 2 errors among them: tree.to_html(limit=None) draws all of them\n"
    )
    assert [tag for tag, _ in page.seen].count("summary") == 40
    assert "more event" not in tree.to_html(limit=60)
    assert "more event" not in tree.to_html(limit=None)


def test_a_large_tree_makes_a_bounded_page() -> None:
    number = scaled(50_000, 5_000)
    page = str(
        tree_of(
            *({"event_id": str(n), "parent_id": str(n - 1), "start_time": n} for n in range(number))
        )._repr_html_()
    )
    assert f"{number - 500:,} more events" in page
    assert len(page) < 500_000


def test_a_deep_chain_is_nested_no_deeper_than_a_browser_reads() -> None:
    tree = tree_of(*({"event_id": str(n), "parent_id": str(n - 1), "start_time": n} for n in range(2_000)))
    page = inert(tree.to_html(limit=None))
    assert page.deepest < 4 * DEEPEST
    assert "(1999) " in page.text


def test_a_long_text_and_a_long_list_say_what_is_left_out() -> None:
    read = inert(event_html({"inputs": {"text": "x" * (LONGEST + 1234), "list": [*range(ITEMS + 7)]}}))
    assert "… 1,234 more characters" in read.text
    assert "7 more" in read.text


def test_a_page_that_is_full_says_what_it_does_not_show() -> None:
    texts = {"inputs": {str(n): "x" * LONGEST for n in range(60)}}
    tree = tree_of({"event_id": "a", **texts}, {"event_id": "b", **texts})
    page = str(tree._repr_html_())
    assert len(page) < 400_000
    assert "… more is not shown: the page is full" in page
    assert "2 fields not shown: the page is full" in page


def test_a_value_that_is_nested_deep_is_bounded_and_said() -> None:
    value: Any = "end"
    for _ in range(900):
        value = {"in": value}
    read = inert(event_html({"inputs": value}))
    assert "… 1 key" in read.text


def test_true_is_not_one() -> None:
    read = inert(event_html({"metadata": {"one": 1, "on": True, "zero": 0, "off": False, "none": None}}))
    for text in ("one 1", "on true", "zero 0", "off false", "none null"):
        assert text in read.text


def test_messages_of_a_chat_are_shown_as_a_chat() -> None:
    page = event_html({"inputs": {"chat_history": [{"role": "user", "content": "Hi\nthere"}]}})
    assert (
        '<div class="hh-say"><span class="hh-key">user</span> <span class="hh-text">Hi\nthere</span>' in page
    )


def test_errors_orphans_cycles_and_missing_ends_are_marked() -> None:
    read = inert(
        tree_of(
            {"event_id": "a", "parent_id": "gone", "start_time": 1, "error": "lost"},
            {"event_id": "b", "parent_id": "c", "start_time": 2},
            {"event_id": "c", "parent_id": "b", "start_time": 3, "duration": 5},
        ).to_html()
    )
    for text in ("error: lost", "its parent gone is not in", "its parents lead back to it", "no end"):
        assert text in read.text
    assert ("rect", {"x": "0.00"}) not in read.seen


def test_a_large_tree_is_folded_but_for_the_way_to_each_error() -> None:
    chain = [{"event_id": str(n), "parent_id": str(n - 1), "start_time": n} for n in range(10)]
    other = [
        {"event_id": f"x{n}", "parent_id": f"x{n - 1}" if n else None, "start_time": 99} for n in range(10)
    ]
    leaves = [{"event_id": f"l{n}", "parent_id": "0", "start_time": 100} for n in range(300)]
    chain[9]["error"] = "no"
    read = inert(tree_of(*chain, *other, *leaves).to_html())
    nodes = [a for tag, a in read.seen if tag == "details" and "hh-node" in str(a.get("class"))]
    assert ["open" in node for node in nodes[:10]] == [True] * 9 + [False]
    assert ["open" in node for node in nodes[310:320]] == [True, True] + [False] * 8


@pytest.mark.parametrize("left", [0, 5])
def test_a_card_shows_ten_rows_and_counts_the_others(left: int) -> None:
    page = card("Report", [("delivered", 0), ("error", None)], ("n",), [(n,) for n in range(10 + left)])
    read = inert(page)
    assert [tag for tag, _ in read.seen].count("td") == 10
    assert ("5 more" in read.text) is bool(left)
    assert "delivered" not in read.text
