"""honeyhive_schemas: the documents, the names, the failures, the formats, odd values, missing backends."""

from __future__ import annotations

import json
import pickle
from typing import Any

import honeyhive_schemas as schemas
import pytest
from honeyhive_schemas import SchemaError, UnknownSchemaError
from jsonschema import Draft202012Validator

from tests.support.contract import GENERATED, document, examples, python

BACKENDS = ("jsonschema", "jsonschema-rs")
EVENT = {"event_type": "tool", "inputs": {}}


def paths(name: str, value: object) -> list[str]:
    """The failing paths, which must be the same with both backends."""
    first, second = (schemas.validator(name, backend=b).failures(value) for b in BACKENDS)  # type: ignore[arg-type]
    verdicts = {schemas.validator(name, backend=b).is_valid(value) for b in BACKENDS}  # type: ignore[arg-type]
    assert first == second
    assert verdicts == {not first}
    return [failure.path for failure in first]


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for inner in node.values() for ref in _refs(inner)]
    return [ref for item in node for ref in _refs(item)] if isinstance(node, list) else []


@pytest.mark.parametrize("name", schemas.names())
def test_a_document_is_json_schema_2020_12_and_self_contained(name: str) -> None:
    schema = schemas.schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"https://honeyhive-ext.invalid/schemas/{name}.json"
    assert schema["title"] == schemas.python_name(name)
    for ref in _refs(schema):
        assert ref == "#" or ref.removeprefix("#/$defs/") in schema["$defs"]
    text = (GENERATED / "honeyhive_schemas" / f"{name}.json").read_text("utf-8")
    assert json.loads(text) == schema
    assert "x-unit" not in text
    assert "#/components" not in text


def test_there_is_one_document_for_every_component_under_both_names() -> None:
    assert list(schemas.names()) == sorted(document()["components"]["schemas"])
    for name in schemas.names():
        python_name = schemas.python_name(name)
        assert schemas.schema(python_name) == schemas.schema(name)
        assert schemas.validator(python_name) is schemas.validator(name)
    assert schemas.python_name("PostEventRequest") == "CreateEventRequest"
    assert schemas.python_name("CreateEventRequest") == "CreateEventRequest"


def test_a_schema_belongs_to_its_caller() -> None:
    schemas.schema("Event")["properties"].clear()
    assert schemas.schema("Event")["properties"]


def test_an_unknown_name_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(
        UnknownSchemaError, match="no schema named 'CreateEventRequst': did you mean 'CreateEv"
    ):
        schemas.schema("CreateEventRequst")


@pytest.mark.parametrize("name", schemas.names())
@pytest.mark.parametrize("backend", BACKENDS)
def test_examples_of_the_document_are_valid(name: str, backend: Any) -> None:
    found = [v for _, schema, v in examples() if schema.get("$ref") == f"#/components/schemas/{name}"]
    assert all(schemas.validator(name, backend=backend).is_valid(value) for value in found)
    assert found or name in ("SessionProperties", "EventSearchFilter", "LegacyEvent", "PartialBatchResponse")


def test_one_error_lists_every_failing_path_with_what_was_expected() -> None:
    batch = {
        "events": [
            {"event_type": "modle", "inputs": {}, "duration": "5"},
            {"event_type": "tool", "inputs": [], "session_id": "x", "sesion_id": 1},
            {},
            7,
        ],
        "single_session": None,
        "is_single_session": True,
    }
    with pytest.raises(SchemaError) as caught:
        schemas.validate("CreateEventBatchRequest", batch)
    assert caught.value.name == "PostEventBatchRequest"
    assert [str(failure) for failure in caught.value.failures] == [
        "events[0].duration: expected number, got '5'",
        "events[0].event_type: expected one of 'model', 'tool', 'chain', 'session', got 'modle'",
        "events[1].inputs: expected object, got an array",
        "events[1].sesion_id: no such property: did you mean 'session_id'?",
        "events[1].session_id: expected a UUID such as 7f22137a-6911-4ed3-bc36-110f1dde6b66, got 'x'",
        "events[2].event_type: required, but missing",
        "events[2].inputs: required, but missing",
        "events[3]: expected object, got 7",
        "is_single_session: no such property: did you mean 'single_session'?",
        "single_session: expected boolean, got null",
    ]
    assert str(caught.value).startswith("not a PostEventBatchRequest:\n  events[0].duration: expected number")
    assert paths("PostEventBatchRequest", batch) == [failure.path for failure in caught.value.failures]
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.failures, str(again)) == (caught.value.failures, str(caught.value))


def test_a_long_list_of_failures_is_cut_in_the_message_only() -> None:
    with pytest.raises(SchemaError, match="and 80 more") as caught:
        schemas.validate("CreateEventBatchRequest", {"events": [1] * 100})
    assert len(caught.value.failures) == 100


def test_limits_of_a_search() -> None:
    assert paths("SearchEventsRequest", {}) == []
    assert paths("SearchEventsRequest", {"limit": 1, "page": 1}) == []
    assert paths("SearchEventsRequest", {"limit": 1000.0}) == []
    assert paths("SearchEventsRequest", {"limit": 0, "page": 0}) == ["limit", "page"]
    assert paths("SearchEventsRequest", {"limit": 1001, "page": 1.5}) == ["limit", "page"]
    assert paths("SearchEventsRequest", {"limit": True, "page": "1"}) == ["limit", "page"]
    assert paths("SearchEventsRequest", {"dateRange": {"start_time": "2026-01-01T00:00:00Z"}}) == [
        "dateRange.end_time"
    ]


def test_a_key_that_is_not_an_identifier_is_in_brackets() -> None:
    assert paths("CreateEventRequest", {**EVENT, "gen_ai.model": 1, 'a"b': 1, "": 1}) == [
        '[""]',
        '["a\\"b"]',
        '["gen_ai.model"]',
    ]


@pytest.mark.parametrize("blocked", ["jsonschema_rs", "jsonschema"])
def test_each_backend_is_enough_alone(blocked: str) -> None:
    code = f"""
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, *a: None if name == {blocked!r} else found(name, *a)
import honeyhive_schemas
check = honeyhive_schemas.validator("CreateEventRequest")
print(type(check._backend).__name__, [f.path for f in check.failures({{"event_type": "x"}})])
"""
    done = python(code)
    name = "Python" if blocked == "jsonschema_rs" else "Rust"
    assert (done.stdout, done.stderr) == (f"{name} ['event_type', 'inputs']\n", "")


def test_without_a_backend_the_error_says_what_to_install() -> None:
    code = """
import importlib.util as util
util.find_spec = lambda name, *a: None
import honeyhive_schemas
assert honeyhive_schemas.schema("Event")["title"] == "Event"
try:
    honeyhive_schemas.validate("Event", {})
except ImportError as error:
    print(error)
"""
    done = python(code)
    assert done.stderr == ""
    assert "pip install 'honeyhive-ext[schemas]'" in done.stdout


def test_importing_the_package_and_reading_schemas_loads_no_backend() -> None:
    code = """
import sys, honeyhive_schemas
honeyhive_schemas.schema("Event")
print(sorted({"jsonschema", "jsonschema_rs", "referencing"} & sys.modules.keys()))
honeyhive_schemas.validator("Event", backend="jsonschema")
print(sorted({"jsonschema", "jsonschema_rs"} & sys.modules.keys()))
"""
    assert python(code).stdout == "[]\n['jsonschema']\n"


def test_a_validator_says_what_it_is() -> None:
    assert repr(schemas.validator("Event", backend="jsonschema")) == "<Validator LegacyEvent, Python>"
