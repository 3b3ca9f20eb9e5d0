"""Both validators give the same verdict and the same failures, for any value."""

from __future__ import annotations

import json
from typing import Any

import honeyhive_schemas as schemas
import pytest
from honeyhive_client import models, request_fields
from honeyhive_schemas._values import Plain, is_plain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.support.json_values import ANY_JSON, HUGE, NO_JSON, ODD, spoiled, valid
from tests.support.scale import scaled

SLOW = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
]
few = settings(max_examples=scaled(400, 10), deadline=None, suppress_health_check=SLOW)
many = settings(max_examples=scaled(1000, 20), deadline=None, suppress_health_check=SLOW)


def agreed(name: str, value: object) -> list[str]:
    """The failing paths, after checking that both backends found the same."""
    python = schemas.validator(name, backend="jsonschema")
    rust = schemas.validator(name, backend="jsonschema-rs")
    failures = python.failures(value)
    assert failures == rust.failures(value)
    assert python.is_valid(value) == rust.is_valid(value) == (not failures)
    return [failure.path for failure in failures]


@pytest.mark.parametrize("name", schemas.names())
@few
@given(data=st.data())
def test_valid_values_are_valid_for_both(name: str, data: st.DataObject) -> None:
    assert agreed(name, data.draw(valid(name))) == []


@pytest.mark.parametrize("name", schemas.names())
@many
@given(data=st.data())
def test_spoiled_values_fail_for_both_at_the_same_paths(name: str, data: st.DataObject) -> None:
    value = data.draw(spoiled(name))
    failing = agreed(name, value)
    # The library by itself, without formats, is the referee for the verdict on plain JSON.
    if not Draft202012Validator(schemas.schema(name)).is_valid(value):
        assert failing


@pytest.mark.parametrize(
    "name", ["PostEventRequest", "PostEventBatchRequest", "EventSearchFilter", "LegacyEvent"]
)
@many
@given(data=st.data())
def test_values_that_are_not_json_fail_for_both_at_the_same_paths(name: str, data: st.DataObject) -> None:
    value = data.draw(spoiled(name, (*ODD[:20], HUGE, *NO_JSON)))
    failing = agreed(name, value)
    if Plain(value).failures:
        assert failing


@many
@given(value=ANY_JSON, name=st.sampled_from(schemas.names()))
def test_any_json_gets_one_verdict(value: Any, name: str) -> None:
    assert agreed(name, value) == agreed(name, json.loads(json.dumps(value)))


@many
@given(value=ANY_JSON)
def test_plain_json_is_plain_and_stays_what_it_is(value: Any) -> None:
    copied = Plain(value)
    assert is_plain(value)
    assert copied.value == value
    assert copied.failures == []


@pytest.mark.parametrize("name", sorted(request_fields.REQUEST_FIELDS.keys() - {"DateRange"}))
@few
@given(data=st.data())
def test_the_json_of_a_request_model_follows_its_schema(name: str, data: st.DataObject) -> None:
    model = getattr(models, name).from_dict(data.draw(valid(name)))
    assert schemas.validator(name).failures(model.to_dict()) == []
