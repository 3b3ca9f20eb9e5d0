"""The strategies for users' tests: what they generate follows the API document and is accepted."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import honeyhive_schemas
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from honeyhive_ext import HoneyHive, testing
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.testing.json_schema import following
from tests.support.contract import document
from tests.support.scale import scaled

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
few = settings(max_examples=scaled(200, 10), suppress_health_check=SLOW)
MADE: dict[str, tuple[Any, str]] = {
    "events": (testing.events(), "PostEventRequest"),
    "batches": (testing.batches(), "PostEventBatchRequest"),
    "searches": (testing.searches(), "SearchEventsRequest"),
    "updates": (testing.updates(), "UpdateEventRequest"),
    "sessions": (testing.sessions(), "StartSessionRequest"),
    "stored_events": (testing.stored_events(), "LegacyEvent"),
    **{f"responses-{one}": (testing.responses(one), name) for one, name in testing.RESPONSES.items()},
}


@pytest.mark.parametrize("name", MADE)
@few
@given(data=st.data())
def test_generated_values_follow_the_document(name: str, data: st.DataObject) -> None:
    strategy, schema = MADE[name]
    assert honeyhive_schemas.validator(schema).failures(data.draw(strategy)) == []


@few
@given(data=st.data())
def test_the_client_and_the_server_accept_generated_values(data: st.DataObject) -> None:
    server = LocalServer()
    with HoneyHive("hh_x", base_url="http://local", transport=server.transport(), retry=False) as hh:
        sent = hh.events.create(data.draw(testing.events()))
        hh.events.update(sent, **data.draw(testing.updates()))
        session = hh.sessions.create(**data.draw(testing.sessions()))
        report = hh.events.create_batch(data.draw(testing.batches())["events"])
        assert hh.events.get(sent.event_id).event_id == sent.event_id
        assert session.event_id == session.session_id
        assert report.success
    server.close()


@pytest.mark.parametrize("name", ["events", "searches", "updates", "sessions"])
def test_every_field_of_the_document_occurs(name: str) -> None:
    strategy, schema = MADE[name]
    seen: set[str] = set()

    @settings(max_examples=60, phases=[Phase.generate], database=None, derandomize=True)
    @given(strategy)
    def collect(value: dict[str, Any]) -> None:
        seen.update(value)

    collect()
    assert seen == honeyhive_schemas.schema(schema)["properties"].keys()


@given(testing.events(event_type=st.just("tool"), start_time=st.just(5), session_id=st.none()))
def test_the_users_strategies_are_used(event: dict[str, Any]) -> None:
    assert (event["event_type"], event["start_time"], event["session_id"]) == ("tool", 5, None)


OWN = {"start_time": 2 * 10**12, "duration": 250, "end_time": 2 * 10**12 + 500}


@pytest.mark.parametrize("kept", [("end_time",), ("end_time", "duration"), ("start_time", "end_time")])
@few
@given(data=st.data())
def test_the_users_times_stay_and_the_others_agree(kept: tuple[str, ...], data: st.DataObject) -> None:
    event = data.draw(testing.events(**{name: st.just(OWN[name]) for name in kept}))
    honeyhive_schemas.validate("PostEventRequest", event)
    assert all(event[name] == OWN[name] for name in kept)
    if {"start_time", "end_time", "duration"} <= event.keys():
        assert event["start_time"] + event["duration"] == pytest.approx(event["end_time"])


SHAPES: dict[str, dict[str, Any]] = {
    "constant": {"const": "x"},
    "choice": {"anyOf": [{"type": "integer", "minimum": 3, "maximum": 4}, {"type": "null"}]},
    "pattern": {"type": "string", "pattern": "^a+$"},
    "bounded": {"type": "number", "minimum": 0, "maximum": 1},
    "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "list": {"type": "array", "items": {"type": "string", "minLength": 2}, "minItems": 1},
    "itself": {"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False},
}


@pytest.mark.parametrize("name", SHAPES)
@few
@given(data=st.data())
def test_schemas_that_a_later_document_may_have_are_followed(name: str, data: st.DataObject) -> None:
    value = data.draw(following(SHAPES[name], SHAPES[name]))
    assert Draft202012Validator(SHAPES[name]).is_valid(value)


def test_the_error_names_an_unknown_field_or_operation() -> None:
    with pytest.raises(ConfigError, match="CreateEventRequest has no field 'event_tpye': did you mean"):
        testing.events(event_tpye=st.just("tool"))
    with pytest.raises(
        ConfigError,
        match=r"no response body of 'updatEvent': did you mean 'createEvent'",
    ):
        testing.responses("updatEvent")


def test_the_responses_are_those_of_the_document() -> None:
    described: dict[str, str] = {}
    for item in document()["paths"].values():
        for method, operation in item.items():
            if method != "parameters":
                for media in operation["responses"]["200"].get("content", {}).values():
                    described[operation["operationId"]] = media["schema"]["$ref"].rpartition("/")[2]
    assert described == testing.RESPONSES


def test_without_hypothesis_the_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import honeyhive_ext.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'honeyhive-ext[testing]'" in done.stderr
