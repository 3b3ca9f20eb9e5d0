"""One event: facts, conversation, values level by level, long texts, images, copies, "filter on this"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Viewer
from tests.browser.driving import Locator, Page, expect
from tests.support.page_events import chat, event, id_of, png, session


def pane(viewer: Viewer, **more: Any) -> Locator:
    """The pane of an event with these fields."""
    viewer.server.seed([session("s"), event("it", "s", **more)])
    page = viewer.open(session=id_of("s"), event=id_of("s/it"))
    found = page.get_by_role("region", name="Event")
    expect(found.get_by_role("heading", name="it")).to_be_visible()
    expect(found.locator("details").first).to_be_visible()
    return found


def entry(where: Locator, key: str) -> Locator:
    return (
        where.locator(".entry")
        .filter(has=where.page.locator(":scope > .key, :scope > summary > .key").get_by_text(key, exact=True))
        .last
    )


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_facts_and_error_are_at_the_top(viewer: Viewer) -> None:
    viewer.server.seed(chat())
    page = viewer.open(session=id_of("chat"), event=id_of("chat/plan"))
    found = page.get_by_role("region", name="Event")
    expect(found.locator("dl")).to_have_text(
        "start2025-06-15 15:06:40.000duration200 msmodelgpt-4otokens150 (120 in, 30 out)cost$0.75"
    )
    page.locator(".tree").get_by_text("get_weather").click()
    expect(found.get_by_label("error")).to_have_text("ConnectTimeout: api.weather.test")
    found.get_by_role("button", name="close the event").click()
    expect(found).to_be_hidden()


def test_a_conversation_is_shown_as_one(viewer: Viewer) -> None:
    viewer.server.seed(chat())
    page = viewer.open(session=id_of("chat"), event=id_of("chat/plan"))
    given = page.get_by_role("group", name="input messages")
    expect(given.locator(".message")).to_have_text(["systemBe brief.", "userWeather?"])
    said = page.get_by_role("group", name="output messages")
    expect(said.locator(".role")).to_have_text("assistant")
    expect(said.locator(".call")).to_have_text("get_weather() call_1cityBerlincopy")


def test_a_template_shows_its_variables_where_they_went(viewer: Viewer) -> None:
    found = pane(
        viewer,
        event_type="model",
        config={
            "template": [
                {"role": "system", "content": "You are {{ who }}."},
                {"role": "user", "content": "Say {{what}} and {{missing}}"},
            ]
        },
        inputs={
            "who": "a poet",
            "what": "hello",
            "chat_history": [
                {"role": "system", "content": "You are a poet."},
                {"role": "user", "content": "another text"},
                {"role": "user", "content": "later"},
            ],
        },
    )
    messages = found.locator(".message")
    expect(messages).to_have_text(["systemtemplateYou are a poet.", "usertemplateanother text", "userlater"])
    expect(found.locator("mark")).to_have_text(["a poet"])
    expect(found.locator("mark")).to_have_attribute("title", "who")


def test_json_opens_level_by_level(viewer: Viewer) -> None:
    found = pane(
        viewer,
        inputs={
            "a": {"b": {"c": [1, {"d": "deep"}]}},
            "number": 12345678901234567890,
            "none": None,
            "yes": True,
            "empty": {},
        },
    )
    expect(entry(found, "a").locator("> summary")).to_contain_text("{b}")
    expect(found.get_by_text("deep")).to_have_count(0)
    for key in ("a", "b", "c", "1"):
        entry(found, key).locator("> summary .key").click()
    expect(found.get_by_text("deep")).to_be_visible()
    expect(entry(found, "number").locator(".object, .number")).to_have_text("12345678901234567890")
    expect(entry(found, "none")).to_contain_text("null")


def test_json_in_a_text_opens_too(viewer: Viewer) -> None:
    found = pane(viewer, inputs={"value": '{"city": "Berlin", "n": 1.0}'})
    expect(entry(found, "value")).to_contain_text("JSON in a text")
    entry(found, "value").locator("> summary .key").click()
    expect(entry(found, "city")).to_contain_text("Berlin")
    expect(entry(found, "n")).to_contain_text("1.0")


def test_a_level_with_many_entries_comes_in_parts(viewer: Viewer) -> None:
    found = pane(viewer, inputs={"list": list(range(2500))})
    entry(found, "list").locator("> summary .key").click()
    expect(found.locator(".entry .entry")).to_have_count(100)
    found.get_by_role("button", name="show more of 2,500").click()
    expect(found.locator(".entry .entry")).to_have_count(1100)
    found.get_by_role("button", name="show more of 2,500").click()
    found.get_by_role("button", name="show more of 2,500").click()
    expect(found.locator(".entry .entry")).to_have_count(2500)


def test_a_long_text_is_cut_until_all_of_it_is_asked_for(viewer: Viewer) -> None:
    text = "\n".join(f"line {number}" for number in range(20_000))
    found = pane(viewer, inputs={"long": text})
    assert len(found.locator(".text").first.inner_text()) < 1600
    found.get_by_role("button", name=f"show all {len(text):,} characters").click()
    expect(found.get_by_role("button", name="show all")).to_have_count(0)
    pieces = found.locator(".piece").evaluate_all("all => all.map((one) => one.textContent)")
    assert "\n".join(pieces) == text


def test_pictures_are_thumbnails_that_enlarge_and_others_are_not_loaded(viewer: Viewer) -> None:
    whole = f"data:image/png;base64,{png()}"
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": whole}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png(10, 10)}},
        {"inline_data": {"mime_type": "image/png", "data": png(20, 5)}},
        {"type": "image_url", "image_url": {"url": "https://elsewhere.test/tracker.png"}},
    ]
    found = pane(
        viewer, event_type="model", inputs={"messages": [{"role": "user", "content": parts}], "raw": whole}
    )
    expect(found.locator(".message img")).to_have_count(3)
    sizes = found.locator(".message img").evaluate_all(
        "all => Promise.all(all.map((one) => one.decode().then(() => [one.naturalWidth, one.naturalHeight])))"
    )
    assert sizes == [[40, 30], [10, 10], [20, 5]]
    expect(found.locator(".message")).to_contain_text("image_url")  # the one from elsewhere, as values
    found.get_by_role("button", name="enlarge the image").first.click()
    expect(found.locator(".thumb").first).to_have_class("thumb large")


def test_a_value_and_its_path_are_copied(viewer: Viewer) -> None:
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=viewer.address)
    found = pane(viewer, inputs={"a": {"b": ["x\u202e", {"c": 1.0}]}})
    entry(found, "a").locator("> summary .key").click()
    entry(found, "b").locator("> summary .key").click()
    for key, action, copied in (
        ("0", "copy the value", "x\u202e"),
        ("0", "copy the path", "inputs.a.b"),
        ("a", "copy the path", "inputs.a"),
        ("1", "copy the value", '{\n  "c": 1.0\n}'),
    ):
        entry(found, key).locator("> .tools, > summary > .tools").get_by_role("button", name=action).click()
        expect(viewer.page.get_by_role("status").last).to_have_text("copied")
        assert clipboard(viewer.page) == copied


def test_filter_on_this_adds_the_condition(viewer: Viewer) -> None:
    viewer.server.seed([event("other", "s", metadata={"tag": "b"})])
    found = pane(viewer, metadata={"tag": "a", "gen_ai.model": 'say "x"'})
    found.locator("summary", has_text="metadata").click()
    entry(found, "tag").get_by_role("button", name="filter on this").click()
    bar = viewer.page.get_by_role("combobox")
    expect(bar).to_have_value('metadata.tag == "a"')
    expect(viewer.page.get_by_text("1 of 3 events match")).to_be_visible()
    entry(found, "gen_ai.model").get_by_role("button", name="filter on this").click()
    expect(bar).to_have_value('metadata.tag == "a" and metadata.gen_ai.model == "say \\"x\\""')
    expect(viewer.page.get_by_text("1 of 3 events match")).to_be_visible()
    viewer.page.go_back()
    expect(bar).to_have_value('metadata.tag == "a"')


@pytest.mark.parametrize("error", ["text " * 2000, {"type": "E", "message": "m"}])
def test_an_error_of_any_kind_is_shown(viewer: Viewer, error: Any) -> None:
    viewer.server.configure(validation="lenient")
    viewer.server.seed([session("s"), event("it", "s")])
    viewer.page.request.post(
        f"{viewer.address}/v1/events",
        data={**event("bad", "s"), "error": error},
        headers={"authorization": "Bearer x"},
    )
    page = viewer.open(session=id_of("s"), event=id_of("s/bad"))
    expect(page.get_by_label("error", exact=True)).to_contain_text(
        "text text" if isinstance(error, str) else "message"
    )
