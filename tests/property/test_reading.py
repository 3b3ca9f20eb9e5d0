"""Events of any JSON: their attributes, what is odd about them, and `get`, against dicts."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import orjson
import pytest
from honeyhive_client.event_view import PROPERTIES, Property
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import Event
from honeyhive_ext.reading.json import loads
from honeyhive_ext.serialize.exact_json import exact_json
from honeyhive_ext.testing import stored_events

KEYS = st.sampled_from([*PROPERTIES, "x", "", "a.b", "metadata.cost", "(text)", "(read)"]) | st.text(
    max_size=4
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
EVENTS = st.dictionaries(KEYS, VALUES, max_size=6) | stored_events() | VALUES
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}


def documented(one: Property, value: Any) -> bool:
    kinds = KINDS[one.types[0]]
    if type(value) not in kinds:
        return False
    return not one.items or all(type(item) in KINDS[one.items[0]] for item in value)


@given(value=EVENTS)
def test_each_attribute_is_the_documented_value_or_absent(value: Any) -> None:
    raw = loads(exact_json(value).encode())  # a number beyond 64 bits is a float
    event = Event.from_json(exact_json(value).encode())
    fields: dict[str, Any] = raw if isinstance(raw, dict) else {}
    odd: list[str] = [] if isinstance(raw, dict) else [""]
    for name, one in PROPERTIES.items():
        found = fields.get(one.name)
        if found is not None and documented(one, found):
            assert getattr(event, name) == found
            assert type(getattr(event, name)) is type(found)
            continue
        odd += [name] if found is not None else []
        assert getattr(event, name) == {"object": {}, "array": []}.get(one.types[0])
    assert event.odd == tuple(odd)
    assert event.raw == raw


@given(value=EVENTS)
def test_copies_are_equal_and_the_repr_is_one_bounded_line(value: Any) -> None:
    event = Event.from_json(exact_json(value).encode())
    for other in (
        pickle.loads(pickle.dumps(event)),
        copy.deepcopy(event),
        Event.from_json(exact_json(event.raw)),
    ):
        assert other == event
        assert hash(other) == hash(event)
    assert len(repr(event)) < 600
    assert repr(event).isprintable()


@given(value=st.dictionaries(KEYS, VALUES, max_size=6), data=st.data())
def test_get_finds_whatever_is_there(value: dict[str, Any], data: st.DataObject) -> None:
    event = Event.from_dict(value)
    at: Any = event.raw
    path: list[str | int] = []
    while isinstance(at, dict | list) and at and data.draw(st.booleans()):
        key: Any = data.draw(st.sampled_from([*at] if isinstance(at, dict) else range(len(at))))
        path.append(key)
        at = at[key]
    assert event.get(path, "nothing") == ("nothing" if at is None else at)
    joined = ".".join(map(str, path))
    if path and at is not None:
        assert event.get(joined) is not None  # perhaps another value, of keys that hold dots


@given(path=st.text(st.sampled_from("a.b0"), max_size=12))
def test_get_ends_with_any_path_and_gives_a_part_of_the_event_or_nothing(path: str) -> None:
    nested: Any = 1
    for _ in range(12):
        nested = {"a": nested, "a.a": nested, "b": [nested], "": nested}
        nested = loads(orjson.dumps(nested)) if len(orjson.dumps(nested)) < 2_000 else {"a": 1}
    event = Event.from_dict({"a": nested})
    found = event.get(path)
    assert found is None or orjson.dumps(found) in orjson.dumps(event.raw)


@pytest.mark.parametrize("depth", [10, 500, 990, 1_015])
def test_what_is_nested_deeply_is_read_too(depth: int) -> None:
    text = b'{"event_id":"a","inputs":{"x":' + b"[" * depth + b"]" * depth + b"}}"
    event = Event.from_json(text)
    assert event.event_id == "a"
    assert len(event.inputs) == 1
    assert event.get("inputs.x") is not None
    assert event == Event.from_json(text)
    assert repr(event) == "Event(event_id='a', inputs={1 key})"
