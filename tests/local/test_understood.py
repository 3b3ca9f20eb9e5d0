"""What the server's code gives no meaning is refused by name, whatever its schemas allow: never a 500."""

from __future__ import annotations

import json
from typing import Any

import honeyhive_schemas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from honeyhive_ext.local import Request, Response
from honeyhive_ext.local.app import App
from honeyhive_ext.local.message import Failure
from honeyhive_ext.local.routes import batches, context, understood
from tests.support.local_api import HEADERS, core

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}


def ask(app: App, path: str, body: Any) -> Response:
    return app.handle(Request("POST", path, json.dumps(body).encode(), HEADERS))


def anything_goes(_: str, __: object, **___: object) -> list[Failure]:
    """The verdict of a document that allows every body."""
    return []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"dateRange": {"relative": "1h"}}, "dateRange.relative"),
        ({"dateRange": {}}, "dateRange.start_time"),
        ({"dateRange": {"start_time": 1}}, "dateRange.end_time"),
        ({"dateRange": {"start_time": 1, "end_time": 2, "zone": "UTC"}}, "dateRange.zone"),
        ({"dateRange": {"start_time": {}, "end_time": []}}, "dateRange.start_time"),
        ({"dateRange": "1h"}, "dateRange"),
        ({"dateRange": [1, 2]}, "dateRange"),
        ({"sort": "start_time"}, "sort"),
        ({"limit": "all"}, "limit"),
        ({"limit": {}}, "limit"),
        ({"page": True}, "page"),
        ({"evaluation_id": ["a"]}, "evaluation_id"),
        ({"filters": {"field": "a"}}, "filters"),
        ({"filters": [7]}, "filters[0]"),
        ({"filters": [{}]}, "filters[0].field"),
        ({"filters": [{"field": "a", "operator": 7, "value": 1}]}, "filters[0].operator"),
        ({"filters": [{"field": "a", "operator": "is"}]}, "filters[0].value"),
        ({"filters": [{"field": "a", "operator": "near", "value": 1}]}, "filters[0].operator"),
        ({"filters": [{"field": "a", "operator": "is", "value": 1, "type": 7}]}, "filters[0].type"),
        ({"filters": [{"field": "a", "operator": "is", "value": 1, "boost": 2}]}, "filters[0].boost"),
        ({"filters": [{"any": [{"field": "a", "operator": "is", "value": 1}]}]}, "filters[0].any"),
    ],
    ids=str,
)
def test_a_search_that_the_document_allows_and_the_code_does_not_know_is_400_with_its_place(
    monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], path: str
) -> None:
    monkeypatch.setattr(context, "failures", anything_goes)
    with core() as app:
        answer = ask(app, "/v1/events/search", body)
    assert answer.status == 400
    assert path in [one["path"] for one in json.loads(answer.body)["errors"]]


def test_every_property_of_the_document_is_known() -> None:
    body = {
        "filters": [{"field": "a", "operator": "is", "value": 1, "type": "number"}],
        "dateRange": {"start_time": "2025-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"},
        "limit": 5,
        "page": 1,
        "ignore_order": True,
        "evaluation_id": "a",
    }
    schema = honeyhive_schemas.schema("SearchEventsRequest")
    assert set(body) == set(schema["properties"])
    assert set(body["filters"][0]) == set(honeyhive_schemas.schema("EventSearchFilter")["properties"])  # type: ignore[index]
    batch = {"events": [TOOL], "single_session": True, "session_properties": {"session_name": "a"}}
    assert set(batch) == set(honeyhive_schemas.schema("PostEventBatchRequest")["properties"])
    with core() as app:
        assert ask(app, "/v1/events/search", body).status == 200
        assert ask(app, "/v1/events/batch", batch).status == 200


@pytest.mark.parametrize("path", ["/v1/events/batch", "/events/batch"])
def test_a_batch_with_a_property_that_the_document_has_gained_is_400_and_stores_nothing(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    name = "dry_run"
    gained = {"events": {}, name: {"type": "boolean"}}
    with core() as app:
        monkeypatch.setattr(understood, "fields", lambda _: gained)
        monkeypatch.setattr(batches, "failures", anything_goes)
        monkeypatch.setattr("honeyhive_ext.local.routes.deprecated.failures", anything_goes)
        answer = ask(app, path, {"events": [TOOL], name: True})
        assert (answer.status, json.loads(answer.body)["errors"][0]["path"]) == (400, name)
        assert json.loads(ask(app, "/v1/events/search", {}).body)["count"] == 0


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["2026-01-01", "1h", "number", "datetime"]),
)
NAMES = st.sampled_from(["start_time", "end_time", "field", "operator", "value", "type", "relative", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=6,
)
FILTERS = st.fixed_dictionaries(
    {"operator": st.sampled_from(["is", "is not", "contains", "greater than", "before", "exists"]) | VALUES},
    optional={
        "field": st.sampled_from(["metadata.a", "start_time", "", "a..b"]) | VALUES,
        "value": VALUES,
        "type": VALUES,
    },
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "filters": st.lists(FILTERS | VALUES, max_size=3) | VALUES,
        "dateRange": st.dictionaries(NAMES, VALUES, max_size=3) | VALUES,
        "limit": VALUES,
        "page": VALUES,
        "evaluation_id": VALUES,
        "other": VALUES,
    },
)


@pytest.fixture(scope="module")
def lenient() -> Any:
    with core(switches={"validation": "lenient", "filter_type": "coerce", "contains": "any"}) as app:
        ask(app, "/v1/events", {**TOOL, "metadata": {"a": [1, "x"]}})
        yield app


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BODIES)
def test_no_search_is_a_500_even_if_what_violates_the_document_is_accepted(lenient: App, body: Any) -> None:
    for path in ("/v1/events/search", "/v1/events/export"):
        assert ask(lenient, path, body).status in (200, 400)
