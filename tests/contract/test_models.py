"""The generated models and typed dictionaries, apart from HTTP."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta
from typing import Any, Literal, get_args, get_type_hints
from uuid import UUID

import attrs
import pytest
from honeyhive_client import UNSET, models, request_fields, typed_dicts
from honeyhive_client.models.event_type import EVENT_TYPE_VALUES, check_event_type
from honeyhive_client.types import Unset

from tests.support.contract import document

REQUEST_MODELS = {
    "CreateEventRequest": "PostEventRequest",
    "CreateEventBatchRequest": "PostEventBatchRequest",
    "SessionProperties": "SessionProperties",
    "SearchEventsRequest": "SearchEventsRequest",
    "EventFilter": "EventSearchFilter",
    "UpdateEventRequest": "UpdateEventRequest",
    "CreateSessionRequest": "StartSessionRequest",
    "CreateSessionEventBatchRequest": "SessionEventBatchRequest",
}


def schema_of(name: str) -> dict[str, Any]:
    schemas: dict[str, Any] = document()["components"]["schemas"]
    if name == "DateRange":
        found: dict[str, Any] = schemas["SearchEventsRequest"]["properties"]["dateRange"]
        return found
    return schemas[REQUEST_MODELS[name]]


def test_unset_stays_itself_when_copied_or_pickled() -> None:
    event = models.Event(event_id="a")
    for again in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert again == event
        assert again.to_dict() == {"event_id": "a"}
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert copy.deepcopy(UNSET) is UNSET
    assert (bool(UNSET), repr(UNSET), isinstance(UNSET, Unset)) == (False, "UNSET", True)


def test_null_is_not_the_same_as_not_given() -> None:
    assert models.Event(error=None).to_dict() == {"error": None}
    assert models.Event().to_dict() == {}


def test_a_request_model_refuses_a_field_that_it_does_not_have() -> None:
    """The stock from_dict drops it without a word."""
    with pytest.raises(ValueError, match="CreateEventRequest has no property 'event_nam', 'x'"):
        models.CreateEventRequest.from_dict({"event_type": "tool", "inputs": {}, "event_nam": "a", "x": 1})


@pytest.mark.parametrize("value", [[], "", None, 5, [("event_id", "a")]])
def test_only_an_object_becomes_a_model(value: Any) -> None:
    with pytest.raises(TypeError):
        models.Event.from_dict(value)


def test_from_dict_leaves_its_argument_alone() -> None:
    given = {"event_id": "a", "more": {"b": 1}}
    event = models.Event.from_dict(given)
    event["more2"] = 1
    del event["more"]
    assert given == {"event_id": "a", "more": {"b": 1}}
    assert (event.additional_keys, "more" in event, event["more2"]) == (["more2"], False, 1)


def test_additional_properties_made_at_their_first_use_are_kept() -> None:
    event = models.Event.from_dict({"event_id": "a"})
    assert event == models.Event(event_id="a")
    assert copy.copy(event) == event == pickle.loads(pickle.dumps(event))
    assert event.additional_properties is event.additional_properties
    event.additional_properties["x"] = 1
    assert event.to_dict() == {"event_id": "a", "x": 1}
    with pytest.raises(AttributeError, match="'Event' object has no attribute 'even_id'"):
        event.even_id  # type: ignore[attr-defined]  # noqa: B018


def test_a_named_property_wins_over_an_additional_one() -> None:
    event = models.Event(event_id="a")
    event["event_id"] = "b"
    assert event.to_dict() == {"event_id": "a"}


def test_nested_models_go_both_ways() -> None:
    value = {
        "events": [{"event_type": "tool", "inputs": {"a": 1}}],
        "session_properties": {"session_name": "s", "extra": 1},
    }
    batch = models.CreateEventBatchRequest.from_dict(value)
    assert isinstance(batch.events[0], models.CreateEventRequest)
    assert isinstance(batch.session_properties, models.SessionProperties)
    assert batch.to_dict() == value


def test_an_optional_object_of_another_type_is_kept_as_it_came() -> None:
    for odd in (None, "text", 5, [1], {"events": 1}):
        value = {"events": [], "session_properties": odd}
        assert models.CreateEventBatchRequest.from_dict(value).to_dict() == value


def test_enum_values_are_known_to_programs() -> None:
    assert EVENT_TYPE_VALUES == {"model", "tool", "chain", "session"} == set(get_args(models.EventType))
    assert check_event_type("tool") == "tool"
    with pytest.raises(TypeError, match="'planet' is not one of"):
        check_event_type("planet")


@pytest.mark.parametrize("name", [*REQUEST_MODELS, "DateRange"])
def test_every_request_model_has_its_twins_with_the_same_fields(name: str) -> None:
    schema = schema_of(name)
    wire = getattr(typed_dicts, f"{name}Dict")
    loose = getattr(typed_dicts, f"{name}Input")
    assert wire.__required_keys__ == set(schema.get("required", []))
    assert wire.__annotations__.keys() == loose.__annotations__.keys() == schema["properties"].keys()
    assert loose.__required_keys__ == set()
    table = request_fields.REQUEST_FIELDS[name]
    assert list(table) == list(schema["properties"])
    for field, described in schema["properties"].items():
        row = table[field]
        kinds = described.get("type", "object")
        assert row.name == field
        assert set(row.types) == ({kinds} if isinstance(kinds, str) else set(kinds))
        assert row.required == (field in schema.get("required", []))
        assert row.nullable == ("null" in row.types)
        assert (row.unit, row.format) == (described.get("x-unit"), described.get("format"))
        assert row.enum == (tuple(described["enum"]) if "enum" in described else None)
        assert (row.minimum, row.maximum) == (described.get("minimum"), described.get("maximum"))


def test_there_are_no_other_request_models() -> None:
    assert request_fields.REQUEST_FIELDS.keys() == {*REQUEST_MODELS, "DateRange"}


def test_the_table_names_the_models_inside() -> None:
    fields = request_fields.REQUEST_FIELDS
    nested = {(m, f): row.model for m, table in fields.items() for f, row in table.items() if row.model}
    assert nested == {
        ("CreateEventBatchRequest", "events"): "CreateEventRequest",
        ("CreateEventBatchRequest", "session_properties"): "SessionProperties",
        ("CreateSessionEventBatchRequest", "events"): "CreateEventRequest",
        ("SearchEventsRequest", "filters"): "EventFilter",
        ("SearchEventsRequest", "dateRange"): "DateRange",
    }


def test_the_twins_say_what_may_be_given() -> None:
    loose = get_type_hints(typed_dicts.CreateEventRequestInput)
    wire = get_type_hints(typed_dicts.CreateEventRequestDict)
    assert loose["start_time"] == float | datetime
    assert loose["duration"] == float | timedelta
    assert loose["event_id"] == str | UUID
    assert (wire["start_time"], wire["duration"], wire["event_id"]) == (float, float, str)
    assert loose["event_type"] == wire["event_type"] == Literal["model", "tool", "chain", "session"]
    assert loose["error"] == wire["error"] == str | None
    assert get_type_hints(typed_dicts.DateRangeInput)["start_time"] == str | datetime


def test_the_field_table_cannot_be_changed_by_accident() -> None:
    row = request_fields.REQUEST_FIELDS["CreateEventRequest"]["inputs"]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        row.required = False  # type: ignore[misc]
