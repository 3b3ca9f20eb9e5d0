"""Events that try something do nothing but be shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Viewer
from tests.browser.driving import expect
from tests.support.page_events import START, chat, event, id_of, session

MARKUP = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "<a href=https://elsewhere.test>x</a><base href=https://elsewhere.test/>",
    "</title></style><style>*{display:none}</style>",
]

FORBIDDEN = (
    "script",
    "svg",
    "img",
    "iframe",
    "base",
    "style",
    "link",
    "object",
    "embed",
    "[onerror]",
    "[onload]",
)


def everywhere(text: str) -> dict[str, Any]:
    """Fields of an event with this text in all of them."""
    return {
        "error": text,
        "source": text,
        "config": {"model": text, "template": [{"role": text, "content": text}]},
        "inputs": {
            text: text,
            "chat_history": [
                {
                    "role": text,
                    "content": text,
                    "tool_calls": [{"id": text, "function": {"name": text, "arguments": text}}],
                }
            ],
        },
        "outputs": {
            "role": text,
            "content": [
                {"type": "text", "text": text},
                {"type": "image_url", "image_url": {"url": text}},
                text,
            ],
        },
        "metadata": {text: {text: [text]}, "cost": 1},
        "feedback": {text: text},
        "user_properties": {text: text},
    }


def test_markup_is_text_wherever_it_stands(viewer: Viewer) -> None:
    for at, text in enumerate(MARKUP):
        viewer.server.seed([session(f"s{at}") | {"event_name": text, "feedback": {text: text}}])
        viewer.server.seed(
            [event(f"e{at}", "s0", start=at, event_type="model", **everywhere(text)) | {"event_name": text}]
        )
    page = viewer.open()
    for text in MARKUP:
        expect(page.get_by_role("row").get_by_role("link", name=text)).to_be_visible()
    page.get_by_role("row").get_by_role("link", name=MARKUP[0]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP[0])
    pane = page.get_by_role("region", name="Event")
    page.get_by_role("tree").press("Home")
    for text in MARKUP:
        page.get_by_role("tree").press("ArrowDown")
        expect(pane.get_by_label("error", exact=True)).to_have_text(text)
        for _ in range(5):  # each opens a level
            pane.evaluate("pane => pane.querySelectorAll('details').forEach((one) => { one.open = true })")
            page.evaluate("() => new Promise((done) => setTimeout(done))")
        expect(pane.locator(".key").get_by_text(text, exact=True).first).to_be_attached()
        assert page.locator(f"main :is({', '.join(FORBIDDEN)})").count() == 0
        pane.get_by_role("button", name="copy id").click()
    assert page.title() == "Traces · HoneyHive local server"


def test_a_policy_stands_behind_that(viewer: Viewer) -> None:
    page = viewer.open()
    expect(page.get_by_text("No sessions yet")).to_be_visible()
    assert (
        page.evaluate(
            "() => { try { document.body.innerHTML = '<b>x</b>'; return 'taken' } catch (problem) { return problem.name } }"
        )
        == "TypeError"
    )
    assert (
        page.evaluate("() => fetch('https://elsewhere.test/').then(() => 'sent', () => 'refused')")
        == "refused"
    )
    assert (
        page.evaluate(
            "() => new Promise((done) => { const one = new Image(); one.onload = () => done('loaded'); one.onerror = () => done('refused'); one.src = 'https://elsewhere.test/x.png' })"
        )
        == "refused"
    )
    assert viewer.problems
    viewer.problems.clear()  # what the policy reported
    viewer.elsewhere.clear()  # what it stopped


def test_controls_and_characters_that_turn_text_are_signs(viewer: Viewer) -> None:
    name = "safe\u202e\x1b[2Jgpj.exe\u200b\u2066"
    viewer.server.seed(
        [
            session("s") | {"event_name": name},
            event("it", "s", error="\x07\u202ex", inputs={"k\u202e": "v\x1b]0;title\x07"}),
        ]
    )
    page = viewer.open()
    seen = "safe⟨U+202E⟩␛[2Jgpj.exe⟨U+200B⟩⟨U+2066⟩"
    page.get_by_role("link", name=seen).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(seen)
    page.get_by_role("treeitem").last.click()
    expect(page.get_by_role("treeitem").last).to_have_attribute("title", "␇⟨U+202E⟩x")
    expect(page.locator(".entry", has_text="k⟨U+202E⟩")).to_contain_text("v␛]0;title␇")
    assert "\u202e" not in page.locator("body").inner_text()


def test_a_text_from_right_to_left_turns_only_itself(viewer: Viewer) -> None:
    viewer.server.seed([session("s"), event("it", "s") | {"event_name": "שלום עולם"}])
    page = viewer.open(session=id_of("s"))
    row = page.get_by_role("treeitem").last
    expect(row).to_contain_text("שלום עולם")
    name, time = row.locator("bdi").bounding_box(), row.locator(".num").first.bounding_box()
    assert name is not None
    assert time is not None
    assert name["x"] < time["x"]


def test_ten_megabytes_of_text_are_shown_and_all_of_it_on_request(viewer: Viewer) -> None:
    text = "x" * 3_000_000 + "\n" + "word " * 1_400_000
    viewer.server.seed(
        [
            session("s"),
            event("it", "s", error="e" * 1_000_000, inputs={"long": text}) | {"event_name": "n" * 1_000_000},
        ]
    )
    page = viewer.open(session=id_of("s"), event=id_of("s/it"))
    more = page.locator(".entry").get_by_role("button", name="show all 10,000,001 characters")
    expect(more).to_be_visible()
    more.click()
    expect(more).to_have_count(0)
    assert (
        page.locator(".entry .piece").evaluate_all(
            "all => all.reduce((sum, one) => sum + one.textContent.length, 0)"
        )
        >= len(text) - 300
    )
    page.keyboard.press("Home")
    expect(page.get_by_role("treeitem").first).to_have_attribute("aria-selected", "true")


def test_names_of_javascript_are_keys_like_others(viewer: Viewer) -> None:
    names = ["__proto__", "constructor", "toString", "hasOwnProperty", "length", "then"]
    talk = [{"role": name, "content": "{{constructor}}"} for name in names]
    viewer.server.seed([session("s"), event("it", "s", event_type="model", metadata=dict.fromkeys(names, "own"), inputs={"messages": talk, **{name: {"a": 1} for name in names}}, config={"template": talk}),
                        *(event(name, "s", error="x") | {"event_name": name} for name in names)])  # fmt: skip
    page = viewer.open(session=id_of("s"), event=id_of("s/it"))
    page.locator("summary", has_text="metadata").click()
    for name in names:
        expect(
            page.locator(".entry")
            .filter(has=page.locator(".key").get_by_text(name, exact=True))
            .get_by_text("own", exact=True)
        ).to_be_visible()
        expect(page.locator(".message").filter(has=page.locator(".role").get_by_text(name))).to_be_visible()
    assert page.evaluate("() => ({}).own") is None


def test_times_of_any_size_break_no_axis(viewer: Viewer) -> None:
    odd = [(0, -50), (-1e15, 10), (1e15, None), (5, 5), (0.25, 0.75)]
    viewer.server.seed(
        [
            session("s"),
            *(event(f"e{at}", "s", start=start, end=end) for at, (start, end) in enumerate(odd)),
            event("huge", "s") | {"start_time": 1e300, "end_time": -1e300, "duration": 1e308},
        ]
    )
    page = viewer.open(session=id_of("s"))
    expect(page.get_by_role("treeitem")).to_have_count(7)
    for item in page.get_by_role("treeitem").all():
        item.click()
        expect(page.get_by_role("region", name="Event")).to_contain_text("start")
        page.keyboard.press("Escape")
    assert START


def test_ids_that_are_used_twice_are_all_shown(viewer: Viewer) -> None:
    viewer.server.configure(repost="duplicate")
    viewer.server.seed(chat())
    for _ in range(2):
        viewer.page.request.post(
            f"{viewer.address}/v1/events", data=event("agent", "chat"), headers={"authorization": "Bearer x"}
        )
    page = viewer.open(session=id_of("chat"))
    expect(page.get_by_role("treeitem", name="agent")).to_have_count(3)
    expect(page.get_by_role("treeitem")).to_have_count(9)


def test_a_level_of_a_hundred_thousand_keys_and_hundreds_of_levels_are_shown(viewer: Viewer) -> None:
    deep: Any = "bottom"
    for _ in range(240):
        deep = {"d": deep}
    viewer.server.seed(
        [session("s"), event("it", "s", inputs={"deep": deep, "wide": {f"k{n}": n for n in range(100_000)}})]
    )
    page = viewer.open(session=id_of("s"), event=id_of("s/it"))
    page.locator("summary", has_text="wide").click()
    expect(page.get_by_role("button", name="show more of 100,000")).to_be_visible()
    page.locator("summary", has_text="deep").click()
    for _ in range(5):
        page.locator(".entry:not([open]) > summary", has_text="{d}").first.click()
    expect(page.locator("summary", has_text="{d}").first).to_be_visible()


def test_a_server_that_answers_nonsense_is_named(server, make_viewer: Callable[..., Viewer]) -> None:
    viewer = make_viewer(server)
    viewer.page.route(
        "**/_local/sessions?*", lambda route: route.fulfill(status=502, body="<html>bad gateway</html>")
    )
    page = viewer.open()
    expect(page.locator(".problem")).to_have_text("the server answered 502")
