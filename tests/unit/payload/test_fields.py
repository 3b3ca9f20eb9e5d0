"""Fields that the API document does not have yet: what each kind of property will accept."""

from __future__ import annotations

from typing import Any

import pytest
from honeyhive_client.request_fields import Field

from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.events import EVENT
from honeyhive_ext.payload.fields import converter
from tests.support.values import RaisingClass


def field(*types: str, **more: Any) -> Field:
    return Field(name="new", types=types, required=False, **more)


@pytest.mark.parametrize(
    ("described", "given", "wanted"),
    [
        (field("integer"), 5, 5),
        (field("integer"), 5.0, 5),
        (field("number"), 0.5, 0.5),
        (field("number"), 1_767_268_800, 1_767_268_800),  # only times can be in the wrong unit
        (field("boolean"), False, False),
        (field("string"), "x", "x"),
        (field("array"), (1, {"a"}), [1, ["a"]]),
        (field("array", items=("string",)), ["x"], ["x"]),
        (field("string", "null"), "x", "x"),
        (field("string", "number"), 7, 7),
        (field(), {"any": "thing"}, {"any": "thing"}),
    ],
)
def test_a_new_property_takes_what_its_type_says(described: Field, given: Any, wanted: Any) -> None:
    result = converter(described)(given, "new", "raise")
    assert result == wanted
    assert type(result) is type(wanted)


@pytest.mark.parametrize(
    ("described", "given", "reason"),
    [
        (field("integer"), 5.5, "give a whole number"),
        (field("integer"), True, "not bool"),
        (field("number"), "5", "give a number, not str"),
        (field("number"), float("inf"), "JSON has no inf"),
        (field("boolean"), 1, "give True or False, not int"),
        (field("array"), "text", "give a list, not str"),
        (field("array", items=("string",)), [None], "give a str, not NoneType"),
    ],
)
def test_a_new_property_refuses_the_rest(described: Field, given: Any, reason: str) -> None:
    with pytest.raises(EventError, match=reason) as caught:
        converter(described)(given, "new", "raise")
    assert caught.value.path.startswith("new")


@pytest.mark.parametrize("name", sorted(EVENT.converters))
def test_a_value_whose_own_class_raises_is_a_typed_error_in_every_field(name: str) -> None:
    with pytest.raises(EventError) as caught:
        EVENT.convert({name: RaisingClass()}, "raise")
    assert caught.value.path == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_time": 1_767_268_800},
        {"start_time": 1.7e18},
        {"start_time": float("nan")},
        {"start_time": True},
        {"error": "caf\udce9"},
        {"errors": None},
        {7: "x"},
    ],
    ids=repr,
)
def test_a_wrong_value_is_refused_however_many_events_like_it_were_right(wrong: dict[Any, Any]) -> None:
    right = {"start_time": 1_767_268_800_000, "error": None}
    for _ in range(3):
        assert EVENT.convert(right, "raise") == right
    with pytest.raises(EventError):
        EVENT.convert({**right, **wrong}, "raise")
