"""Pages of traces in a browser: they follow the theme, fold, load nothing, and show what is hostile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.traces import tree_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Look = Callable[..., "Page"]
RATIO = """element => {
    const parse = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const weights = [0.2126, 0.7152, 0.0722];
    const light = rgb => rgb.reduce((sum, c, at) => sum + linear(c / 255) * weights[at], 0);
    let ground = element;
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
    const colours = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
    const [a, b] = colours.map(parse).map(light);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


def step(
    kind: str, name: str, parent: str | None, start: float, duration: float, **more: Any
) -> dict[str, Any]:
    times = {"start_time": start, "duration": duration}
    return {"event_id": name, "parent_id": parent, "event_type": kind, "event_name": name, **times, **more}


HISTORY = {"chat_history": [{"role": "user", "content": "two\nlines"}]}
AGENT = [
    step("session", "chat", None, 0, 1000),
    step("chain", "plan", "chat", 100, 500),
    step("tool", "search", "plan", 200, 100, error="no answer", inputs={"query": "the weather"}),
    step("model", "answer", "plan", 300, 300, inputs=HISTORY, config={"model": "gpt-4o"}),
]


def row(page: Page, name: str) -> Locator:
    return page.locator(".hh-node > summary", has=page.locator(".hh-name", has_text=name))


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(21, 22, 26)")])
def test_a_page_follows_the_theme_and_its_texts_have_contrast(look: Look, scheme: str, ground: str) -> None:
    page = look(tree_of(*AGENT).to_html(), color_scheme=scheme)
    assert page.locator("main").evaluate("e => getComputedStyle(e).backgroundColor") == ground
    seen = 0
    for kind in ("type", "use", "at", "for", "bad", "dim", "key"):
        for element in page.locator(f".hh-{kind}").all():
            assert element.evaluate(RATIO) >= 4.5, kind
            seen += 1
    assert seen > 15


def test_an_event_opens_and_a_branch_folds(look: Look) -> None:
    page = look(tree_of(*AGENT).to_html())
    answer = page.get_by_text("two\nlines")
    assert not answer.is_visible()
    row(page, "answer").click()
    assert answer.is_visible()
    assert page.get_by_text("error: no answer").is_visible()
    row(page, "plan").press("Enter")
    assert not page.get_by_text("error: no answer").is_visible()


def test_bars_are_where_their_times_are(look: Look) -> None:
    page = look(tree_of(*AGENT).to_html())
    boxes = [bar.bounding_box() for bar in page.locator("svg rect").all()]
    frame = page.locator("svg").first.bounding_box()
    assert frame is not None
    shares = [
        ((box["x"] - frame["x"]) / frame["width"], box["width"] / frame["width"]) for box in boxes if box
    ]
    wanted = [(0, 1), (0.1, 0.5), (0.2, 0.1), (0.3, 0.3)]
    assert shares == [pytest.approx(share, abs=0.01) for share in wanted]


def test_hostile_texts_are_shown_and_nothing_else_happens(look: Look) -> None:
    text = '</style></title><script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:x">'
    inputs = {text: [{"role": text, "content": text}]}
    event = {"event_type": text, "event_name": text, "error": text, "inputs": inputs}
    page = look(tree_of(event).to_html())
    assert page.locator("script, img, a").count() == 0
    page.locator(".hh-node > summary").click()
    assert page.locator("main").inner_text().count("<script>alert(1)") > 5


def test_a_deep_and_a_wide_tree_are_read_whole_by_the_browser(look: Look) -> None:
    chain = [{"event_id": str(n), "parent_id": str(n - 1), "start_time": n} for n in range(1_000)]
    wide = [{"event_id": f"w{n}", "parent_id": "0", "start_time": 5_000 + n} for n in range(3_000)]
    page = look(tree_of(*chain, *wide).to_html())
    assert page.locator(".hh-node").count() == 4_000
