"""The bodies of updates and sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import honeyhive_schemas
import orjson
import pytest
from honeyhive_client.models import CreateEventResponse, Event
from honeyhive_client.request_fields import REQUEST_FIELDS

from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import (
    prepare_properties,
    prepare_session,
    prepare_update,
)

NOW = 1_767_268_800_000.25
SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"
EVENT = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
UPDATE = REQUEST_FIELDS["UpdateEventRequest"]


@pytest.mark.parametrize(
    "given",
    [
        EVENT,
        EVENT.upper(),
        UUID(EVENT),
        {"event_id": EVENT},
        Event(event_id=EVENT),
        CreateEventResponse(success=True, event_id=EVENT),
    ],
)
def test_an_update_takes_the_event_or_its_id(given: Any) -> None:
    event_id, body = prepare_update(given, {"feedback": {"rating": 5}}, settings=EventSettings())
    assert event_id == EVENT
    assert orjson.loads(body) == {"feedback": {"rating": 5}}


@pytest.mark.parametrize("given", [Event(), Event(event_id=None), {}, {"event_id": 7}])
def test_an_update_of_an_event_without_id_is_refused(given: Any) -> None:
    with pytest.raises(EventError, match="has no event_id: give the id itself"):
        prepare_update(given, {"feedback": {}}, settings=EventSettings())


@pytest.mark.parametrize("given", ["abc", 7, None, [EVENT], ""])
def test_an_update_of_something_that_is_not_an_id_is_refused(given: Any) -> None:
    with pytest.raises(EventError, match="UUID"):
        prepare_update(given, {"feedback": {}}, settings=EventSettings())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "nothing to update: give at least one of metadata, "),
        ({"outputs": None}, "outputs: null would keep the stored outputs"),
        ({"children_ids": []}, "children_ids: the service ignores an empty list"),
        ({"children_ids": ()}, "children_ids: the service ignores an empty list"),
        ({"children_ids": None}, "children_ids: the service ignores an empty list"),
        ({"event_name": "x"}, "event_name: .* the service cannot change it once the event exists"),
        ({"inputs": {}}, "inputs: .* the service cannot change it once the event exists"),
        ({"duration": None}, "duration: null is not accepted"),
        ({"metdata": {}}, "did you mean 'metadata'"),
    ],
)
def test_an_update_that_the_service_would_ignore_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(EventError, match=reason):
        prepare_update(EVENT, fields, settings=EventSettings())


def test_every_field_of_an_update_goes_through() -> None:
    fields: dict[str, Any] = {name: {"a": 1} for name, field in UPDATE.items() if "object" in field.types}
    fields |= {"outputs": {}, "duration": timedelta(seconds=1), "end_time": 5, "children_ids": [UUID(EVENT)]}
    assert set(fields) == set(UPDATE)
    _, body = prepare_update(EVENT, fields, settings=EventSettings())
    assert orjson.loads(body) == {**fields, "duration": 1_000, "children_ids": [EVENT]}
    honeyhive_schemas.validate("UpdateEventRequest", orjson.loads(body))


# Sessions


def session(**fields: Any) -> dict[str, Any]:
    session_id, body = prepare_session(fields, settings=EventSettings(source="app"), now_ms=lambda: NOW)
    parsed: dict[str, Any] = orjson.loads(body)
    honeyhive_schemas.validate("StartSessionRequest", parsed)
    assert parsed["session_id"] == session_id
    return parsed


def test_a_session_gets_its_id_here() -> None:
    body = session(session_name="chat")
    assert UUID(body.pop("session_id")).version == 4
    assert body == {"session_name": "chat", "source": "app", "start_time": NOW}
    assert session(session_id=UUID(SESSION))["session_id"] == SESSION


def test_a_session_id_that_is_not_a_uuid_is_refused() -> None:
    for wrong in ("chat-1", 7, b"x", ""):
        with pytest.raises(EventError, match="session with another id") as caught:
            session(session_id=wrong)
        assert caught.value.path == "session_id"
    with pytest.raises(EventError, match="null is not accepted"):
        session(session_id=None)


def test_session_properties_take_further_fields() -> None:
    given: Mapping[str, Any] = {
        "session_name": "s",
        "start_time": datetime(2026, 1, 1, tzinfo=UTC),
        "team": {1},
    }
    body = orjson.loads(prepare_properties(given, settings=EventSettings()))
    assert body == {"session_name": "s", "start_time": 1_767_225_600_000, "team": [1]}
