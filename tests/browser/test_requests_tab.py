"""The requests tab: what was asked, what was refused and why, and faults that are switched on and off."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.browser.conftest import Viewer
from tests.browser.driving import expect

KEY = {"authorization": "Bearer hh_secret_key"}


def send(viewer: Viewer, body: Any) -> int:
    answer = viewer.page.request.post(
        f"{viewer.address}/v1/events",
        data=json.dumps(body),
        headers={**KEY, "content-type": "application/json"},
    )
    return answer.status


def test_requests_appear_with_their_status_and_why_they_were_refused(viewer: Viewer) -> None:
    page = viewer.open(view="requests")
    assert send(viewer, {"event_type": "tool", "inputs": {"q": "hello"}}) == 200
    assert send(viewer, {"event_type": "nothing", "inputs": 5}) == 400
    rows = page.get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("400")
    rows.first.locator("summary").click()
    expect(rows.first.locator("td code")).to_have_text(["event_type", "inputs"])
    rows.last.locator("summary").click()
    rows.last.locator("summary", has_text=re.compile("^body")).click()
    rows.last.locator("summary", has_text=re.compile("^inputs")).click()  # waits until the body is open
    expect(rows.last).to_contain_text("hello")
    assert "hh_secret_key" not in page.content()
    assert send(viewer, {"event_type": "tool", "inputs": {}}) == 200
    expect(rows).to_have_count(3)
    expect(rows.last).to_contain_text("hello")  # what was opened stays open
    page.get_by_label("refused or failed only").check()
    expect(rows).to_have_count(1)
    assert "refused=1" in page.url
    page.get_by_role("button", name="forget all").click()
    expect(rows).to_have_count(0)
    assert len(viewer.server.requests) == 0


def test_faults_are_switched_on_and_off(viewer: Viewer) -> None:
    page = viewer.open(view="requests")
    switch = page.get_by_role("switch", name="rate_limit")
    expect(switch).to_have_attribute("aria-checked", "false")
    page.get_by_label("path of the fault").fill("/v1/events")
    page.get_by_label("how often").fill("2")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    assert [rule.as_dict() for rule in viewer.server.faults.rules] == [
        {"kind": "rate_limit", "path": "/v1/events", "times": 2, "matched": 0, "used": 0}
    ]
    assert [send(viewer, {"event_type": "tool", "inputs": {}}) for _ in range(3)] == [429, 429, 200]
    expect(switch).to_have_text("rate_limit · 2")
    expect(page.get_by_role("listitem").filter(has_text="rate_limit")).to_have_count(2)
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    assert viewer.server.faults.rules == []


def test_a_fault_that_the_server_refuses_says_why(viewer: Viewer) -> None:
    page = viewer.open(view="requests")
    page.get_by_label("how often").fill("-1")
    page.get_by_role("switch", name="reset", exact=True).click()
    expect(page.locator(".problem")).to_contain_text("times")


def test_a_log_of_thousands_shows_the_last_and_says_how_many_there_are(viewer: Viewer) -> None:
    from honeyhive_ext.local.message import Request

    for _ in range(1500):
        viewer.server.handle(Request("GET", "/v1/events/x", headers=KEY))
    page = viewer.open(view="requests")
    expect(page.get_by_text("300 of the last 300; 1,500 in all")).to_be_visible()
    expect(page.get_by_role("listitem").first).to_contain_text("1500")
