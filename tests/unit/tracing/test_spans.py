"""`with session(...)` and `with span(...)`: ids, times, recorded fields, and failures."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from honeyhive_ext import current_span
from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.errors import APIConnectionError, ConfigError, EventError, ServerError
from honeyhive_ext.payload.scope import CURRENT
from tests.support.lines import at_line
from tests.support.recorder import Recorder
from tests.support.values import RaisingRepr

SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"


@pytest.fixture
def rec() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def _no_scope_is_left_behind() -> Any:
    yield
    assert CURRENT.get() is None


def test_what_is_created_inside_belongs_to_the_span(rec: Recorder) -> None:
    with rec.session("chat", user_properties={"tier": "free"}) as session:
        rec.create("tool", event_name="outer")
        with rec.span("answer", inputs={"q": 1}) as span:
            rec.create("tool", event_name="inner")
            span.outputs = {"a": 2}
        rec.create("tool", event_name="after")
    rec.create("tool", event_name="outside")

    root, answer = rec.named("chat"), rec.named("answer")
    assert root["event_type"] == "session"
    assert root["event_id"] == root["session_id"] == session.session_id == session.event_id
    assert "parent_id" not in root
    assert root["user_properties"] == {"tier": "free"}
    assert answer["event_type"] == "chain"
    assert (answer["inputs"], answer["outputs"]) == ({"q": 1}, {"a": 2})
    assert answer["parent_id"] == root["event_id"] == rec.named("outer")["parent_id"]
    assert rec.named("inner")["parent_id"] == answer["event_id"] == span.event_id
    assert rec.named("after")["parent_id"] == root["event_id"]
    assert {event.get("session_id") for event in rec.events[:-1]} == {root["session_id"]}
    assert "session_id" not in rec.named("outside")
    assert " ".join(event["event_name"] for event in rec.events) == "outer inner answer after chat outside"


def test_a_span_without_a_session_starts_a_trace(rec: Recorder) -> None:
    with rec.span("alone") as span:
        rec.create("tool", event_name="step")
    alone = rec.named("alone")
    assert UUID(alone["session_id"]).version == 4
    assert alone["session_id"] != alone["event_id"]
    assert "parent_id" not in alone
    assert rec.named("step")["session_id"] == span.session_id


def test_explicit_ids_hold(rec: Recorder) -> None:
    ids = {"event_id": UUID(int=1), "session_id": SESSION, "parent_id": UUID(int=2)}
    with rec.session("s"), rec.span("here", **ids) as span:
        rec.create("tool", event_name="step")
    here = rec.named("here")
    assert {name: here[name] for name in ids} == {name: str(value) for name, value in ids.items()}
    assert rec.named("step")["session_id"] == SESSION == span.session_id
    assert rec.named("step")["parent_id"] == str(UUID(int=1))


def test_a_span_of_another_session_has_no_parent_here(rec: Recorder) -> None:
    with rec.session("s"), rec.span("elsewhere", session_id=SESSION):
        pass
    assert "parent_id" not in rec.named("elsewhere")


def test_a_session_is_a_root_even_inside_another(rec: Recorder) -> None:
    with rec.session("outer") as outer, rec.session("inner", session_id=SESSION) as inner:
        pass
    assert inner.session_id == inner.event_id == SESSION != outer.session_id
    assert "parent_id" not in rec.named("inner")


def test_times_are_those_of_the_span(rec: Recorder) -> None:
    before, started = time.time() * 1e3, time.perf_counter()
    with rec.span("timed"):
        time.sleep(0.02)
    most = (time.perf_counter() - started) * 1e3
    event = rec.named("timed")
    assert before - 1 <= event["start_time"] <= time.time() * 1e3
    assert 20 <= event["duration"] <= most + 1
    assert event["end_time"] == pytest.approx(event["start_time"] + event["duration"], abs=0.01)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"start_time": 0, "end_time": 50}, (0, 50, 50)),
        ({"start_time": 0, "duration": 50}, (0, 50, 50)),
        ({"end_time": 50, "duration": 50}, (0, 50, 50)),
        ({"start_time": 0, "end_time": 50, "duration": 50}, (0, 50, 50)),
    ],
)
def test_given_times_hold(rec: Recorder, given: Any, expected: Any) -> None:
    with rec.span("timed", **given):
        pass
    event = rec.named("timed")
    assert (event["start_time"], event["end_time"], event["duration"]) == expected


@pytest.mark.parametrize("given", ["start_time", "end_time", "duration"])
def test_one_given_time_is_completed_by_the_clock(rec: Recorder, given: str) -> None:
    value: Any = 5 if given == "duration" else datetime.now(UTC)
    with rec.span("timed", **{given: value}):
        pass
    event = rec.named("timed")
    assert {"start_time", "end_time", "duration"} <= event.keys()
    assert event["start_time"] + event["duration"] == pytest.approx(event["end_time"], abs=0.01)


def test_an_exception_is_recorded_and_continues(rec: Recorder) -> None:
    error = ValueError("no such document")
    with pytest.raises(ValueError, match="no such document") as caught, rec.session("s"), rec.span("x"):
        raise error
    assert caught.value is error
    assert not hasattr(error, "__notes__")
    assert rec.named("x")["error"] == rec.named("s")["error"] == "ValueError: no such document"


def test_an_exception_with_a_broken_message_continues_too(rec: Recorder) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    with pytest.raises(MuteError), rec.span("x"):
        raise MuteError
    assert rec.named("x")["error"] == "MuteError: its text cannot be read (RuntimeError)"


def test_an_error_set_inside_is_not_replaced(rec: Recorder) -> None:
    def body() -> None:
        with rec.span("x") as span:
            span.set(error="mine")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        body()
    assert rec.named("x")["error"] == "mine"


def test_set_merges_facts_and_replaces_the_rest(rec: Recorder) -> None:
    facts = {"a": [1]}
    with rec.span("x", metadata={"z": 0}, inputs={"q": 1}) as span:
        span.set(metadata=facts, metrics={"m": 1}, inputs={"r": 2})
        facts["a"].append(2)
        span.set(metadata={"b": 2}, outputs="text", event_name="y")
        assert span.outputs == {"value": "text"}
    event = rec.named("y")
    assert event["metadata"] == {"z": 0, "a": [1], "b": 2}, "copied when it was set"
    assert event["metrics"] == {"m": 1}
    assert event["inputs"] == {"r": 2}
    assert event["outputs"] == {"value": "text"}


def test_facts_that_are_set_in_the_middle_of_setting_others_are_kept(rec: Recorder) -> None:
    with rec.span("s") as span:
        number, reached = 1, True
        while reached:
            before = number
            inner = {f"inner {before}": before}
            with at_line(number, lambda: span.set(metadata=inner), event="opcode") as seen:  # noqa: B023
                span.set(metadata={f"outer {before}": before})
            reached = seen[0] >= number
            number += 1
    metadata = rec.named("s")["metadata"]
    assert number > 100
    for place in range(1, number - 1):
        assert metadata[f"inner {place}"] == metadata[f"outer {place}"] == place


def test_wrong_fields_are_refused_where_they_are_written(rec: Recorder) -> None:
    with pytest.raises(EventError, match="did you mean 'metadata'"):
        rec.span("x", metdata={})
    with pytest.raises(EventError, match="time zone"):
        rec.span("x", start_time=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(EventError, match="has the type session"):
        rec.session("x", event_type="tool")
    with rec.span("x") as span:
        with pytest.raises(EventError, match="did you mean 'outputs'"):
            span.set(output={})
        for name in ("event_id", "session_id", "parent_id", "event_type"):
            with pytest.raises(EventError, match="cannot be set inside the span"):
                span.set(**{name: SESSION})
    with pytest.raises(EventError, match=r"use events\.update"):
        span.set(metadata={})


def test_ids_are_known_from_entering_on(rec: Recorder) -> None:
    span = rec.span("x")
    with pytest.raises(EventError, match="before it begins"):
        _ = span.event_id
    with span:
        inside = span.event_id
    assert span.event_id == inside == rec.named("x")["event_id"]


def test_a_span_is_for_one_use(rec: Recorder) -> None:
    span = rec.span("x")
    with span, pytest.raises(EventError, match="used before"):
        span.__enter__()
    with pytest.raises(EventError, match="used before"):
        span.__enter__()


def test_the_innermost_open_span_is_the_current_one(rec: Recorder) -> None:
    assert current_span() is None
    with rec.span("a") as a:
        with rec.span("b") as b:
            assert current_span() is b
        assert current_span() is a


def test_values_without_a_json_form_do_not_lose_the_event(rec: Recorder) -> None:
    with rec.span("x", inputs={"a": RaisingRepr()}) as span:
        span.outputs = {"score": float("nan")}
    assert rec.named("x")["inputs"] == {"a": "<RaisingRepr, whose repr raises ZeroDivisionError>"}
    assert rec.named("x")["outputs"] == {"score": "nan"}


def test_the_clients_choice_of_null_holds_in_spans() -> None:
    rec = Recorder(EventSettings(on_unserializable="null"))
    with rec.span("x", inputs={"a": object()}):
        pass
    assert rec.named("x")["inputs"] == {"a": None}


# What cannot be sent


def test_an_event_that_cannot_be_sent_is_logged_and_the_code_continues(
    rec: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    rec.failure = ServerError(503, "canary of the body")
    with caplog.at_level(logging.ERROR, "honeyhive_ext.tracing"), rec.span("canary name") as span:
        pass
    (record,) = caplog.records
    assert record.getMessage() == f"the event {span.event_id} (chain) of a span was not sent: ServerError 503"


def test_an_event_that_cannot_be_sent_is_raised_where_asked_for(rec: Recorder) -> None:
    rec.failure = APIConnectionError("no route")
    with pytest.raises(APIConnectionError), rec.span("x", on_error="raise"):
        pass


@pytest.mark.parametrize("on_error", ["log", "raise"])
def test_the_applications_exception_is_never_masked(rec: Recorder, on_error: str) -> None:
    rec.failure = APIConnectionError("no route")
    with pytest.raises(KeyError) as caught, rec.span("x", on_error=on_error) as span:
        raise KeyError("k")
    assert caught.value.__notes__ == [
        f"honeyhive_ext: the event {span.event_id} of the span was not sent: APIConnectionError"
    ]


def test_an_interrupt_while_sending_is_the_applications(rec: Recorder) -> None:
    rec.failure = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), rec.span("x"):
        pass
    with pytest.raises(KeyboardInterrupt), rec.span("x"):
        raise ValueError


def test_who_interrupts_does_not_wait_for_retries(rec: Recorder) -> None:
    with pytest.raises(KeyboardInterrupt), rec.span("x", retry=True, timeout=3):
        raise KeyboardInterrupt
    with rec.span("y", retry=True, timeout=3):
        pass
    assert rec.sending == [{"retry": False, "timeout": 3}, {"retry": True, "timeout": 3}]
    assert rec.named("x")["error"] == "KeyboardInterrupt"


def test_options_are_checked_where_they_are_written(rec: Recorder) -> None:
    with pytest.raises(ConfigError, match='write "log" or "raise"'):
        rec.span("x", on_error="ignore")
    with pytest.raises(ConfigError, match=r"write a list, \['query'\]"):
        rec.span("x", capture_inputs="query")
