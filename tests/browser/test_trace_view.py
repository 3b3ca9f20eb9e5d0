"""One session: tree and timeline, folds, keys, focus, what is odd, search, filters, and what is saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.browser.conftest import Viewer
from tests.browser.driving import Locator, Page, expect
from tests.support.page_events import chat, event, id_of, session, wide


def shown(page: Page) -> list[str]:
    """The names in the tree, from the top."""
    rows = page.locator(".tree .space .row:not([hidden])")
    found = rows.evaluate_all(
        "rows => rows.map(row => [Number(row.dataset.line), row.querySelector('bdi').textContent])"
    )
    return [name for _, name in sorted(found)]


def row(page: Page, name: str) -> Locator:
    return page.locator(".tree .space .row:not([hidden])").filter(
        has=page.locator("bdi").get_by_text(name, exact=True)
    )


def lane(page: Page, name: str) -> tuple[float, float]:
    """Where the bar of an event begins and ends, as shares of the axis."""
    box = row(page, name).locator(".lane").bounding_box()
    bar = row(page, name).locator(".bar").bounding_box()
    assert box is not None
    assert bar is not None
    return (bar["x"] - box["x"]) / box["width"], (bar["x"] + bar["width"] - box["x"]) / box["width"]


ALL = ["chat", "agent", "plan", "get_weather", "get_time", "answer", "write"]


def open_chat(viewer: Viewer, **state: str) -> Page:
    viewer.server.seed(chat())
    page = viewer.open(session=id_of("chat"), **state)
    expect(row(page, "chat")).to_be_visible()
    return page


def test_events_are_a_tree_with_figures_next_to_their_timeline(viewer: Viewer) -> None:
    page = open_chat(viewer)
    assert shown(page) == ALL
    expect(row(page, "plan").locator(".num")).to_have_text(["200 ms", "150", "$0.75"])
    expect(page.locator("p.figures")).to_have_text(
        "2025-06-15 15:06:40 · 1.00 s · 7 events · 200 tokens · $1.00"
    )
    assert lane(page, "agent") == pytest.approx((0, 1), abs=0.02)
    assert lane(page, "get_time") == pytest.approx((0.4, 0.7), abs=0.02)
    colours = {
        name: row(page, name).locator(".dot").evaluate("one => getComputedStyle(one).backgroundColor")
        for name in ("chat", "agent", "plan", "get_time")
    }
    assert len(set(colours.values())) == 4  # one for each event_type
    expect(row(page, "get_weather").locator(".flag")).to_have_text("error")
    expect(row(page, "get_weather")).to_have_attribute("title", "ConnectTimeout: api.weather.test")


def test_gaps_and_overlaps_are_in_the_bar_and_in_words(viewer: Viewer) -> None:
    page = open_chat(viewer)
    picture = row(page, "agent").locator(".bar").evaluate("one => one.style.background")
    assert "var(--gap) 20% 30%" in picture
    assert "var(--lap) 40% 60%" in picture
    row(page, "agent").click()
    pane = page.get_by_role("region", name="Event")
    expect(pane).to_contain_text("nothing below ran for100 ms")
    expect(pane).to_contain_text("several at once for200 ms")


def test_arrows_move_fold_and_unfold(viewer: Viewer) -> None:
    page = open_chat(viewer)
    for key, selected, names in (
        ("ArrowDown", "chat", ALL),
        ("ArrowRight", "agent", ALL),
        ("ArrowLeft", "agent", ["chat", "agent"]),
        ("ArrowRight", "agent", ALL),
        ("End", "write", ALL),
        ("ArrowLeft", "answer", ALL),
        ("ArrowLeft", "answer", ALL[:-1]),
        ("ArrowUp", "get_time", ALL[:-1]),
        ("Home", "chat", ALL[:-1]),
        ("ArrowLeft", "chat", ["chat"]),
        ("ArrowLeft", "chat", ["chat"]),
        ("ArrowRight", "chat", ALL[:-1]),
        ("PageDown", "answer", ALL[:-1]),
    ):
        page.keyboard.press(key)
        expect(row(page, selected)).to_have_attribute("aria-selected", "true")
        expect(page.locator(".tree .space .row:not([hidden])")).to_have_count(len(names))
        assert shown(page) == names, key


def test_a_folded_event_says_that_errors_are_below_and_e_uncovers_them(viewer: Viewer) -> None:
    page = open_chat(viewer)
    row(page, "agent").locator(".twist").click()
    expect(row(page, "agent").locator(".flag")).to_have_text("1 below")
    expect(row(page, "agent")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("e")
    expect(row(page, "get_weather")).to_have_attribute("aria-selected", "true")
    assert shown(page) == ALL


def test_e_goes_round_all_errors_both_ways(viewer: Viewer) -> None:
    viewer.server.seed(
        [
            session("s"),
            *(
                event(f"n{number}", "s", start=number, error="x" if number % 3 == 0 else None)
                for number in range(7)
            ),
        ]
    )
    page = viewer.open(session=id_of("s"))
    expect(page.get_by_role("button", name="3 errors")).to_be_enabled()
    for key, selected in (("e", "n0"), ("e", "n3"), ("e", "n6"), ("e", "n0"), ("E", "n6"), ("E", "n3")):
        page.keyboard.press(key)
        expect(row(page, selected)).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="3 errors").click()
    expect(row(page, "n6")).to_have_attribute("aria-selected", "true")


def test_all_events_fold_and_unfold(viewer: Viewer) -> None:
    page = open_chat(viewer)
    page.get_by_role("button", name="fold all", exact=True).click()
    expect(row(page, "agent")).to_have_count(0)
    row(page, "chat").locator(".twist").click()
    expect(row(page, "agent")).to_be_visible()
    assert shown(page) == ["chat", "agent"]
    page.reload()
    expect(row(page, "agent")).to_be_visible()
    assert shown(page) == ["chat", "agent"]
    page.get_by_role("button", name="unfold all").click()
    expect(row(page, "write")).to_be_visible()


def test_focus_shows_a_subtree_on_its_own_axis(viewer: Viewer) -> None:
    page = open_chat(viewer)
    row(page, "answer").click()
    page.keyboard.press("f")
    expect(row(page, "agent")).to_have_count(0)
    assert shown(page) == ["answer", "write"]
    assert lane(page, "write") == pytest.approx((1 / 6, 2 / 3), abs=0.02)
    page.get_by_role("button", name="whole session").click()
    expect(row(page, "agent")).to_be_visible()
    assert lane(page, "write") == pytest.approx((0.75, 0.9), abs=0.02)


def test_what_is_odd_is_shown_and_marked(viewer: Viewer) -> None:
    viewer.server.seed([
        session("odd", 0, 100),
        event("running", "odd", start=20, end=None),
        event("orphan", "odd", "gone", 10, 30),
        event("below the orphan", "odd", "orphan", 12, 20),
        event("a", "odd", "c", 40, 50), event("b", "odd", "a", 41, 49), event("c", "odd", "b", 42, 48),
        event("own parent", "odd", "own parent", 60, 70),
    ])  # fmt: skip
    page = viewer.open(session=id_of("odd"))
    expect(row(page, "own parent")).to_be_visible()
    assert sorted(shown(page)) == sorted(
        ["odd", "running", "orphan", "below the orphan", "a", "b", "c", "own parent"]
    )
    flags = {name: row(page, name).locator(".flag").all_inner_texts() for name in shown(page)}
    assert flags == {
        "odd": [], "running": ["no end"], "orphan": ["orphan"], "below the orphan": [],
        "a": ["cycle"], "b": [], "c": [], "own parent": ["cycle"],
    }  # fmt: skip
    assert [row(page, name).get_attribute("aria-level") for name in ("a", "b", "c")] == ["1", "2", "3"]
    assert lane(page, "running") == pytest.approx(
        (0.2, 1), abs=0.02
    )  # to the end of the axis, with an open edge
    expect(row(page, "running").locator(".bar")).to_have_class("bar open")


def test_search_leaves_matches_and_what_is_above_them(viewer: Viewer) -> None:
    page = open_chat(viewer)
    page.keyboard.press("/")
    page.keyboard.type("WRITE")
    expect(page.get_by_text("1 of 7 events match")).to_be_visible()
    assert shown(page) == ["chat", "agent", "answer", "write"]
    expect(row(page, "answer")).to_have_class("row model above")
    page.get_by_role("searchbox", name="search names").fill("gpt-4o-mini")
    expect(page.get_by_text("1 of 7 events match")).to_be_visible()
    assert shown(page) == ["chat", "agent", "answer"]


def test_a_filter_asks_the_search_that_programs_use(viewer: Viewer) -> None:
    page = open_chat(viewer)
    bar = page.get_by_role("combobox", name="filter events")
    bar.fill("metadata.cost > 0.5 and event_type == model")
    bar.press("Enter")
    expect(page.get_by_text("1 of 7 events match")).to_be_visible()
    assert shown(page) == ["chat", "agent", "plan"]
    sent = viewer.server.requests[-1]
    assert (sent.method, sent.path) == ("POST", "/v1/events/search")
    assert sent.json()["filters"][1:] == [
        {"field": "metadata.cost", "operator": "greater than", "value": 0.5, "type": "number"},
        {"field": "event_type", "operator": "is", "value": "model", "type": "string"},
    ]
    page.get_by_role("searchbox", name="search names").fill("answer")
    expect(page.get_by_text("0 of 7 events match")).to_be_visible()


def test_export_saves_what_is_left_as_it_is_stored(viewer: Viewer, tmp_path: Path) -> None:
    page = open_chat(viewer, q="get_")
    expect(page.get_by_text("2 of 7 events match")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="export").click()
    assert saved.value.suggested_filename == f"session-{id_of('chat')}.jsonl"
    saved.value.save_as(tmp_path / "saved.jsonl")
    lines = (tmp_path / "saved.jsonl").read_text().splitlines()
    stored = {json.loads(line)["event_name"]: line for line in viewer.server.export()}
    assert lines == [stored["get_weather"], stored["get_time"]]


def test_an_open_session_grows_as_events_come(viewer: Viewer) -> None:
    page = open_chat(viewer)
    viewer.server.seed([event("late", "chat", "agent", 950, 990, event_type="tool")])
    expect(row(page, "late")).to_be_visible()
    assert shown(page) == [*ALL, "late"]


def test_events_that_come_later_are_filtered_too(viewer: Viewer) -> None:
    page = open_chat(viewer, where="event_type == tool")
    expect(page.get_by_text("2 of 7 events match")).to_be_visible()
    viewer.server.seed(
        [
            event("late", "chat", "agent", 950, 990, event_type="tool"),
            event("other", "chat", "agent", 950, 990),
        ]
    )
    expect(page.get_by_text("3 of 9 events match")).to_be_visible()
    assert shown(page) == ["chat", "agent", "get_weather", "get_time", "late"]


def test_fifty_thousand_events_are_all_there_and_few_are_elements(viewer: Viewer) -> None:
    viewer.server.seed(wide(50_000))
    page = viewer.open(session=id_of("large"))
    expect(page.locator("p.figures")).to_contain_text("50,000 events", timeout=60_000)
    expect(page.locator("progress")).to_be_hidden(timeout=60_000)
    page.get_by_role("tree").press("End")
    expect(row(page, "step 49999").or_(row(page, "step 11110"))).to_be_visible()
    assert page.locator(".tree .space .row").count() < 60
    page.get_by_role("searchbox", name="search names").fill("step 4999")
    expect(page.get_by_text("11 of 50,000 events match")).to_be_visible()


def test_a_chain_of_twenty_thousand_levels_is_shown_and_folded(viewer: Viewer) -> None:
    viewer.server.seed(
        [
            session("deep", 0, 20_000),
            *(event(str(n), "deep", str(n - 1) if n else None, n, 20_000) for n in range(20_000)),
        ]
    )
    page = viewer.open(session=id_of("deep"))
    expect(page.locator("progress")).to_be_hidden(timeout=60_000)
    page.get_by_role("tree").press("End")
    expect(row(page, "19999")).to_have_attribute("aria-level", "20001")
    expect(row(page, "19999").locator(".flag")).to_have_text("level 20001")
    page.get_by_role("tree").press("Home")
    page.get_by_role("tree").press("ArrowLeft")
    expect(page.locator(".tree .space .row:not([hidden])")).to_have_count(1)


def test_an_unknown_session_says_so(viewer: Viewer) -> None:
    page = viewer.open(session=id_of("nothing"))
    expect(page.locator(".problem")).to_contain_text("no session")
