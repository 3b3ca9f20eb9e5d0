"""Two sessions side by side."""

from __future__ import annotations

from tests.browser.conftest import Viewer
from tests.browser.driving import expect
from tests.support.page_events import chat, event, id_of, session


def test_two_picked_sessions_stand_side_by_side_with_what_differs(viewer: Viewer) -> None:
    viewer.server.seed([*chat("before"), session("after", 0, 800), event("agent", "after", end=800), event("plan", "after", "agent", 0, 100, metadata={"cost": 0.5}, event_type="model"),
                        event("get_news", "after", "agent", 100, 200, event_type="tool")])  # fmt: skip
    page = viewer.open(sort="name")
    compare = page.get_by_role("button", name="compare")
    expect(compare).to_be_disabled()
    for name in ("before", "after"):
        page.get_by_role("row", name=name).get_by_role("checkbox").check()
    compare.click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_text(
        ["duration1.00 s800 ms-200 ms", "events74-3", "errors10-1", "tokens2000-200", "cost$1.00$0.50-$0.50"]
    )
    left, right = page.get_by_role("tree", name="session 1"), page.get_by_role("tree", name="session 2")
    expect(right.get_by_role("treeitem", name="get_news").locator(".flag")).to_have_text("only here")
    expect(right.get_by_role("treeitem", name="plan").locator(".flag")).to_have_text("-100 ms")
    expect(left.get_by_role("treeitem", name="get_time").locator(".flag")).to_have_text("only here")
    expect(left.get_by_role("treeitem", name="agent").locator(".flag")).to_have_count(0)


def test_each_side_has_its_own_selection_and_folds_in_the_address(viewer: Viewer) -> None:
    viewer.server.seed([*chat("a"), *chat("b")])
    page = viewer.open(compare=f"{id_of('a')},{id_of('b')}")
    left, right = page.get_by_role("tree", name="session 1"), page.get_by_role("tree", name="session 2")
    left.get_by_text("get_time").click()
    right.get_by_text("agent").click()
    right.press("ArrowLeft")
    for _ in range(2):
        expect(left.get_by_role("treeitem", name="get_time")).to_have_attribute("aria-selected", "true")
        expect(left.get_by_role("treeitem")).to_have_count(7)
        expect(right.get_by_role("treeitem")).to_have_count(2)
        page.reload()
