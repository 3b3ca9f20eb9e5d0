"""The strategies follow their schema, whatever keywords it has, by the word of both validators."""

from __future__ import annotations

import math
from typing import Any

import honeyhive_schemas
import pytest
from honeyhive_schemas._backends import Python, Rust
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from honeyhive_ext import testing
from honeyhive_ext.testing.allows import allows
from honeyhive_ext.testing.json_schema import ANY_JSON, following
from tests.support.scale import scaled

SLOW = list(HealthCheck)
few = settings(max_examples=scaled(100, 10), suppress_health_check=SLOW, deadline=None)
many = settings(max_examples=scaled(400, 30), suppress_health_check=SLOW, deadline=None)

SCHEMAS: dict[str, Any] = {
    "exclusive bounds": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-300},
    "exclusive integers": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 2},
    "fractions around integers": {"type": "integer", "minimum": 0.5, "exclusiveMaximum": 2.5},
    "one number": {"type": "number", "minimum": 3, "maximum": 3},
    "bounds between floats": {"type": "number", "minimum": 2**53 + 1, "maximum": 2**53 + 3},
    "above every float": {"type": "number", "minimum": 2**63 + 1, "exclusiveMaximum": 2**63 + 5},
    "above 64 bits": {"type": "integer", "minimum": 2**70},
    "below 64 bits": {"type": "integer", "maximum": -(2**70)},
    "multiples": {"type": "integer", "multipleOf": 5},
    "multiples within": {"type": "integer", "multipleOf": 7, "minimum": 8, "exclusiveMaximum": 21},
    "multiples of a fraction": {"type": "number", "multipleOf": 0.1, "minimum": 0, "maximum": 2},
    "integers of a fraction": {"type": "integer", "multipleOf": 2.5},
    "large multiples": {"type": "number", "multipleOf": 1e10},
    "unique booleans": {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2},
    "unique numbers": {"type": "array", "items": {"enum": [1, 1.0, True, 2]}, "uniqueItems": True},
    "unique anything": {"type": "array", "uniqueItems": True},
    "some items": {"type": "array", "minItems": 2, "maxItems": 2},
    "items in places": {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "null"}],
        "items": False,
    },
    "an item of a kind": {"type": "array", "contains": {"const": 7}, "items": {"type": "integer"}},
    "some properties": {"type": "object", "minProperties": 2, "maxProperties": 3},
    "some of those named": {
        "type": "object",
        "minProperties": 2,
        "additionalProperties": False,
        "properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}},
    },
    "no others": {
        "type": "object",
        "unevaluatedProperties": False,
        "properties": {"a": {"type": "null"}},
        "anyOf": [{"properties": {"b": {"type": "integer"}}, "required": ["b"]}, {"required": ["a"]}],
    },
    "no others in each of all": {
        "allOf": [{"properties": {"a": {"type": "null"}}}, {"properties": {"b": {"type": "null"}}}],
        "type": "object",
        "unevaluatedProperties": False,
    },
    "others of a kind": {
        "type": "object",
        "properties": {"a": {"type": "null"}},
        "unevaluatedProperties": {"type": "integer"},
    },
    "no other items": {
        "type": "array",
        "prefixItems": [{"type": "null"}],
        "anyOf": [{"prefixItems": [True, {"type": "integer"}]}, True],
        "unevaluatedItems": False,
    },
    "few of those named": {
        "type": "object",
        "maxProperties": 1,
        "required": ["a"],
        "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
    },
    "named properties": {"type": "object", "propertyNames": {"pattern": "^x_[a-z]+$"}, "minProperties": 1},
    "dependent": {"type": "object", "properties": {"a": True, "b": True}, "dependentRequired": {"a": ["b"]}},
    "one of two": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "not a property": {"type": "object", "properties": {"a": True}, "not": {"required": ["a"]}},
    "required and unnamed": {
        "type": "object",
        "required": ["z"],
        "additionalProperties": {"type": "integer"},
    },
    "never there": {"type": "object", "properties": {"a": False, "b": {"type": "null"}}},
    "whole pattern": {"type": "string", "pattern": "^[a-z]{2}$"},
    "short pattern": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 2},
    "long pattern": {"type": "string", "pattern": "^[a-z]*$", "minLength": 3},
    "pattern anywhere": {"type": "string", "pattern": "b+", "maxLength": 3},
    "digits": {"type": "string", "pattern": r"^\d{1,}(\.\w+)?$", "maxLength": 4},
    "dollar": {"type": "string", "pattern": r"^[$]\$.$"},
    "letters of a language": {"type": "string", "pattern": "^[äöü]+$"},
    "named group": {"type": "string", "pattern": "^(?<first>a|b)c$"},
    "choice of a type": {"type": "integer", "enum": [1, "a", None]},
    "choice within bounds": {"enum": [1, 5, 9, "x"], "minimum": 4},
    "nullable bounds": {"type": ["integer", "null"], "minimum": 3},
    "bounds without a type": {"minimum": 3, "maxLength": 2},
    "exactly one": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 0}]},
    "all of": {"allOf": [{"type": "number", "minimum": 1}, {"type": "integer", "maximum": 4}]},
    "all of objects": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {"minimum": 5}}},
        ]
    },
    "any with siblings": {"type": "string", "anyOf": [{"minLength": 3}, {"const": "a"}]},
    "reference with siblings": {
        "$ref": "#/$defs/Least",
        "maximum": 9,
        "$defs": {"Least": {"type": "integer", "minimum": 3}},
    },
    "itself": {
        "type": "object",
        "properties": {"next": {"$ref": "#"}},
        "additionalProperties": False,
        "maxProperties": 1,
    },
    "conditional": {
        "type": "integer",
        "if": {"minimum": 10},
        "then": {"multipleOf": 2},
        "else": {"multipleOf": 3},
    },
}


def judged(schema: Any, value: Any) -> bool:
    """The verdict of the two validators, which agree on what is generated."""
    verdicts = {
        Python(schema).is_valid(value),
        Rust(schema).is_valid(value),
    }
    assert len(verdicts) == 1
    return verdicts.pop()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_bound_of_a_schema_is_kept(name: str) -> None:
    seen = 0

    @few
    @given(following(SCHEMAS[name], SCHEMAS[name]))
    def check(value: Any) -> None:
        nonlocal seen
        seen += 1
        assert judged(SCHEMAS[name], value), value

    check()
    assert seen


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "array", "minItems": 3, "maxItems": 2},
        {"type": "string", "enum": [1]},
    ],
)
def test_a_property_that_can_have_no_value_is_left_out(schema: Any) -> None:
    whole = {
        "type": "object",
        "properties": {"a": schema, "b": {"type": "null"}},
        "additionalProperties": False,
    }

    @few
    @given(following(whole, whole))
    def check(value: Any) -> None:
        assert "a" not in value

    check()


numbers = st.integers(-20, 20) | st.floats(-20, 20).map(lambda number: round(number, 2))


@st.composite
def bounded(draw: st.DrawFn) -> dict[str, Any]:
    """A schema of one type, with some of the keywords for it."""
    keywords: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "number": {
            **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), numbers),
            "multipleOf": st.sampled_from([1, 2, 3, 0.5, 0.25, 10]),
        },
        "string": {
            **dict.fromkeys(("minLength", "maxLength"), st.integers(0, 6)),
            "pattern": st.sampled_from(["^a", "a$", "^a*$", "b", "^[ab]{2,}$", "", "^(a|bc)+$"]),
        },
        "array": {
            **dict.fromkeys(("minItems", "maxItems"), st.integers(0, 4)),
            "uniqueItems": st.booleans(),
            "items": st.sampled_from(
                [True, {"type": "boolean"}, {"type": "integer", "minimum": 0, "maximum": 2}]
            ),
        },
        "object": {
            **dict.fromkeys(("minProperties", "maxProperties"), st.integers(0, 4)),
            "properties": st.just({"a": {"type": "null"}, "b": {"type": "integer"}}),
            "required": st.sampled_from([[], ["a"], ["a", "b"]]),
            "additionalProperties": st.sampled_from([True, False, {"type": "string"}]),
        },
    }
    kind = draw(st.sampled_from(sorted(keywords)))
    rest = draw(st.fixed_dictionaries({}, optional=keywords[kind]))
    shown = draw(st.sampled_from([kind, [kind, "null"]] if kind != "number" else ["number", "integer"]))
    return {"type": shown, **rest}


@many
@given(
    schema=bounded() | st.lists(bounded(), min_size=1, max_size=2).map(lambda forms: {"anyOf": forms}),
    data=st.data(),
)
def test_what_is_generated_follows_any_bounds_together(schema: Any, data: st.DataObject) -> None:
    strategy = following(schema, schema)
    assume(not strategy.is_empty)
    try:
        value = data.draw(strategy)
    except Unsatisfiable:
        assume(False)
        return
    assert judged(schema, value)


@many
@given(
    schema=bounded(),
    value=ANY_JSON | st.lists(st.integers(0, 2), max_size=4) | st.text("abc", max_size=5) | numbers,
)
def test_the_judge_of_the_strategies_agrees_with_the_validators(schema: Any, value: Any) -> None:
    if isinstance(value, float):
        assume(math.isfinite(value))
    if allows(schema, schema, value):
        assert judged(schema, value)


@pytest.mark.parametrize(
    "times",
    [
        {"start_time": {"type": "integer"}, "end_time": {"type": "integer"}},
        {"duration": {"type": "number", "exclusiveMinimum": 0, "maximum": 10}},
        {"start_time": {"type": "number", "maximum": 100}, "end_time": {"type": "number", "maximum": 100}},
        {"duration": {"type": "integer", "multipleOf": 50}},
    ],
)
def test_the_times_of_events_follow_the_document(times: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = honeyhive_schemas.schema("PostEventRequest")
    schema["properties"].update(times)
    monkeypatch.setattr(honeyhive_schemas, "schema", lambda _: schema)

    @few
    @given(testing.events())
    def check(event: Any) -> None:
        assert judged(schema, event), event

    check()


def test_batches_have_as_many_events_as_the_document_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = honeyhive_schemas.schema("PostEventBatchRequest")
    schema["properties"]["events"] |= {"minItems": 2, "maxItems": 3}
    known = honeyhive_schemas.schema
    monkeypatch.setattr(honeyhive_schemas, "schema", lambda name: schema if "Batch" in name else known(name))

    @few
    @given(testing.batches())
    def check(body: Any) -> None:
        assert 2 <= len(body["events"]) <= 3

    check()
