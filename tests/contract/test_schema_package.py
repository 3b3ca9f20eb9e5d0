"""honeyhive_schemas: the documents, the names, the failures, the formats, odd values, missing backends."""

from __future__ import annotations

import enum
import json
import pickle
from collections import OrderedDict
from typing import Any

import honeyhive_schemas as schemas
import pytest
from honeyhive_schemas import Failure, SchemaError, UnknownSchemaError
from honeyhive_schemas._formats import is_date_time, is_uuid
from honeyhive_schemas._values import MAX_DEPTH
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
        UnknownSchemaError, match="no schema named 'CreateEventRequst'; did you mean 'CreateEv"
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
        "events[1].sesion_id: no such property; did you mean 'session_id'?",
        "events[1].session_id: expected a UUID such as 7f22137a-6911-4ed3-bc36-110f1dde6b66, got 'x'",
        "events[2].event_type: required, but missing",
        "events[2].inputs: required, but missing",
        "events[3]: expected object, got 7",
        "is_single_session: no such property; did you mean 'single_session'?",
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


def test_a_key_that_is_no_word_stands_in_brackets() -> None:
    assert paths("CreateEventRequest", {**EVENT, "gen_ai.model": 1, 'a"b': 1, "": 1}) == [
        '[""]',
        '["a\\"b"]',
        '["gen_ai.model"]',
    ]


UUIDS = {
    "7f22137a-6911-4ed3-bc36-110f1dde6b66": True,
    "7F22137A-6911-4ED3-BC36-110F1DDE6B66": True,
    "00000000-0000-0000-0000-000000000000": True,
    "7f22137a69114ed3bc36110f1dde6b66": False,
    "{7f22137a-6911-4ed3-bc36-110f1dde6b66}": False,
    "urn:uuid:7f22137a-6911-4ed3-bc36-110f1dde6b66": False,
    "7f22137a-6911-4ed3-bc36-110f1dde6b66\n": False,
    " 7f22137a-6911-4ed3-bc36-110f1dde6b66": False,
    "7f22137a-6911-4ed3-bc36-110f1dde6b6": False,
    "7f22137-a6911-4ed3-bc36-110f1dde6b66": False,
    "7f22137g-6911-4ed3-bc36-110f1dde6b66": False,
    "\u0667f22137a-6911-4ed3-bc36-110f1dde6b66": False,
    "": False,
}
DATE_TIMES = {
    "2026-01-01T00:00:00Z": True,
    "2026-01-01t00:00:00z": True,
    "2026-01-01T00:00:00.123456789Z": True,
    "2026-01-01T00:00:00+05:30": True,
    "2026-01-01T23:59:59-23:59": True,
    "2026-01-01T00:00:00-00:00": True,
    "2024-02-29T00:00:00Z": True,
    "2000-02-29T00:00:00Z": True,
    "2016-12-31T23:59:60Z": True,
    "2017-01-01T00:59:60+01:00": True,
    "2016-12-31T15:59:60.5-08:00": True,
    "2016-12-31T23:58:60Z": False,
    "2016-12-31T23:59:60+01:00": False,
    "2016-12-31T23:59:61Z": False,
    "2026-01-01 00:00:00Z": False,
    "2026-01-01T00:00:00": False,
    "2026-01-01T00:00Z": False,
    "2026-01-01T24:00:00Z": False,
    "2026-01-01T00:60:00Z": False,
    "2026-01-01T00:00:00.Z": False,
    "2026-01-01T00:00:00,5Z": False,
    "2026-01-01T00:00:00+24:00": False,
    "2026-01-01T00:00:00+01:60": False,
    "2026-01-01T00:00:00+0530": False,
    "2026-02-29T00:00:00Z": False,
    "1900-02-29T00:00:00Z": False,
    "2026-13-01T00:00:00Z": False,
    "2026-04-31T00:00:00Z": False,
    "2026-00-01T00:00:00Z": False,
    "2026-01-00T00:00:00Z": False,
    "26-01-01T00:00:00Z": False,
    "2026-01-01": False,
    "2026-01-01T00:00:00Z\n": False,
    "\u0662026-01-01T00:00:00Z": False,
    "1767225600000": False,
    "": False,
}


@pytest.mark.parametrize(("text", "valid"), UUIDS.items())
def test_uuids(text: str, valid: bool) -> None:
    assert is_uuid(text) is valid
    assert paths("CreateEventRequest", {**EVENT, "event_id": text}) == ([] if valid else ["event_id"])


@pytest.mark.parametrize(("text", "valid"), DATE_TIMES.items())
def test_date_times(text: str, valid: bool) -> None:
    assert is_date_time(text) is valid
    value = {"dateRange": {"start_time": text, "end_time": "2026-01-02T00:00:00Z"}}
    assert paths("SearchEventsRequest", value) == ([] if valid else ["dateRange.start_time"])


class Color(enum.StrEnum):
    TOOL = "tool"


class Number(enum.IntEnum):
    ONE = 1


def test_subclasses_and_tuples_count_as_what_json_makes_of_them() -> None:
    event = OrderedDict(
        event_type=Color.TOOL, inputs=OrderedDict(), start_time=Number.ONE, children_ids=("a",)
    )
    assert paths("CreateEventRequest", event) == []
    assert paths("CreateEventRequest", {**event, "children_ids": (1,)}) == ["children_ids[0]"]


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _cycle() -> dict[str, Any]:
    value: dict[str, Any] = {"a": [1]}
    value["a"].append(value)
    return value


def _shared(levels: int) -> Any:
    value: Any = [1]
    for _ in range(levels):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("odd", "where"),
    [
        (float("nan"), "inputs.x"),
        (float("-inf"), "inputs.x"),
        ({1, 2}, "inputs.x"),
        (b"bytes", "inputs.x"),
        (object(), "inputs.x"),
        (1j, "inputs.x"),
        ({1: "a"}, "inputs.x"),
        ({"\ud800": "a"}, "inputs.x"),
        ("\ud800", "inputs.x"),
        (10**5000, "inputs.x"),
        ([1, {"y": float("nan")}], "inputs.x[1].y"),
    ],
    ids=["nan", "inf", "set", "bytes", "object", "complex", "key", "key text", "text", "digits", "inner"],
)
def test_what_is_no_json_is_a_failure_wherever_it_stands(odd: object, where: str) -> None:
    """jsonschema alone would accept most of these inside a free-form object, and raise for others."""
    assert paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": odd}}) == [where]
    assert where.replace("inputs.x", "event_type") in paths(
        "CreateEventRequest", {"event_type": odd, "inputs": {}}
    )


def test_depth_up_to_the_limit_is_fine_and_beyond_it_a_failure() -> None:
    assert paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": _deep(MAX_DEPTH - 2)}}) == []
    for value in (_deep(MAX_DEPTH - 1), _deep(100_000), _cycle()):
        (failing,) = paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": value}})
        assert failing.startswith("inputs.x")
        (*rest, first) = sorted(
            paths("CreateEventRequest", {"event_type": value, "inputs": {}}), reverse=True
        )
        assert first.startswith("event_type")
        assert all(path.startswith("event_type") for path in rest)


def test_deep_values_where_another_type_is_expected_do_not_crash() -> None:
    assert paths("CreateEventRequest", {"event_type": _deep(250), "inputs": _deep(250)}) == [
        "event_type",
        "inputs",
    ]
    assert paths("CreateEventRequest", _deep(250)) == [""]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_nearly_full_stack_is_a_failure_not_a_crash(backend: Any) -> None:
    check = schemas.validator("CreateEventRequest", backend=backend)
    value = {"event_type": (), "inputs": _deep(200)}
    check.failures(value)  # what is loaded at first use is loaded

    def at_the_edge() -> list[list[Failure]]:
        try:
            return at_the_edge()
        except RecursionError:
            try:
                return [check.failures(value)]
            except RecursionError:  # no room even for the call itself
                return []

    for found in at_the_edge():
        assert found
    assert check.is_valid(EVENT)


def test_a_few_lists_that_stand_for_billions_of_values_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honeyhive_schemas._values.MAX_VALUES", 100_000)
    assert paths("CreateEventRequest", {"event_type": "tool", "inputs": {"x": _shared(60)}}) == [""]


@pytest.mark.parametrize("blocked", ["jsonschema_rs", "jsonschema"])
def test_each_backend_is_enough_by_itself(blocked: str) -> None:
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
