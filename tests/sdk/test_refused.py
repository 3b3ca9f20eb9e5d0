"""What the official SDK can send and the local server refuses, one by one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive._generated.api_config import HTTPException
from honeyhive.models import (
    EventFilter,
    GetEventsQuery,
    PostEventBatchRequest,
    PostEventRequest,
    UpdateEventRequest,
)
from honeyhive.utils.error_handler import APIError

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer
    from tests.sdk.conftest import Official


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ({"event_type": "modle", "inputs": {}}, "event.event_type: expected one of"),
        ({"event_type": "tool", "inputs": {}, "session_id": ""}, "event.session_id: expected a UUID"),
        ({"event_type": "tool", "inputs": {}, "event_id": "evt-1"}, "event.event_id: expected a UUID"),
    ],
)
def test_an_event_that_violates_the_document(
    official: Official, honeyhive_local: LocalServer, event: dict[str, Any], path: str
) -> None:
    with pytest.raises(HTTPException) as caught:
        official(official.client.events.create, PostEventRequest(event=event))
    assert caught.value.status_code == 400
    assert path in caught.value.message
    assert honeyhive_local.events() == []


@pytest.mark.honeyhive(bad_event="partial")
def test_a_partial_batch_is_an_error_of_the_sdk_that_stored_the_good_events(
    official: Official, honeyhive_local: LocalServer
) -> None:
    events = [{"event_type": "tool", "inputs": {}}, {"event_type": "tool", "event_id": "evt-1"}]
    with pytest.raises(HTTPException) as caught:
        official(official.client.events.create_batch, PostEventBatchRequest(events=events))
    assert caught.value.status_code == 500
    assert len(honeyhive_local.events()) == 1


def test_an_update_of_an_unknown_event(official: Official) -> None:
    update = UpdateEventRequest(event_id=str(uuid.uuid4()), feedback={"rating": 5})
    with pytest.raises(HTTPException) as caught:
        official(official.client.events.update, update)
    assert caught.value.status_code == 404


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"limit": 7501}, "limit: expected at most 7500"),
        ({"date_range": {"$gte": "2026-01-01T00:00:00Z"}}, "dateRange.$lte: required"),
        ({"date_range": {"$gte": 0, "$lte": 1}}, "dateRange.$gte: expected ISO 8601"),
        ({"date_range": {"relative": "24h"}}, "dateRange.relative: no such property"),
        ({"filters": [EventFilter(field="a", operator="equals", value="1")]}, "filters[0].operator"),
        ({"filters": [EventFilter(field="a", operator="is", value="x", type="number")]}, "filters[0].value"),
    ],
)
def test_an_export_that_asks_for_what_the_document_does_not_have(
    official: Official, options: dict[str, Any], path: str
) -> None:
    with pytest.raises(APIError) as caught:
        official(official.client.events.export, **options)
    assert "400" in str(caught.value)
    assert path in str(caught.value)


def test_a_list_whose_date_range_is_a_model(official: Official, honeyhive_local: LocalServer) -> None:
    # SDK 1.7 loses the $ of the names when it turns its own model into JSON; a dict arrives whole.
    between = {"$gte": "2026-01-01T00:00:00Z", "$lte": "2026-01-02T00:00:00Z"}
    with pytest.raises(APIError):
        official(official.client.events.list, GetEventsQuery(dateRange=between))
    assert honeyhive_local.requests[-1].json()["dateRange"] == {
        "gte": between["$gte"],
        "lte": between["$lte"],
    }
    assert official(official.client.events.list, {"dateRange": between}).events == []


def test_routes_beyond_events_and_sessions_are_not_there(official: Official) -> None:
    with pytest.raises(HTTPException) as caught:
        official(official.client.datasets.list)
    assert caught.value.status_code == 404
