"""A body with many violations costs no more than one with a few, and none of them is overlooked."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from honeyhive_ext.local import Request, Response
from honeyhive_ext.local.app import App
from honeyhive_ext.local.routes.validate import failures
from tests.support.local_api import HEADERS, core

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}


def ask(app: App, path: str, body: bytes) -> Response:
    return app.handle(Request("POST", path, body, HEADERS))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/events/batch", b'{"events":[' + b"[]," * 100_000 + b"[]]}"),
        ("/v1/events/batch", b'{"events":[' + b"1," * 100_000 + b"1]}"),
        ("/v1/events", b'{"event_type":"tool","inputs":{},"children_ids":[' + b"[]," * 100_000 + b"[]]}"),
        ("/v1/events/search", b'{"filters":[' + b"{}," * 100_000 + b"{}]}"),
        ("/v1/events/search", b"{" + b",".join(b'"k%d":1' % one for one in range(30_000)) + b"}"),
        ("/_local/seed", b"[]\n" * 100_000),
    ],
    ids=["lists", "numbers", "children", "filters", "names", "lines"],
)
def test_a_body_of_violations_takes_a_few_times_its_own_size(path: str, body: bytes) -> None:
    with core() as app:
        tracemalloc.start()
        try:
            answer = ask(app, path, body)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert answer.status == 400
    assert 0 < len(json.loads(answer.body)["errors"]) <= 1000
    assert most < 60 * len(body) + 10_000_000


@pytest.mark.parametrize("at", [0, 999, 1000, 2500, 4999])
def test_a_single_violation_is_found_at_its_place_in_a_long_list(at: int) -> None:
    events: list[Any] = [TOOL] * 5000
    events[at] = {**TOOL, "event_type": "modle"}
    (found,) = failures("PostEventBatchRequest", {"events": events})
    assert found.path == f"events[{at}].event_type"


def test_a_violation_deep_in_a_long_list_is_a_violation() -> None:
    event = {**TOOL, "children_ids": [*["7f22137a-6911-4ed3-bc36-110f1dde6b66"] * 1500, 7]}
    assert failures("PostEventRequest", event)[0].path == "children_ids[1500]"
    (found,) = failures("PostEventBatchRequest", {"events": [event]})
    assert "after its first 1000 items" in found.message


@pytest.mark.parametrize("path", ["/v1/events/batch", "/events/batch"])
def test_of_many_bad_events_none_is_stored_beside_the_good_one(path: str) -> None:
    events = [{**TOOL, "event_type": "modle"}] * 2500 + [TOOL]
    with core(switches={"bad_event": "partial"}) as app:
        answer = ask(app, path, json.dumps({"events": events}).encode())
        assert (answer.status, len(json.loads(answer.body)["errors"])) == (500, 2500)
        assert json.loads(ask(app, "/v1/events/search", b"{}").body)["count"] == 1
