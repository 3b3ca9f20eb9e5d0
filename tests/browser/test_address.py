"""What is shown is in the address: it can be kept, sent, and gone back to."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from honeyhive_ext.local import LocalServer
from tests.browser.conftest import Viewer
from tests.browser.driving import expect
from tests.support.page_events import chat, id_of, session


def test_back_and_forward_lead_through_everything_that_was_chosen(viewer: Viewer) -> None:
    viewer.server.seed([*chat(), session("other")])
    page = viewer.open()
    page.get_by_role("row", name="chat").click()
    page.get_by_role("treeitem", name="plan").click()
    page.get_by_role("treeitem", name="get_time").click()
    page.get_by_role("button", name="focus", exact=True).click()
    bar = page.get_by_role("combobox")
    bar.fill("event_type == tool")
    bar.press("Enter")
    page.get_by_role("link", name="Requests").click()
    seen = []
    for _ in range(7):
        seen.append(dict(parse_qsl(page.url.partition("#")[2])))
        page.go_back()
    ids = {"session": id_of("chat")}
    assert seen == [
        {"view": "requests"},
        {
            **ids,
            "event": id_of("chat/get_time"),
            "focus": id_of("chat/get_time"),
            "where": "event_type == tool",
        },
        {**ids, "event": id_of("chat/get_time"), "focus": id_of("chat/get_time")},
        {**ids, "event": id_of("chat/get_time")},
        {**ids, "event": id_of("chat/plan")},
        ids,
        {},
    ]
    for _ in range(4):
        page.go_forward()
    expect(page.get_by_role("treeitem", name="get_time")).to_have_attribute("aria-selected", "true")


def test_an_address_opens_the_same_view_in_another_browser(
    viewer: Viewer, make_viewer: Callable[..., Viewer]
) -> None:
    viewer.server.seed(chat())
    state = {
        "session": id_of("chat"),
        "event": id_of("chat/answer"),
        "fold": id_of("chat/answer"),
        "q": "e",
        "where": "event_type != session",
    }
    page = viewer.open(**state)
    expect(page.get_by_text("events match")).to_be_visible()
    other = make_viewer(viewer.server).page
    other.goto(page.url)
    expect(other.get_by_text("events match")).to_be_visible()
    assert other.get_by_role("treeitem").all_inner_texts() == page.get_by_role("treeitem").all_inner_texts()
    expect(other.get_by_role("region", name="Event").get_by_role("heading")).to_have_text("answer")


def test_the_way_back_to_the_table_keeps_its_sorting_and_filter(viewer: Viewer) -> None:
    viewer.server.seed([*chat(), session("other")])
    page = viewer.open(sort="name", search="c", filter="event_type == model")
    page.get_by_role("row", name="chat").click()
    page.get_by_role("navigation", name="path").get_by_role("link").click()
    expect(page.get_by_role("searchbox", name="search sessions")).to_have_value("c")
    expect(page.get_by_role("combobox")).to_have_value("event_type == model")
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")


def test_an_address_with_anything_in_it_breaks_nothing(viewer: Viewer) -> None:
    viewer.server.seed(chat())
    page = viewer.open(
        session=id_of("chat"),
        event="<img src=x onerror=alert(1)>",
        focus="nothing",
        fold="*,,x,\u202e",
        where="((",
        q="\x00",
    )
    expect(page.get_by_role("heading", name="chat")).to_be_visible()
    page = viewer.open(compare="a")
    page = viewer.open(compare="a,b,c", sort="nothing", view="\u202e")
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()


def test_light_or_dark_is_the_systems_until_one_is_chosen(
    server: LocalServer, make_viewer: Callable[..., Viewer]
) -> None:
    viewer = make_viewer(server, color_scheme="dark")
    page = viewer.open()
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="light or dark").click()
    assert page.evaluate(background) != dark
    page.reload()
    assert page.evaluate(background) == "rgb(255, 255, 255)"
