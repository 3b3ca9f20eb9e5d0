"""Pictures of every view in light and dark, and that nothing in them is cut, covered or out of sight.

HONEYHIVE_PICTURES names a folder for the pictures; `nox -s pictures` writes those of the guides.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from honeyhive_ext.local import LocalServer
from tests.browser.conftest import Viewer
from tests.browser.driving import Page, expect
from tests.support.page_events import START, chat, event, id_of, session

SIZE = {"width": 1180, "height": 640}
VIEWS = ("sessions", "session", "filter", "requests", "compare")

# Elements of the frame that are outside of the window, and texts in buttons that are cut.
OUTSIDE = """() => [...document.querySelectorAll("header *, .top *, .bar *, .figures *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && !one.closest("[hidden], .away") && (box.right > innerWidth + 1 || box.left < -1 || box.bottom > innerHeight + 1 || (one.matches("button") && one.scrollWidth > one.clientWidth + 1));
}).map((one) => one.outerHTML.slice(0, 80))"""


def seed(server: LocalServer) -> None:
    """Store some days of an assistant."""
    for day in range(14):
        name = ("support chat", "weather agent", "nightly evaluation")[day % 3]
        events = chat(f"{name} {day}")
        for one in events:
            one["start_time"] = START - day * 7_000_000 + (one["start_time"] - START) * (3 + day % 4)
            one["end_time"] = START - day * 7_000_000 + (one["end_time"] - START) * (3 + day % 4)
            one["duration"] = one["end_time"] - one["start_time"]
            if day % 3:
                one.pop("error", None)
        events[0]["event_name"] = name
        server.seed(events)
    server.seed(trip())


def trip() -> list[dict[str, object]]:
    """Return a session with everything that a trace can have."""
    tokens = {"prompt_tokens": 812, "completion_tokens": 164, "total_tokens": 976, "cost": 0.0121}
    talk = [
        {"role": "system", "content": "You plan trips. Be brief, and name your sources."},
        {"role": "user", "content": "A weekend in Lisbon in May, by train where possible?"},
    ]
    call = [
        {
            "id": "call_7Q",
            "type": "function",
            "function": {
                "name": "find_trains",
                "arguments": '{"from": "Porto", "to": "Lisboa", "day": "2025-05-17"}',
            },
        }
    ]
    return [
        session("trip planner", 60_000, 71_400, feedback={"rating": 5}, metadata={"user": "u-118"}),
        event("plan trip", "trip planner", start=60_000, end=71_400),
        event("guard input", "trip planner", "plan trip", 60_050, 60_420, event_type="tool", outputs={"flagged": False}),
        event("draft plan", "trip planner", "plan trip", 60_500, 64_100, event_type="model", config={"model": "gpt-4o"}, metadata=tokens, inputs={"chat_history": talk}, outputs={"role": "assistant", "content": "Let me look at trains and the weather.", "tool_calls": call}),
        event("find_trains", "trip planner", "plan trip", 64_200, 67_300, event_type="tool", inputs={"from": "Porto", "to": "Lisboa"}, outputs={"trains": 4}),
        event("get_weather", "trip planner", "plan trip", 64_250, 66_900, event_type="tool", error="ConnectTimeout: api.weather.example took longer than 2.5 s", inputs={"city": "Lisboa"}),
        event("get_weather (retry)", "trip planner", "plan trip", 66_950, 67_800, event_type="tool", outputs={"may": "17-24 °C"}),
        event("rank hotels", "trip planner", "plan trip", 67_000, 68_900),
        event("embed query", "trip planner", "rank hotels", 67_050, 67_500, event_type="model", config={"model": "text-embedding-3-small"}, metadata={"total_tokens": 42, "cost": 0.000002}),
        event("search index", "trip planner", "rank hotels", 67_520, 68_800, event_type="tool"),
        event("write answer", "trip planner", "plan trip", 68_950, 71_350, event_type="model", config={"model": "gpt-4o"}, metadata=tokens | {"total_tokens": 1310, "cost": 0.0187}),
        event("audit log", "trip planner", "removed step", 70_000, 70_500, event_type="tool"),
        event("stream to client", "trip planner", "plan trip", 69_900, None),
    ]  # fmt: skip


def opened(viewer: Viewer, view: str) -> Page:
    seed(viewer.server)
    planner = id_of("trip planner")
    if view == "session":
        page = viewer.open(session=planner, event=id_of("trip planner/draft plan"))
        expect(page.get_by_role("group", name="output messages")).to_be_visible()
    elif view == "filter":
        page = viewer.open(session=planner, where="metadata.cost > 0.01 and event_type == model")
        expect(page.get_by_text("2 of 13 events match")).to_be_visible()
        expect(page.locator(".told code")).to_have_count(2)
        field = page.get_by_role("combobox")
        field.click()
        field.press("End")
        field.press_sequentially(" and metadata.")
        expect(page.get_by_role("listbox")).to_be_visible()
    elif view == "requests":
        page = viewer.open(view="requests")
        page.get_by_role("switch", name="rate_limit").click()
        limit = page.get_by_role("switch", name="rate_limit")
        expect(limit).to_have_attribute("aria-checked", "true")

        def post(body: dict[str, object]) -> None:
            page.request.post(f"{viewer.address}/v1/events", data=body, headers={"authorization": "Bearer x"})

        post({"event_type": "tool", "inputs": {}})
        limit.click()
        expect(limit).to_have_attribute("aria-checked", "false")
        post({"event_type": "llm", "inputs": 5})
        expect(page.get_by_role("listitem")).to_have_count(2)
        page.get_by_role("listitem").first.locator("summary").click()
        page.get_by_role("switch", name="latency").click()
        expect(page.get_by_role("switch", name="latency")).to_have_attribute("aria-checked", "true")
        expect(page.locator("td code")).to_have_text(["event_type", "inputs"])
    elif view == "compare":
        page = viewer.open(compare=f"{id_of('support chat 0')},{id_of('support chat 3')}")
        expect(page.get_by_role("treeitem", name="write")).to_have_count(2)
    else:
        page = viewer.open()
        expect(page.get_by_text("15 sessions")).to_be_visible()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_its_window_in_light_and_dark(
    server: LocalServer, make_viewer: Callable[..., Viewer], pictures: Path, view: str, scheme: str
) -> None:
    page = opened(make_viewer(server, color_scheme=scheme, viewport=SIZE), view)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )
    page.mouse.move(0, 0)
    file = pictures / f"trace-page-{view}-{scheme}.png"
    page.screenshot(path=file)
    assert struct.unpack(">II", file.read_bytes()[16:24]) == (SIZE["width"], SIZE["height"])
    assert file.stat().st_size > 10_000  # more than one colour


@pytest.mark.parametrize("width", [480, 760, 2200])
def test_a_window_of_any_width_shows_tree_and_event(
    server: LocalServer, make_viewer: Callable[..., Viewer], width: int
) -> None:
    page = opened(make_viewer(server, viewport={"width": width, "height": 900}), "session")
    expect(page.get_by_role("treeitem", name="plan trip")).to_be_in_viewport()
    expect(page.get_by_role("region", name="Event")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
