"""The table of sessions: live, sorted, searched, filtered, picked, saved."""

from __future__ import annotations

import json
from pathlib import Path

from honeyhive_ext.local import LocalServer
from tests.browser.conftest import Viewer
from tests.browser.driving import expect
from tests.support.page_events import START, chat, event, id_of, session


def names(viewer: Viewer) -> list[str]:
    """The names in the table, from the top."""
    rows = viewer.page.get_by_role("row").filter(has=viewer.page.get_by_role("gridcell"))
    found = [(row.bounding_box() or {"y": 0})["y"] for row in rows.all()]
    texts = [row.locator("bdi").first.inner_text() for row in rows.all()]
    return [text for _, text in sorted(zip(found, texts, strict=True))]


def test_a_session_is_a_row_with_its_figures(viewer: Viewer) -> None:
    viewer.server.seed(chat())
    page = viewer.open()
    row = page.get_by_role("row", name="chat")
    expect(row.get_by_role("gridcell")).to_have_text(
        ["", "chat", "2025-06-15 15:06:40", "1.00 s", "7", "1", "200", "$1.00", "rating: 5"]
    )
    expect(page.get_by_text("1 session", exact=True)).to_be_visible()


def test_new_sessions_appear_without_a_reload(viewer: Viewer) -> None:
    page = viewer.open()
    expect(page.get_by_text("No sessions yet")).to_be_visible()
    viewer.server.seed([session("first")])
    expect(page.get_by_role("row", name="first")).to_be_visible()
    viewer.server.seed([session("second", 50)])
    expect(page.get_by_text("2 sessions")).to_be_visible()
    assert names(viewer) == ["second", "first"]


def test_a_column_sorts_both_ways_and_says_so(viewer: Viewer) -> None:
    viewer.server.seed([session("b", 0, 10), session("c", 10, 510), session("a", 20, 70)])
    page = viewer.open()
    expect(page.get_by_text("3 sessions")).to_be_visible()
    assert names(viewer) == ["a", "c", "b"]  # the newest first
    for click, order, direction in (
        ("Name", ["a", "b", "c"], "ascending"),
        ("Name", ["c", "b", "a"], "descending"),
        ("Duration", ["c", "a", "b"], "descending"),
        ("Duration", ["b", "a", "c"], "ascending"),
    ):
        page.get_by_role("button", name=click).click()
        expect(page.get_by_role("columnheader", name=click)).to_have_attribute("aria-sort", direction)
        expect(page.locator(".space .row[data-index='0'] bdi").first).to_have_text(order[0])
        assert names(viewer) == order


def test_search_finds_names_and_filters_find_events(viewer: Viewer) -> None:
    viewer.server.seed(
        [
            *chat("weather agent"),
            session("nightly run"),
            event("cheap", "nightly run", metadata={"cost": 0.01}),
        ]
    )
    page = viewer.open()
    expect(page.get_by_text("2 sessions")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("NIGHT")
    expect(page.get_by_text("1 session", exact=True)).to_be_visible()
    assert names(viewer) == ["nightly run"]
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    expect(page.get_by_text("2 sessions")).to_be_visible()
    bar = page.get_by_role("combobox", name="filter sessions")
    bar.fill("metadata.cost > 0.5 and event_type == model")
    bar.press("Enter")
    expect(page.get_by_text("1 session", exact=True)).to_be_visible()
    assert names(viewer) == ["weather agent"]
    bar.fill("event_type == nothing")
    bar.press("Enter")
    expect(page.get_by_text("No session matches.")).to_be_visible()


def test_many_sessions_come_in_pages_and_none_is_left_out(viewer: Viewer, tmp_path: Path) -> None:
    viewer.server.seed([session(f"run {number:04}", number, number + 1) for number in range(1203)])
    page = viewer.open()
    expect(page.get_by_text("1,203 sessions")).to_be_visible()
    grid = page.get_by_role("grid", name="Sessions")
    expect(grid).to_have_attribute("aria-rowcount", "1204")
    grid.focus()
    last = page.get_by_role("row", name="run 0000")
    for _ in range(600):  # each end that is reached brings another page, at the machine's own speed
        grid.press("End")
        if last.is_visible():
            break
        page.wait_for_timeout(100)
    expect(last).to_be_visible()
    assert page.get_by_role("row").count() < 80  # only those in sight are elements
    with page.expect_download() as saved:
        page.get_by_role("button", name="export").click()
    file = tmp_path / "sessions.jsonl"
    saved.value.save_as(file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["name"] for row in rows] == [f"run {number:04}" for number in reversed(range(1203))]


def test_the_table_is_walked_and_opened_by_keys(viewer: Viewer) -> None:
    viewer.server.seed([session("one", 0), session("two", 1), session("three", 2)])
    page = viewer.open()
    expect(page.get_by_text("3 sessions")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("row", name="two")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="two")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("3 sessions")).to_be_visible()
    page.get_by_role("row", name="three").click()
    expect(page.get_by_role("heading", name="three")).to_be_visible()


def test_a_session_without_its_own_event_is_there_and_says_so(viewer: Viewer) -> None:
    viewer.server.seed([event("alone", "lost")])
    page = viewer.open()
    row = page.get_by_role("row", name=id_of("lost"))
    expect(row).to_contain_text("no session event")
    row.click()
    expect(page.get_by_role("treeitem", name="alone")).to_be_visible()


def test_a_server_with_a_key_asks_for_it_and_the_tab_keeps_it(make_viewer) -> None:
    with LocalServer(api_key="hh_the_right_key") as server:
        server.seed(chat())
        viewer = make_viewer(server)
        page = viewer.open()
        for given in ("wrong", "hh_the_right_key"):
            page.get_by_label("API key", exact=True).get_by_role("textbox").or_(
                page.locator("dialog input")
            ).first.fill(given)
            page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("row", name="chat")).to_be_visible()
        page.reload()
        expect(page.get_by_role("row", name="chat")).to_be_visible()
        assert "hh_the_right_key" not in page.content() + page.url
        assert START  # the store is the server's


def test_a_tab_out_of_sight_asks_for_nothing_until_it_is_looked_at_again(viewer: Viewer) -> None:
    page = viewer.open()
    expect(page.get_by_text("No sessions yet")).to_be_visible()
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => !window.seen, configurable: true })"
    )
    viewer.server.seed([session("first")])  # a question that is open is answered
    page.evaluate("() => new Promise((done) => setTimeout(done, 700))")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    viewer.server.seed([session("second")])
    page.evaluate("() => new Promise((done) => setTimeout(done, 700))")
    assert asked == []
    page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("row", name="second")).to_be_visible()


def test_the_page_of_a_test_that_has_ended_asks_no_more(viewer: Viewer) -> None:
    with LocalServer() as owner:
        lent = owner.lend("the first test").start()
        viewer.address = lent.url
        page = viewer.open()
        expect(page.get_by_text("No sessions yet")).to_be_visible()
        owner.lend("the second test")
        expect(page.locator(".problem")).to_contain_text("the first test, which has ended")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate("() => new Promise((done) => setTimeout(done, 2500))")
        assert asked == []


def test_a_server_that_goes_away_is_named_and_its_return_noticed(make_viewer) -> None:
    server = LocalServer().start()
    server.seed(chat())
    port = int(server.url.rpartition(":")[2])
    viewer = make_viewer(server)
    page = viewer.open()
    expect(page.get_by_role("row", name="chat")).to_be_visible()
    server.close()
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    with LocalServer(port=port) as again:
        again.seed(chat("later"))
        expect(page.get_by_role("row", name="later")).to_be_visible()
