"""Models lose nothing: from_dict and to_dict are inverse, and whatever an answer holds can be read."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
from typing import Any

import honeyhive_schemas as schemas
import orjson
import pytest
from honeyhive_client import errors, models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.json_values import ODD, places, spoiled, valid
from tests.support.scale import scaled

SLOW = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
]
few = settings(max_examples=scaled(400, 10), deadline=None, suppress_health_check=SLOW)
many = settings(max_examples=scaled(1000, 20), deadline=None, suppress_health_check=SLOW)

RESPONSES = {
    ("events.create_event", 200): "PostEventResponse",
    ("events.get_event", 200): "GetEventResponse",
    ("events.search_events", 200): "ExportEventsResponse",
    ("events.create_event_batch", 200): "PostEventBatchResponse",
    ("events.create_event_batch", 500): "PartialBatchResponse",
    ("sessions.create_session", 200): "PostSessionStartResponse",
    ("sessions.create_session_event_batch", 200): "SessionTracesResponse",
    ("sessions.create_session_event_batch", 500): "PartialBatchResponse",
    ("events.update_event", 400): "ErrorResponse",
    ("events.update_event", 503): "ErrorResponse",
}


def parse(operation: str, status: int, content: bytes) -> Any:
    module = importlib.import_module(f"honeyhive_client.api.{operation}")
    return module.parse_response(status_code=status, content=content)


@pytest.mark.parametrize("name", schemas.names())
@many
@given(data=st.data())
def test_from_dict_and_to_dict_are_inverse(name: str, data: st.DataObject) -> None:
    model = getattr(models, schemas.python_name(name))
    value = data.draw(valid(name))
    before = copy.deepcopy(value)
    built = model.from_dict(value)
    assert built.to_dict() == value == before
    assert model.from_dict(built.to_dict()) == built
    assert pickle.loads(pickle.dumps(built)) == built


@pytest.mark.parametrize(("operation", "status"), RESPONSES)
@few
@given(data=st.data())
def test_every_answer_that_follows_the_document_can_be_read(
    operation: str, status: int, data: st.DataObject
) -> None:
    value = data.draw(valid(RESPONSES[operation, status]))
    assert parse(operation, status, json.dumps(value).encode()).to_dict() == value


@pytest.mark.parametrize(("operation", "status"), RESPONSES)
@few
@given(data=st.data())
def test_unknown_properties_and_unusual_values_do_not_make_a_response_unreadable(
    operation: str, status: int, data: st.DataObject
) -> None:
    """All but the frame: the required properties, and objects where the document has lists of objects."""
    name = RESPONSES[operation, status]
    value = data.draw(valid(name))
    objects = [value, *(c[k] for c, k in places(value) if isinstance(c[k], dict))]
    target = data.draw(st.sampled_from(objects))
    frame = schemas.schema(name).get("required", []) if target is value else []
    names = [key for key in target if key not in frame] + ["brand_new", "x.y"]
    target[data.draw(st.sampled_from(names))] = data.draw(st.sampled_from(ODD))
    assert parse(operation, status, json.dumps(value).encode()).to_dict() == value


@pytest.mark.parametrize(("operation", "status"), RESPONSES)
@few
@given(data=st.data())
def test_anything_else_is_one_typed_error(operation: str, status: int, data: st.DataObject) -> None:
    spoiled_body = spoiled(RESPONSES[operation, status]).map(lambda value: json.dumps(value).encode())
    content = data.draw(st.binary() | spoiled_body)
    try:
        outcome: Any = parse(operation, status, content).to_dict()
    except errors.MalformedResponse as error:
        outcome = error.status_code, error.content
    assert outcome == (status, content) or outcome == orjson.loads(content)
