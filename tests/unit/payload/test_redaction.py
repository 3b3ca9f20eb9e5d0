"""The redact hook: what it sees, what it may change, and when nothing is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import honeyhive_schemas
import orjson
import pytest

from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import (
    WireEvent,
    prepare_event,
    prepare_session,
    prepare_update,
)

NOW = 1_767_268_800_000.25
SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"
EVENT = "7f22137a-6911-4ed3-bc36-110f1dde6b66"


def wire(event: Any = None, /, settings: EventSettings | None = None, **fields: Any) -> WireEvent:
    return prepare_event(event, fields, settings=settings or EventSettings(), now_ms=lambda: NOW)


def sent(event: Any = None, /, settings: EventSettings | None = None, **fields: Any) -> dict[str, Any]:
    prepared = wire(event, settings, **fields)
    body: dict[str, Any] = orjson.loads(prepared.content)
    honeyhive_schemas.validate("PostEventRequest", body)
    assert body["event_id"] == prepared.event_id
    assert body.get("session_id") == prepared.session_id
    return body


def hooked(redact: Any, mode: Any = "raise") -> EventSettings:
    return EventSettings(redact=redact, on_unserializable=mode)


def test_the_hook_sees_the_whole_event_as_plain_json_and_decides_what_is_sent() -> None:
    seen: list[dict[str, Any]] = []

    def redact(event: dict[str, Any]) -> dict[str, Any]:
        seen.append(event)
        return {**event, "inputs": {"q": "[removed]"}, "metadata": {"redacted": True}}

    body = sent("tool", hooked(redact), inputs={"q": (1, {2})}, start_time=datetime(2026, 1, 1, tzinfo=UTC))
    assert body["inputs"] == {"q": "[removed]"}
    assert body["metadata"] == {"redacted": True}
    assert seen[0]["inputs"] == {"q": [1, [2]]}
    assert seen[0]["start_time"] == 1_767_225_600_000
    assert seen[0]["source"] == "sdk-python"


def test_the_hook_cannot_change_the_callers_objects() -> None:
    inputs = {"deep": [{"password": "x"}]}

    def redact(event: dict[str, Any]) -> dict[str, Any]:
        del event["inputs"]["deep"][0]["password"]
        return event

    assert sent("tool", hooked(redact), inputs=inputs)["inputs"] == {"deep": [{}]}
    assert inputs == {"deep": [{"password": "x"}]}


@pytest.mark.parametrize("result", [None, [], "event", 7])
def test_a_hook_that_returns_no_dict_sends_nothing(result: Any) -> None:
    with pytest.raises(EventError, match="redact hook returns"):
        sent("tool", hooked(lambda event: result))


def test_a_hook_that_raises_sends_nothing_under_every_setting() -> None:
    def redact(event: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("password 1815")

    for mode in ("raise", "repr", "null"):
        with pytest.raises(EventError, match="redact hook raises KeyError: not sent") as caught:
            sent("tool", hooked(redact, mode))
        assert "1815" not in str(caught.value)


def test_ids_and_type_survive_the_hook() -> None:
    def redact(event: dict[str, Any]) -> dict[str, Any]:
        return {"event_id": "0", "session_id": "x", "event_type": "masked", "outputs": {"a": 1}}

    body = sent("tool", hooked(redact), event_id=EVENT, session_id=SESSION, parent_id=SESSION)
    assert body == {
        "event_id": EVENT,
        "session_id": SESSION,
        "parent_id": SESSION,
        "event_type": "tool",
        "inputs": {},
        "outputs": {"a": 1},
    }


def test_the_result_of_the_hook_is_checked_like_input() -> None:
    with pytest.raises(EventError, match="did you mean 'metadata'"):
        sent("tool", hooked(lambda event: {**event, "metdata": {}}))
    with pytest.raises(EventError, match=r"inputs\.a"):
        sent("tool", hooked(lambda event: {**event, "inputs": {"a": object()}}))


def test_the_hook_sees_updates_and_sessions_too() -> None:
    def redact(event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "metadata": {"redacted": True}}

    _, body = prepare_update(EVENT, {"feedback": {"a": 1}}, settings=hooked(redact))
    assert orjson.loads(body) == {"feedback": {"a": 1}, "metadata": {"redacted": True}}
    _, body = prepare_session({"session_name": "s"}, settings=hooked(redact), now_ms=lambda: NOW)
    assert orjson.loads(body)["metadata"] == {"redacted": True}


def test_a_time_computed_from_two_others_is_not_checked_again() -> None:
    body = sent("tool", hooked(lambda event: event), start_time=0, duration=timedelta(days=12))
    assert body["end_time"] == 1_036_800_000
