"""The page for those who use keys, a screen reader, or need contrast."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from honeyhive_ext.local import LocalServer
from tests.browser.conftest import Viewer
from tests.browser.driving import Page, expect
from tests.support.page_events import chat, event, id_of

SNAPSHOTS = Path(__file__).with_name("snapshots")
VIEWS = {
    "sessions": {},
    "session": {"session": id_of("chat"), "event": id_of("chat/plan")},
    "requests": {"view": "requests"},
    "two sessions": {"compare": f"{id_of('chat')},{id_of('other')}"},
}

CONTRAST = """() => {
  const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { pixel.clearRect(0, 0, 1, 1); pixel.fillStyle = color; pixel.fillRect(0, 0, 1, 1); return [...pixel.getImageData(0, 0, 1, 1).data]; };
  const light = (color) => color.slice(0, 3).map((one) => one / 255).map((one) => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4).reduce((sum, one, at) => sum + one * [.2126, .7152, .0722][at], 0);
  const behind = (element) => { for (let one = element; one; one = one.parentElement) { const color = rgba(getComputedStyle(one).backgroundColor); if (color[3] > 250) return color; } return [255, 255, 255, 255]; };
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data.trim()).join("");
    if (!text || element.closest("[hidden], :disabled, .away, #live") || !element.getClientRects().length || getComputedStyle(element).opacity < 1 || element.closest(".tools")) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push(`${element.className} ${text.slice(0, 20)}: ${ratio.toFixed(2)}`);
  }
  return bad;
}"""


def opened(viewer: Viewer, view: str) -> Page:
    viewer.server.seed([*chat(), *chat("other"), event("lost", "nobody", "gone")])
    page = viewer.open(**VIEWS[view])
    if view == "requests":
        viewer.page.request.post(
            f"{viewer.address}/v1/events", data={"event_type": "x"}, headers={"authorization": "Bearer x"}
        )
        expect(page.get_by_role("listitem")).to_have_count(1)
    elif view == "sessions":
        expect(page.get_by_text("3 sessions")).to_be_visible()
    else:
        expect(page.get_by_role("treeitem", name="plan").first).to_be_visible()
    if view == "session":
        expect(page.get_by_role("group", name="output messages")).to_be_visible()
    return page


@pytest.mark.parametrize("view", ["sessions", "session", "two sessions"])
def test_what_a_screen_reader_gets_is_what_was_recorded(viewer: Viewer, view: str) -> None:
    """HONEYHIVE_RECORD=1 records anew."""
    page = opened(viewer, view)
    found = page.locator("body").aria_snapshot() + "\n"
    file = SNAPSHOTS / f"{view.replace(' ', '_')}.yaml"
    if os.environ.get("HONEYHIVE_RECORD"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_text_has_the_contrast_of_aa(
    server: LocalServer, make_viewer: Callable[..., Viewer], view: str, scheme: str
) -> None:
    page = opened(make_viewer(server, color_scheme=scheme), view)
    assert page.evaluate(CONTRAST) == []


def test_a_tree_item_says_its_level_position_and_set(viewer: Viewer) -> None:
    page = opened(viewer, "session")
    found = page.get_by_role("treeitem").evaluate_all(
        "all => all.map((one) => [Number(one.dataset.line), one.querySelector('bdi').textContent, one.ariaLevel, one.ariaPosInSet, one.ariaSetSize, one.ariaExpanded])"
    )
    assert [one[1:] for one in sorted(found)] == [
        ["chat", "1", "1", "1", "true"],
        ["agent", "2", "1", "1", "true"],
        ["plan", "3", "1", "4", None],
        ["get_weather", "3", "2", "4", None],
        ["get_time", "3", "3", "4", None],
        ["answer", "3", "4", "4", "true"],
        ["write", "4", "1", "1", None],
    ]
    tree = page.get_by_role("tree")
    active = tree.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"


def test_a_row_of_the_table_says_its_number_of_all(viewer: Viewer) -> None:
    page = opened(viewer, "sessions")
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "4")
    numbers = page.get_by_role("row").evaluate_all("all => all.map((one) => Number(one.ariaRowIndex)).sort()")
    assert numbers == [1, 2, 3, 4]


@pytest.mark.parametrize("view", VIEWS)
def test_tab_reaches_everything_and_shows_where_it_is(viewer: Viewer, view: str) -> None:
    page = opened(viewer, view)
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = (
            page.evaluate("""() => { const one = document.activeElement; const row = one.querySelector?.(".row[aria-selected=true]");
          return [one === document.body ? "" : one.getAttribute("aria-label") || one.textContent.slice(0, 30), getComputedStyle(one).outlineStyle !== "none" || (row && getComputedStyle(row).outlineStyle !== "none")]; }""")
        )
        if not name or name in seen:
            continue
        seen.add(name)
        assert outline, name
    wanted = {
        "sessions": {"Sessions", "filter sessions", "export", "Start ↓"},
        "session": {"events", "filter events", "Event", "fold all"},
        "requests": {"hang", "forget all"},
        "two sessions": {"session 1", "session 2"},
    }
    assert wanted[view] <= seen
