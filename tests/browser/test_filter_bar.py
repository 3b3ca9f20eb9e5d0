"""The filter bar: completion, what the conditions are elsewhere, and what is wrong with them."""

from __future__ import annotations

import json

from tests.browser.conftest import Viewer
from tests.browser.driving import Locator, expect
from tests.support.page_events import chat, event, session


def bar(viewer: Viewer) -> Locator:
    viewer.server.seed([*chat(), session("s"), event("it", "s", metadata={"a key": 1, "cost": 0.1})])
    return viewer.open().get_by_role("combobox", name="filter sessions")


def test_conditions_are_shown_as_request_and_as_python(viewer: Viewer) -> None:
    field = bar(viewer)
    field.fill("metadata.cost > 0.5 and event_type == model")
    told = viewer.page.locator(".told > div")
    expect(told).to_have_count(2)
    request, python = told.locator("code").all_inner_texts()
    assert json.loads(request)["filters"] == [
        {"field": "metadata.cost", "operator": "greater than", "value": 0.5, "type": "number"},
        {"field": "event_type", "operator": "is", "value": "model", "type": "string"},
    ]
    from honeyhive_ext import F  # noqa: F401 - the text uses it

    assert [one.to_dict() for one in eval(python)] == json.loads(request)["filters"]
    found = viewer.page.request.post(
        f"{viewer.address}/v1/events/search", data=json.loads(request), headers={"authorization": "Bearer x"}
    )
    assert [one["event_name"] for one in found.json()["events"]] == ["plan"]


def test_fields_operators_and_values_are_completed_by_keys(viewer: Viewer) -> None:
    field = bar(viewer)
    field.press_sequentially("metadata.co")
    options = viewer.page.get_by_role("option")
    expect(options.get_by_text("metadata.cost", exact=True)).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("Escape")
    expect(viewer.page.get_by_role("listbox")).to_be_hidden()
    expect(field).to_have_value("metadata.co")
    field.press_sequentially("s")
    expect(options.first).to_be_visible()
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "choice0")
    chosen = options.first.inner_text()
    field.press("Tab")
    expect(field).to_have_value(f"{chosen} ")
    expect(options.get_by_text("contains", exact=True)).to_be_visible()
    field.press_sequentially("> 0.5 and event_ty")
    options.get_by_text("event_type").click()
    field.press_sequentially("== m")
    expect(options.get_by_text("model", exact=True)).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value(f"{chosen} > 0.5 and event_type == model ")
    field.press("Enter")
    expect(viewer.page.get_by_text("1 session", exact=True)).to_be_visible()


def test_a_field_with_odd_characters_is_completed_in_quotes(viewer: Viewer) -> None:
    field = bar(viewer)
    field.press_sequentially('"metadata.a')
    viewer.page.get_by_role("option", name='"metadata.a key"').click()
    field.press_sequentially("== 1")
    field.press("Enter")
    expect(viewer.page.get_by_text("1 session", exact=True)).to_be_visible()


def test_what_is_wrong_is_marked_and_mended(viewer: Viewer) -> None:
    field = bar(viewer)
    field.fill("metadata.cost >= 5 and event_type == model")
    told = viewer.page.locator(".told")
    expect(told.locator("u")).to_have_text(">= 5")
    expect(told).to_contain_text("the API has no >=")
    expect(field).to_have_attribute("aria-invalid", "true")
    told.get_by_role("button", name="write").click()
    expect(field).to_have_value("metadata.cost > 4 and event_type == model")
    expect(field).to_have_attribute("aria-invalid", "false")


def test_the_place_of_a_mistake_is_right_behind_characters_of_two_units(viewer: Viewer) -> None:
    field = bar(viewer)
    field.fill('event_name == "😀😀" and duration >= 5')
    expect(viewer.page.locator(".told u")).to_have_text(">= 5")
