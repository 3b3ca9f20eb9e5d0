"""Whatever input is accepted, its JSON Schema accepts what is sent, and what was given is what is sent."""

from __future__ import annotations

from typing import Any

import honeyhive_schemas
import orjson
import pytest
from honeyhive_client.models import CreateEventRequest
from honeyhive_client.request_fields import REQUEST_FIELDS
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import prepare_event, prepare_session, prepare_update
from honeyhive_ext.payload.ids import new_id
from honeyhive_ext.payload.times import duration_ms, unix_ms
from tests.support.event_inputs import ANYTHING, PLAIN, RICH, TEXT, fields

NOW = 1_767_268_800_000.5
TIMES = {"start_time", "end_time", "duration"}
DEFAULTS = {"event_id", "source", "start_time", "inputs"}


def prepared(event: Any, given: dict[str, Any], settings: EventSettings | None = None) -> dict[str, Any]:
    wire = prepare_event(event, given, settings=settings or EventSettings(), now_ms=lambda: NOW)
    body: dict[str, Any] = orjson.loads(wire.content)
    honeyhive_schemas.validate("PostEventRequest", body)
    assert body["event_id"] == wire.event_id
    assert body.get("session_id") == wire.session_id
    return body


def on_wire(name: str, value: Any) -> Any:
    """What a field given as plain JSON, a UUID, a timestamp or a duration is on the wire."""
    field = REQUEST_FIELDS["CreateEventRequest"][name]
    if field.unit == "unix-ms":
        return unix_ms(value, name)
    if field.unit == "ms":
        return duration_ms(value, name)
    if field.types == ("object",) and not isinstance(value, dict):
        return {"name": value.name, "after": orjson.loads(orjson.dumps(value.after))}
    if field.types == ("array",):
        return [str(item) for item in value]
    return str(value) if field.format == "uuid" else orjson.loads(orjson.dumps(value))


@given(fields("CreateEventRequest", PLAIN))
def test_every_accepted_event_conforms_and_defaults_overwrite_nothing(event: dict[str, Any]) -> None:
    body = prepared(event, {})
    for name, value in event.items():
        assert body[name] == on_wire(name, value), name
    added = body.keys() - event.keys()
    third = TIMES if len(TIMES & event.keys()) == 2 else set()
    assert added <= DEFAULTS | third
    assert body.keys() >= DEFAULTS
    if third:
        assert body["start_time"] + body["duration"] == pytest.approx(body["end_time"], abs=0.01, rel=1e-9)


@given(fields("CreateEventRequest"), st.data())
def test_it_does_not_matter_how_an_event_is_given(event: dict[str, Any], data: st.DataObject) -> None:
    event.setdefault("event_id", new_id())
    body = prepared(event, {})
    assert prepared(None, event) == body
    names = data.draw(st.sets(st.sampled_from(sorted(event))))
    first = {name: value for name, value in event.items() if name in names}
    second = {name: value for name, value in event.items() if name not in names}
    assert prepared(first, second) == body
    assert prepared(CreateEventRequest(**{"inputs": {}, **event}), {}) == body


@given(fields("CreateEventRequest", ANYTHING), st.sampled_from(["repr", "null"]))
def test_an_event_with_anything_in_it_conforms_where_nothing_may_be_lost(event: Any, mode: Any) -> None:
    assert prepared(event, {}, EventSettings(on_unserializable=mode)).keys() >= event.keys()


@given(st.dictionaries(st.sampled_from(sorted(REQUEST_FIELDS["CreateEventRequest"])) | TEXT, ANYTHING))
def test_any_mapping_is_an_event_that_conforms_or_a_typed_error(event: dict[str, Any]) -> None:
    fields_given = {name: value for name, value in event.items() if name != "event_type"}
    try:
        body = prepared("tool", fields_given)
    except EventError as error:
        body = dict.fromkeys(fields_given, error.reason)
    assert body.keys() >= fields_given.keys()


@given(fields("CreateEventRequest"))
def test_redaction_that_changes_nothing_changes_no_byte(event: dict[str, Any]) -> None:
    event.setdefault("event_id", new_id())
    keep = EventSettings(redact=lambda seen: seen)
    assert prepared(event, {}, keep) == prepared(event, {})


@given(fields("UpdateEventRequest"))
def test_every_accepted_update_conforms(changes: dict[str, Any]) -> None:
    try:
        _, content = prepare_update(new_id(), changes, settings=EventSettings())
    except EventError:
        assert not changes or changes.get("outputs", 0) is None or changes.get("children_ids") == []
        return
    body = orjson.loads(content)
    honeyhive_schemas.validate("UpdateEventRequest", body)
    assert body.keys() == changes.keys()


@given(fields("CreateSessionRequest"), st.uuids() | st.none())
def test_every_accepted_session_conforms(given_fields: dict[str, Any], session_id: Any) -> None:
    session = {name: value for name, value in given_fields.items() if name != "session_id"}
    if session_id is not None:
        session["session_id"] = session_id
    found, content = prepare_session(session, settings=EventSettings(), now_ms=lambda: NOW)
    body = orjson.loads(content)
    honeyhive_schemas.validate("StartSessionRequest", body)
    assert body["session_id"] == found
    assert session_id is None or found == str(session_id)
    assert body.keys() >= session.keys() | {"session_id", "source", "start_time"}


@given(st.dictionaries(TEXT, RICH, max_size=3), RICH)
def test_what_the_caller_changes_afterwards_changes_nothing(inputs: dict[str, Any], more: Any) -> None:
    wire = prepare_event("tool", {"inputs": inputs}, settings=EventSettings(), now_ms=lambda: NOW)
    before = bytes(wire.content)
    inputs["later"] = more
    assert wire.content == before
    assert "later" not in orjson.loads(before)["inputs"] or "later" in inputs
