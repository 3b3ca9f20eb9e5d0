"""export, list and get_by_session_id of the official SDK: filters, ranges, pages, projections."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive.models import EventFilter, GetEventsQuery, PostEventBatchRequest

if TYPE_CHECKING:
    from tests.sdk.conftest import Official

SESSION = str(uuid.uuid4())
T0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z
EVENTS: list[dict[str, Any]] = [
    {
        "event_type": "model",
        "event_name": "answer",
        "session_id": SESSION,
        "inputs": {},
        "start_time": T0,
        "metadata": {"cost": 0.5, "cached": True, "gen_ai.system": "alpha"},
    },
    {
        "event_type": "tool",
        "event_name": "search web",
        "session_id": SESSION,
        "inputs": {},
        "start_time": T0 + 1000,
        "metadata": {"cost": 0.001, "cached": False},
    },
    {
        "event_type": "chain",
        "event_name": "plan",
        "inputs": {},
        "start_time": T0 + 2000,
        "error": "boom",
        "metadata": {"cost": "free"},
    },
]
NAMES = ["plan", "search web", "answer"]  # newest first


@pytest.fixture
def filled(official: Official) -> Official:
    official.client.events.create_batch(PostEventBatchRequest(events=EVENTS))
    return official


def names(answer: Any) -> list[str]:
    return [event.event_name for event in answer.events]


FILTERS: list[tuple[EventFilter | dict[str, Any], list[str]]] = [
    (EventFilter(field="session_id", operator="is", value=SESSION), ["search web", "answer"]),
    (EventFilter(field="session_id", operator="is not", value=SESSION), ["plan"]),
    (EventFilter(field="event_type", operator="is", value="tool", type="string"), ["search web"]),
    (EventFilter(field="event_name", operator="contains", value="web"), ["search web"]),
    (EventFilter(field="event_name", operator="not contains", value="web"), ["plan", "answer"]),
    (EventFilter(field="error", operator="exists", value=""), ["plan"]),
    (EventFilter(field="error", operator="not exists", value=""), ["search web", "answer"]),
    (EventFilter(field="metadata.gen_ai.system", operator="is", value="alpha"), ["answer"]),
    # The SDK's EventFilter holds text only; its own documentation shows the next one.
    (EventFilter(field="metadata.cost", operator="greater than", value="0.01", type="number"), ["answer"]),
    (EventFilter(field="metadata.cost", operator="less than", value="0.01", type="number"), ["search web"]),
    (EventFilter(field="metadata.cached", operator="is", value="true", type="boolean"), ["answer"]),
    (
        EventFilter(field="start_time", operator="after", value="2026-01-01T00:00:00Z", type="datetime"),
        ["plan", "search web"],
    ),
    (
        EventFilter(field="start_time", operator="before", value="2026-01-01T00:00:01Z", type="datetime"),
        ["answer"],
    ),
    ({"field": "metadata.cost", "operator": "greater than", "value": 0.01, "type": "number"}, ["answer"]),
    ({"field": "metadata.cached", "operator": "is", "value": False, "type": "boolean"}, ["search web"]),
]


@pytest.mark.parametrize(("given", "wanted"), FILTERS)
def test_export_returns_the_matches_newest_first(
    filled: Official, given: EventFilter | dict[str, Any], wanted: list[str]
) -> None:
    answer = filled(filled.client.events.export, filters=[given])
    assert (names(answer), answer.total_events) == (wanted, len(wanted))


def test_export_gives_back_what_was_stored(filled: Official) -> None:
    answer = filled(filled.client.events.export)
    assert [event.metadata for event in answer.events] == [event["metadata"] for event in reversed(EVENTS)]
    assert [event.start_time for event in answer.events] == [T0 + 2000, T0 + 1000, T0]


def test_filters_are_joined_by_and(filled: Official) -> None:
    filters = [
        EventFilter(field="session_id", operator="is", value=SESSION),
        EventFilter(field="event_type", operator="is", value="model"),
    ]
    assert names(filled(filled.client.events.export, filters=filters)) == ["answer"]


def test_export_of_a_date_range_includes_both_ends(filled: Official) -> None:
    between = {"$gte": "2026-01-01T00:00:00.000Z", "$lte": "2026-01-01T00:00:01+00:00"}
    answer = filled(filled.client.events.export, date_range=between)
    assert names(answer) == ["search web", "answer"]


def test_export_in_pages_with_the_total(filled: Official) -> None:
    pages = [filled(filled.client.events.export, limit=2, page=page) for page in (1, 2, 3)]
    assert [names(page) for page in pages] == [NAMES[:2], NAMES[2:], []]
    assert {page.total_events for page in pages} == {3}


def test_export_with_projections_returns_those_fields_and_the_id(filled: Official) -> None:
    answer = filled(filled.client.events.export, projections=["event_name"])
    given = [event.model_dump(exclude_unset=True) for event in answer.events]
    assert [sorted(event) for event in given] == [["event_id", "event_name"]] * 3
    assert names(answer) == NAMES


def test_export_with_the_deprecated_project_argument(filled: Official) -> None:
    with pytest.warns(DeprecationWarning, match="'project' parameter"):
        answer = filled(filled.client.events.export, project="mine")
    assert names(answer) == NAMES


@pytest.mark.parametrize("form", ["model", "dict"])
def test_list_with_filters(filled: Official, form: str) -> None:
    query: dict[str, Any] = {
        "filters": [{"field": "event_type", "operator": "is", "value": "model", "type": "string"}],
        "limit": 5,
        "page": 1,
    }
    answer = filled(filled.client.events.list, GetEventsQuery(**query) if form == "model" else query)
    assert names(answer) == ["answer"]
    assert answer.totalEvents == 1


def test_list_with_a_page_larger_than_a_search_may_ask_for(filled: Official) -> None:
    answer = filled(filled.client.events.list, GetEventsQuery(limit=7500))  # sent as 7500.0
    assert names(answer) == NAMES


@pytest.mark.filterwarnings("ignore:events.get_by_session_id:DeprecationWarning")
def test_a_session_is_read_back_oldest_first(filled: Official) -> None:
    started = filled(filled.client.sessions.start, {"session": {"session_name": "s", "session_id": SESSION}})
    answer = filled(filled.client.events.get_by_session_id, SESSION)
    assert started.session_id == SESSION
    assert names(answer) == ["answer", "search web", "s"]
    assert {event.session_id for event in answer.events} == {SESSION}
    only = [EventFilter(field="event_type", operator="is", value="session")]
    (root,) = filled(filled.client.events.export, filters=only).events
    assert root.event_id == root.session_id == SESSION
