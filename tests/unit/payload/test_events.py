"""Input becomes a wire event: fields, defaults, names."""

from __future__ import annotations

from collections import UserDict
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import honeyhive_schemas
import orjson
import pytest
from honeyhive_client.models import CreateEventRequest, Event
from honeyhive_client.request_fields import REQUEST_FIELDS

from honeyhive_ext import Event as Read
from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import (
    WireEvent,
    prepare_event,
    prepare_session,
    prepare_update,
)
from honeyhive_ext.payload.hints import WRONG_NAMES
from honeyhive_ext.payload.scope import Scope, enter, leave
from tests.support.values import RaisingItem, Step

NOW = 1_767_268_800_000.25
SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"
EVENT = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
CREATE = REQUEST_FIELDS["CreateEventRequest"]


def wire(event: Any = None, /, settings: EventSettings | None = None, **fields: Any) -> WireEvent:
    return prepare_event(event, fields, settings=settings or EventSettings(), now_ms=lambda: NOW)


def sent(event: Any = None, /, settings: EventSettings | None = None, **fields: Any) -> dict[str, Any]:
    prepared = wire(event, settings, **fields)
    body: dict[str, Any] = orjson.loads(prepared.content)
    honeyhive_schemas.validate("PostEventRequest", body)
    assert body["event_id"] == prepared.event_id
    assert body.get("session_id") == prepared.session_id
    return body


def test_an_event_type_alone_is_an_event() -> None:
    body = sent("tool")
    assert UUID(body.pop("event_id")).version == 4
    assert body == {"event_type": "tool", "inputs": {}, "source": "sdk-python", "start_time": NOW}


@pytest.mark.parametrize(
    "given",
    [
        {"event_type": "tool", "inputs": {"q": 1}},
        UserDict({"event_type": "tool", "inputs": {"q": 1}}),
        CreateEventRequest(event_type="tool", inputs={"q": 1}),
    ],
)
def test_mapping_keywords_and_model_are_the_same_event(given: Any) -> None:
    expected = sent("tool", inputs={"q": 1}, event_id=EVENT)
    assert sent(given, event_id=EVENT) == expected
    assert sent(event_type="tool", inputs={"q": 1}, event_id=EVENT) == expected


def test_given_fields_are_sent_as_they_are() -> None:
    given = {
        "event_type": "model",
        "event_id": EVENT,
        "session_id": SESSION,
        "parent_id": SESSION,
        "children_ids": ["a"],
        "event_name": "answer",
        "source": "mine",
        "project_id": "p",
        "config": {"m": 1},
        "inputs": {"q": [1, None]},
        "outputs": {},
        "metadata": {"a.b": {"c": None}},
        "metrics": {"r": 0.5},
        "feedback": {"x": False},
        "user_properties": {"t": "ü"},
        "error": None,
        "start_time": 0,
        "end_time": 10.5,
        "duration": 10.5,
    }
    assert set(given) == set(CREATE)
    assert sent(given) == given
    assert sent(**given) == given


def test_a_field_that_a_model_leaves_unset_is_not_sent_and_its_null_is() -> None:
    model = CreateEventRequest(event_type="tool", inputs={}, error=None)
    body = sent(model)
    assert body["error"] is None
    assert "outputs" not in body
    assert "outputs" not in sent("tool", outputs=model.outputs), "what is unset in a model was not given"


def test_the_same_field_twice_must_be_the_same() -> None:
    assert sent({"event_type": "tool"}, event_type="tool")["event_type"] == "tool"
    for event, fields in (("tool", {"event_type": "model"}), ({"inputs": {"a": 1}}, {"inputs": {"a": 2}})):
        with pytest.raises(EventError, match="given twice"):
            sent(event, **fields)


def test_values_that_cannot_be_compared_count_as_different() -> None:
    class Incomparable:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        __hash__ = None  # type: ignore[assignment]

    with pytest.raises(EventError, match="given twice"):
        sent({"event_type": "tool", "inputs": Incomparable()}, inputs={})


@pytest.mark.parametrize("given", [7, [], b"tool", object(), Event(event_id=EVENT)])
def test_input_that_is_not_an_event_is_refused(given: Any) -> None:
    with pytest.raises(EventError, match="give an event type"):
        sent(given)


def test_a_mapping_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(EventError, match="reading the RaisingItem raises KeyError"):
        sent(RaisingItem())


def test_the_event_type_is_required_and_one_of_four() -> None:
    with pytest.raises(EventError, match="event_type: an event needs it: one of model, tool, chain, session"):
        sent(inputs={})
    with pytest.raises(EventError, match="did you mean 'model'"):
        sent("Model")
    assert sent(event_type=Enum("Kind", {"A": "chain"}).A)["event_type"] == "chain"


@pytest.mark.parametrize("name", [n for n, f in CREATE.items() if not f.nullable])
def test_null_is_refused_where_the_api_takes_none(name: str) -> None:
    with pytest.raises(EventError, match=f"{name}: null is not accepted here: leave the field out"):
        sent({"event_type": "tool", name: None})


@pytest.mark.parametrize("kind", ["CreateEventRequest", "UpdateEventRequest", "CreateSessionRequest"])
def test_an_unknown_field_is_refused_with_the_nearest_name(kind: str) -> None:
    call = {
        "CreateEventRequest": lambda fields: sent({"event_type": "tool", **fields}),
        "UpdateEventRequest": lambda fields: prepare_update(EVENT, fields, settings=EventSettings()),
        "CreateSessionRequest": lambda fields: prepare_session(
            fields, settings=EventSettings(), now_ms=lambda: NOW
        ),
    }[kind]
    for name in REQUEST_FIELDS[kind]:
        typo = f"{name}x"
        with pytest.raises(EventError, match=f"{typo}: an? .* has no such field: did you mean {name!r}"):
            call({typo: {}})


def test_hints_for_wrong_names_lead_to_fields_that_exist() -> None:
    fields = CREATE
    for wrong, hint in WRONG_NAMES.items():
        assert wrong not in fields
        assert hint.partition(",")[0] in fields
        with pytest.raises(EventError) as caught:
            sent({"event_type": "tool", wrong: 1})
        assert caught.value.reason == f"an event has no such field: write {hint}"
        assert caught.value.path == wrong


@pytest.mark.parametrize("name", [7, None, ("a",), "\udc80", "x" * 10_000])
def test_a_field_name_that_is_not_a_str_or_not_known_is_refused(name: Any) -> None:
    with pytest.raises(EventError) as caught:
        sent({"event_type": "tool", name: 1})
    assert len(str(caught.value).encode()) < 1_000


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("inputs", "text", r'inputs: give a dict \(a JSON object\), not str: write inputs=\{"value": ...\}'),
        ("outputs", [1], "not list"),
        ("metadata", object(), "has no JSON form"),
        ("inputs", RaisingItem(), "raises KeyError"),
        ("children_ids", "abc", "give a list, not str"),
        ("children_ids", [EVENT, 7], r"children_ids\[1\]: give a str, not int"),
        ("children_ids", {"a": 1}, "give a list, not dict"),
        ("event_name", 7, "give a str, not int"),
        ("event_name", "\udc80", "lone surrogate"),
        ("error", ValueError("x"), "give a str, not ValueError: write str"),
        ("session_id", "abc", "not a UUID"),
        ("start_time", "now", "give Unix milliseconds"),
        ("duration", True, "not bool"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_path(field: str, value: Any, reason: str) -> None:
    with pytest.raises(EventError, match=reason) as caught:
        sent("tool", **{field: value})
    assert caught.value.path.startswith(field)


def test_fields_take_what_becomes_the_right_type() -> None:
    body = sent(
        "tool",
        inputs=Step("search"),
        children_ids=(UUID(EVENT),),
        event_name=Enum("Name", {"A": "ü"}).A,
        session_id=UUID(SESSION),
        start_time=datetime(2026, 1, 1, tzinfo=UTC),
        duration=timedelta(seconds=1),
        metadata=UserDict(a=1),
    )
    assert body["inputs"] == {"name": "search", "after": None}
    assert body["children_ids"] == [EVENT]
    assert body["event_name"] == "ü"
    assert body["end_time"] == 1_767_225_601_000
    assert body["metadata"] == {"a": 1}


def test_lossless_settings_send_what_they_can_of_every_field() -> None:
    for mode, nothing in (("repr", "<"), ("null", None)):
        body = sent(
            "tool",
            EventSettings(on_unserializable=mode),  # type: ignore[arg-type]
            inputs=object(),
            outputs="yes",
            event_name="caf\udce9",
            error=ValueError("broken"),
        )
        found = body["inputs"]["value"]
        assert found is nothing or found.startswith(nothing)
        assert body["outputs"] == {"value": "yes"}
        assert body["event_name"] == "caf\\udce9"
        assert "broken" in body["error"]
        with pytest.raises(EventError):
            sent("tool", EventSettings(on_unserializable=mode), session_id="x")  # type: ignore[arg-type]


def test_the_start_is_now_but_never_after_the_end() -> None:
    assert sent("tool")["start_time"] == NOW
    assert sent("tool", duration=5)["start_time"] == NOW
    assert sent("tool", end_time=NOW - 500)["start_time"] == NOW - 500
    assert sent("tool", end_time=NOW + 500)["start_time"] == NOW
    assert "duration" not in sent("tool", end_time=NOW)


def test_a_later_change_of_the_input_has_no_effect() -> None:
    inputs: dict[str, Any] = {"a": [1]}
    prepared = wire("tool", inputs=inputs)
    inputs["a"].append(2)
    inputs["b"] = 3
    assert orjson.loads(prepared.content)["inputs"] == {"a": [1]}
    with pytest.raises(AttributeError):
        prepared.content = b""  # type: ignore[misc]


def test_an_event_belongs_to_the_surrounding_span() -> None:
    scope = Scope(session_id=SESSION, event_id=EVENT)
    other = "00000000-0000-4000-8000-000000000001"
    enter(scope)
    try:
        body = sent("tool")
        assert (body["session_id"], body["parent_id"]) == (SESSION, EVENT)
        assert sent("tool", parent_id=other)["parent_id"] == other
        assert "parent_id" not in sent("tool", session_id=other), "a parent in another trace is none"
        prepared = prepare_event("tool", {}, settings=EventSettings(), now_ms=lambda: NOW, session_id=other)
        assert prepared.session_id == other
    finally:
        leave(scope)
    assert "session_id" not in sent("tool")


def test_an_event_that_was_read_is_created_once_more_with_what_is_named_replaced() -> None:
    read = Read.from_dict(
        {
            "event_id": EVENT,
            "event_type": "tool",
            "event_name": "old",
            "error": None,
            "inputs": {"q": 1},
            "start_time": 1_767_225_600_000,
            "project": "the service's own",
            "from_a_newer_service": 1,
        }
    )
    wire = prepare_event(read, {"event_name": "new"}, settings=EventSettings(), now_ms=lambda: 0)
    written = orjson.loads(wire.content)
    assert (wire.event_id, written["event_name"], written["inputs"]) == (EVENT, "new", {"q": 1})
    assert written["start_time"] == 1_767_225_600_000
    assert not {"project", "from_a_newer_service", "error"} & written.keys()


def test_an_event_that_was_read_with_an_odd_value_is_refused_and_not_changed() -> None:
    read = Read.from_dict({"event_type": "tool", "inputs": "text"})
    with pytest.raises(EventError) as raised:
        prepare_event(read, {}, settings=EventSettings(), now_ms=lambda: 0)
    assert raised.value.path == "inputs"
